/* SPDX-License-Identifier: GPL-2.0-only */
/* Chooses records by conditions of the command line. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "record/record.h"

/* A record must meet every condition that is set; {} has none. The caller owns the strings and
 * `mounts`, which must outlive the filter. */
struct rg_filter {
	__u64 ops;   /* one bit for each enum rg_record_op; 0: all */
	__u32 sides; /* one bit for each enum rg_side; 0: all */
	/* Failed operations. With both conditions one of them is enough. */
	bool errors, downgrades;

	/* The peer, by address or by name. */
	__u16 family; /* AF_INET, AF_INET6; 0: not by address */
	__u8 addr[16];
	unsigned int prefix; /* bits of addr that count */
	const char *name;    /* a part of the name; NULL: any */

	/* The file, by number or by path. */
	bool by_fileid;
	__u64 fileid;
	const char *path;		     /* a part of the path; NULL: any */
	const struct rg_mountpoints *mounts; /* to complete paths; may be NULL */
};

/* Says whether the record meets the conditions. Pure; accepts any bytes in *r. RG_REC_LOST
 * always passes, since it stands for records that are missing. */
bool rg_filter_wants(const struct rg_filter *f, const struct rg_record *r);
/* Says whether any condition is set. */
bool rg_filter_is_set(const struct rg_filter *f);

/* Each sets a condition from the command line. Returns false for an invalid one, with the valid
 * form in `expected`. */
#define RG_FILTER_EXPECTED 768
/* Takes "10.77.2.2", "fd00::/8", "10.0.0.0/8" or a part of a name. Text that looks like an
 * address must be a valid one. */
bool rg_filter_client(struct rg_filter *f, const char *text, char expected[RG_FILTER_EXPECTED]);
/* Takes "131" (a fileid), "/srv/reexport/a/db" or "db". */
bool rg_filter_file(struct rg_filter *f, const char *text, char expected[RG_FILTER_EXPECTED]);
/* Takes "LOCK,OPEN": names of docs/events.md, in upper or lower case. */
bool rg_filter_ops(struct rg_filter *f, const char *text, char expected[RG_FILTER_EXPECTED]);
/* Takes "server,gate". */
bool rg_filter_sides(struct rg_filter *f, const char *text, char expected[RG_FILTER_EXPECTED]);
