/* SPDX-License-Identifier: GPL-2.0-only */
/* What `trace` was asked for. */
#pragma once

#include "cli/options.h"
#include "record/record_filter.h"

struct rg_trace_wish {
	struct rg_filter filter; /* its strings are the options' */
	bool json;
	const char *record; /* a file; NULL: not recorded */
	__u64 record_size;  /* bytes of a part */
	unsigned int record_keep;
	__u64 count;	   /* events; 0: any number */
	__u64 duration_ns; /* 0: for ever */
};

/* Pure. RG_DONE, or RG_USAGE with one line said. */
int rg_trace_wish_of(const struct rg_options *o, struct rg_trace_wish *w);
