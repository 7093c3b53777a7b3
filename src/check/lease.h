/* SPDX-License-Identifier: GPL-2.0-only */
/* Checks whether this host is back before an original server's lease ends. */
#pragma once

#include "check/exports.h"
#include "state/budget.h"

/* The lease of one NFS mount in seconds, from /proc/self/mountstats. */
struct rg_mount_lease {
	char *target; /* owned */
	long long lease_s;
};

/* Owned by the caller; {} is empty. */
struct rg_lease_facts {
	struct rg_mount_lease *at; /* NFSv4 only */
	size_t n;
	int leases_err;
	struct rg_budget *budget; /* NULL: none could be read */
	int budget_err;		  /* 0; -ENOENT: no daemon kept one; or another negative errno */
	__u64 wall_ns;		  /* the present */
	__u64 kernel_ns;	  /* wall clock of the start of this boot's kernel; 0: not known */
};

/* Gathers the facts. state_dir: the directory of the budget. */
void rg_lease_gather(const char *root, const char *state_dir, struct rg_lease_facts *l);
/* Reads a mountstats file. Returns 0 or a negative errno. */
int rg_lease_read(const char *file, struct rg_lease_facts *l);
void rg_lease_free(struct rg_lease_facts *l);

/* Judges the facts. Pure. remote_fs_s: seconds from the kernel's start to remote-fs.target; 0:
 * not known. */
void rg_lease_check(const struct rg_lease_facts *l, const struct rg_reexport_facts *r,
		    long long remote_fs_s, struct rg_findings *f);
