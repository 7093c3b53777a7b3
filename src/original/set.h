/* SPDX-License-Identifier: GPL-2.0-only */
/* The pins of the role of an original server. */
#pragma once

#include "original/original.h"

/* Locks the directory, after making it if `create`. Returns 0 or a negative errno
 * (base/dir_lock.h). */
int rg_org_lock(struct rg_org_set *set, enum rg_lock_mode mode, bool create);
/* Writes the full path of a pin to buf (at least 256 bytes). Returns buf. */
char *rg_org_path(char *buf, const char *kind, const char *name);
/* Opens the maps of a set whose directory is locked. Returns 0; -ENOENT: nothing is pinned;
 * -EPROTO: another version pinned it; -EBADMSG: it is not whole. */
int rg_org_open_maps(struct rg_org_set *set);
/* Maps the state into memory. Returns 0 or a negative errno. */
int rg_org_map_state(struct rg_org_set *set, int fd);
/* Removes the directory with everything in it. */
void rg_org_remove(void);
