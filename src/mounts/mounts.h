/* SPDX-License-Identifier: GPL-2.0-only */
/* The mount table of a mount namespace, as libmount reads it, and the mount a path lies on. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include <linux/types.h>

#define RG_VOLUMES "/proc/fs/nfsfs/volumes"

struct rg_mount {
	__u32 dev;     /* as the kernel has it: major << 20 | minor */
	char *target;  /* where it is mounted */
	char *source;  /* host:/path */
	char *options; /* of the superblock: "rw,vers=4.2,..."; "" if there are none */
	/* What rg_mounts_ask_fsids() found out: the version of NFS, 3 or 4, and the original
	 * server's number of the file system (fsid, RFC 8881 5.8.1.9). 0: unknown. */
	__u32 version;
	__u64 fsid_major, fsid_minor;
};

/* A mount of any file system, and its place in the tree of mounts. */
struct rg_place {
	char *target; /* owned; an NFS mount's rg_mount has the same pointer */
	size_t len;   /* of target, without a slash at its end */
	int id, parent;
	ssize_t nfs;	/* element of rg_mounts.at, -1: another file system */
	bool top;	/* its parent is not in the table: it is / or what stands for it */
	bool remote;	/* looking at a path on it may wait for a server, or mount something */
	bool automount; /* autofs: it mounts a file system at the first access */
};

/* Owned by the caller (rg_mounts_free); {} is an empty table. */
struct rg_mounts {
	struct rg_mount *at; /* NFS mounts (nfs, nfs4), in the order of the table */
	size_t n;
	struct rg_place *places; /* all mounts */
	size_t n_places;
};

/* Reads a file in the format of /proc/PID/mountinfo (proc(5)). Returns 0 or a negative errno;
 * the table is empty then. */
int rg_mounts_read(const char *mountinfo, struct rg_mounts *mounts);
void rg_mounts_free(struct rg_mounts *mounts);
/* Reads a file in the format of /proc/fs/nfsfs/volumes, which has the superblocks of one network
 * namespace. Without it, or for a superblock that it does not have, nothing is known. */
void rg_mounts_ask_fsids(const char *volumes, struct rg_mounts *mounts);

/* Returns the mount, of any file system, that a path lies on. NULL: the table is empty. */
const struct rg_place *rg_place_of(const struct rg_mounts *mounts, const char *path);

/* Returns the NFS mount that a path lies on, from the table alone: a stat() would wait for a
 * server that is down. Goes from mount to mount as the kernel does (fs/namei.c), so it never
 * finds a mount that another one hides. NULL: the path is on another file system. */
const struct rg_mount *rg_mount_of(const struct rg_mounts *mounts, const char *path);

/* Says whether a path may lie on this NFS mount: it does now, or the mount is hidden by another
 * one and has the longest target above the path. knfsd and open files still use a hidden mount. */
bool rg_may_lie_on(const struct rg_mounts *mounts, const char *path, const struct rg_mount *mount);

/* Converts the st_dev of stat(2) to the kernel's form. */
__u32 rg_kernel_dev(dev_t dev);
