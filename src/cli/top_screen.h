/* SPDX-License-Identifier: GPL-2.0-only */
/* What `top` shows of a snapshot, as lines. Pure: no clock, no map, no terminal. */
#pragma once

#include "cli/screen.h"
#include "metrics/snapshot.h"

/* What was counted between two snapshots, a second. */
struct rg_rates {
	bool known;
	double tally[RG_NR_TALLIES];
};

/* before: the tally of the earlier one, and its CLOCK_BOOTTIME. Not known: no time
 * has passed, or something was counted down, as the set is another one. */
struct rg_rates rg_rates_of(const __u64 *before, __u64 before_ns, const struct rg_snapshot *now);

struct rg_top {
	const struct rg_snapshot *now;
	struct rg_rates rates;
	bool keys;	  /* somebody can press q */
	bool all;	  /* gates may take all of the screen: nobody has to scroll */
	const char *note; /* said in place of all else; NULL: nothing */
};

/* Fill an empty screen. 0, or -ENOMEM. */
int rg_top_draw(const struct rg_top *top, struct rg_screen *s);
