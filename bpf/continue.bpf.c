// SPDX-License-Identifier: GPL-2.0-only
/*
 * Continues held processes from the BPF program that opens the gate, if this kernel lets a program
 * signal another task. User space continues those that are left for any reason
 * (src/pins/held.c).
 *
 * Global functions, as libbpf 1.1's linker takes a kfunc from one file only.
 */
#include "guard.bpf.h"

#define SIGCONT 18
#define SIGSTOP 19

/* The loader sets it to have programs continue processes, if the kernel can. */
const volatile __u32 rg_continues = RG_CONTINUE_USER;

static __always_inline int continues_here(void)
{
	return RG_CAN_SIGNAL_TASKS && rg_continues == RG_CONTINUE_KERNEL;
}

/* Says whether a person has sent a SIGSTOP to the process rather than to a thread of it: our
 * SIGCONT would discard that signal. A SIGSTOP that a wrapper sent to its process group counts as
 * ours. */
static __always_inline int stop_is_pending(struct task_struct *task)
{
	__u32 tgid = (__u32)task->tgid;

	return (BPF_CORE_READ(task, signal, shared_pending.signal.sig[0]) >> (SIGSTOP - 1)) & 1 &&
	       !bpf_map_lookup_elem(&wrappers, &tgid);
}

/* Returns 0 once the process is continued. */
static __always_inline int continue_task(struct task_struct *task)
{
	if (stop_is_pending(task))
		return -1;
	if (bpf_send_signal_task(task, SIGCONT, PIDTYPE_TGID___rg, 0)) {
		rg_count(RG_COUNT_FAIL_CONTINUE);
		return -1;
	}
	rg_count(RG_COUNT_CONTINUED);
	return 0;
}

struct bpf_map;

struct opened {
	__u32 slot;
};

/* Says whether an ancestor has stopped itself: user space must continue that one first. The loop
 * is unrolled, since 6.1 refuses a loop that clang enters in its middle ("back-edge", check_cfg()
 * in kernel/bpf/verifier.c). */
static __always_inline int has_wrapper(struct task_struct *task)
{
#pragma unroll
	for (int i = 0; i < RG_MAX_LEVELS; i++) {
		__u32 tgid;

		task = BPF_CORE_READ(task, group_leader, real_parent);
		tgid = (__u32)BPF_CORE_READ(task, tgid);
		if (tgid <= 1)
			break;
		if (bpf_map_lookup_elem(&wrappers, &tgid))
			return 1;
	}
	return 0;
}

/* Signal the thread that was held, not the process: the main thread may have exited. */
static long continue_one(struct bpf_map *map, struct rg_held_key *at, struct rg_held *h,
			 struct opened *o)
{
	struct rg_held_key key = *at;
	struct task_struct *task;
	int done = 0;

	if (h->slot != o->slot || h->phase != RG_HELD_STOPPED)
		return 0;
	task = bpf_task_from_pid((__s32)key.tid);
	if (!task)
		return 0;
	if ((__u32)task->tgid == h->tgid && task->group_leader->start_boottime == h->start_ns &&
	    !has_wrapper(task))
		done = continue_task(task) == 0;
	bpf_task_release(task);
	if (done)
		bpf_map_delete_elem(map, &key);
	return 0;
}

__noinline int rg_continue_slot(__u32 slot, __u32 was)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct opened o = {.slot = slot};
	struct rg_gate *g;

	if (!continues_here() || was == RG_STATE_OPEN || !rg_may_signal(task->flags & PF_KTHREAD))
		return 0;
	g = rg_gate_at(slot);
	if (g && rg_gate_view(g, bpf_ktime_get_boot_ns()).state == RG_STATE_OPEN)
		bpf_for_each_map_elem(&held, continue_one, &o, 0);
	return 0;
}

__noinline int rg_continue_self(__u32 slot, __u32 seq)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct rg_held_key key = {.tid = (__u32)task->pid, .seq = seq};
	struct rg_gate *g;

	if (!continues_here())
		return 0;
	g = rg_gate_at(slot);
	if (g && rg_gate_view(g, bpf_ktime_get_boot_ns()).state == RG_STATE_OPEN &&
	    continue_task(task) == 0)
		bpf_map_delete_elem(&held, &key);
	return 0;
}
