/* SPDX-License-Identifier: GPL-2.0-only */
/* Keeps on disk what the time after a reboot needs: the ledger of end clients' locks, the last
 * renewals of original servers' leases, and what the kernel does with end clients' locks. */
#pragma once

#include "state/budget.h"
#include "state/follow.h"
#include "state/ledger.h"
#include "state/regime.h"

struct rg_keep {
	char dir[RG_PATH_SIZE];
	__u32 interval_s, init_netns, hz;
	struct rg_ledger ledger;    /* as written last */
	struct rg_following follow; /* ranges of locks, and lost locks */
	struct rg_budget *budget;
	char boot_id[RG_BOOT_ID_SIZE];
	__u64 ledger_tried_ns, budget_tried_ns, budget_asked_ns;
	struct rg_regime_kept regime;
	char kernel[RG_KERNEL_SIZE];
	__u64 regime_asked_ns;
	bool regime_said[RG_NR_LOCK_PROTOCOLS];
	bool budget_changed, regime_changed;
	bool ledger_failed; /* `ledger` has not reached the disk */
	size_t max_ranges;  /* set by the caller: number of ranges to keep; 0: RG_MAX_RANGES */
	bool said;	    /* the failure was reported */
	__u64 said_ns;
};

/* Reads the files. Warns of a directory that cannot be used. */
void rg_keep_start(struct rg_keep *k, const struct rg_pins *p);
/* Writes what changed and is due. gates: all gates as they are now. */
void rg_keep_tick(struct rg_keep *k, const struct rg_pins *p, const struct rg_gate *gates,
		  __u64 now_ns);
/* Writes everything that changed, when the daemon ends. */
void rg_keep_end(struct rg_keep *k, const struct rg_pins *p, const struct rg_gate *gates);
void rg_keep_free(struct rg_keep *k);
