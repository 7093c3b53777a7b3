/* SPDX-License-Identifier: GPL-2.0-only */
/* The kernel's own counters of the attached programs. */
#pragma once

#include "pins/pins.h"

#define RG_MAX_PROGS 128

struct rg_prog_counts {
	char name[48];	    /* the pin's name without its prefix, "lock_done"; or
			       RG_KPROBE_ENTERS */
	__u64 run_ns, runs; /* counted only while kernel.bpf_stats_enabled is 1 */
	__u64 skipped;	    /* calls for which the kernel skipped it (load/preempt.h) */
};

/*
 * Read the programs attached by pinned links into progs, which has RG_MAX_PROGS elements.
 * Returns their number. Finding the program of a link needs CAP_SYS_ADMIN, which the daemon
 * drops; the programs of the doors are open in p and need no privilege.
 */
int rg_progs_read(const struct rg_pins *p, struct rg_prog_counts *progs);

/* Calls for which the kernel skipped a door's program, since the set was armed. */
__u64 rg_progs_passed(const struct rg_pins *p);
