/* SPDX-License-Identifier: GPL-2.0-only */
/* The role of an original server at one moment, for metrics: data alone, so that what is written
 * of it can be tested without a kernel. */
#pragma once

#include <stdbool.h>

#include "rg_original.h"

struct rg_org_seen {
	bool known;   /* false: what is pinned could not be read, and nothing below counts */
	bool enabled; /* false: the rest is 0 */
	__u32 mode;   /* enum rg_org_mode */
	__u64 keep_for_ns;
	__u64 clients; /* that rebooted, and of which something is kept */
	__u64 ranges;  /* that are kept of them */
	__u64 counters[RG_NR_ORG_COUNTERS];
};

/* Read it, without waiting for whoever has the directory locked: that is `known` false as well. */
void rg_org_see(struct rg_org_seen *seen);
