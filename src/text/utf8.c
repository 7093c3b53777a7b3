// SPDX-License-Identifier: GPL-2.0-only
#include "text/utf8.h"

size_t rg_utf8_decode(const char *bytes, size_t n, __u32 *code)
{
	const unsigned char *at = (const unsigned char *)bytes;
	static const struct {
		unsigned char mask, lead;
		__u32 least;
	} forms[] = {{0x80, 0x00, 0},
		     {0xe0, 0xc0, 0x80},
		     {0xf0, 0xe0, 0x800},
		     {0xf8, 0xf0, 0x10000}};

	for (size_t more = 0; more < sizeof(forms) / sizeof(forms[0]) && more < n; more++) {
		__u32 c = at[0] & (unsigned char)~forms[more].mask;

		if ((at[0] & forms[more].mask) != forms[more].lead)
			continue;
		for (size_t i = 1; i <= more; i++) {
			if ((at[i] & 0xc0) != 0x80)
				return 0;
			c = c << 6 | (at[i] & 0x3f);
		}
		if (c < forms[more].least || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
			return 0;
		*code = c;
		return more + 1;
	}
	return 0;
}

static bool is_control(__u32 c)
{
	return c < 0x20 || (c >= 0x7f && c <= 0x9f);
}

/* Says whether a character deceives a reader: those of category Cf (format), line separators,
 * fillers that look like blanks, tags, variation selectors and noncharacters of Unicode 16. */
static bool is_treacherous(__u32 c)
{
	static const struct {
		__u32 from, to;
	} ranges[] = {{0xad, 0xad},	  {0x34f, 0x34f},     {0x600, 0x605},
		      {0x61c, 0x61c},	  {0x6dd, 0x6dd},     {0x70f, 0x70f},
		      {0x890, 0x891},	  {0x8e2, 0x8e2},     {0x115f, 0x1160},
		      {0x17b4, 0x17b5},	  {0x180b, 0x180f},   {0x200b, 0x200f},
		      {0x2028, 0x202e},	  {0x2060, 0x206f},   {0x3164, 0x3164},
		      {0xfdd0, 0xfdef},	  {0xfe00, 0xfe0f},   {0xfeff, 0xfeff},
		      {0xffa0, 0xffa0},	  {0xfff0, 0xfffb},   {0x110bd, 0x110bd},
		      {0x110cd, 0x110cd}, {0x13430, 0x1343f}, {0x1bca0, 0x1bca3},
		      {0x1d173, 0x1d17a}, {0xe0000, 0xe0fff}};

	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++)
		if (c >= ranges[i].from && c <= ranges[i].to)
			return true;
	return (c & 0xfffe) == 0xfffe;
}

size_t rg_utf8_character(const char *bytes, size_t n)
{
	__u32 code;
	size_t one;

	if (n && *bytes >= ' ' && *bytes <= '~')
		return 1;
	one = rg_utf8_decode(bytes, n, &code);
	return one && !is_control(code) && !is_treacherous(code) ? one : 0;
}

bool rg_utf8_is_text(const char *bytes, size_t n)
{
	while (n) {
		__u32 code;
		size_t one = rg_utf8_decode(bytes, n, &code);

		if (!one || is_control(code))
			return false;
		bytes += one;
		n -= one;
	}
	return true;
}
