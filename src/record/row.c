// SPDX-License-Identifier: GPL-2.0-only
#include "record/row.h"

#include <limits.h>
#include <string.h>
#include <wchar.h>

#include "text/shown.h"
#include "text/utf8.h"

struct rg_row rg_row_new(struct rg_line *l, const struct rg_text_style *style)
{
	return (struct rg_row){.l = l,
			       .style = style,
			       .limit = style->width ? style->width : UINT_MAX};
}

/* A character, or a byte that is none. */
struct glyph {
	size_t bytes;
	unsigned int columns;
	bool plain; /* is printed as it is */
};

static struct glyph glyph_at(const struct rg_text_style *style, const char *bytes, size_t n)
{
	size_t one = rg_utf8_character(bytes, n);
	int columns = -1;
	__u32 code;

	if (one == 1 && *bytes != '\\')
		columns = 1;
	else if (one > 1 && style->utf8 && rg_utf8_decode(bytes, one, &code))
		columns = wcwidth((wchar_t)code);
	if (columns < 0)
		return (struct glyph){.bytes = 1, .columns = 4};
	return (struct glyph){.bytes = one, .columns = (unsigned int)columns, .plain = true};
}

/* Leaves out what is beyond the limit, and everything after it. */
static bool has_columns(struct rg_row *row, unsigned int columns)
{
	if (columns <= row->limit - row->column) {
		row->column += columns;
		return true;
	}
	row->limit = row->column;
	return false;
}

static void put_glyph(struct rg_row *row, const char *bytes, struct glyph g)
{
	char octal[4];

	if (!has_columns(row, g.columns))
		return;
	if (g.plain) {
		rg_line_bytes(row->l, bytes, g.bytes);
		return;
	}
	rg_shown_octal((unsigned char)*bytes, octal);
	rg_line_bytes(row->l, octal, sizeof(octal));
}

void rg_row_bytes(struct rg_row *row, const char *bytes, size_t n)
{
	while (n) {
		struct glyph g = glyph_at(row->style, bytes, n);

		put_glyph(row, bytes, g);
		bytes += g.bytes;
		n -= g.bytes;
	}
}

void rg_row_put(struct rg_row *row, const char *text)
{
	for (; *text; text++)
		if (has_columns(row, 1))
			rg_line_char(row->l, *text);
}

void rg_row_number(struct rg_row *row, __u64 n)
{
	char buf[24];
	struct rg_line l = rg_line_in(buf, sizeof(buf) - 1);

	rg_line_number(&l, n);
	*l.at = '\0';
	rg_row_put(row, buf);
}

static unsigned int columns_of(const struct rg_text_style *style, const char *bytes, size_t n)
{
	unsigned int columns = 0;

	while (n) {
		struct glyph g = glyph_at(style, bytes, n);

		columns += g.columns;
		bytes += g.bytes;
		n -= g.bytes;
	}
	return columns;
}

void rg_row_symbol(struct rg_row *row, const char *utf8, const char *ascii)
{
	if (!row->style->utf8)
		rg_row_put(row, ascii);
	else if (has_columns(row, 1))
		rg_line_bytes(row->l, utf8, strlen(utf8));
}

static void put_dots(struct rg_row *row)
{
	rg_row_symbol(row, "…", "..");
}

static unsigned int dots(const struct rg_row *row)
{
	return row->style->utf8 ? 1 : 2;
}

void rg_row_beginning(struct rg_row *row, const char *bytes, size_t n, unsigned int most)
{
	bool cut = columns_of(row->style, bytes, n) > most;
	unsigned int used = 0;

	while (n) {
		struct glyph g = glyph_at(row->style, bytes, n);

		used += g.columns;
		if (cut && used > most - dots(row))
			break;
		put_glyph(row, bytes, g);
		bytes += g.bytes;
		n -= g.bytes;
	}
	if (cut)
		put_dots(row);
}

void rg_row_end(struct rg_row *row, const char *bytes, size_t n, unsigned int most)
{
	unsigned int left = columns_of(row->style, bytes, n);

	if (left > most) {
		while (n && left > most - dots(row)) {
			struct glyph g = glyph_at(row->style, bytes, n);

			left -= g.columns;
			bytes += g.bytes;
			n -= g.bytes;
		}
		put_dots(row);
	}
	rg_row_bytes(row, bytes, n);
}

void rg_row_go_to(struct rg_row *row, unsigned int at)
{
	do
		rg_row_put(row, " ");
	while (row->column < at && row->column < row->limit);
}
