// SPDX-License-Identifier: GPL-2.0-only
#include "text/wrap.h"

#include <string.h>

/* Continuation bytes of UTF-8 take no column. */
static unsigned int columns_of(const char *text, size_t n)
{
	unsigned int columns = 0;

	for (size_t i = 0; i < n; i++)
		columns += ((unsigned char)text[i] & 0xc0) != 0x80;
	return columns;
}

unsigned int rg_columns(const char *text)
{
	return columns_of(text, strlen(text));
}

void rg_wrap(FILE *out, unsigned int width, unsigned int at, unsigned int indent, const char *text)
{
	bool begun = false; /* the line has a word of this text */

	if (!width) {
		fprintf(out, "%s\n", text);
		return;
	}
	for (size_t n; *text; text += n) {
		unsigned int columns;

		text += strspn(text, " ");
		n = strcspn(text, " ");
		columns = columns_of(text, n);
		if (!n)
			break;
		if (begun && at + 1 + columns > width) {
			fprintf(out, "\n%*s", (int)indent, "");
			at = indent;
			begun = false;
		}
		fprintf(out, "%s%.*s", begun ? " " : "", (int)n, text);
		at += columns + (begun ? 1 : 0);
		begun = true;
	}
	fputc('\n', out);
}
