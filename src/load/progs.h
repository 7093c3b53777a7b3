/* SPDX-License-Identifier: GPL-2.0-only */
/* What the kernel counts of the attached programs. */
#pragma once

#include "pins/pins.h"

#define RG_MAX_PROGS 128

struct rg_prog_counts {
	char name[48];	    /* of the pin, without what kind of pin it is: "lock_done"; or
			       RG_KPROBE_ENTERS */
	__u64 run_ns, runs; /* only while kernel.bpf_stats_enabled is 1 */
	__u64 skipped;	    /* calls that it was not run for (load/preempt.h) */
};

/*
 * Those that are attached by a pinned link; progs has RG_MAX_PROGS places. Returns how
 * many could be looked up: a program of a link needs CAP_SYS_ADMIN, which the daemon
 * gives up. Those of the doors are open in p, and need nothing.
 */
int rg_progs_read(const struct rg_pins *p, struct rg_prog_counts *progs);

/* Calls that the doors' programs were not run for, of this set. */
__u64 rg_progs_passed(const struct rg_pins *p);
