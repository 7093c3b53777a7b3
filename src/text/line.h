/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A line of text, put together in a caller's buffer. What does not fit is left
 * out, with all that follows, and `full` says so: nothing is ever written past
 * the end. No allocation, no stdio: records of a storm are written with it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include <linux/types.h>

struct rg_line {
	char *from, *at, *end;
	bool full; /* something did not fit */
};

static inline struct rg_line rg_line_in(char *buf, size_t size)
{
	return (struct rg_line){.from = buf, .at = buf, .end = buf + size};
}

/* How long it is; 0 if it did not fit: half a line is none. */
static inline size_t rg_line_length(const struct rg_line *l)
{
	return l->full ? 0 : (size_t)(l->at - l->from);
}

static inline bool rg_line_has_room(struct rg_line *l, size_t n)
{
	if ((size_t)(l->end - l->at) >= n)
		return true;
	l->full = true;
	l->end = l->at; /* nothing shorter fits from here on either */
	return false;
}

static inline void rg_line_bytes(struct rg_line *l, const char *bytes, size_t n)
{
	if (!rg_line_has_room(l, n))
		return;
	memcpy(l->at, bytes, n);
	l->at += n;
}
#define RG_LINE_LITERAL(l, text) rg_line_bytes(l, "" text, sizeof(text) - 1)

static inline void rg_line_text(struct rg_line *l, const char *text)
{
	rg_line_bytes(l, text, strlen(text));
}

static inline void rg_line_char(struct rg_line *l, char c)
{
	if (rg_line_has_room(l, 1))
		*l->at++ = c;
}

/* Decimal; at least `digits` of them (at most 20), with zeros before. */
static inline void rg_line_digits(struct rg_line *l, __u64 n, int digits)
{
	char text[20], *at = text + sizeof(text);

	do {
		*--at = (char)('0' + n % 10);
		n /= 10;
	} while (n);
	while (text + sizeof(text) - at < digits)
		*--at = '0';
	rg_line_bytes(l, at, (size_t)(text + sizeof(text) - at));
}

static inline void rg_line_number(struct rg_line *l, __u64 n)
{
	rg_line_digits(l, n, 1);
}

/* Hexadecimal, lower case; at least `digits` of them (at most 16). */
static inline void rg_line_hex(struct rg_line *l, __u64 n, int digits)
{
	char text[16], *at = text + sizeof(text);

	do {
		*--at = "0123456789abcdef"[n & 15];
		n >>= 4;
	} while (n);
	while (text + sizeof(text) - at < digits)
		*--at = '0';
	rg_line_bytes(l, at, (size_t)(text + sizeof(text) - at));
}

/* As inet_ntop(3) would have it. Another family than AF_INET and AF_INET6:
 * nothing. */
void rg_line_address(struct rg_line *l, __u16 family, const __u8 addr[16]);

/* Within a JSON string (RFC 8259), quotes not included: characters of UTF-8 that may be
 * shown (text/utf8.h) as they are, others as \uXXXX; a byte that is no UTF-8 as \u00XX. */
void rg_line_json(struct rg_line *l, const char *bytes, size_t n);

/* The next member of the JSON object that was begun last: a comma where one is
 * due, and the key, whose quotes and colon are in `key`. */
static inline void rg_line_key(struct rg_line *l, const char *key, size_t n)
{
	if (l->full)
		return;
	if (l->at[-1] != '{')
		rg_line_char(l, ',');
	rg_line_bytes(l, key, n);
}
#define RG_LINE_KEY(l, name) rg_line_key(l, "\"" name "\":", sizeof("\"" name "\":") - 1)

static inline void rg_line_quoted(struct rg_line *l, const char *bytes, size_t n)
{
	rg_line_char(l, '"');
	rg_line_json(l, bytes, n);
	rg_line_char(l, '"');
}

/* Of our own tables: nothing in it has to be escaped. */
static inline void rg_line_word(struct rg_line *l, const char *word)
{
	rg_line_char(l, '"');
	rg_line_text(l, word);
	rg_line_char(l, '"');
}

#define RG_LINE_KEY_NUMBER(l, name, n)                                                             \
	do {                                                                                       \
		RG_LINE_KEY(l, name);                                                              \
		rg_line_number(l, n);                                                              \
	} while (0)
#define RG_LINE_KEY_WORD(l, name, word)                                                            \
	do {                                                                                       \
		RG_LINE_KEY(l, name);                                                              \
		rg_line_word(l, word);                                                             \
	} while (0)

/* A second since 1970, in UTC: "2026-11-22T17:31:12". Kept: many follow each
 * other that are of the same second. All zero: none yet. */
struct rg_second {
	__u64 second;
	char text[24];
	__u32 n;
};
/* RFC 3339 in UTC, to a nanosecond. */
void rg_line_wall(struct rg_line *l, struct rg_second *kept, __u64 wall_ns);
