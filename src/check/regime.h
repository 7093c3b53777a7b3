/* SPDX-License-Identifier: GPL-2.0-only */
/* What becomes of end clients' locks on the running kernel, and under the last one. */
#pragma once

#include "check/finding.h"
#include "state/regime.h"

struct rg_regime_facts {
	struct rg_regimes now;
	enum rg_regime_source {
		RG_REGIME_NOT_ASKED = 0, /* only root may */
		RG_REGIME_ASKED,	 /* the kernel, just now */
		RG_REGIME_IN_FORCE,	 /* of the set that is enabled: export flags, and locks */
	} source;
	bool by_module; /* in force: the export flags refuse, and the kernel module lets locks pass
			 */
	int asked_err;	/* asked: 0 or negative errno */
	bool nfs;	/* is the nfs module there, whose flags they are? */
	struct rg_regime_kept kept; /* as if this boot had begun it */
	int kept_err;		    /* 0, -ENOENT: nobody kept one; or another negative errno */
	char kernel[RG_KERNEL_SIZE];
	/* The kernel module reexport_guard: 1 yes, 0 no, negative errno: cannot be seen. */
	int module_loaded, module_types, module_installed;
};

/* `load`: may this process load programs, and read pinned maps? `enabled`: is a set
 * pinned? state_dir: where regime.json is. */
void rg_regime_gather(const char *root, bool load, bool enabled, const char *state_dir,
		      struct rg_regime_facts *r);
/* Pure. */
void rg_regime_check(const struct rg_regime_facts *r, struct rg_findings *f);
