/* SPDX-License-Identifier: GPL-2.0-only */
/* Checks the policy in force, or the configuration. */
#pragma once

#include "check/exports.h"
#include "check/finding.h"
#include "policy/config.h"

/* Owned by the caller; {} is empty. */
struct rg_policy_facts {
	int enabled;   /* 1: a set is pinned; 0; or a negative errno: unknown */
	bool in_force; /* the rest is that of the gate of this network namespace, */
	/* or else of this configuration file, or defaults */
	char file[RG_PATH_SIZE];
	bool asked; /* --config named the file, so the policy in force does not count */
	unsigned int n_mistakes; /* mistakes in the file */
	char mistake[256];	 /* the first mistake */
	bool only_programs;	 /* all mistakes are about executables that do not exist */
	bool no_file;		 /* there is no file: defaults */
	bool known;		 /* a policy could be read: */
	struct rg_policy policy;
	bool scope_said; /* otherwise `enable` chooses it */
	struct rg_rule *rules;
	size_t n_rules;
	char state_dir[RG_PATH_SIZE];
	/* knfsd gives write delegations: 1, 0, or -1: nfsd is not loaded */
	int write_delegations;
	long long leases; /* fs.leases-enable */
	int leases_err;
};

/* Gathers the facts. `privileged`: this process may read pinned maps. config: as for
 * rg_check(). */
void rg_policy_gather(const char *root, const char *config, bool privileged,
		      const struct rg_reexport_facts *r, struct rg_policy_facts *p);
void rg_policy_facts_free(struct rg_policy_facts *p);

/* Judges the facts. Pure. grace_s: knfsd's grace period; 0: not known. */
void rg_policy_check(const struct rg_policy_facts *p, long long grace_s, struct rg_findings *f);
