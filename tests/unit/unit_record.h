/* SPDX-License-Identifier: GPL-2.0-only */
/* Records to test with: one as knfsd makes it, and any bytes. */
#pragma once

#include <sys/socket.h>

#include "unit.h"
#include "record/record.h"

/* That of docs/events.md. */
static inline struct rg_record unit_lock_record(void)
{
	return (struct rg_record){
		.time_ns = 167304118233ULL,
		.duration_ns = 812345,
		.op = RG_REC_LOCK,
		.side = RG_SIDE_SERVER,
		.claim = RG_CLAIM_RECLAIM,
		.downgrade = RG_DOWNGRADE_REFUSED_BY_CLIENT,
		.status_kind = RG_STATUS_NFS4,
		.status = RG_NFS4ERR_NO_GRACE,
		.facts = RG_FACT_KNFSD_GRACE | RG_FACT_NFS | RG_FACT_CLIENT_REFUSED,
		.netns = 4026531840U,
		.generation = 2,
		.tid = 811,
		.family = AF_INET,
		.port = 812,
		.minorversion = 2,
		.name_len = 17,
		.addr = {10, 77, 2, 2},
		.cl_boot = 0x6562a3b4,
		.cl_id = 0x1a2b3c4d,
		.name = "Linux NFSv4.2 cli",
		.fileid = 131,
		.dev = 45,
		.lock_type = 2,
		.start = 0,
		.length = 1,
		.owner_hash = 0x9b1c6c0e1f2a3b4cULL,
		.path = "/a/db",
		.n_back = 1,
		.back = {{.op = RG_BACK_NFS_LOCK, .status = 531, .at_ns = 167304117233ULL}},
	};
}

static const struct rg_mountpoint unit_mount_list[] = {
	{.dev = 7, .path = (char *)"", .path_n = 0},
	{.dev = 45, .path = (char *)"/srv/reexport", .path_n = 13},
	{.dev = 46, .path = (char *)"/srv/\xc3\xa9\x01\xff", .path_n = 9},
};
static const struct rg_mountpoints unit_mounts = {
	.at = (struct rg_mountpoint *)unit_mount_list,
	.n = UNIT_COUNT(unit_mount_list),
};

/* 2026-11-22T17:31:12.304118233Z for unit_lock_record(). */
static const struct rg_record_around unit_around = {
	.wall_offset_ns = 1795368672304118233LL - 167304118233LL,
	.mounts = &unit_mounts,
};

/* Any bytes; every other one has values in its enums as well, which get further. */
static inline void unit_any_record(__u64 *seed, struct rg_record *r)
{
	for (size_t i = 0; i < sizeof(*r); i += sizeof(__u64)) {
		__u64 word = unit_random(seed);

		memcpy((char *)r + i, &word, sizeof(word));
	}
	if (unit_below(seed, 2))
		return;
	r->op = (__u16)unit_below(seed, RG_NR_RECORD_OPS + 1);
	r->side = (__u8)unit_below(seed, RG_NR_SIDES + 1);
	r->claim = (__u8)unit_below(seed, RG_NR_CLAIMS + 1);
	r->downgrade = (__u16)unit_below(seed, RG_NR_DOWNGRADES + 1);
	r->status_kind = (__u8)unit_below(seed, RG_NR_STATUS_KINDS + 1);
	r->how = (__u8)unit_below(seed, RG_NR_WHYS + 1);
	r->status =
		(__u32)(unit_below(seed, 3) ? 10000 + unit_below(seed, 100) : unit_below(seed, 12));
	r->family = (__u16)(unit_below(seed, 2) ? AF_INET : AF_INET6);
	r->value = unit_below(seed, 100);
	r->dev = 44 + (__u32)unit_below(seed, 4);
	r->n_back = (__u32)unit_below(seed, RG_BACK_MAX + 2);
	for (int i = 0; i < RG_BACK_MAX; i++) {
		r->back[i].op = (__u32)unit_below(seed, RG_NR_BACK_OPS + 1);
		r->back[i].status = (__u32)(unit_below(seed, 2) ? 10033 : unit_below(seed, 600));
	}
	if (unit_below(seed, 2))
		r->path[0] = '/';
	if (unit_below(seed, 2))
		r->name_len = (__u16)unit_below(seed, RG_RECORD_NAME + 2);
	if (unit_below(seed, 2))
		r->path[unit_below(seed, RG_RECORD_PATH)] = '\0';
	if (unit_below(seed, 4) == 0)
		memset(r->name, 0, sizeof(r->name));
}
