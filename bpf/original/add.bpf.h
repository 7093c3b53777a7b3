/* SPDX-License-Identifier: GPL-2.0-only */
/* A kept range is put in: where ranges.bpf.h finds it. */
#pragma once

#include "original/ranges.bpf.h"

/* Enters a range, which has its number, in the chain of its cell. Returns 0, or -1: there is no
 * room. The class is said first: who sees the chain looks for it. */
static __always_inline int enter_cell(struct rg_org_file *file, const struct rg_org_range_key *key)
{
	struct rg_org_range *r = bpf_map_lookup_elem(&kept_ranges, key);
	struct rg_org_cell_key at = {.file = file->id};
	struct rg_org_cell fresh = {}, *cell;

	if (!r)
		return -1;
	at.class = rg_org_class_of(r->start, r->end);
	at.cell = rg_org_cell_of(r->start, at.class);
	bpf_map_update_elem(&kept_cells, &at, &fresh, BPF_NOEXIST);
	cell = bpf_map_lookup_elem(&kept_cells, &at);
	if (!cell)
		return -1;
	__sync_fetch_and_or(&file->classes, 1ULL << at.class);
#pragma clang loop unroll(disable)
	for (int tries = 0; tries < 16; tries++) {
		__u32 first = *(volatile __u32 *)&cell->first;

		r->next = first;
		if (__sync_val_compare_and_swap(&cell->first, first, (__u32)key->at + 1) == first)
			return 0;
	}
	return -1;
}

/* Is every range of the file that of this keeper so far? Said before its first one is in. */
static __always_inline void is_of_keeper(struct rg_org_file *file, __u32 keeper)
{
	__u32 was = __sync_val_compare_and_swap(&file->sole, 0, keeper + 1);

	if (was && was != keeper + 1)
		__sync_lock_test_and_set(&file->sole, RG_ORG_SEVERAL);
}

/* Puts one in. Returns 0, or -1: there is no room, which is counted. Not inline: the stack of the
 * program and of those it calls is 512 bytes. */
static __noinline int add_range(struct rg_org_file *file, struct rg_keeper *k,
				     const struct rg_org_range *r)
{
	struct rg_org_range_key key = {.file = file->id};

	is_of_keeper(file, r->keeper);
	key.at = __sync_fetch_and_add(&file->n, 1);
	if (key.at >= RG_ORG_FILE_RANGES || org.sweeping ||
	    bpf_map_update_elem(&kept_ranges, &key, r, BPF_NOEXIST)) {
		org_count(RG_ORG_FAIL_RANGES);
		return -1;
	}
	if (enter_cell(file, &key)) {
		bpf_map_delete_elem(&kept_ranges, &key);
		org_count(RG_ORG_FAIL_RANGES);
		return -1;
	}
	__sync_fetch_and_add(&k->left, 1);
	__sync_fetch_and_add(&org.ranges, 1);
	return 0;
}
