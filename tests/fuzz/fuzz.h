/* SPDX-License-Identifier: GPL-2.0-only */
/* What the fuzzers share: input as a file, messages that are judged and not printed, and what
 * may reach a terminal. Each fuzzer is one file with one fuzz_one(). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <json-c/json.h>

/* Feeds n bytes to the code under test. Aborts, by fuzz_need() or a sanitizer, where it is wrong.
 */
void fuzz_one(const char *bytes, size_t n);

/* Aborts with the condition's text where it is false. */
#define fuzz_need(condition)                                                                       \
	do {                                                                                       \
		if (!(condition))                                                                  \
			fuzz_fail(__FILE__, __LINE__, #condition);                                 \
	} while (0)
void __attribute__((noreturn)) fuzz_fail(const char *file, int line, const char *what);

/* The directory of this process for its files, made at the start and removed at the end. */
extern char fuzz_dir[64];
/* Puts n bytes into the file `name` below fuzz_dir. Returns its path, until the next call. */
const char *fuzz_file(const char *name, const char *bytes, size_t n);

/* Aborts unless n bytes are UTF-8 (by libc's decoder) without control characters other than
 * newline and tab. */
void fuzz_clean(const char *text, size_t n);
/* Opens a file in memory; fuzz_printed() judges what was printed into it (json: it must also be one
 * JSON text) and frees it. */
FILE *fuzz_page(void);
void fuzz_printed(bool json);
