/* SPDX-License-Identifier: GPL-2.0-only */
/* The one decoder of UTF-8 (RFC 3629), and which of its characters may be shown. Pure. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <linux/types.h>

/* Decodes the character that n bytes begin with into *code. Returns its length in bytes,
 * or 0 where they begin with no character of UTF-8: a stray or missing byte, an encoding
 * that is longer than it must be, a surrogate, a code above 0x10ffff. */
size_t rg_utf8_decode(const char *bytes, size_t n, __u32 *code);
/* Returns the length in bytes of the character that n bytes begin with, or 0 where they
 * begin with no character of UTF-8 or with one that must not be shown as it is: a control
 * character, one that changes the direction of writing, one that cannot be seen. Such a
 * character moves what stands beside it, or makes one name look like another. */
size_t rg_utf8_character(const char *bytes, size_t n);
/* Returns whether n bytes are UTF-8 throughout and have no control character, NUL among
 * them: what a file of ours may contain. It need not be fit to be shown. */
bool rg_utf8_is_text(const char *bytes, size_t n);
