/* SPDX-License-Identifier: GPL-2.0-only */
/* Reads the role of an original server at one moment, for metrics. The result is plain data, so
 * that it can be tested without a kernel. */
#pragma once

#include <stdbool.h>

#include "rg_original.h"

struct rg_org_seen {
	bool known;   /* false: the pins could not be read, and nothing below counts */
	bool enabled; /* false: the rest is 0 */
	__u32 mode;   /* enum rg_org_mode */
	__u64 keep_for_ns;
	__u64 clients; /* rebooted clients for which something is kept */
	__u64 ranges;  /* ranges that are kept for them */
	__u64 counters[RG_NR_ORG_COUNTERS];
};

/* Reads it without waiting for the directory's lock; a locked directory is `known` false as
 * well. */
void rg_org_see(struct rg_org_seen *seen);
