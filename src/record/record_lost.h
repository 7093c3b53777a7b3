/* SPDX-License-Identifier: GPL-2.0-only */
/* Writes the lines of a recording that say what a recovery lost according to the ledger
 * (docs/events.md): one with the sums, and one for each lock whose range is known. */
#pragma once

#include "state/lost.h"

#define RG_LOST_LINE_MAX 4096

/* What the recording has of one gate so far; {}: nothing. */
struct rg_lost_reported {
	__u32 generation;
	struct rg_lost_sum sum;
};
/* Says whether there is something new to write, and notes it as written. There is nothing before
 * the recovery is over. */
bool rg_lost_is_news(const struct rg_lost *l, struct rg_lost_reported *last);

/* the present, by both clocks, ns */
struct rg_lost_when {
	__u64 wall_ns, boot_ns;
};

/* Write a line with its newline and without a NUL. Return its length; 0: it did not fit.
 * Pure. */
size_t rg_lost_line(const struct rg_lost *l, const struct rg_lost_when *when, char *buf,
		    size_t size);
/* The line of lock i of l->locks, which is lost. */
size_t rg_lost_lock_line(const struct rg_lost *l, size_t i, const struct rg_lost_when *when,
			 char *buf, size_t size);
