/* SPDX-License-Identifier: GPL-2.0-only */
/* What every BPF file starts with: types, helpers, maps, counting. The maps
 * are defined in maps.bpf.c (RG_DEFINE_MAPS) and extern elsewhere. */
#pragma once

/* <stddef.h>'s versions would read the build machine's offsets, without a
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

#define PF_IO_WORKER 0x00000010	  /* include/linux/sched.h */
#define PF_USER_WORKER 0x00004000 /* the same, from 6.12 on; unused in 6.1 */
#define PF_KTHREAD 0x00200000
#define NFS_SUPER_MAGIC 0x6969 /* include/uapi/linux/magic.h */
#define BPF_ANY 0
#define BPF_NOEXIST 1

#ifdef RG_DEFINE_MAPS
#define RG_MAP
#else
#define RG_MAP extern
#endif

RG_MAP struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, RG_MAX_GATES);
	__type(key, __u32);
	__type(value, struct rg_gate);
} gates SEC(".maps");

/* Network namespace inode number -> slot. */
RG_MAP struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, RG_MAX_GATES);
	__type(key, __u32);
	__type(value, __u32);
} gate_of SEC(".maps");

RG_MAP struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, RG_MAX_DEVICES);
	__type(key, __u32);
	__type(value, struct rg_device);
} devices SEC(".maps");

RG_MAP struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, RG_MAX_HELD);
	__type(key, struct rg_held_key);
	__type(value, struct rg_held);
} held SEC(".maps");

/* tid -> seq of its element in `held`. */
RG_MAP struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, RG_MAX_HELD);
	__type(key, __u32);
	__type(value, __u32);
} holding SEC(".maps");

/* struct lock_manager * -> slot, while it is in grace: locks_end_grace() is
 * not told the network namespace. */
struct rg_manager {
	__u32 slot;
	__u32 is_knfsd;
};

RG_MAP struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, RG_MAX_MANAGERS);
	__type(key, __u64);
	__type(value, struct rg_manager);
} managers SEC(".maps");

RG_MAP struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, RG_NR_COUNTERS);
	__type(key, __u32);
	__type(value, __u64);
} counters SEC(".maps");

RG_MAP struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, RG_RING_BYTES);
} events SEC(".maps");

RG_MAP struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, RG_MAX_EXEMPT);
	__type(key, struct rg_exempt_key);
	__type(value, __u32);
} exempt SEC(".maps");

/* The ledger. */
RG_MAP struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, RG_MAX_CLIENTS);
	__type(key, struct rg_client_key);
	__type(value, struct rg_client);
} clients SEC(".maps");

/* struct nfs4_client * -> its element of `clients`, in this life of knfsd. Not
 * pinned, nor is the next. */
struct rg_client_ref {
	struct rg_client_key key;
};

RG_MAP struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, RG_MAX_CLIENTS);
	__type(key, __u64);
	__type(value, struct rg_client_ref);
} client_of SEC(".maps");

/* (end client, file) -> locks of it that are counted in `clients`. */
struct rg_client_file {
	__u64 clp;
	__u64 inode;
};

struct rg_client_locks {
	__u32 n;
	__u32 slot;
	__u32 busy; /* threads that are about to write n */
};

RG_MAP struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, RG_MAX_CLIENT_FILES);
	__type(key, struct rg_client_file);
	__type(value, struct rg_client_locks);
} client_files SEC(".maps");

RG_MAP struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, RG_MAX_SERVERS);
	__type(key, __u64);
	__type(value, struct rg_server);
} servers SEC(".maps");

/* Only user space reads and writes these three; they are here to be pinned. */
RG_MAP struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct rg_meta);
} meta SEC(".maps");

RG_MAP struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, RG_MAX_RULES);
	__type(key, __u32);
	__type(value, struct rg_rule);
} rules SEC(".maps");

RG_MAP struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, RG_MAX_GATES);
	__type(key, __u32);
	__type(value, struct rg_provenance);
} provenance SEC(".maps");

/* Tracers: a ring each, which the tracer makes and puts here. */
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

RG_MAP struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, RG_MAX_TRACERS);
	__type(key, __u32);
	__type(value, struct rg_tracer);
} tracer_owners SEC(".maps");

/* What the tracing programs count. */
RG_MAP struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, RG_MAX_CLIENTS);
	__type(key, struct rg_client_key);
	__type(value, struct rg_flow_client);
} flow_clients SEC(".maps");

RG_MAP struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct rg_flow_totals);
} flow_totals SEC(".maps");

RG_MAP struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, RG_MAX_GATES);
	__type(key, __u32);
	__type(value, struct rg_flow_storm);
} flow_storms SEC(".maps");

RG_MAP struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, RG_SLOWEST);
	__type(key, __u32);
	__type(value, struct rg_flow_note);
} flow_slowest SEC(".maps");

RG_MAP struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, RG_LAST_DOWNGRADES);
	__type(key, __u32);
	__type(value, struct rg_flow_note);
} flow_downgrades SEC(".maps");

/* A map of its own (".data.live"), mapped by user space. */
extern struct rg_live live;

static __always_inline void rg_count(__u32 which)
{
	__u64 *n = bpf_map_lookup_elem(&counters, &which);

	if (n)
		(*n)++;
}

static __always_inline struct rg_gate *rg_gate_at(__u32 slot)
{
	return bpf_map_lookup_elem(&gates, &slot);
}

/* Publish a word after the facts that belong to it. */
#define rg_publish(word, value) ((void)__sync_lock_test_and_set((word), (value)))

static __always_inline void rg_emit(__u32 type, __u32 slot, const struct rg_gate *g, __u64 now_ns)
{
	struct rg_event *e = bpf_ringbuf_reserve(&events, sizeof(*e), 0);

	if (!e) {
		rg_count(RG_COUNT_FAIL_RING);
		return;
	}
	e->type = type;
	e->slot = slot;
	e->netns = g->netns;
	e->generation = g->generation;
	e->time_ns = now_ns;
	bpf_ringbuf_submit(e, 0);
}

/* Gate of a network namespace, and its slot; NULL: it has none. */
static __always_inline struct rg_gate *rg_gate_of_netns(__u32 netns, __u32 *slot)
{
	__u32 *found = bpf_map_lookup_elem(&gate_of, &netns);

	if (!found)
		return NULL;
	*slot = *found;
	return rg_gate_at(*found);
}

/* knfsd's lease, seconds, by its lock manager, which is a part of nfsd_net. */
static __always_inline __u32 rg_lease_of(struct lock_manager *lm)
{
	struct nfsd_net *nn = (void *)lm - bpf_core_field_offset(struct nfsd_net, nfsd4_manager);

	return (__u32)BPF_CORE_READ(nn, nfsd4_lease);
}

static __always_inline void rg_managers_add(__u64 lm, __u32 slot, __u32 is_knfsd)
{
	struct rg_manager m = {.slot = slot, .is_knfsd = is_knfsd};

	if (bpf_map_update_elem(&managers, &lm, &m, BPF_ANY))
		rg_count(RG_COUNT_FAIL_MANAGERS);
}
