/* SPDX-License-Identifier: GPL-2.0-only */
/* Turns a snapshot into the lines of `top`. Pure: uses no clock, map or terminal. */
#pragma once

#include "cli/screen.h"
#include "metrics/snapshot.h"

/* Rates per second between two snapshots. */
struct rg_rates {
	bool known;
	double tally[RG_NR_TALLIES];
};

/* Computes the rates since an earlier tally at its CLOCK_BOOTTIME. They are unknown if no time
 * has passed or a counter went down, since another set was made. */
struct rg_rates rg_rates_of(const __u64 *before, __u64 before_ns, const struct rg_snapshot *now);

struct rg_top {
	const struct rg_snapshot *now;
	struct rg_rates rates;
	bool keys;	  /* there is a keyboard to press q */
	bool all;	  /* gates may fill the screen, since nobody has to scroll */
	const char *note; /* a message in place of everything else; NULL: none */
};

/* Fills an empty screen. Returns 0 or -ENOMEM. */
int rg_top_draw(const struct rg_top *top, struct rg_screen *s);
