// SPDX-License-Identifier: GPL-2.0-only
/* Draws the number of reclaims over time. Patterns repeat what the colours say. */
#include <math.h>
#include <string.h>

#include "report/svg.h"
#include "report/words.h"

#define BARS 64
#define TICKS 4

struct bars {
	__u64 n[BARS][RG_NR_STORMS], most;
	size_t used;
	double from, each; /* seconds */
};

static void bars_of(const struct rg_recovery *r, struct bars *b)
{
	const struct rg_storm *s = &r->storm;
	__u64 last = (s->last_ns - s->from_ns) / s->width_ns, group = last / BARS + 1;

	memset(b, 0, sizeof(*b));
	b->used = last / group + 1;
	b->from = rg_recovery_seconds(r, s->from_ns);
	b->each = (double)(s->width_ns * group) / 1e9;
	for (size_t i = 0; i <= last && i < RG_STORM_BUCKETS; i++)
		for (int k = 0; k < RG_NR_STORMS; k++)
			b->n[i / group][k] += s->n[k][i];
	for (size_t i = 0; i < b->used; i++) {
		__u64 all = 0;

		for (int k = 0; k < RG_NR_STORMS; k++)
			all += b->n[i][k];

		if (all > b->most)
			b->most = all;
	}
}

static void patterns(FILE *out, size_t id)
{
	fprintf(out,
		"<defs><pattern id=\"hatch%zu\" width=\"6\" height=\"6\" "
		"patternUnits=\"userSpaceOnUse\" patternTransform=\"rotate(45)\">"
		"<rect class=\"fill refused\" width=\"6\" height=\"6\"/>"
		"<line class=\"stripe\" x1=\"0\" x2=\"0\" y1=\"0\" y2=\"6\"/></pattern>"
		"<pattern id=\"dots%zu\" width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\">"
		"<rect class=\"fill again\" width=\"6\" height=\"6\"/>"
		"<circle class=\"dot\" cx=\"3\" cy=\"3\" r=\"1.2\"/></pattern></defs>\n",
		id, id);
}

static void one_bar(FILE *out, const struct bars *b, size_t i, const struct rg_scale *s, size_t id,
		    double bottom, double height)
{
	static const enum rg_storm_kind order[] = {RG_STORM_REFUSED, RG_STORM_GRANTED,
						   RG_STORM_AGAIN, RG_STORM_DENIED};
	double x1 = rg_svg_x(s, b->from + (double)i * b->each),
	       x2 = rg_svg_x(s, b->from + (double)(i + 1) * b->each), y = bottom;
	char fills[RG_NR_STORMS][64];

	if (!(b->n[i][0] + b->n[i][1] + b->n[i][2] + b->n[i][3]))
		return;
	snprintf(fills[RG_STORM_DENIED], 64, "class=\"fill denied\"");
	snprintf(fills[RG_STORM_GRANTED], 64, "class=\"fill granted\"");
	snprintf(fills[RG_STORM_REFUSED], 64, "fill=\"url(#hatch%zu)\"", id);
	snprintf(fills[RG_STORM_AGAIN], 64, "fill=\"url(#dots%zu)\"", id);
	fprintf(out,
		"<g><title>%+.3f to %+.3f s: %llu granted, %llu refused, %llu taken again, "
		"%llu denied</title>",
		b->from + (double)i * b->each, b->from + (double)(i + 1) * b->each,
		(unsigned long long)b->n[i][RG_STORM_GRANTED],
		(unsigned long long)b->n[i][RG_STORM_REFUSED],
		(unsigned long long)b->n[i][RG_STORM_AGAIN],
		(unsigned long long)b->n[i][RG_STORM_DENIED]);
	for (int k = 0; k < RG_NR_STORMS; k++) {
		double h = (double)b->n[i][order[k]] / (double)b->most * height;

		if (!b->n[i][order[k]])
			continue;
		y -= h;
		fprintf(out, "<rect %s x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"/>",
			fills[order[k]], x1 + 0.5, y, fmax(x2 - x1 - 1, 1), h);
	}
	fprintf(out, "</g>\n");
}

static void counts(FILE *out, const struct bars *b, double bottom, double height)
{
	double step = fmax(1, rg_svg_step((double)b->most, TICKS));

	for (int i = 1; i <= TICKS && i * step <= (double)b->most; i++) {
		double n = i * step, y = bottom - n / (double)b->most * height;

		fprintf(out,
			"<line class=\"grid\" x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\"/>"
			"<text class=\"count\" x=\"%d\" y=\"%.1f\">%.0f</text>\n",
			RG_SVG_LEFT, RG_SVG_RIGHT, y, y, RG_SVG_LEFT - 8, y + 4, n);
	}
}

void rg_svg_storm(const struct rg_recovery *r, size_t id, FILE *out)
{
	const double bottom = 172, height = 148;
	struct rg_scale s;
	struct bars b;

	bars_of(r, &b);
	s = (struct rg_scale){b.from, b.from + (double)b.used * b.each};
	rg_svg_begin(out, "storm", id, bottom + 42, "Reclaims and what was taken again, by time");
	fprintf(out,
		"%llu reclaims granted, %llu refused, %llu opens and locks taken again, %llu "
		"denied, "
		"in bars of %.4g s; at most %llu in one.</desc>\n",
		(unsigned long long)r->storm.total[RG_STORM_GRANTED],
		(unsigned long long)r->storm.total[RG_STORM_REFUSED],
		(unsigned long long)r->storm.total[RG_STORM_AGAIN],
		(unsigned long long)r->storm.total[RG_STORM_DENIED], b.each,
		(unsigned long long)b.most);
	patterns(out, id);
	rg_svg_axis(out, &s, bottom, bottom + 5, rg_zero_text(r));
	counts(out, &b, bottom, height);
	for (size_t i = 0; i < b.used; i++)
		one_bar(out, &b, i, &s, id, bottom, height);
	rg_svg_rule(out, bottom);
	fprintf(out, "</svg>\n");
}
