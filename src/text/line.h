/* SPDX-License-Identifier: GPL-2.0-only */
/* Composes a line of text in the caller's buffer. Leaves out what does not fit and everything
 * after it, sets `full`, and never writes past the end. Uses no allocation and no stdio, since
 * records of a storm are written with it. */
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

/* Returns the length; 0 if the line did not fit as a whole. */
static inline size_t rg_line_length(const struct rg_line *l)
{
	return l->full ? 0 : (size_t)(l->at - l->from);
}

static inline bool rg_line_has_room(struct rg_line *l, size_t n)
{
	if ((size_t)(l->end - l->at) >= n)
		return true;
	l->full = true;
	l->end = l->at; /* keep shorter texts out from here on as well */
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

/* Adds a decimal number of at least `digits` digits (at most 20), with leading zeros. */
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

/* Adds a hexadecimal number in lower case of at least `digits` digits (at most 16). */
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

/* Adds an address as inet_ntop(3) writes it; nothing for a family other than AF_INET and
 * AF_INET6. */
void rg_line_address(struct rg_line *l, __u16 family, const __u8 addr[16]);

/* Adds the contents of a JSON string (RFC 8259) without quotes: printable UTF-8 (text/utf8.h) as
 * it is, other characters as \uXXXX, and a byte that is no UTF-8 as \u00XX. */
void rg_line_json(struct rg_line *l, const char *bytes, size_t n);

/* Begins the next member of the current JSON object: a comma if needed, and the key, which
 * includes quotes and colon. */
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

/* Adds a text of our own tables, which needs no escapes. */
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

/* Keeps the text of a second, "2026-11-22T17:31:12" in UTC, since many records of one second
 * follow each other. All zero: none yet. */
struct rg_second {
	__u64 second;
	char text[24];
	__u32 n;
};
/* Adds a time as RFC 3339 in UTC, to the nanosecond. */
void rg_line_wall(struct rg_line *l, struct rg_second *kept, __u64 wall_ns);
