/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A snapshot as metrics, in one of two text formats. docs/metrics.md lists them;
 * a test compares it with rg_metrics[].
 *
 * Labels are bounded: gates, states, causes, operations, original servers. There
 * is no end client and no file in them.
 */
#pragma once

#include <stdio.h>

#include "metrics/snapshot.h"

#define RG_METRICS_PREFIX "reexport_guard_"

enum rg_metrics_format {
	RG_METRICS_OPENMETRICS = 0, /* OpenMetrics 1.0 */
	RG_METRICS_PROMETHEUS,	    /* text format 0.0.4: node_exporter's textfile collector */
	RG_NR_METRICS_FORMATS,
};

enum rg_metric_type {
	RG_METRIC_GAUGE = 0,
	RG_METRIC_COUNTER,   /* samples: name_total */
	RG_METRIC_INFO,	     /* samples: name_info, always 1 */
	RG_METRIC_HISTOGRAM, /* samples: name_bucket, name_sum, name_count */
};

struct rg_exposition;

/* A family: what is told of it, and who writes its samples. */
struct rg_metric {
	const char *name; /* without the prefix and without what its type adds */
	enum rg_metric_type type;
	const char *unit;   /* "seconds": the name ends in it; NULL: none */
	const char *labels; /* "side, op"; "": none. A histogram's `le` is not named */
	const char *help;   /* one line, without a full stop at its end */
	void (*write)(struct rg_exposition *e, const struct rg_snapshot *s);
};
extern const struct rg_metric rg_metrics[];
extern const size_t rg_n_metrics;

/* "openmetrics", "prometheus"; or -1. */
int rg_metrics_format_of(const char *name);

/* Write all that the snapshot knows of. A family without a sample is left out.
 * What fails shows in ferror(out). */
void rg_metrics_write(FILE *out, const struct rg_snapshot *s, enum rg_metrics_format format);
