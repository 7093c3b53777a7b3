// SPDX-License-Identifier: GPL-2.0-only
#include "text/line.h"

#include <sys/socket.h>
#include <time.h>

#include "text/utf8.h"
#include "rg_limits.h"

/* ---- addresses ---- */

static void put_ipv4(struct rg_line *l, const __u8 *addr)
{
	for (int i = 0; i < 4; i++) {
		if (i)
			rg_line_char(l, '.');
		rg_line_number(l, addr[i]);
	}
}

/* Write the first of the longest runs of zeros as "::" (RFC 5952). */
static void put_ipv6(struct rg_line *l, const __u8 *addr)
{
	int run_at = -1, run = 1, zeros = 0;
	__u16 words[8];

	for (int i = 0; i < 8; i++) {
		const __u8 *word = addr + (ptrdiff_t)2 * i;

		words[i] = (__u16)(word[0] << 8 | word[1]);
		zeros = words[i] ? 0 : zeros + 1;
		if (zeros > run) {
			run = zeros;
			run_at = i + 1 - zeros;
		}
	}
	for (int i = 0; i < 8; i++) {
		if (i == run_at) {
			RG_LINE_LITERAL(l, "::");
			i += run - 1;
			continue;
		}
		if (i && i != run_at + run)
			rg_line_char(l, ':');
		/* Write an IPv4 address within an IPv6 one (::ffff:a.b.c.d). */
		if (i == 6 && run_at == 0 && (run == 6 || (run == 5 && words[5] == 0xffff))) {
			put_ipv4(l, addr + 12);
			return;
		}
		rg_line_hex(l, words[i], 1);
	}
}

void rg_line_address(struct rg_line *l, __u16 family, const __u8 addr[16])
{
	if (family == AF_INET)
		put_ipv4(l, addr);
	else if (family == AF_INET6)
		put_ipv6(l, addr);
}

/* ---- JSON ---- */

static bool is_plain(unsigned char b)
{
	return b >= ' ' && b < 0x7f && b != '"' && b != '\\';
}

/* Write a character above \uffff as a pair of surrogates (RFC 8259, 7). */
static void put_escaped(struct rg_line *l, __u32 code)
{
	if (code == '"' || code == '\\') {
		rg_line_char(l, '\\');
		rg_line_char(l, (char)code);
		return;
	}
	if (code > 0xffff) {
		put_escaped(l, 0xd800 + ((code - 0x10000) >> 10));
		code = 0xdc00 + ((code - 0x10000) & 0x3ff);
	}
	RG_LINE_LITERAL(l, "\\u");
	rg_line_hex(l, code, 4);
}

void rg_line_json(struct rg_line *l, const char *bytes, size_t n)
{
	size_t at = 0;

	while (at < n) {
		size_t run = at, one;
		__u32 code;

		while (run < n && is_plain((unsigned char)bytes[run]))
			run++;
		rg_line_bytes(l, bytes + at, run - at);
		at = run;
		if (at == n)
			break;
		one = rg_utf8_decode(bytes + at, n - at, &code);
		if (one > 1 && rg_utf8_character(bytes + at, one))
			rg_line_bytes(l, bytes + at, one);
		else
			put_escaped(l, one ? code : (unsigned char)bytes[at]);
		at += one ?: 1;
	}
}

/* ---- times ---- */

void rg_line_wall(struct rg_line *l, struct rg_second *kept, __u64 wall_ns)
{
	__u64 second = wall_ns / RG_NS_PER_SEC;

	if (!kept->n || kept->second != second) {
		time_t s = (time_t)second;
		struct tm tm;

		gmtime_r(&s, &tm);
		kept->n = (__u32)strftime(kept->text, sizeof(kept->text), "%Y-%m-%dT%H:%M:%S", &tm);
		kept->second = second;
	}
	rg_line_bytes(l, kept->text, kept->n);
	rg_line_char(l, '.');
	rg_line_digits(l, wall_ns % RG_NS_PER_SEC, 9);
	rg_line_char(l, 'Z');
}
