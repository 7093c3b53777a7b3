/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Says what would become of end clients' NFSv4 locks if this host lost power now, a local
 * application went for each of them after the boot, and the policy in force were the one of the
 * next boot. A part of the verdict.
 *
 * A lock is reclaimable if its end client will have it again (docs/results.md): the gate waits
 * for end clients, knfsd has a record of this one on disk, and either the kernel module passes its
 * reclaims on, or it was seen to take refused locks anew, which Linux does with
 * nfs.recover_lost_locks=Y. Without the module that setting cannot be seen, so the answer is
 * unknown. NFSv3 locks are not counted.
 */
#pragma once

#include <stddef.h>

#include "metrics/snapshot.h"

/* In order from bad to good. */
enum rg_power_cut_outcome {
	RG_POWER_CUT_LOST = 0,	  /* some locks would be lost */
	RG_POWER_CUT_UNKNOWN,	  /* none would certainly be lost, but some are unknown */
	RG_POWER_CUT_NOTHING,	  /* no NFSv4 end client has a known lock */
	RG_POWER_CUT_RECLAIMABLE, /* all would be held again */
	RG_NR_POWER_CUTS,
};

struct rg_power_cut {
	enum rg_power_cut_outcome outcome;
	/* Numbers of locks, without those of end clients whose locks are uncounted. */
	__u64 lost, unknown, reclaimable;
	/* for example "20 locks of 10.77.2.2 would be lost because ...", without a newline */
	char text[448];
};

/* Judges all gates. Pure. */
void rg_power_cut_of(const struct rg_snapshot *s, struct rg_power_cut *p);
/* Returns "lost", "unknown", "nothing" or "reclaimable", as in JSON. */
const char *rg_power_cut_name(enum rg_power_cut_outcome outcome);
