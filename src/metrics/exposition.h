/* SPDX-License-Identifier: GPL-2.0-only */
/* Writes the two text formats of metrics.h: lines, labels, numbers. */
#pragma once

#include "metrics/metrics.h"

struct rg_exposition {
	FILE *out;
	enum rg_metrics_format format;
	const struct rg_metric *metric; /* the current family */
	bool begun;			/* its # lines are written already */
};

void rg_exposition_begin(struct rg_exposition *e, const struct rg_metric *m);
void rg_exposition_end(struct rg_exposition *e);

/* Writes a sample. Labels are name, value, name, value, ...; a value may be any bytes and is
 * written as rg_shown() makes it. */
#define rg_sample(e, value, ...) rg_put_sample(e, value, ##__VA_ARGS__, RG_NO_MORE)
#define rg_sample_seconds(e, ns, ...) rg_put_seconds(e, ns, ##__VA_ARGS__, RG_NO_MORE)
/* Writes a histogram. Bucket i counts durations from 2^(i-1) to 2^i microseconds, the last one
 * all longer ones. */
#define rg_sample_histogram(e, buckets, n_buckets, sum_ns, ...)                                    \
	rg_put_histogram(e, buckets, n_buckets, sum_ns, ##__VA_ARGS__, RG_NO_MORE)

/* ---- what these are made of ---- */

#define RG_NO_MORE ((const char *)0)
void rg_put_sample(struct rg_exposition *e, __u64 value, ...);
void rg_put_seconds(struct rg_exposition *e, __u64 ns, ...);
void rg_put_histogram(struct rg_exposition *e, const __u64 *buckets, __u32 n_buckets, __u64 sum_ns,
		      ...);
