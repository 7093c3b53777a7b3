/* SPDX-License-Identifier: GPL-2.0-only */
/* The end of keeping by time, as a record: no program runs at that moment, so the tracer looks. */
#pragma once

#include <stdbool.h>

#include "rg_original.h"
#include "rg_records.h"

/* What the tracer knows of one place among the keepers; {} at first. */
struct rg_keeper_reported {
	bool active; /* something was kept when it looked last */
	__u32 gen;
};

/* Says whether the keeping for `k` ended since the last look without a program that told so, and
 * makes the record of that: keep-for is over. Updates *told. Pure but for that. */
bool rg_kept_over(struct rg_keeper_reported *last, const struct rg_keeper *k, __u64 now_ns,
		  struct rg_record *r);
/* Makes the record that the keeping for `k` ended at this time for this reason (enum
 * rg_kept_why). */
void rg_kept_ended(const struct rg_keeper *k, __u64 ns, __u32 why, struct rg_record *r);
