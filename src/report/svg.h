/* SPDX-License-Identifier: GPL-2.0-only */
/* What the two drawings share (frame.c). Pixels of a viewBox. */
#pragma once

#include <stdio.h>

#define RG_SVG_WIDTH 1080
#define RG_SVG_LEFT 48 /* numbers of an axis; names of lanes are above them */
#define RG_SVG_RIGHT 1064
#define RG_SVG_PLOT (RG_SVG_RIGHT - RG_SVG_LEFT)

/* Seconds since knfsd's start, on a line of pixels. */
struct rg_scale {
	double from, to;
};

double rg_svg_x(const struct rg_scale *s, double at); /* what is outside: at the edge */
/* 1, 2 or 5 times a power of ten, so that at most n steps fit into the span. */
double rg_svg_step(double span, int n);
/* Lines at round seconds from top to bottom, and below their numbers, and of what. */
void rg_svg_axis(FILE *out, const struct rg_scale *s, double top, double bottom, const char *unit);
void rg_svg_rule(FILE *out, double y); /* a line across */
/* `<svg>` with its title, up to within `<desc>`; kind and id make names of their own. */
void rg_svg_begin(FILE *out, const char *kind, size_t id, double height, const char *title);
