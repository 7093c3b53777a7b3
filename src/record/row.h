/* SPDX-License-Identifier: GPL-2.0-only */
/* A row of columns, as `trace` prints them: counts columns, not bytes, and ends at the terminal's
 * width. Bytes that are no printable character are shown in octal. */
#pragma once

#include "record/record_text.h"
#include "text/line.h"

struct rg_row {
	struct rg_line *l;
	const struct rg_text_style *style;
	unsigned int column, limit;
};

/* Begins a row in l, which the caller owns. */
struct rg_row rg_row_new(struct rg_line *l, const struct rg_text_style *style);
/* Puts words of ours, in ASCII. */
void rg_row_put(struct rg_row *row, const char *text);
void rg_row_number(struct rg_row *row, __u64 n);
/* Puts a symbol of one column, or what stands for it where the terminal has no UTF-8. */
void rg_row_symbol(struct rg_row *row, const char *utf8, const char *ascii);
/* Puts n bytes that came from outside. */
void rg_row_bytes(struct rg_row *row, const char *bytes, size_t n);
/* The same, at most `most` columns: the beginning, or the end, which says more of a path. */
void rg_row_beginning(struct rg_row *row, const char *bytes, size_t n, unsigned int most);
void rg_row_end(struct rg_row *row, const char *bytes, size_t n, unsigned int most);
/* Goes to the column at `at`; behind text that reached into it, one further. */
void rg_row_go_to(struct rg_row *row, unsigned int at);
