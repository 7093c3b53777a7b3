/* SPDX-License-Identifier: GPL-2.0-only */
/* Which records somebody wants to see. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "record/record.h"

/* Every condition that is set must be met; {} has none. Strings and `mounts`
 * belong to the caller and outlive it. */
struct rg_filter {
	__u64 ops;   /* a bit an enum rg_record_op; 0: all */
	__u32 sides; /* a bit an enum rg_side; 0: all */
	/* What went wrong: with both it is enough that one is so. */
	bool errors, downgrades;

	/* The peer: by address or by name. */
	__u16 family; /* AF_INET, AF_INET6; 0: not by address */
	__u8 addr[16];
	unsigned int prefix; /* bits of addr that count */
	const char *name;    /* a part of it; NULL: not by name */

	/* The file: by number or by path. */
	bool by_fileid;
	__u64 fileid;
	const char *path;		     /* a part of it; NULL: not by path */
	const struct rg_mountpoints *mounts; /* for the whole path; may be NULL */
};

/* Pure; total for any bytes in *r. RG_REC_LOST passes in any case: it is about
 * the records that are missing. */
bool rg_filter_wants(const struct rg_filter *f, const struct rg_record *r);
/* Is any condition set? */
bool rg_filter_is_set(const struct rg_filter *f);

/* Each takes a condition as the command line has it. False: it is none, and
 * `expected` says what would be. */
#define RG_FILTER_EXPECTED 768
/* "10.77.2.2", "fd00::/8", "10.0.0.0/8", or a part of a name. What looks like an
 * address has to be one. */
bool rg_filter_client(struct rg_filter *f, const char *text, char expected[RG_FILTER_EXPECTED]);
/* "131", "/srv/reexport/a/db", "db"; a number is a fileid. */
bool rg_filter_file(struct rg_filter *f, const char *text, char expected[RG_FILTER_EXPECTED]);
/* "LOCK,OPEN": names of docs/events.md, in any case of letters. */
bool rg_filter_ops(struct rg_filter *f, const char *text, char expected[RG_FILTER_EXPECTED]);
/* "server,gate" */
bool rg_filter_sides(struct rg_filter *f, const char *text, char expected[RG_FILTER_EXPECTED]);
