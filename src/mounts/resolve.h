/* SPDX-License-Identifier: GPL-2.0-only */
/* Resolves symbolic links in paths without ever asking a remote file system. */
#pragma once

#include "mounts/mounts.h"

/* Writes `path` without symbolic links, "." and ".." to out (RG_PATH_SIZE bytes). Reads no link
 * on NFS or another remote file system, since that may wait for a server: from there on, and
 * where nothing exists, names are taken as they are. Returns 0; -EINVAL: the path is not
 * absolute; -ENAMETOOLONG; -ELOOP (40 links, as in the kernel). */
int rg_mounts_resolve(const struct rg_mounts *mounts, const char *path, char *out);

/* The same on a host whose / is the directory `root` ("": this host), for a process whose root
 * directory is `jail` there ("": /; it has no links in it). `path` is what the process uses,
 * `out` what the host uses. */
int rg_mounts_resolve_in(const struct rg_mounts *mounts, const char *root, const char *jail,
			 const char *path, char *out);
