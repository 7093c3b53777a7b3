/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Lines of text that fit a terminal: never wider, never more than it has room
 * for, and nothing in them that a terminal would take for an order. Text from
 * outside is written as printable ASCII, other bytes as \ooo.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum rg_look {
	RG_LOOK_PLAIN = 0,
	RG_LOOK_HEADING,
	RG_LOOK_GOOD,
	RG_LOOK_WARN,
	RG_LOOK_BAD,
	RG_NR_LOOKS,
};

/* One character and how it looks. */
struct rg_cell {
	char c;
	unsigned char look; /* enum rg_look */
};

/* Lines of `width` cells, of which each uses some. Owned. */
struct rg_screen {
	unsigned int width, height;
	unsigned int n; /* lines in use, the one that is written to included */
	struct rg_cell *cells;
	unsigned int *used; /* cells a line, at most width */
};

/* Width and height are at least 1. 0, or -ENOMEM. */
int rg_screen_init(struct rg_screen *s, unsigned int width, unsigned int height);
void rg_screen_free(struct rg_screen *s);

/* Begin a line. False: there is no room, and what is put is thrown away. */
bool rg_screen_line(struct rg_screen *s);
/* Append to the line; what does not fit is cut off. */
void rg_screen_put(struct rg_screen *s, enum rg_look look, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* Append blanks up to this column. */
void rg_screen_column(struct rg_screen *s, unsigned int column);
/* Cells that are left in the line. */
unsigned int rg_screen_left(const struct rg_screen *s);
/* The i-th line as a string, into a buffer of width + 1 bytes. Returns it. */
char *rg_screen_text(const struct rg_screen *s, unsigned int i, char *buf);

/* All lines. In place: for a terminal, over what it shows; otherwise each ends
 * with a newline, and escapes are used for nothing but colour. */
void rg_screen_print(const struct rg_screen *s, FILE *out, bool in_place, bool colour);
