// SPDX-License-Identifier: GPL-2.0-only
#include "text/shown.h"

#include <stdlib.h>
#include <string.h>

#include "text/utf8.h"

void rg_shown_octal(unsigned char byte, char out[4])
{
	out[0] = '\\';
	out[1] = (char)('0' + (byte >> 6));
	out[2] = (char)('0' + (byte >> 3 & 7));
	out[3] = (char)('0' + (byte & 7));
}

size_t rg_shown(const char *bytes, size_t n, unsigned int flags, char *out, size_t size)
{
	size_t used = 0;

	while (n) {
		size_t one = rg_utf8_character(bytes, n);

		if ((one > 1 && flags & RG_SHOWN_ASCII) ||
		    (*bytes == '\\' && flags & RG_SHOWN_EXACT))
			one = 0;
		if (used + (one ?: 4) >= size)
			break;
		if (one)
			memcpy(out + used, bytes, one);
		else
			rg_shown_octal((unsigned char)*bytes, out + used);
		used += one ?: 4;
		bytes += one ?: 1;
		n -= one ?: 1;
	}
	out[used] = '\0';
	return used;
}

char *rg_shown_copy(const char *text)
{
	size_t n = strlen(text);
	char *out = malloc(RG_SHOWN_SIZE(n));

	if (out)
		rg_shown(text, n, 0, out, RG_SHOWN_SIZE(n));
	return out;
}

void rg_vsay(FILE *out, const char *before, const char *fmt, va_list args)
{
	char *text = NULL, *shown = NULL;

	if (vasprintf(&text, fmt, args) < 0)
		text = NULL;
	else
		shown = rg_shown_copy(text);
	/* Without memory print at least our own words. */
	fprintf(out, "%s%s\n", before, shown ?: fmt);
	free(shown);
	free(text);
}

void rg_say(FILE *out, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	rg_vsay(out, "", fmt, args);
	va_end(args);
}
