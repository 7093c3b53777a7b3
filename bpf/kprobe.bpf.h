/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The last rung for followers and tracing programs: kprobes, used where the kernel refuses fentry
 * and fexit. Such a program is named kprobe_ and the name of the program that it replaces, and is
 * loaded only then. Arguments come from registers and are read by BPF_CORE_READ. When a function
 * returns they are lost, so a kprobe at its entry keeps them.
 *
 * A kprobe may be missed (trace_call_bpf, kernel/trace/bpf_trace.c: another program or bpf(2) runs
 * on this CPU), and so may a return (struct kretprobe, nmissed).
 */
#pragma once

#include "guard.bpf.h"

struct rg_entered_key {
	__u32 tid;
	__u32 what; /* enum rg_return, or the number of a tracing program (rg_maps.h) */
};

struct rg_entered {
	__u64 arg[3];
};

RG_MAP_OF(entered, HASH, RG_MAX_ENTERED, struct rg_entered_key, struct rg_entered);

static __always_inline struct rg_entered_key rg_entered_key_of(__u32 what)
{
	struct rg_entered_key key = {.tid = (__u32)bpf_get_current_pid_tgid(), .what = what};

	return key;
}

/* Key of kept arguments: the thread and the function. */
static __always_inline int rg_entered_by_us(__u64 cookie)
{
	return !(cookie & RG_ENTERS_KTHREADS) || bpf_get_current_task_btf()->flags & PF_KTHREAD;
}

/* Counts a call of which one end went unseen: for a follower, or for a tracing program, on which
 * no gate depends. */
static __always_inline void rg_kprobe_missed(__u32 what)
{
	struct rg_flow_totals *totals;

	if (what < RG_NR_RETURNS) {
		rg_count(RG_COUNT_FAIL_KPROBE);
		return;
	}
	totals = rg_totals();
	if (totals)
		totals->failed++;
}

/* Returns the arguments of the function that returns now. Returns 0, and counts it, if the entry
 * went unseen. */
static __always_inline int rg_left(__u32 what, struct rg_entered *args)
{
	struct rg_entered_key key = rg_entered_key_of(what);
	struct rg_entered *found = bpf_map_lookup_elem(&entered, &key);

	if (!found) {
		rg_kprobe_missed(what);
		return 0;
	}
	*args = *found;
	bpf_map_delete_elem(&entered, &key);
	return 1;
}
