/* SPDX-License-Identifier: GPL-2.0-only */
/* Finds where an NFS superblock is mounted by its device number: records have paths from the
 * superblock's root. */
#pragma once

#include "mounts/mounts.h"

struct rg_mountpoint {
	__u32 dev;  /* as the kernel has it */
	char *path; /* owned; "" stands for / */
	size_t path_n;
};

/* Sorted by dev, one element each. Owned by the caller; {} is an empty list. */
struct rg_mountpoints {
	struct rg_mountpoint *at;
	size_t n;
};

/* Makes the list. Of several places takes the first of the table, since the others may be bind
 * mounts of a part. Leaves out a path of RG_PATH_SIZE bytes or more. Returns 0 or -ENOMEM; then the
 * list stays as it was. */
int rg_mountpoints_of(const struct rg_mounts *mounts, struct rg_mountpoints *points);
void rg_mountpoints_free(struct rg_mountpoints *points);

/* Returns NULL for an unknown device. points may be NULL, for an empty list. */
const struct rg_mountpoint *rg_mountpoint_find(const struct rg_mountpoints *points, __u32 dev);
