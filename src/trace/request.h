/* SPDX-License-Identifier: GPL-2.0-only */
/* The options of `trace`, checked. */
#pragma once

#include "cli/options.h"
#include "record/record_filter.h"

struct rg_trace_request {
	struct rg_filter filter; /* the options own its strings */
	bool json;
	const char *record; /* file to record to; NULL: none */
	__u64 record_size;  /* size of a part in bytes */
	unsigned int record_keep;
	__u64 count;	   /* number of events; 0: no limit */
	__u64 duration_ns; /* 0: no limit */
};

/* Checks the options. Returns RG_DONE, or RG_USAGE after one line. Pure. */
int rg_trace_request_of(const struct rg_options *o, struct rg_trace_request *w);
