/* SPDX-License-Identifier: GPL-2.0-only */
/* The two text formats of metrics.h: lines, labels, numbers. */
#pragma once

#include "loader/metrics.h"

struct rg_exposition {
	FILE *out;
	enum rg_metrics_format format;
	const struct rg_metric *metric; /* whose samples come */
	bool begun;			/* its # lines are written */
};

void rg_exposition_begin(struct rg_exposition *e, const struct rg_metric *m);
void rg_exposition_end(struct rg_exposition *e);

/* A sample. Labels: name, value, name, value, ..., NULL; a value may be any bytes,
 * what is no UTF-8 becomes '?'. */
#define RG_LABELS __attribute__((sentinel))
void RG_LABELS rg_sample(struct rg_exposition *e, __u64 value, ...);
void RG_LABELS rg_sample_seconds(struct rg_exposition *e, __u64 ns, ...);
/* Bucket i: below 2^i microseconds and not in the one before; the last: all others. */
void RG_LABELS rg_sample_histogram(struct rg_exposition *e, const __u64 *buckets, __u32 n_buckets,
				   __u64 sum_ns, ...);
