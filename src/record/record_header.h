/* SPDX-License-Identifier: GPL-2.0-only */
/* Writes the lines of a recording that are no event: the header and the end (docs/events.md). */
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
	__u32 lease_s, grace_s;	  /* of knfsd; 0: not known */
	struct rg_budget *budget; /* owned; NULL: not read */
	bool filtered;		  /* some records are left out by choice */
	bool no_guard;		  /* the role of an original server alone is enabled */
	__u64 untraced;		  /* tracing programs that are not attached (rg_traces_missing()) */
	/* the present, by both clocks, ns */
	__u64 wall_ns, boot_ns;
	unsigned int part; /* counts from 1 */
};

/* Length of the longest header with its newline: RG_MAX_SERVERS origins. */
#define RG_HEADER_JSON_MAX (64UL * 1024)

/* p: the guard's set; NULL: the guard is not enabled. Fills in everything but `filtered`,
 * `untraced`, the clocks and `part` from this host, the gate of this network namespace and the
 * gate's state directory. Leaves out what cannot be read. h is {} or an earlier header. */
void rg_header_fill(struct rg_header *h, const struct rg_pins *p);
void rg_header_free(struct rg_header *h);

/* Writes the line with its newline and without a NUL. Returns its length; 0: it did not fit.
 * Pure. */
size_t rg_header_json(const struct rg_header *h, char *buf, size_t size);

struct rg_end {
	__u64 wall_ns, boot_ns;
	__u64 events, lost, failures; /* sum of the LOST lines */
	const char *reason;	      /* one word; NULL: none */
};
/* The same for the last line. Pure. */
size_t rg_end_json(const struct rg_end *end, char *buf, size_t size);
