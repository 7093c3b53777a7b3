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
#include "kernel_drift.bpf.h"

#define PF_KTHREAD 0x00200000  /* include/linux/sched.h */
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

/* Only user space reads and writes these two; they are here to be pinned. */
RG_MAP struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct rg_meta);
} meta SEC(".maps");

RG_MAP struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, RG_MAX_PATHS);
	__type(key, __u32);
	__type(value, struct rg_path);
} paths SEC(".maps");

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

static __always_inline void rg_managers_add(__u64 lm, __u32 slot, __u32 is_knfsd)
{
	struct rg_manager m = {.slot = slot, .is_knfsd = is_knfsd};

	if (bpf_map_update_elem(&managers, &lm, &m, BPF_ANY))
		rg_count(RG_COUNT_FAIL_MANAGERS);
}
