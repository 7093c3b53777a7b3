/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <linux/types.h>

/* Inode number of this process's network namespace; 0 if it cannot be read. */
__u32 rg_netns_self(void);

/* The network namespace somebody named: a name (ip-netns(8)), a path, or an
 * inode number that a process or a name has. Puts its number into *inum and an
 * open descriptor, for setns(2), into *fd; the caller closes it. Returns 0 or
 * a negative errno. */
int rg_netns_find(const char *named, __u32 *inum, int *fd);
