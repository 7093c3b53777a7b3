/* SPDX-License-Identifier: GPL-2.0-only */
/* Makes the text of a recording printable, and allocates memory that never fails quietly. */
#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/log.h"

#define RG_REPORT_TEXT_MAX 256 /* characters of a name or a path */

/* Returns what rg_shown() makes of at most RG_REPORT_TEXT_MAX characters, and "…" where there
 * are more. Owned by the caller. Never returns NULL, as all functions here: without memory the
 * program ends. */
char *rg_clean(const char *text, size_t len);

/* A string of a parsed line, which no NUL ends. */
struct rg_text_in {
	const char *at;
	size_t len;
};

bool rg_is_text(const struct rg_text_in *t, const char *word);

/* Does the same with a string of a parsed line. Returns NULL where the key is missing. */
char *rg_clean_in(const struct rg_text_in *t);

/* asprintf() and vasprintf() that do not fail. */
char *rg_text(const char *fmt, ...) RG_PRINTF(1, 2);
char *rg_vtext(const char *fmt, va_list args) RG_PRINTF(1, 0);
char *rg_copy(const char *text); /* strdup(); NULL of NULL */
/* Says whether two texts are equal; NULL equals NULL. */
bool rg_same(const char *a, const char *b);

/* Makes room for at least one more element behind n of them; *room is the number allocated. */
void *rg_grow(void *at, size_t n, size_t *room, size_t size);
void *rg_zalloc(size_t n, size_t size); /* calloc() */
