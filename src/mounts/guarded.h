/* SPDX-License-Identifier: GPL-2.0-only */
/* Decides which NFS mounts a gate guards, from its rules and the mount table. */
#pragma once

#include "rg_maps.h"
#include "mounts/mounts.h"

/* Says whether the rules make the gate in `slot` guard this mount, one of `mounts`. Decides for
 * the mount alone; rg_mounts_guarded() decides for its superblock.
 *
 *   MOUNT        guards a mount at or below `path`, and one whose source is at or below
 *                `source`: the same directory mounted elsewhere is guarded too
 *   EXPORT       guards the mount that `path` lies on, and a hidden one that it may lie on
 *                (rg_may_lie_on)
 *   EXPORT_TREE  guards the same, and every mount below `path`
 *   EXCEPT       wins over all others: a mount at or below `path`, and the one that `path`
 *                lies on, is not guarded
 *
 * RG_MOUNT_MODE_ALL guards every mount that no EXCEPT names. */
bool rg_mount_is_guarded(const struct rg_mounts *mounts, const struct rg_mount *mount,
			 const struct rg_rule *rules, size_t n, __u32 slot,
			 enum rg_mount_mode mode);

/* Decides for every NFS mount of the table, by superblock: one that is mounted several times
 * (bind mounts, or mounts that share a superblock) is guarded everywhere if a rule guards one
 * of its places, also where an EXCEPT names another. A superblock that may have files in common
 * with a guarded one (rg_mounts_share_files) is guarded as well, unless an EXCEPT names it.
 * Fills guarded[mounts->n]. Returns 0 or -ENOMEM. */
int rg_mounts_guarded(const struct rg_mounts *mounts, const struct rg_rule *rules, size_t n,
		      __u32 slot, enum rg_mount_mode mode, bool *guarded);

/* Says whether two superblocks may have files in common: the server is the same, by name or by
 * address, and one path is at or below the other. Or the fsid is the same (rg_mounts_ask_fsids())
 * and either the server is, by different versions of NFS, whose paths begin elsewhere; or one path
 * is at or below the other, and the kernel did not find out whether their addresses are one
 * server's. They have none in common where one of them is
 * the mount that the NFS client itself made when it crossed into another file system of the
 * server. */
bool rg_mounts_share_files(const struct rg_mount *a, const struct rg_mount *b);

/* A superblock, and what the rules decide for it. */
struct rg_decision {
	__u32 dev;
	bool guarded;
};

/* Decides for each superblock of the table: *n_out elements, sorted by dev, owned by the caller
 * (free; NULL on an error). Returns 0 or -ENOMEM. */
int rg_mounts_decide(const struct rg_mounts *mounts, const struct rg_rule *rules, size_t n,
		     __u32 slot, enum rg_mount_mode mode, struct rg_decision **out, size_t *n_out);
