/* SPDX-License-Identifier: GPL-2.0-only */
/* What of a record has something to say, and what it does not say itself: for
 * those who write it down (record_json, record_text) or choose (record_filter).
 * Every function is pure, and total for any bytes in the record. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "mounts/mountpoints.h"
#include "rg_records.h"

/* Owned by the caller; {} knows nothing. */
struct rg_record_around {
	__s64 wall_offset_ns;		     /* CLOCK_REALTIME less CLOCK_BOOTTIME */
	const struct rg_mountpoints *mounts; /* NULL: none is known */
};

/* Wall clock, ns since 1970, of an instant of CLOCK_BOOTTIME; never wraps. */
__u64 rg_record_wall(const struct rg_record_around *around, __u64 boot_ns);

/* Does it name an end client or an original server? On the side of the gate the
 * name is a process's. */
bool rg_record_has_peer(const struct rg_record *r);
bool rg_record_has_address(const struct rg_record *r);
/* Bytes of `name` that are one; they need not be text. */
size_t rg_record_name_length(const struct rg_record *r);
bool rg_record_has_file(const struct rg_record *r);
/* Do `start` and `length` mean something? */
bool rg_record_has_range(const struct rg_record *r);
/* Is it something that this host's NFS client was to pass on? Then it is news
 * that `back` is empty. */
bool rg_record_is_forwarded(const struct rg_record *r);
/* Elements of `back`. */
__u32 rg_record_backs(const struct rg_record *r);
/* enum rg_status_kind of one. The NFS client has an nfsstat4 of its own only
 * from 10000 on; below, errnos. */
__u32 rg_back_status_kind(const struct rg_back *b);
bool rg_record_is_downgrade(const struct rg_record *r);
/* Was it answered, and with something else than success? */
bool rg_record_is_error(const struct rg_record *r);

/* Its path: from this host's root if its mount is known and the record has its
 * beginning, else as the record has it. In two pieces, of which the first is
 * the mount's, and may be empty. */
struct rg_record_path {
	const char *mount, *rest;
	size_t mount_n, rest_n; /* rest_n 0: the record has none */
};
struct rg_record_path rg_record_path_of(const struct rg_record *r,
					const struct rg_mountpoints *points);
