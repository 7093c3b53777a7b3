/* SPDX-License-Identifier: GPL-2.0-only */
/* What the guard is told, or will be: the policy in force, or the configuration. */
#pragma once

#include "check/exports.h"
#include "check/finding.h"
#include "policy/config.h"

/* Owned by the caller; {} is an empty one. */
struct rg_policy_facts {
	int enabled;   /* 1: a set is pinned; 0; or negative errno: nobody can tell */
	bool in_force; /* the rest is of the gate of this network namespace, */
	/* else of this configuration file, or defaults */
	char file[RG_PATH_SIZE];
	bool asked;		 /* --config named it, whatever is in force */
	unsigned int n_mistakes; /* in the file, */
	char mistake[256];	 /* and the first of them */
	bool only_programs;	 /* they are about executables that are not there */
	bool no_file;		 /* there is none: defaults */
	bool known;		 /* there is a policy to judge: */
	struct rg_policy policy;
	bool scope_said; /* else `enable` chooses it */
	struct rg_rule *rules;
	size_t n_rules;
	char state_dir[RG_PATH_SIZE];
	/* Does knfsd hand out write delegations? 1, 0, -1: nfsd is not loaded. */
	int write_delegations;
	long long leases; /* fs.leases-enable */
	int leases_err;
};

/* `privileged`: may this process read pinned maps? config: as of rg_check(). */
void rg_policy_gather(const char *root, const char *config, bool privileged,
		      const struct rg_reexport_facts *r, struct rg_policy_facts *p);
void rg_policy_facts_free(struct rg_policy_facts *p);

/* Pure. grace_s: knfsd's grace period, 0: not known. */
void rg_policy_check(const struct rg_policy_facts *p, long long grace_s, struct rg_findings *f);
