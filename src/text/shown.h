/* SPDX-License-Identifier: GPL-2.0-only */
/* Makes text that others chose printable: names of programs, files, end clients, hosts and
 * exports, and texts of a recording all pass here on their way to a terminal, the journal, JSON,
 * metrics or HTML. Keeps printable UTF-8 (text/utf8.h), and turns every byte of anything else into
 * \ooo, as in /proc/mounts. So the result is valid UTF-8 in one line, has no terminal escape, and
 * does not change when it passes again. */
#pragma once

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#define RG_SHOWN_ASCII 1 /* turn everything beyond ASCII into \ooo as well */
#define RG_SHOWN_EXACT 2 /* and the backslash, so that no two names look the same */

/* Size of the result for any n bytes. */
#define RG_SHOWN_SIZE(n) (4 * (size_t)(n) + 1)

/* Writes n bytes and a NUL to out[size], size at least 1. Leaves out what has no room, a
 * character or an escape as a whole. Returns the length of the result. */
size_t rg_shown(const char *bytes, size_t n, unsigned int flags, char *out, size_t size);
/* Returns the same as a new text, owned by the caller; NULL: no memory. */
char *rg_shown_copy(const char *text);
/* Writes one byte as \ooo, without a NUL. */
void rg_shown_octal(unsigned char byte, char out[4]);

/* Print one line: `before`, the printable text, and a newline. */
void __attribute__((format(printf, 3, 0)))
rg_vsay(FILE *out, const char *before, const char *fmt, va_list args);
void __attribute__((format(printf, 2, 3))) rg_say(FILE *out, const char *fmt, ...);
