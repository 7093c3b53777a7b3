/* SPDX-License-Identifier: GPL-2.0-only */
/* Checks the role of an original server (docs/original.md): whether it is taken, and which locks
 * it does not keep. */
#pragma once

#include "check/clients.h"
#include "check/knfsd.h"
#include "original/seen.h"

struct rg_original_facts {
	bool looked; /* this process may read the pins */
	struct rg_org_seen seen;
	/* From the configuration: mode is set and not off; keep-for in seconds, 0: one lease. */
	bool configured;
	long keep_for_s;
	/* From the kernel, read only if the role is configured or taken. */
	int lsm;	  /* 1: BPF programs can be LSM programs; 0; -1: unknown */
	bool nfsd_loaded; /* nfsd is loaded or built in */
	int hooks_err;	  /* 0, or a negative errno: the kernel's types could not be read */
	char missing[64]; /* the first function that cannot be followed; "": none */
};

/* Gathers the facts. config: as for rg_check(). privileged: this process may read this host's
 * pinned maps. */
void rg_original_gather(const char *root, const char *config, bool privileged,
			struct rg_original_facts *o);
/* Judges the facts, and says nothing if the role is neither configured nor taken. Pure. */
void rg_original_check(const struct rg_original_facts *o, const struct rg_knfsd_facts *k,
		       const struct rg_client_facts *c, struct rg_findings *f);
