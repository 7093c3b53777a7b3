/* SPDX-License-Identifier: GPL-2.0-only */
/* NFS mounts: which there are (libmount), and which of them a gate guards. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "loader/pins.h"

struct rg_mount {
	__u32 dev;    /* as the kernel has it: major << 20 | minor */
	char *target; /* where it is mounted */
	char *source; /* host:/path */
};

/* NFS mounts (nfs, nfs4) of this mount namespace. Owned by the caller. */
struct rg_mounts {
	struct rg_mount *at;
	size_t n;
	char **others; /* where other file systems are mounted, n_others of them */
	size_t n_others;
};

/* From a file in the format of /proc/PID/mountinfo. 0 or negative errno. */
int rg_mounts_read(const char *mountinfo, struct rg_mounts *mounts);
void rg_mounts_free(struct rg_mounts *mounts);

/* The NFS mount that a path is on, by the table alone: a stat() would wait for
 * a server that is down. NULL: none, or another file system lies between. */
const struct rg_mount *rg_mount_of(const struct rg_mounts *mounts, const char *path);

/* Is the first path the second, or below it? Also for sources (host:/path). */
bool rg_is_below(const char *path, const char *top);

/* Does a policy that names these paths guard this mount? By where it is or by
 * what it is: the same source mounted elsewhere is guarded too. */
bool rg_mount_is_guarded(const struct rg_mount *mount, const struct rg_path *paths, size_t n,
			 __u32 slot);

/* The paths of the policy, from the map. Owned by the caller (free). */
int rg_paths_read(const struct rg_pins *p, struct rg_path **paths, size_t *n);

/* Put every NFS mount of the table into the map `devices` for a gate: first
 * what is guarded, then what is not, so that a change leaves no gap. With
 * `all` nothing is exempt. A gate's device stays that gate's. 0 or -errno. */
int rg_classify(const struct rg_pins *p, const struct rg_mounts *mounts,
		const struct rg_path *paths, size_t n, __u32 slot, bool all);

/* stat(2)'s st_dev as the kernel has it. */
__u32 rg_kernel_dev(dev_t dev);
