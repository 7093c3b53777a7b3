// SPDX-License-Identifier: GPL-2.0-only
/* Text that others chose, made fit to be shown; and memory that does not run out
 * quietly. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/types.h>

#include "report/clean.h"

/* Of the character at s: its bytes, or 0 where there is no UTF-8 (RFC 3629: no
 * surrogates, nothing that could be shorter). */
static size_t decode(const unsigned char *s, size_t len, __u32 *c)
{
	static const __u32 least[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t n = s[0] < 0x80		   ? 1
		   : (s[0] & 0xe0) == 0xc0 ? 2
		   : (s[0] & 0xf0) == 0xe0 ? 3
		   : (s[0] & 0xf8) == 0xf0 ? 4
					   : 0;

	if (!n || n > len)
		return 0;
	*c = n == 1 ? s[0] : s[0] & (0xffU >> (n + 1));
	for (size_t i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		*c = *c << 6 | (s[i] & 0x3f);
	}
	if (*c < least[n] || *c > 0x10ffff || (*c >= 0xd800 && *c <= 0xdfff))
		return 0;
	return n;
}

/* Controls, what turns the direction of writing round, and what cannot be seen: a
 * name must not look like another one, nor move what stands beside it. */
static bool is_treacherous(__u32 c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0xad || c == 0x61c ||
	       (c >= 0x200b && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) ||
	       (c >= 0x2060 && c <= 0x206f) || c == 0xfeff || (c >= 0xfff0 && c <= 0xfffb) ||
	       (c & 0xfffe) == 0xfffe || (c >= 0xe0000 && c <= 0xe0fff);
}

char *rg_clean(const char *text, size_t len)
{
	const unsigned char *s = (const unsigned char *)text;
	/* The longest that one character becomes: \u{10ffff}. */
	char *out = rg_zalloc((len < RG_REPORT_TEXT_MAX ? len : RG_REPORT_TEXT_MAX) + 1, 10);
	size_t used = 0, shown = 0;

	while (len && shown++ < RG_REPORT_TEXT_MAX) {
		__u32 c = 0;
		size_t n = decode(s, len, &c);

		if (!n) {
			used += (size_t)sprintf(out + used, "\\x%02x", s[0]);
			n = 1;
		} else if (!is_treacherous(c)) {
			memcpy(out + used, s, n);
			used += n;
		} else if (c > 0xffff) {
			used += (size_t)sprintf(out + used, "\\u{%x}", c);
		} else {
			used += (size_t)sprintf(out + used, "\\u%04x", c);
		}
		s += n;
		len -= n;
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

char *rg_copy(const char *text)
{
	return text ? rg_text("%s", text) : NULL;
}

bool rg_same(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}
