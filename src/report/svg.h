/* SPDX-License-Identifier: GPL-2.0-only */
/* The drawings of a recovery, and the parts that both share (frame.c). Lengths are pixels of a
 * viewBox. */
#pragma once

#include <stdio.h>

#include "report/model.h"

#define RG_SVG_WIDTH 1080
#define RG_SVG_LEFT 48 /* size of the numbers of an axis; names of lanes are larger */
#define RG_SVG_RIGHT 1064
#define RG_SVG_PLOT (RG_SVG_RIGHT - RG_SVG_LEFT)

/* Maps seconds since knfsd's start to pixels. */
struct rg_scale {
	double from, to;
};

double rg_svg_x(const struct rg_scale *s, double at); /* a time outside goes to the edge */
/* Returns 1, 2 or 5 times a power of ten, of which at most n steps fit into the span. */
double rg_svg_step(double span, int n);
/* Draws lines at round seconds from top to bottom, with their numbers and the unit below. */
void rg_svg_axis(FILE *out, const struct rg_scale *s, double top, double bottom, const char *unit);
void rg_svg_rule(FILE *out, double y); /* a line across */
/* Begins `<svg>` with its title and leaves `<desc>` open; kind and id make unique names. */
void rg_svg_begin(FILE *out, const char *kind, size_t id, double height, const char *title);

/* Draw the timeline (svg.c) and the reclaims over time (storm.c); `id` is unique in the document.
 */
void rg_svg_timeline(const struct rg_recovery *r, size_t id, FILE *out);
void rg_svg_storm(const struct rg_recovery *r, size_t id, FILE *out);

/* Writes text as it must stand between tags and in attributes. */
void rg_html_escape(FILE *out, const char *text);
