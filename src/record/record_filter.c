// SPDX-License-Identifier: GPL-2.0-only
#include "record/record_filter.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "record/record_names.h"
#include "text/address.h"

_Static_assert(RG_NR_RECORD_OPS <= 64, "a bit each");

/* ---- deciding ---- */

static bool same_bits(const __u8 *a, const __u8 *b, unsigned int n)
{
	unsigned int whole = n / 8, rest = n % 8;

	if (memcmp(a, b, whole) != 0)
		return false;
	return !rest || (a[whole] ^ b[whole]) >> (8 - rest) == 0;
}

static bool is_mapped(const __u8 addr[16])
{
	static const __u8 mapped[12] = {[10] = 0xff, [11] = 0xff};

	return memcmp(addr, mapped, sizeof(mapped)) == 0;
}

static bool has_address(const struct rg_filter *f, const struct rg_record *r)
{
	if (!rg_record_has_address(r))
		return false;
	if (r->family == f->family)
		return same_bits(r->addr, f->addr, f->prefix);
	/* Compares an IPv4 peer of an IPv6 socket (::ffff:a.b.c.d) as IPv4. */
	return f->family == AF_INET && is_mapped(r->addr) &&
	       same_bits(r->addr + 12, f->addr, f->prefix);
}

static bool has_name(const struct rg_filter *f, const struct rg_record *r)
{
	return r->side != RG_SIDE_GATE &&
	       memmem(r->name, rg_record_name_length(r), f->name, strlen(f->name));
}

static bool has_path(const struct rg_filter *f, const struct rg_record *r)
{
	struct rg_record_path path = rg_record_path_of(r, f->mounts);
	char whole[RG_PATH_SIZE + RG_RECORD_PATH];

	memcpy(whole, path.mount, path.mount_n);
	memcpy(whole + path.mount_n, path.rest, path.rest_n);
	return memmem(whole, path.mount_n + path.rest_n, f->path, strlen(f->path));
}

static bool went_wrong(const struct rg_filter *f, const struct rg_record *r)
{
	return (f->errors && rg_record_is_error(r)) || (f->downgrades && rg_record_is_downgrade(r));
}

bool rg_filter_wants(const struct rg_filter *f, const struct rg_record *r)
{
	if (r->op == RG_REC_LOST)
		return true;
	if (f->ops && (r->op >= RG_NR_RECORD_OPS || !(f->ops & 1ULL << r->op)))
		return false;
	if (f->sides && (r->side >= RG_NR_SIDES || !(f->sides & 1U << r->side)))
		return false;
	if ((f->errors || f->downgrades) && !went_wrong(f, r))
		return false;
	if (f->family && !has_address(f, r))
		return false;
	if (f->name && !has_name(f, r))
		return false;
	if (f->by_fileid && (r->fileid != f->fileid || !rg_record_has_file(r)))
		return false;
	return !f->path || has_path(f, r);
}

bool rg_filter_is_set(const struct rg_filter *f)
{
	return f->ops || f->sides || f->errors || f->downgrades || f->family || f->name ||
	       f->by_fileid || f->path;
}

/* ---- as the command line has it ---- */

static bool refuse(char *expected, const char *what)
{
	snprintf(expected, RG_FILTER_EXPECTED, "%s", what);
	return false;
}

/* Reads digits only; fails for a number that is too large. */
static bool number_of(const char *text, __u64 *n)
{
	char *end;

	if (!isdigit((unsigned char)*text))
		return false;
	errno = 0;
	*n = strtoull(text, &end, 10);
	return !errno && !*end;
}

bool rg_filter_client(struct rg_filter *f, const char *text, char expected[RG_FILTER_EXPECTED])
{
	__u16 family = 0;

	if (!*text)
		return refuse(expected, "an address, ADDRESS/PREFIX, or a part of a name");
	switch (rg_address_of(text, &family, f->addr, &f->prefix)) {
	case RG_ADDRESS_GOOD:
		f->family = family;
		return true;
	case RG_ADDRESS_NONE:
		f->name = text;
		return true;
	case RG_ADDRESS_BAD:
		return refuse(expected, "an address of IPv4 or IPv6, or a part of a name");
	default:
		return refuse(expected, family == AF_INET ? "a prefix of 0 to 32 bits"
							  : "a prefix of 0 to 128 bits");
	}
}

bool rg_filter_file(struct rg_filter *f, const char *text, char expected[RG_FILTER_EXPECTED])
{
	if (!*text)
		return refuse(expected, "a part of a path, or a fileid");
	f->by_fileid = number_of(text, &f->fileid);
	f->path = f->by_fileid ? NULL : text;
	return true;
}

/* Reads a list of names of values below n into bits. */
static bool take_list(const char *text, bool upper, int (*of)(const char *), __u64 *bits)
{
	*bits = 0;
	for (;;) {
		size_t n = strcspn(text, ",");
		char word[32] = "";
		int value;

		if (n >= sizeof(word))
			return false;
		for (size_t i = 0; i < n; i++)
			word[i] = (char)(upper ? toupper((unsigned char)text[i]) : text[i]);
		value = of(word);
		if (value < 0)
			return false;
		*bits |= 1ULL << value;
		if (!text[n])
			return true;
		text += n + 1;
	}
}

bool rg_filter_ops(struct rg_filter *f, const char *text, char expected[RG_FILTER_EXPECTED])
{
	size_t used;

	if (take_list(text, true, rg_record_op_of, &f->ops))
		return true;
	f->ops = 0;
	used = (size_t)snprintf(expected, RG_FILTER_EXPECTED, "a list, with commas, of");
	for (__u32 op = RG_REC_NONE + 1; op < RG_NR_RECORD_OPS; op++)
		used += (size_t)snprintf(expected + used, RG_FILTER_EXPECTED - used, "%s %s",
					 op > RG_REC_NONE + 1 ? "," : "", rg_record_op_name(op));
	return false;
}

bool rg_filter_sides(struct rg_filter *f, const char *text, char expected[RG_FILTER_EXPECTED])
{
	__u64 bits;

	if (!take_list(text, false, rg_side_of, &bits))
		return refuse(expected, "a list, with commas, of server, client, gate");
	f->sides = (__u32)bits;
	return true;
}
