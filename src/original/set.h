/* SPDX-License-Identifier: GPL-2.0-only */
/* What is pinned for the role of an original server, by its file names. */
#pragma once

#include "original/original.h"

/* Lock the directory, make it if `create`. 0, or a negative errno (base/dir_lock.h). */
int rg_org_lock(struct rg_org_set *set, enum rg_lock_mode mode, bool create);
/* Full path of the pin; buf of at least 256 bytes. Returns buf. */
char *rg_org_path(char *buf, const char *kind, const char *name);
/* Open the maps of a set whose directory is locked. 0; -ENOENT: nothing is pinned; -EPROTO: by
 * another version; -EBADMSG: it is not whole. */
int rg_org_open_maps(struct rg_org_set *set);
/* Map the state of an open map. 0, or a negative errno. */
int rg_org_map_state(struct rg_org_set *set, int fd);
/* Unlink everything below the directory, and the directory. */
void rg_org_remove(void);
