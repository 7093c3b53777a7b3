// SPDX-License-Identifier: GPL-2.0-only
/* Text that others chose, made fit to be shown; and memory that does not run out
 * quietly. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report/clean.h"
#include "text/shown.h"
#include "text/utf8.h"

char *rg_clean(const char *text, size_t len)
{
	/* A character becomes four bytes of \ooo at most. */
	char *out = rg_zalloc((len < RG_REPORT_TEXT_MAX ? len : RG_REPORT_TEXT_MAX) + 1, 16);
	size_t used = 0, shown = 0;

	while (len && shown++ < RG_REPORT_TEXT_MAX) {
		__u32 code;
		size_t one = rg_utf8_decode(text, len, &code) ?: 1;

		used += rg_shown(text, one, 0, out + used, RG_SHOWN_SIZE(4));
		text += one;
		len -= one;
	}
	if (len)
		memcpy(out + used, "…", sizeof("…"));
	return out;
}

static void no_memory(void)
{
	rg_error(RG_FAILED, "report: out of memory");
	exit(RG_FAILED);
}

void *rg_zalloc(size_t n, size_t size)
{
	void *at = calloc(n, size);

	if (!at)
		no_memory();
	return at;
}

void *rg_grow(void *at, size_t n, size_t *room, size_t size)
{
	size_t more = *room ? *room * 2 : 16;
	void *grown;

	if (n < *room)
		return at;
	grown = reallocarray(at, more, size);
	if (!grown)
		no_memory();
	memset((char *)grown + *room * size, 0, (more - *room) * size);
	*room = more;
	return grown;
}

char *rg_vtext(const char *fmt, va_list args)
{
	char *text;

	if (vasprintf(&text, fmt, args) < 0)
		no_memory();
	return text;
}

char *rg_text(const char *fmt, ...)
{
	va_list args;
	char *text;

	va_start(args, fmt);
	text = rg_vtext(fmt, args);
	va_end(args);
	return text;
}

char *rg_clean_in(const struct rg_text_in *t)
{
	return t->at ? rg_clean(t->at, t->len) : NULL;
}

bool rg_is_text(const struct rg_text_in *t, const char *word)
{
	return t->len == strlen(word) && memcmp(t->at, word, t->len) == 0;
}

char *rg_copy(const char *text)
{
	return text ? rg_text("%s", text) : NULL;
}

bool rg_same(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}
