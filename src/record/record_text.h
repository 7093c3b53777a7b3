/* SPDX-License-Identifier: GPL-2.0-only */
/* A record as a line for people, in columns. */
#pragma once

#include "text/line.h"
#include "record/record.h"

/* How it is to look. {}: for a file or a pipe, whole and plain. */
struct rg_text_style {
	unsigned int width; /* columns of the terminal; 0: none, and nothing is cut */
	bool colour;
	/* Characters other than ASCII as they are. Needs setlocale(LC_CTYPE), for
	 * wcwidth(3). Without it they are written as \ooo, byte by byte. */
	bool utf8;
};

/* The longest there is, with colours, second line and ends. */
#define RG_RECORD_TEXT_MAX (8 * 1024)

/*
 * *r may be any bytes; what is no text is written as \ooo. The line, with its "\n"
 * and without a NUL, is put into buf; returns its length, 0: it did not fit into
 * `size` bytes. A downgrade is followed by why and what for in words: behind it,
 * or on a terminal, where it would be cut off, on a line of its own. `kept`: {} at
 * first, the caller's from then on; not the one of rg_record_json(). Times are
 * local.
 */
size_t rg_record_text(const struct rg_record *r, const struct rg_record_around *around,
		      const struct rg_text_style *style, struct rg_second *kept, char *buf,
		      size_t size);

/* The names of the columns, in the same way. */
size_t rg_record_text_head(const struct rg_text_style *style, char *buf, size_t size);
