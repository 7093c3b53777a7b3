/* SPDX-License-Identifier: GPL-2.0-only */
/* Checks what becomes of end clients' locks on the running kernel, and what did on the last
 * one. */
#pragma once

#include "check/finding.h"
#include "state/regime.h"

struct rg_regime_facts {
	struct rg_regimes now;
	enum rg_regime_source {
		RG_REGIME_NOT_ASKED = 0, /* only root may ask */
		RG_REGIME_ASKED,	 /* the kernel answered just now */
		RG_REGIME_IN_FORCE,	 /* the enabled set recorded it: export flags, and locks */
	} source;
	bool by_module; /* in force: the export flags refuse locks, and the module lets them pass */
	int asked_err;	/* result of asking: 0 or a negative errno */
	bool nfs;	/* the nfs module, which has the flags, is loaded */
	struct rg_regime_kept kept; /* as of this boot */
	int kept_err;		    /* 0; -ENOENT: no daemon kept one; or another negative errno */
	char kernel[RG_KERNEL_SIZE];
	/* The kernel module reexport_guard: 1, 0, or a negative errno: unknown. */
	int module_loaded, module_types, module_installed;
};

/* Gathers the facts. `load`: this process may load programs and read pinned maps. `enabled`: a
 * set is pinned. state_dir: the directory of regime.json. */
void rg_regime_gather(const char *root, bool load, bool enabled, const char *state_dir,
		      struct rg_regime_facts *r);
/* Judges the facts. Pure. */
void rg_regime_check(const struct rg_regime_facts *r, struct rg_findings *f);
