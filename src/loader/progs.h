/* SPDX-License-Identifier: GPL-2.0-only */
/* What the attached programs cost, as the kernel counts it while
 * kernel.bpf_stats_enabled is 1. */
#pragma once

#include "loader/pins.h"

struct rg_prog_cost {
	enum rg_link link; /* by which the program is attached */
	__u64 run_ns, runs;
};

/* One a pinned link; costs has RG_NR_LINKS places. How many were filled in: those
 * whose program could be looked up (needs CAP_SYS_ADMIN, which the daemon gives
 * up) and has run while the kernel counted. */
int rg_progs_read(struct rg_prog_cost *costs);
