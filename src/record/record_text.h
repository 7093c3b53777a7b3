/* SPDX-License-Identifier: GPL-2.0-only */
/* Writes a record as a line in columns, for people. */
#pragma once

#include "text/line.h"
#include "record/record.h"

/* The form of a line. {}: for a file or a pipe, uncut and without colours. */
struct rg_text_style {
	unsigned int width; /* columns of the terminal; 0: no terminal, and nothing is cut */
	bool colour;
	/* Writes characters other than ASCII as they are, which needs setlocale(LC_CTYPE) for
	 * wcwidth(3). Otherwise each byte of them becomes \ooo. */
	bool utf8;
};

/* Length of the longest text: with colours, a second line and both newlines. */
#define RG_RECORD_TEXT_MAX (8 * 1024)

/* Writes the line to buf, with its newline and without a NUL. Accepts any bytes in *r and writes
 * those that are no text as \ooo. Returns the length; 0: the line did not fit into `size` bytes.
 * Adds the reason and the consequence of a downgrade in words: behind it, or on a line of its own
 * on a terminal, which would cut them. The caller keeps `kept`, {} at first, from call to call;
 * rg_record_json() needs another one. Times are local. */
size_t rg_record_text(const struct rg_record *r, const struct rg_record_around *around,
		      const struct rg_text_style *style, struct rg_second *kept, char *buf,
		      size_t size);

/* Writes the names of the columns in the same way. */
size_t rg_record_text_head(const struct rg_text_style *style, char *buf, size_t size);
