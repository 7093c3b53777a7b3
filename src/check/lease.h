/* SPDX-License-Identifier: GPL-2.0-only */
/* Is this host back before an original server's lease runs out? */
#pragma once

#include "check/exports.h"
#include "state/budget.h"

/* The lease of one NFS mount, seconds, by /proc/self/mountstats. */
struct rg_mount_lease {
	char *target; /* owned */
	long long lease_s;
};

/* Owned by the caller; {} is an empty one. */
struct rg_lease_facts {
	struct rg_mount_lease *at; /* NFSv4 only */
	size_t n;
	int leases_err;
	struct rg_budget *budget; /* NULL: there is none to be had */
	int budget_err;		  /* 0, -ENOENT: nobody kept one; or another negative errno */
	__u64 wall_ns;		  /* now */
	__u64 kernel_ns;	  /* wall: when this boot's kernel started; 0: not known */
};

/* state_dir: where the budget is. */
void rg_lease_gather(const char *root, const char *state_dir, struct rg_lease_facts *l);
/* Take in a mountstats file. 0 or negative errno. */
int rg_lease_read(const char *file, struct rg_lease_facts *l);
void rg_lease_free(struct rg_lease_facts *l);

/* Pure. remote_fs_s: seconds from the kernel's start until remote-fs.target was
 * reached, 0: not known. */
void rg_lease_check(const struct rg_lease_facts *l, const struct rg_reexport_facts *r,
		    long long remote_fs_s, struct rg_findings *f);
