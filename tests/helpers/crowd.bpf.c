// SPDX-License-Identifier: GPL-2.0-only
/*
 * Adds to the number of end clients that an address has in the ledger (map `crowds`), which is
 * frozen for processes: a test of the limit needs not to set up 512 end clients of its own.
 *
 * crowd.c loads and runs it. It returns how many addresses it found.
 */
#undef offsetof
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

#include "rg_gate.h"
#include "rg_limits.h"
#include "rg_maps.h"

#define RG_DEFINE_MAPS
#include "map.bpf.h"

RG_MAP_OF(crowds, LRU_HASH, RG_MAX_CLIENTS, struct rg_crowd_key, __u32);

struct bpf_map;

struct more {
	__u32 addr; /* network order */
	__u32 n;
};

struct walk {
	__u32 addr, n, found;
};

static long add(struct bpf_map *map, struct rg_crowd_key *at, __u32 *n, struct walk *w)
{
	if (*(__u32 *)at->addr != w->addr)
		return 0;
	__sync_fetch_and_add(n, w->n);
	w->found++;
	return 0;
}

SEC("syscall")
int crowd(struct more *more)
{
	struct walk w = {.addr = more->addr, .n = more->n};

	bpf_for_each_map_elem(&crowds, add, &w, 0);
	return (int)w.found;
}

char LICENSE[] SEC("license") = "GPL";
