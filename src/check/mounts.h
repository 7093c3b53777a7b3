/* SPDX-License-Identifier: GPL-2.0-only */
/* The back side: this host's NFS mounts, those that are exported again above all. */
#pragma once

#include "check/policy.h"

/* An NFS superblock, as /proc/fs/nfsfs/volumes has it. */
struct rg_nfs_volume {
	__u32 dev;		   /* as the kernel has it */
	char server[48], fsid[40]; /* in hexadecimal, as they are there */
};

/* Owned by the caller (rg_mount_facts_free); {} is an empty one. */
struct rg_mount_facts {
	struct rg_nfs_volume *volumes;
	size_t n_volumes;
	char recover[8]; /* /sys/module/nfs/parameters/recover_lost_locks */
	int recover_err;
};

void rg_mount_gather(const char *root, struct rg_mount_facts *m);
void rg_mount_facts_free(struct rg_mount_facts *m);
/* Pure. */
void rg_mounts_check(const struct rg_mount_facts *m, const struct rg_reexport_facts *r,
		     const struct rg_policy_facts *p, struct rg_findings *f);
