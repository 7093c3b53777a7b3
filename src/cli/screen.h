/* SPDX-License-Identifier: GPL-2.0-only */
/* Lines of text that fit a terminal: none is wider, there are never more than its lines, and
 * none has a control character. Text from outside becomes printable ASCII, with other bytes as
 * \ooo. */
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

/* One character with its look. */
struct rg_cell {
	char c;
	unsigned char look; /* enum rg_look */
};

/* Lines of `width` cells. Owned. */
struct rg_screen {
	unsigned int width, height;
	unsigned int n; /* lines in use, with the current one */
	struct rg_cell *cells;
	unsigned int *used; /* used cells of each line, at most width */
};

/* Makes an empty screen; width and height are at least 1. Returns 0 or -ENOMEM. */
int rg_screen_init(struct rg_screen *s, unsigned int width, unsigned int height);
void rg_screen_free(struct rg_screen *s);

/* Begins a line. Returns false if there is no room; further text is then dropped. */
bool rg_screen_line(struct rg_screen *s);
/* Append to the line, and cut what does not fit. */
void rg_screen_put(struct rg_screen *s, enum rg_look look, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* Appends blanks up to this column. */
void rg_screen_column(struct rg_screen *s, unsigned int column);
/* Returns the number of free cells in the line. */
unsigned int rg_screen_left(const struct rg_screen *s);
/* Writes the i-th line to a buffer of width + 1 bytes. Returns the buffer. */
char *rg_screen_text(const struct rg_screen *s, unsigned int i, char *buf);

/* Prints all lines. `in_place` draws over what a terminal shows; otherwise each line ends with a
 * newline, and escapes are used only for colour. */
void rg_screen_print(const struct rg_screen *s, FILE *out, bool in_place, bool colour);
