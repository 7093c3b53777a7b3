/* SPDX-License-Identifier: GPL-2.0-only */
/* Tells which fields of a record mean something, and derives what a record does not hold, for
 * writers (record_json, record_text) and filters (record_filter). Every function is pure and
 * accepts any bytes in the record. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "mounts/mountpoints.h"
#include "rg_records.h"

/* Owned by the caller; {} converts no times and knows no mounts. */
struct rg_record_around {
	__s64 wall_offset_ns;		     /* CLOCK_REALTIME less CLOCK_BOOTTIME */
	const struct rg_mountpoints *mounts; /* NULL: no mount point is known */
};

/* Converts CLOCK_BOOTTIME to the wall clock, ns since 1970. Never wraps. */
__u64 rg_record_wall(const struct rg_record_around *around, __u64 boot_ns);

/* Says whether the record names an end client or an original server. On the side of the gate the
 * name is that of a process. */
bool rg_record_has_peer(const struct rg_record *r);
bool rg_record_has_address(const struct rg_record *r);
/* Returns the length of `name` in bytes, which need not be text. */
size_t rg_record_name_length(const struct rg_record *r);
bool rg_record_has_file(const struct rg_record *r);
/* Says whether `start` and `length` are set. */
bool rg_record_has_range(const struct rg_record *r);
/* Says whether this host's NFS client had to pass the operation on; then an empty `back` means
 * something. */
bool rg_record_is_forwarded(const struct rg_record *r);
/* Returns the number of elements of `back`. */
__u32 rg_record_backs(const struct rg_record *r);
/* Returns the enum rg_status_kind of a status. The NFS client uses nfsstat4 values from 10000
 * on, and errnos below. */
__u32 rg_back_status_kind(const struct rg_back *b);
bool rg_record_is_downgrade(const struct rg_record *r);
/* Says whether there was an answer other than success. */
bool rg_record_is_error(const struct rg_record *r);

/* Returns the path in two pieces: the mount point and the rest. The first is empty if the mount
 * is unknown or the record lacks the beginning of the path. */
struct rg_record_path {
	const char *mount, *rest;
	size_t mount_n, rest_n; /* rest_n 0: the record has no path */
};
struct rg_record_path rg_record_path_of(const struct rg_record *r,
					const struct rg_mountpoints *points);
