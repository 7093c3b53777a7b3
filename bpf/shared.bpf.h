/* SPDX-License-Identifier: GPL-2.0-only */
/* Included first by every BPF file of the guard, through guard.bpf.h or trace/trace.bpf.h: types,
 * helpers, the maps that both use, and records for tracers. */
#pragma once

/* Define these here: those of <stddef.h> would use the build machine's offsets, without a
 * warning and without a relocation. */
#undef offsetof
#undef container_of
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>

#include "rg_maps.h"
#include "rg_records.h"
#include "kernel_drift.bpf.h"
#include "map.bpf.h"

#define NFS_SUPER_MAGIC 0x6969 /* include/uapi/linux/magic.h */
#define RG_AF_INET 2
#define RG_AF_INET6 10
#define BPF_LOCAL_STORAGE_GET_F_CREATE 1
#define BPF_ANY 0
#define BPF_NOEXIST 1

RG_MAP_OF(gates, ARRAY, RG_MAX_GATES, __u32, struct rg_gate);

/* Maps a network namespace's inode number to a slot. */
RG_MAP_OF(gate_of, HASH, RG_MAX_GATES, __u32, __u32);

/* Holds the ring of each tracer, which the tracer makes. */
RG_MAP struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, RG_MAX_TRACERS);
	__type(key, __u32);
	__array(
		values, struct {
			__uint(type, BPF_MAP_TYPE_RINGBUF);
			__uint(max_entries, RG_TRACER_RING_BYTES);
		});
} tracers SEC(".maps");

RG_MAP_OF(tracer_owners, ARRAY, RG_MAX_TRACERS, __u32, struct rg_tracer);

/* Counters of the tracing programs. */
RG_MAP_OF(flow_clients, LRU_HASH, RG_MAX_FLOW_CLIENTS, struct rg_client_key, struct rg_flow_client);
RG_MAP_OF(flow_totals, PERCPU_ARRAY, 1, __u32, struct rg_flow_totals);
RG_MAP_OF(flow_storms, ARRAY, RG_MAX_GATES, __u32, struct rg_flow_storm);
RG_MAP_OF(flow_slowest, ARRAY, RG_SLOWEST, __u32, struct rg_flow_note);
RG_MAP_OF(flow_downgrades, ARRAY, RG_LAST_DOWNGRADES, __u32, struct rg_flow_note);

static __always_inline struct rg_gate *rg_gate_at(__u32 slot)
{
	return bpf_map_lookup_elem(&gates, &slot);
}

/* Returns the gate of a network namespace and its slot; NULL: it has none. A gate with this
 * number may be that of a namespace that is gone. Not inlined: lock_done has no stack to spare. */
static __noinline __attribute__((unused)) struct rg_gate *rg_gate_of_net(struct net *net,
									 __u32 *slot)
{
	__u32 netns = BPF_CORE_READ(net, ns.inum), *found = bpf_map_lookup_elem(&gate_of, &netns);
	struct rg_gate *g;

	if (!found)
		return NULL;
	*slot = *found;
	g = rg_gate_at(*found);
	return g && g->net_cookie == BPF_CORE_READ(net, net_cookie) ? g : NULL;
}

static __always_inline struct rg_flow_storm *rg_storm_at(__u32 slot)
{
	return bpf_map_lookup_elem(&flow_storms, &slot);
}

static __always_inline struct rg_flow_totals *rg_totals(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&flow_totals, &zero);
}

/* Returns knfsd's struct nfsd_net, which contains its lock manager. */
static __always_inline struct nfsd_net *rg_nfsd_net_of(struct lock_manager *lm)
{
	return (void *)lm - bpf_core_field_offset(struct nfsd_net, nfsd4_manager);
}

/* Counts the end clients that may reclaim and those that are done. The first number is known
 * once knfsd has read its stable storage. */
static __always_inline void rg_storm_now(__u32 slot)
{
	struct rg_flow_storm *storm = rg_storm_at(slot);
	struct nfsd_net *nn;
	__u32 expected;

	if (!storm || !storm->net)
		return;
	nn = (void *)storm->net;
	/* knfsd forgets them when grace ends (nfs4_release_reclaim()). */
	expected = (__u32)BPF_CORE_READ(nn, reclaim_str_hashtbl_size);
	if (expected > storm->expected)
		storm->expected = expected;
	storm->complete = (__u32)BPF_CORE_READ(nn, nr_reclaim_complete.counter);
}

/* Notes that knfsd of this gate starts, or was found running. */
static __always_inline void rg_storm_of(__u32 slot, struct nfsd_net *nn)
{
	struct rg_flow_storm *storm = rg_storm_at(slot);

	if (!storm)
		return;
	storm->net = (__u64)nn;
	storm->grace_ns = (__u64)BPF_CORE_READ(nn, nfsd4_grace) * RG_NS_PER_SEC;
	storm->expected = 0;
	storm->complete = 0;
}

/* Hides the return value of a global function from the compiler, which knows its range and would
 * drop the check that the verifier asks for. */
#define RG_ANY(x)                                                                                  \
	({                                                                                         \
		__u32 any_ = (__u32)(x);                                                           \
		asm volatile("" : "+r"(any_));                                                     \
		any_;                                                                              \
	})

/* ---- names ---- */

/* The state of a hash in bpf_loop(). The verifier would walk through an open-coded loop once for
 * each byte, in each program. */
struct hashing {
	__u8 *at;
	__u64 hash;
};

static long rg_hash_one(__u32 i, struct hashing *h)
{
	if (i >= RG_CLIENT_NAME_HASHED)
		return 1;
	h->hash = (h->hash ^ h->at[i]) * RG_FNV_PRIME;
	return 0;
}

/* Returns the FNV-1a hash of n bytes in buf, which has RG_CLIENT_NAME_HASHED bytes. Returns 0
 * for no bytes. */
static __always_inline __u64 rg_hash_of(__u8 *buf, __u32 n)
{
	struct hashing h = {.at = buf, .hash = RG_FNV_OFFSET};

	if (!n)
		return 0;
	bpf_loop(n, rg_hash_one, &h, 0);
	return h.hash;
}

/* ---- telling the tracers ---- */

static __always_inline void rg_tracer_lost_one(__u32 i)
{
	struct rg_tracer *owner = bpf_map_lookup_elem(&tracer_owners, &i);
	struct rg_flow_totals *totals = rg_totals();

	if (owner)
		__sync_fetch_and_add(&owner->lost, 1);
	if (totals)
		totals->lost++;
}
