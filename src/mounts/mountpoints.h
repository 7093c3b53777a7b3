/* SPDX-License-Identifier: GPL-2.0-only */
/* Where NFS superblocks are mounted, by device number, for records: these have
 * paths from the superblock's root. */
#pragma once

#include "mounts/mounts.h"

struct rg_mountpoint {
	__u32 dev;  /* as the kernel has it */
	char *path; /* owned; "" for / */
	size_t path_n;
};

/* Sorted by dev, each once. Owned by the caller; {} is an empty one. */
struct rg_mountpoints {
	struct rg_mountpoint *at;
	size_t n;
};

/* Of what is mounted in several places the first one in the table, as the others
 * may be bind mounts of a part of it. A path of RG_PATH_SIZE bytes or more is
 * left out. 0 or -ENOMEM; then it is as it was. */
int rg_mountpoints_of(const struct rg_mounts *mounts, struct rg_mountpoints *points);
void rg_mountpoints_free(struct rg_mountpoints *points);

/* NULL: not known. points may be NULL: none is. */
const struct rg_mountpoint *rg_mountpoint_find(const struct rg_mountpoints *points, __u32 dev);
