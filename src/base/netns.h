/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <linux/types.h>

/* Returns the inode number of this process's network namespace; 0: it cannot be read. */
__u32 rg_netns_self(void);

/* Returns what names it for as long as this host is up, whereas its number is used again when it is
 * gone (SO_NETNS_COOKIE, Linux 5.14); 0: it cannot be read. */
__u64 rg_netns_cookie(void);

/* Finds a network namespace by its name (ip-netns(8)), its path, or its inode number, which a
 * process or a name must have. *inum: the inode number; *fd: a descriptor for setns(2), which the
 * caller closes. Returns 0 or a negative errno. */
int rg_netns_find(const char *named, __u32 *inum, int *fd);
