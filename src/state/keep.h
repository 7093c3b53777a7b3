/* SPDX-License-Identifier: GPL-2.0-only */
/* What the daemon keeps on disk for the time after a reboot: the ledger of end
 * clients' locks, when original servers' leases were last renewed, and what the
 * kernel does with end clients' locks. */
#pragma once

#include "state/budget.h"
#include "state/follow.h"
#include "state/ledger.h"
#include "state/regime.h"

struct rg_keep {
	char dir[RG_PATH_SIZE];
	__u32 interval_s, init_netns, hz;
	struct rg_ledger ledger;    /* as written */
	struct rg_following follow; /* ranges, and what was lost */
	struct rg_budget *budget;
	char boot_id[RG_BOOT_ID_SIZE];
	__u64 ledger_tried_ns, budget_tried_ns, budget_asked_ns;
	struct rg_regime_kept regime;
	char kernel[RG_KERNEL_SIZE];
	__u64 regime_asked_ns;
	bool regime_said[RG_NR_LOCK_PROTOCOLS];
	bool budget_changed, regime_changed;
	bool ledger_failed; /* what is in `ledger` did not get to the disk */
	size_t max_ranges;  /* the caller's: ranges that are kept; 0: RG_MAX_RANGES */
	bool said;	    /* that it cannot be written */
	__u64 said_ns;
};

/* Read what is there. A directory that cannot be used is warned of. */
void rg_keep_start(struct rg_keep *k, const struct rg_pins *p);
/* Write what changed and is due. gates: all, as they are now. */
void rg_keep_tick(struct rg_keep *k, const struct rg_pins *p, const struct rg_gate *gates,
		  __u64 now_ns);
/* The same, due or not: the daemon ends. */
void rg_keep_end(struct rg_keep *k, const struct rg_pins *p, const struct rg_gate *gates);
void rg_keep_free(struct rg_keep *k);
