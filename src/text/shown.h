/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The one way of what others chose (names of programs, files, end clients, hosts, exports,
 * text of a recording) to a terminal, the journal, JSON, metrics or HTML. Characters of
 * UTF-8 that may be shown (text/utf8.h) stay as they are; every byte of anything else
 * becomes \ooo, as in /proc/mounts. So the result is valid UTF-8 in one line, has no
 * terminal escape, and does not change when it is shown once more.
 */
#pragma once

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#define RG_SHOWN_ASCII 1 /* everything beyond ASCII becomes \ooo as well */
#define RG_SHOWN_EXACT 2 /* so does the backslash: no two names come to look the same */

/* Room for n bytes, whatever they are. */
#define RG_SHOWN_SIZE(n) (4 * (size_t)(n) + 1)

/* Writes n bytes into out[size], size 1 at least, and a NUL; what has no room is left out, a
 * character or an escape as a whole. Returns the length of what is in `out`. */
size_t rg_shown(const char *bytes, size_t n, unsigned int flags, char *out, size_t size);
/* The same as a text of its own, which the caller frees; NULL: no memory. */
char *rg_shown_copy(const char *text);
/* One byte as \ooo; no NUL. */
void rg_shown_octal(unsigned char byte, char out[4]);

/* Prints one line: `before`, then the text as it is shown, and a newline. */
void __attribute__((format(printf, 3, 0)))
rg_vsay(FILE *out, const char *before, const char *fmt, va_list args);
void __attribute__((format(printf, 2, 3))) rg_say(FILE *out, const char *fmt, ...);
