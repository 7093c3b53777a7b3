// SPDX-License-Identifier: GPL-2.0-only
/* Draws the frame and the axis of time of both drawings, and escapes text for HTML and SVG. */
#include <math.h>

#include "report/svg.h"

#define TICKS 10

double rg_svg_x(const struct rg_scale *s, double at)
{
	double x = RG_SVG_LEFT + (at - s->from) / (s->to - s->from) * RG_SVG_PLOT;

	return x < RG_SVG_LEFT ? RG_SVG_LEFT : x > RG_SVG_RIGHT ? RG_SVG_RIGHT : x;
}

/* ---- the axis ---- */

/* Returns 1, 2 or 5 times a power of ten, of which at most n fit. */
double rg_svg_step(double span, int n)
{
	static const double nice[] = {1, 2, 5, 10};
	double power = pow(10, floor(log10(span / n)));

	for (int i = 0; i < 4; i++)
		if (span / (nice[i] * power) <= n)
			return nice[i] * power;
	return 10 * power;
}

static int decimals_of(double step)
{
	return step >= 1 ? 0 : (int)ceil(-log10(step) - 1e-9);
}

void rg_svg_axis(FILE *out, const struct rg_scale *s, double top, double bottom, const char *unit)
{
	double step = rg_svg_step(s->to - s->from, TICKS), first = ceil(s->from / step) * step;

	for (int i = 0; i <= TICKS; i++) {
		double at = first + i * step, x = rg_svg_x(s, at);
		bool zero = fabs(at) < step * 1e-3;

		if (at > s->to + step * 1e-6)
			break;
		fprintf(out,
			"<line class=\"%s\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%.1f\" y2=\"%.1f\"/>"
			"<text class=\"tick\" x=\"%.1f\" y=\"%.1f\">%.*f</text>\n",
			zero ? "zero" : "grid", x, x, top, bottom, x, bottom + 16,
			decimals_of(step), zero ? 0.0 : at);
	}
	fprintf(out, "<text class=\"unit\" x=\"%d\" y=\"%.1f\">%s</text>\n", RG_SVG_RIGHT,
		bottom + 34, unit);
}

void rg_svg_rule(FILE *out, double y)
{
	fprintf(out, "<line class=\"rule\" x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\"/>\n",
		RG_SVG_LEFT, RG_SVG_RIGHT, y, y);
}

void rg_svg_begin(FILE *out, const char *kind, size_t id, double height, const char *title)
{
	fprintf(out,
		"<svg role=\"img\" viewBox=\"0 0 %d %.0f\" aria-labelledby=\"%s-t%zu %s-d%zu\">\n"
		"<title id=\"%s-t%zu\">%s</title>\n<desc id=\"%s-d%zu\">",
		RG_SVG_WIDTH, height, kind, id, kind, id, kind, id, title, kind, id);
}

void rg_html_escape(FILE *out, const char *text)
{
	for (; *text; text++)
		switch (*text) {
		case '&':
			fputs("&amp;", out);
			break;
		case '<':
			fputs("&lt;", out);
			break;
		case '>':
			fputs("&gt;", out);
			break;
		case '"':
			fputs("&quot;", out);
			break;
		case '\'':
			fputs("&#39;", out);
			break;
		default:
			fputc(*text, out);
			break;
		}
}
