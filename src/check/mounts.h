/* SPDX-License-Identifier: GPL-2.0-only */
/* The back side: this host's NFS mounts, those that are exported again above all. */
#pragma once

#include "check/policy.h"

struct rg_mount_facts {
	char recover[8]; /* /sys/module/nfs/parameters/recover_lost_locks */
	int recover_err;
};

void rg_mount_gather(const char *root, struct rg_mount_facts *m);
/* Pure. */
void rg_mounts_check(const struct rg_mount_facts *m, const struct rg_reexport_facts *r,
		     const struct rg_policy_facts *p, struct rg_findings *f);
