// SPDX-License-Identifier: GPL-2.0-only
/*
 * Wrappers: programs like sudo, su, runuser, nsenter and script, which run another one, are told
 * when that one is stopped, and then stop themselves. Only we would continue them, so this file
 * records which process stopped because of a hold, at the moment when it stops.
 *
 *   rg_note_above  a thread is about to be held: notes the processes that it descends from
 *   self_stop      tp_btf signal_generate, or a kprobe at do_send_sig_info(): sees every SIGSTOP
 *                  and SIGCONT, and keeps the map `wrappers`
 *
 * A process is in `wrappers` if it was sent SIGSTOP by a process that a held one descends from,
 * and that one sent it to itself or to its own process group (sudo does), and if nobody has sent
 * it SIGCONT or stopped it by hand since then. User space continues it (src/pins/wrappers.c).
 */
#include "kprobe.bpf.h"

struct kernel_siginfo;

#define SIGCONT 18
#define SIGSTOP 19
#define SEND_SIG_PRIV 1 /* include/linux/sched/signal.h; bpf_send_signal() and the kernel's own */
#define PIDTYPE_PGID 2	/* enum pid_type, include/linux/pid.h */
#define PIDTYPE_SID 3

/* A wrapper learns of the stop at once. A stop after this long has another reason, unless its
 * program is still held. */
#define TOLD_NS (10 * RG_NS_PER_SEC)

static __always_inline struct pid *group_of(struct task_struct *task, int type)
{
	return BPF_CORE_READ(task, signal, pids[type]);
}

/* Says whether `parent` runs `child` as a job, in a process group of its own in the same
 * session, as an interactive shell does. Such a shell goes on when its job stops; it stops itself
 * only if a person typed `suspend`. */
static __always_inline int is_job(struct task_struct *child, struct task_struct *parent)
{
	return group_of(child, PIDTYPE_PGID) != group_of(parent, PIDTYPE_PGID) &&
	       group_of(child, PIDTYPE_SID) == group_of(parent, PIDTYPE_SID);
}

__noinline int rg_note_above(__u32 seq)
{
	struct task_struct *task = bpf_get_current_task_btf(), *child = task->group_leader, *parent;
	struct rg_above a = {
		.since_ns = bpf_ktime_get_boot_ns(),
		.held_start_ns = child->start_boottime,
		.held_tid = (__u32)task->pid,
		.held_seq = seq,
		.held_tgid = (__u32)task->tgid,
	};

	for (int i = 0; i < RG_MAX_LEVELS; i++) {
		__u32 tgid;

		parent = BPF_CORE_READ(child, real_parent, group_leader);
		tgid = (__u32)BPF_CORE_READ(parent, tgid);
		if (tgid <= 1) /* process 1 of the host, or the idle task above it */
			break;
		a.start_ns = BPF_CORE_READ(parent, start_boottime);
		a.via = (__u32)BPF_CORE_READ(child, tgid);
		if (!is_job(child, parent) && bpf_map_update_elem(&above, &tgid, &a, BPF_ANY))
			rg_count(RG_COUNT_FAIL_WRAPPERS);
		child = parent;
	}
	return 0;
}

/* Says whether the current thread called kill(2) for its whole process group, to which `target`
 * belongs. */
static __always_inline int sent_to_group(struct task_struct *sender, struct task_struct *target)
{
	struct rg_syscall sc = {};
	__s32 whom;

	if (rg_syscall_of(sender, &sc)) {
		rg_count(RG_COUNT_FAIL_REGS);
		return 0;
	}
	whom = (__s32)sc.arg1;
	return sc.nr == (sc.compat ? RG_NR_COMPAT_KILL : RG_NR_KILL) && whom <= 0 && whom != -1 &&
	       group_of(sender, PIDTYPE_PGID) == group_of(target, PIDTYPE_PGID);
}

/* Returns the program of the sender that is held, or was until just now. NULL: none, or a person
 * stopped it. */
static __always_inline struct rg_above *because_of(struct task_struct *sender,
						   struct task_struct *target, __u64 now_ns)
{
	__u32 tgid = (__u32)sender->tgid;
	struct rg_above *a = bpf_map_lookup_elem(&above, &tgid);
	struct rg_held_key key = {};

	if (!a || a->start_ns != sender->group_leader->start_boottime ||
	    (tgid != (__u32)BPF_CORE_READ(target, tgid) && !sent_to_group(sender, target)))
		return NULL;
	key.tid = a->held_tid;
	key.seq = a->held_seq;
	return now_ns < a->since_ns + TOLD_NS || bpf_map_lookup_elem(&held, &key) ? a : NULL;
}

static __always_inline void stopped(struct task_struct *target)
{
	struct task_struct *sender = bpf_get_current_task_btf();
	__u64 now_ns = bpf_ktime_get_boot_ns();
	struct rg_above *a = because_of(sender, target, now_ns);
	__u32 tgid = (__u32)BPF_CORE_READ(target, tgid);
	struct rg_wrapper w = {};

	if (!a) { /* the sender of that signal must continue it */
		bpf_map_delete_elem(&wrappers, &tgid);
		return;
	}
	w.start_ns = BPF_CORE_READ(target, group_leader, start_boottime);
	w.since_ns = now_ns;
	w.held_start_ns = a->held_start_ns;
	w.held_tgid = a->held_tgid;
	w.by = (__u32)sender->tgid;
	BPF_CORE_READ_STR_INTO(&w.comm, target, group_leader, comm);
	if (bpf_map_update_elem(&wrappers, &tgid, &w, BPF_ANY))
		rg_count(RG_COUNT_FAIL_WRAPPERS);
	else
		rg_count(RG_COUNT_WRAPPER_STOPPED);
}

static __always_inline int sent(int sig, __u64 info, struct task_struct *target)
{
	__u32 tgid;

	if (sig == SIGSTOP && info > SEND_SIG_PRIV) {
		stopped(target);
	} else if (sig == SIGCONT) {
		tgid = (__u32)BPF_CORE_READ(target, tgid);
		if (bpf_map_delete_elem(&wrappers, &tgid) == 0)
			rg_count(RG_COUNT_WRAPPER_CONTINUED);
	}
	return 0;
}

SEC("tp_btf/signal_generate")
int BPF_PROG(self_stop, int sig, struct kernel_siginfo *info, struct task_struct *target)
{
	return sent(sig, (__u64)info, target);
}

SEC("?kprobe/do_send_sig_info")
int kprobe_self_stop(struct pt_regs___rg *regs)
{
	return sent((int)RG_ARG1(regs), RG_ARG2(regs), (void *)RG_ARG3(regs));
}
