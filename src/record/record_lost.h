/* SPDX-License-Identifier: GPL-2.0-only */
/* The lines of a recording that say what was lost in a recovery, by the ledger (docs/events.md):
 * one of sums, and one for each lock that is known by range. */
#pragma once

#include "state/lost.h"

#define RG_LOST_LINE_MAX 4096

/* What was last told of one gate. {}: nothing. */
struct rg_lost_told {
	__u32 generation;
	struct rg_lost_sum sum;
};
/* Is there something to tell, that was not told before? It then counts as told. Nothing is
 * before the recovery is over. */
bool rg_lost_is_news(const struct rg_lost *l, struct rg_lost_told *told);

/* Now, by both clocks, ns. */
struct rg_lost_when {
	__u64 wall_ns, boot_ns;
};

/* Pure. A line with its "\n" and without a NUL; returns its length, 0: it did not fit. */
size_t rg_lost_line(const struct rg_lost *l, const struct rg_lost_when *when, char *buf,
		    size_t size);
/* Of lock i of l->locks, which is lost. */
size_t rg_lost_lock_line(const struct rg_lost *l, size_t i, const struct rg_lost_when *when,
			 char *buf, size_t size);
