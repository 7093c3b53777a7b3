/* SPDX-License-Identifier: GPL-2.0-only */
/* Writes a snapshot as metrics, in one of two text formats. docs/metrics.md lists them, and a
 * test compares it with rg_metrics[]. Labels are bounded: gates, states, causes, operations,
 * original servers; never end clients or files. */
#pragma once

#include <stdio.h>

#include "metrics/snapshot.h"

#define RG_METRICS_PREFIX "reexport_guard_"

enum rg_metrics_format {
	RG_METRICS_OPENMETRICS = 0, /* OpenMetrics 1.0 */
	RG_METRICS_PROMETHEUS,	    /* text format 0.0.4, for node_exporter's textfile collector */
	RG_NR_METRICS_FORMATS,
};

enum rg_metric_type {
	RG_METRIC_GAUGE = 0,
	RG_METRIC_COUNTER,   /* sample: name_total */
	RG_METRIC_INFO,	     /* sample: name_info, always 1 */
	RG_METRIC_HISTOGRAM, /* samples: name_bucket, name_sum, name_count */
};

struct rg_exposition;

/* A family of metrics, and the function that writes its samples. */
struct rg_metric {
	const char *name; /* without the prefix and the suffix of its type */
	enum rg_metric_type type;
	const char *unit;   /* for example "seconds", with which the name ends; NULL: none */
	const char *labels; /* for example "side, op"; "": none. Does not name the `le` of a
			       histogram */
	const char *help;   /* one line without a full stop */
	void (*write)(struct rg_exposition *e, const struct rg_snapshot *s);
};
extern const struct rg_metric rg_metrics[];
extern const size_t rg_n_metrics;

/* Returns the format called "openmetrics" or "prometheus", or -1. */
int rg_metrics_format_of(const char *name);

/* Writes every family that has a sample. ferror(out) tells of failed writes. */
void rg_metrics_write(FILE *out, const struct rg_snapshot *s, enum rg_metrics_format format);
