/* SPDX-License-Identifier: GPL-2.0-only */
/* The role of an original server (docs/original.md): is it taken, and whose locks does it not keep?
 */
#pragma once

#include "check/clients.h"
#include "check/knfsd.h"
#include "original/seen.h"

struct rg_original_facts {
	bool looked; /* this process may see what is pinned */
	struct rg_org_seen seen;
	/* Of the configuration: mode is there and not off; keep-for in seconds, 0: a lease. */
	bool wished;
	long keep_for_s;
	/* Of the kernel. Only looked for where the role is wished or taken. */
	int lsm;	  /* 1: BPF programs can be LSM programs; 0; -1: not known */
	bool nfsd_loaded; /* the module, or it is built in */
	int hooks_err;	  /* 0, or negative errno: the kernel's types could not be read */
	char missing[64]; /* the first function that cannot be followed; "": all can be */
};

/* config: as of rg_check(). privileged: may this process read pinned maps, of this host? */
void rg_original_gather(const char *root, const char *config, bool privileged,
			struct rg_original_facts *o);
/* Pure. Nothing is said where the role is neither wished nor taken. */
void rg_original_check(const struct rg_original_facts *o, const struct rg_knfsd_facts *k,
		       const struct rg_client_facts *c, struct rg_findings *f);
