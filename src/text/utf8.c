// SPDX-License-Identifier: GPL-2.0-only
#include "text/utf8.h"

#include <linux/types.h>

size_t rg_utf8_character(const char *bytes, size_t n)
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
		__u32 code = at[0] & (unsigned char)~forms[more].mask;

		if ((at[0] & forms[more].mask) != forms[more].lead)
			continue;
		for (size_t i = 1; i <= more; i++) {
			if ((at[i] & 0xc0) != 0x80)
				return 0;
			code = code << 6 | (at[i] & 0x3f);
		}
		if (code < forms[more].least || code > 0x10ffff ||
		    (code >= 0xd800 && code <= 0xdfff))
			return 0;
		return code < 0x20 || (code >= 0x7f && code <= 0x9f) ? 0 : more + 1;
	}
	return 0;
}

bool rg_utf8_is_text(const char *bytes, size_t n)
{
	while (n) {
		size_t one = rg_utf8_character(bytes, n);

		if (!one)
			return false;
		bytes += one;
		n -= one;
	}
	return true;
}
