// SPDX-License-Identifier: GPL-2.0-only
#include "metrics/exposition.h"

#include <stdarg.h>
#include <stdlib.h>

#include "text/shown.h"

#define US_PER_SEC 1000000ULL

void rg_exposition_begin(struct rg_exposition *e, const struct rg_metric *m)
{
	e->metric = m;
	e->begun = false;
}

void rg_exposition_end(struct rg_exposition *e)
{
	/* The classic format takes it for a comment, and some of its readers for a
	 * mistake. */
	if (e->format == RG_METRICS_OPENMETRICS)
		fputs("# EOF\n", e->out);
}

/* What a sample's name has that its family's has not. */
static const char *suffix_of(enum rg_metric_type type)
{
	return type == RG_METRIC_COUNTER ? "_total" : type == RG_METRIC_INFO ? "_info" : "";
}

static void put_escaped(FILE *out, const char *text, bool quotes)
{
	for (; *text; text++) {
		if (*text == '\n')
			fputs("\\n", out);
		else if (*text == '\\' || (quotes && *text == '"'))
			fprintf(out, "\\%c", *text);
		else
			fputc(*text, out);
	}
}

/* The # lines. The classic format knows no info and no unit, and has the suffix of
 * a sample in its family's name. */
static void begin_family(struct rg_exposition *e)
{
	static const char *const types[][RG_NR_METRICS_FORMATS] = {
		[RG_METRIC_GAUGE] = {"gauge", "gauge"},
		[RG_METRIC_COUNTER] = {"counter", "counter"},
		[RG_METRIC_INFO] = {"info", "gauge"},
		[RG_METRIC_HISTOGRAM] = {"histogram", "histogram"},
	};
	const struct rg_metric *m = e->metric;
	bool classic = e->format == RG_METRICS_PROMETHEUS;
	const char *suffix = classic ? suffix_of(m->type) : "";

	if (e->begun)
		return;
	e->begun = true;
	fprintf(e->out, "# HELP %s%s%s ", RG_METRICS_PREFIX, m->name, suffix);
	put_escaped(e->out, m->help, !classic);
	fprintf(e->out, ".\n# TYPE %s%s%s %s\n", RG_METRICS_PREFIX, m->name, suffix,
		types[m->type][e->format]);
	if (m->unit && !classic)
		fprintf(e->out, "# UNIT %s%s %s\n", RG_METRICS_PREFIX, m->name, m->unit);
}

static void put_value(FILE *out, const char *text)
{
	char *shown = rg_shown_copy(text);

	put_escaped(out, shown ?: "?", true);
	free(shown);
}

/* NAME{labels,le="LE"}, up to the value. */
static void begin_sample(struct rg_exposition *e, const char *suffix, va_list labels,
			 const char *le)
{
	const char *name, *value, *between = "{";

	begin_family(e);
	fprintf(e->out, "%s%s%s", RG_METRICS_PREFIX, e->metric->name, suffix);
	while ((name = va_arg(labels, const char *))) {
		value = va_arg(labels, const char *);
		fprintf(e->out, "%s%s=\"", between, name);
		put_value(e->out, value);
		fputc('"', e->out);
		between = ",";
	}
	if (le) {
		fprintf(e->out, "%sle=\"%s\"", between, le);
		between = ",";
	}
	fputs(*between == ',' ? "} " : " ", e->out);
}

static void end_seconds(struct rg_exposition *e, __u64 ns)
{
	fprintf(e->out, "%llu.%09llu\n", (unsigned long long)(ns / RG_NS_PER_SEC),
		(unsigned long long)(ns % RG_NS_PER_SEC));
}

static void end_number(struct rg_exposition *e, __u64 n)
{
	fprintf(e->out, "%llu\n", (unsigned long long)n);
}

void rg_put_sample(struct rg_exposition *e, __u64 value, ...)
{
	va_list labels;

	va_start(labels, value);
	begin_sample(e, suffix_of(e->metric->type), labels, NULL);
	va_end(labels);
	end_number(e, value);
}

void rg_put_seconds(struct rg_exposition *e, __u64 ns, ...)
{
	va_list labels;

	va_start(labels, ns);
	begin_sample(e, suffix_of(e->metric->type), labels, NULL);
	va_end(labels);
	end_seconds(e, ns);
}

void rg_put_histogram(struct rg_exposition *e, const __u64 *buckets, __u32 n_buckets, __u64 sum_ns,
		      ...)
{
	va_list labels, again;
	__u64 so_far = 0;

	va_start(labels, sum_ns);
	for (__u32 i = 0; i < n_buckets; i++) {
		unsigned long long us = 1ULL << i;
		char le[48] = "+Inf";

		if (i + 1 < n_buckets)
			snprintf(le, sizeof(le), "%llu.%06llu", us / US_PER_SEC, us % US_PER_SEC);
		so_far += buckets[i];
		va_copy(again, labels);
		begin_sample(e, "_bucket", again, le);
		va_end(again);
		end_number(e, so_far);
	}
	va_copy(again, labels);
	begin_sample(e, "_sum", again, NULL);
	va_end(again);
	end_seconds(e, sum_ns);
	va_copy(again, labels);
	begin_sample(e, "_count", again, NULL);
	va_end(again);
	end_number(e, so_far);
	va_end(labels);
}
