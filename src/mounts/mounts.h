/* SPDX-License-Identifier: GPL-2.0-only */
/* NFS mounts: which there are (libmount), and which of them a gate guards. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "pins/pins.h"

struct rg_mount {
	__u32 dev;     /* as the kernel has it: major << 20 | minor */
	char *target;  /* where it is mounted */
	char *source;  /* host:/path */
	char *options; /* of the superblock: "rw,vers=4.2,..."; "" if there are none */
};

/* A mount of any file system, and what it is mounted on. */
struct rg_place {
	char *target; /* owned; an NFS mount's is the same */
	size_t len;   /* of target, without a slash at its end */
	int id, parent;
	ssize_t nfs;	/* element of rg_mounts.at, -1: another file system */
	bool top;	/* its parent is not in the table: / or what is seen as it */
	bool remote;	/* looking at a path on it may wait for a server, or mount something */
	bool automount; /* autofs: it mounts when somebody first goes there */
};

/* The mount table of a mount namespace. Owned by the caller; {} is an empty one. */
struct rg_mounts {
	struct rg_mount *at; /* NFS (nfs, nfs4), in the order of the table */
	size_t n;
	struct rg_place *places; /* all */
	size_t n_places;
};

/* From a file in the format of /proc/PID/mountinfo. 0 or negative errno; then
 * the table is empty. */
int rg_mounts_read(const char *mountinfo, struct rg_mounts *mounts);
void rg_mounts_free(struct rg_mounts *mounts);

/* The mount, of any file system, that a path is on. NULL: the table is empty. */
const struct rg_place *rg_place_of(const struct rg_mounts *mounts, const char *path);
/* The NFS mount that a path is on, by the table alone: a stat() would wait for
 * a server that is down. Goes from mount to mount as the kernel does, so a
 * mount that another lies over is not found. NULL: none, or the path is on
 * another file system. */
const struct rg_mount *rg_mount_of(const struct rg_mounts *mounts, const char *path);

/* Is the first path the second, or below it? Also for sources (host:/path). */
bool rg_is_below(const char *path, const char *top);

/* A path without symbolic links, "." and "..", into out (RG_PATH_SIZE bytes).
 * Never looks at what is on NFS or on another remote file system: from there
 * on, and from where nothing is, names are taken as they are. 0; -EINVAL not
 * absolute; -ENAMETOOLONG; -ELOOP. */
int rg_mounts_resolve(const struct rg_mounts *mounts, const char *path, char *out);
/* The same of a host whose / is the directory `root` ("": this host), for a process whose
 * root is `jail` there ("": /; without links). `path` is as that process has it, `out` as
 * the host has it. */
int rg_mounts_resolve_in(const struct rg_mounts *mounts, const char *root, const char *jail,
			 const char *path, char *out);

/* May these two have files in common, being of one server, by its name or its address, and one
 * path at or below the other? Not if one is where the NFS client crosses into another file system
 * of the server, below the other. Of superblocks that are told apart by the caller. */
bool rg_mounts_share_files(const struct rg_mount *a, const struct rg_mount *b);

/* Do these rules make the gate in `slot` guard this mount? Of the mount alone:
 * rg_mounts_guarded() says what becomes of the superblock.
 *
 *   MOUNT        at or below path, or its source at or below source: the same
 *                thing mounted elsewhere is guarded too
 *   EXPORT       the mount that path lies on. Where mounts lie over others:
 *                also every mount at the longest target that path is below,
 *                since knfsd and open files may still use what is hidden
 *   EXPORT_TREE  the same, and every mount below path
 *   EXCEPT       not a mount at or below path, nor the one that path lies on;
 *                goes before all others
 *
 * RG_MOUNT_MODE_ALL: every mount but what is excepted. `mount` is one of `mounts`. */
bool rg_mount_is_guarded(const struct rg_mounts *mounts, const struct rg_mount *mount,
			 const struct rg_rule *rules, size_t n, __u32 slot,
			 enum rg_mount_mode which);

/* The same for every mount of the table, by superblock: one that is mounted
 * several times (bind mounts; the NFS client's sharing) is guarded everywhere
 * if it is guarded anywhere, also if an EXCEPT names one of the places. So is
 * one that may have the same files as a mount that a rule guards
 * (rg_mounts_share_files), unless an EXCEPT names it.
 * `guarded`: mounts->n of them. 0 or -ENOMEM. */
int rg_mounts_guarded(const struct rg_mounts *mounts, const struct rg_rule *rules, size_t n,
		      __u32 slot, enum rg_mount_mode which, bool *guarded);

/* The rules of all gates, from the map. Owned by the caller (free). 0 or
 * negative errno. */
int rg_rules_read(const struct rg_pins *p, struct rg_rule **rules, size_t *n);

/* Put the NFS superblocks of the table into the map `devices` for a gate: first
 * what is guarded, then what is not, so that a change leaves no gap. With
 * RG_MOUNT_MODE_ALL what is guarded is taken out instead: the kernel goes by the
 * superblock's own namespace, which the table does not show. A device that
 * another gate guards stays that gate's. 0, or the first negative errno; the
 * others are classified all the same. */
int rg_classify(const struct rg_pins *p, const struct rg_mounts *mounts,
		const struct rg_rule *rules, size_t n, __u32 slot, enum rg_mount_mode which);

/* stat(2)'s st_dev as the kernel has it. */
__u32 rg_kernel_dev(dev_t dev);
