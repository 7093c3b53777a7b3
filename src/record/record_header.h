/* SPDX-License-Identifier: GPL-2.0-only */
/* The lines of a recording that are no event: its header, and its end
 * (docs/events.md). */
#pragma once

#include "state/budget.h"
#include "text/line.h"
#include "pins/pins.h"
#include "state/regime.h"

#define RG_RECORDS_SCHEMA 1

struct rg_header {
	char host[65], kernel[RG_KERNEL_SIZE]; /* uname(2) */
	char boot_id[RG_BOOT_ID_SIZE];
	__u32 netns;
	struct rg_regimes regimes;
	bool has_policy;
	struct rg_policy policy;
	__u32 lease_s, grace_s;	  /* knfsd's; 0: not known */
	struct rg_budget *budget; /* owned; NULL: none was read */
	bool filtered;		  /* some records are left out */
	__u64 untraced;		  /* tracing programs that are not attached, rg_traces_missing() */
	/* Now, by both clocks, ns. */
	__u64 wall_ns, boot_ns;
	unsigned int part; /* from 1 */
};

/* The longest header, its end included: RG_MAX_SERVERS origins. */
#define RG_HEADER_JSON_MAX (64 * 1024)

/* All but `filtered`, `untraced`, the clocks and `part`: of this host, of the gate of this
 * network namespace, and of the state directory that the gate goes by. What cannot
 * be read is left out. h: {} at first, or filled in before. */
void rg_header_fill(struct rg_header *h, const struct rg_pins *p);
void rg_header_free(struct rg_header *h);

/* Pure. The line, with its "\n" and without a NUL; returns its length, 0: it did not
 * fit. */
size_t rg_header_json(const struct rg_header *h, char *buf, size_t size);

struct rg_end {
	__u64 wall_ns, boot_ns;
	__u64 events, lost, failures; /* as the LOST lines have them, summed */
	const char *reason;	      /* a word; NULL: none is given */
};
/* Pure; the same. */
size_t rg_end_json(const struct rg_end *end, char *buf, size_t size);
