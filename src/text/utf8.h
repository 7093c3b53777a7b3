/* SPDX-License-Identifier: GPL-2.0-only */
/* Decides which bytes are text that may be shown: UTF-8 (RFC 3629) without control
 * characters. Pure. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* Returns the length in bytes of the character that n bytes begin with, or 0 where they
 * begin with no character of UTF-8 or with a control character. */
size_t rg_utf8_character(const char *bytes, size_t n);
/* Returns whether n bytes are UTF-8 throughout and have no control character, NUL among
 * them. */
bool rg_utf8_is_text(const char *bytes, size_t n);
