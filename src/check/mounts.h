/* SPDX-License-Identifier: GPL-2.0-only */
/* Checks this host's NFS mounts, above all the re-exported ones. */
#pragma once

#include "check/policy.h"

/* An NFS superblock in /proc/fs/nfsfs/volumes. */
struct rg_nfs_volume {
	__u32 dev;		   /* as the kernel has it */
	char server[48], fsid[40]; /* hexadecimal, as in the file */
};

/* Owned by the caller (rg_mount_facts_free); {} is empty. */
struct rg_mount_facts {
	struct rg_nfs_volume *volumes;
	size_t n_volumes;
	char recover[8]; /* /sys/module/nfs/parameters/recover_lost_locks */
	int recover_err;
};

void rg_mount_gather(const char *root, struct rg_mount_facts *m);
void rg_mount_facts_free(struct rg_mount_facts *m);
/* Judges the facts. Pure. */
void rg_mounts_check(const struct rg_mount_facts *m, const struct rg_reexport_facts *r,
		     const struct rg_policy_facts *p, struct rg_findings *f);
