// SPDX-License-Identifier: GPL-2.0-only
/*
 * Decides about a thread that comes to a gate, and holds it, refuses it or lets it pass. The doors
 * call rg_at_gate(), a global function, which the verifier checks once for each door and not on
 * each of its paths.
 *
 *   tp_btf sched_process_exit, or a kprobe at do_exit()   the end of a held thread
 */
#include "hold.bpf.h"
#include "super.bpf.h"
#include "../kmod/sleep.h"

#define SIGSTOP 19
#define ERESTARTSYS 512	   /* include/linux/errno.h: never seen by user space */
#define ERESTARTNOINTR 513 /* the same, for calls that restart after a signal handler as well */
#define EAGAIN 11
#define ENOLCK 37

/* uapi/asm-generic/fcntl.h, and compat's F_SETLKW64, F_OFD_SETLKW */
#define F_SETLKW 7
#define F_SETLKW64 14
#define F_OFD_SETLKW 38
#define LOCK_NB 4

/* ---- answers ---- */

/* Says whether this lock request blocks, from the system call's arguments, since the hook's
 * `cmd` is the lock type. Returns 1, 0, or -1: they could not be read. */
static __always_inline int lock_blocks(struct task_struct *task)
{
	struct rg_syscall sc = {};

	if (rg_syscall_of(task, &sc)) {
		rg_count(RG_COUNT_FAIL_REGS);
		return -1;
	}
	if (sc.nr == (sc.compat ? RG_NR_COMPAT_FLOCK : RG_NR_FLOCK))
		return !(sc.arg2 & LOCK_NB);
	return sc.arg2 == F_SETLKW || sc.arg2 == F_OFD_SETLKW ||
	       (sc.compat && sc.arg2 == F_SETLKW64);
}

/* Returns another errno than EAGAIN to a blocking caller, which does not expect it. */
static __always_inline int denial_errno(struct task_struct *task, __u32 what)
{
	return what == RG_DOOR_LOCK && lock_blocks(task) ? -ENOLCK : -EAGAIN;
}

static __always_inline void count_at(__u32 slot, __u32 which)
{
	rg_count(slot == RG_CANARY_SLOT ? RG_COUNT_CANARY : which);
}

/* Deletes the thread's records. Returns since when it was held; 0: it was not. */
static __always_inline __u64 forget_hold(__u32 tid)
{
	struct rg_holding *last = bpf_map_lookup_elem(&holding, &tid);
	struct rg_held_key key = {.tid = tid};
	__u64 since_ns;

	if (!last)
		return 0;
	key.seq = last->seq;
	since_ns = last->since_ns;
	bpf_map_delete_elem(&held, &key);
	bpf_map_delete_elem(&holding, &tid);
	return since_ns;
}

/* Says whether this process has used up its events: a program that polls a closed gate would
 * fill the tracers' rings. */
static __always_inline int is_told_enough(__u32 slot, __u64 now_ns)
{
	const __u64 apart_ns = RG_NS_PER_SEC / RG_TOLD_PER_SECOND;
	__u32 tgid = (__u32)(bpf_get_current_pid_tgid() >> 32);
	__u64 *last = bpf_map_lookup_elem(&told_until, &tgid), until_ns = now_ns;

	if (last && *last > until_ns)
		until_ns = *last;
	if (until_ns - now_ns > (RG_TOLD_AT_ONCE - 1) * apart_ns) {
		count_at(slot, RG_COUNT_UNTOLD);
		return 1;
	}
	until_ns += apart_ns;
	if (last)
		*last = until_ns;
	else if (bpf_map_update_elem(&told_until, &tgid, &until_ns, BPF_ANY))
		rg_count(RG_COUNT_FAIL_TOLD);
	return 0;
}

/* Sends an event to the tracers. since_ns: when the thread was first held; 0: it was not. err: the
 * errno of the request, or 0. A global function, as are the next ones that several paths call: the
 * verifier checks it once for each door. */
__noinline int rg_tell_of(const struct rg_request *q, __u32 op, __u64 since_ns, int err)
{
	__u64 now_ns = bpf_ktime_get_boot_ns();
	struct rg_gate_event t = {};
	struct rg_gate *g;

	if (!q || q->slot == RG_CANARY_SLOT)
		return 0;
	g = rg_gate_at(q->slot);
	if (!g)
		return 0;
	t.time_ns = now_ns;
	t.netns = g->netns;
	t.generation = g->generation;
	t.op = op;
	t.side = RG_SIDE_GATE;
	t.value = q->what;
	t.ino = q->ino;
	t.dev = q->dev;
	t.err = (__u32)-err;
	t.of_task = 1;
	if (since_ns)
		t.duration_ns = now_ns - since_ns;
	else if (op == RG_REC_DENIED || op == RG_REC_AUDITED)
		t.untold = is_told_enough(q->slot, now_ns);
	rg_tell(&t);
	return 0;
}

/* Refuses the request and counts it. Returns the negative errno. A refused thread runs on, so it is
 * not held any more. */
__noinline int rg_refuse(const struct rg_request *q, __u32 counter)
{
	struct task_struct *task = bpf_get_current_task_btf();
	__u64 since_ns;
	int err;

	if (!q)
		return 0;
	err = denial_errno(task, q->what);
	since_ns = forget_hold(task->pid);
	count_at(q->slot, counter);
	rg_tell_of(q, RG_REC_DENIED, since_ns, err);
	return err;
}

/* Ends the hold of a thread that comes again and now passes. v: values of an open gate; NULL:
 * the gate does not keep it out any more. */
static __always_inline void let_through(const struct rg_request *q, const struct rg_view *v)
{
	__u64 since_ns = forget_hold((__u32)bpf_get_current_pid_tgid());

	if (!since_ns)
		return;
	if (v)
		count_at(q->slot, RG_COUNT_RELEASED + v->why);
	rg_tell_of(q, RG_REC_CONTINUED, since_ns, 0);
}

/* ---- hold ---- */

/* A worker of io_uring cannot be held: it has no system call to restart, so -ERESTARTNOINTR
 * would become the request's result (io_openat2(), io_uring/openclose.c), and stopping the worker
 * stops nobody. */
static __always_inline int is_io_uring(struct task_struct *task)
{
	struct rg_syscall sc = {};

	if (task->flags & (PF_IO_WORKER | PF_USER_WORKER))
		return 1;
	return !rg_syscall_of(task, &sc) && sc.nr == RG_NR_IO_URING_ENTER;
}

/* Says whether a SIGSTOP from an earlier door of the same system call is pending. open(O_CREAT)
 * passes three doors, and the kernel may ignore the first one's result (lookup_open(), fs/namei.c).
 * The record must stay then: the thread is going to stop, and the opening of the gate must find
 * it. */
static __always_inline int is_stopping(struct task_struct *task)
{
	__u32 tid = task->pid;

	return (task->pending.signal.sig[0] & (1UL << (SIGSTOP - 1))) &&
	       bpf_map_lookup_elem(&holding, &tid);
}

/* Says whether this call may return EINTR, as on a slow file system: flock(2), F_SETLKW, the
 * open of a FIFO. A signal handler without SA_RESTART then ends it. */
static __always_inline int may_end(struct task_struct *task, const struct rg_request *q)
{
	if (q->what == RG_DOOR_LOCK)
		return lock_blocks(task) > 0;
	return q->what == RG_DOOR_OPEN && q->is_fifo;
}

static __always_inline void set_phase(const struct rg_held_key *key, __u32 phase)
{
	struct rg_held *h = bpf_map_lookup_elem(&held, key);

	if (h)
		(void)__sync_lock_test_and_set(&h->phase, phase);
}

/* Has the module put the calling thread to sleep on its way back to user space (kmod/sleep.c).
 * The module wakes it when the gate opens (sleep.bpf.c), so no order of records and looks matters
 * here, and no daemon is needed. Returns 0, or a negative value if the thread does not sleep; then
 * no restart errno may be returned. */
static __always_inline int go_to_sleep(const struct rg_held_key *key)
{
	if (bpf_send_signal_thread(RG_SLEEP_SIGNAL)) {
		rg_count(RG_COUNT_FAIL_SLEEP);
		return -1;
	}
	set_phase(key, RG_HELD_QUEUED);
	return 0;
}

/* Says whether others have continued this thread too often within a second to stop it again.
 * `last` is its last hold; counts in *now. */
static __always_inline int is_too_often(const struct rg_holding *last, struct rg_holding *now,
					__u64 now_ns)
{
	now->again_ns = last->again_ns;
	now->again = last->again + 1;
	if (now_ns >= now->again_ns + RG_NS_PER_SEC) {
		now->again_ns = now_ns;
		now->again = 1;
	}
	return now->again > RG_MAX_HELD_AGAIN;
}

/* What came of an attempt to hold a thread. */
struct rg_hold_result {
	__u64 since_ns; /* when the thread was first held, for the event */
	__u32 event;	/* enum rg_record_op to tell; RG_REC_NONE: none */
	__u32 cannot;	/* the thread cannot be held and must be refused */
	__u32 counter;	/* enum rg_counter of the reason */
	__u32 reserved;
};

static __always_inline int cannot_hold(struct rg_hold_result *result, __u32 counter)
{
	result->cannot = 1;
	result->counter = counter;
	return 0;
}

/* Holds the calling thread. `alive`: a daemon or a program will continue a stopped process.
 * go_to_sleep() does it on the rung sleep. The rung stop stops it on its way back to user space,
 * and the kernel restarts its system call when it is continued. The order guarantees that no thread
 * stays stopped: record, look at the gate and the mount again, SIGSTOP, mark as stopped. Whatever
 * opens the gate or exempts a mount reads the records afterwards, so either it finds this record,
 * or this thread sees the change.
 *
 * Returns the negative errno that has the system call restarted, or 0: the gate has opened, or the
 * thread cannot be held (result). */
__noinline int rg_hold(const struct rg_request *q, int alive, struct rg_hold_result *result)
{
	struct task_struct *task = bpf_get_current_task_btf();
	__u64 now_ns = bpf_ktime_get_boot_ns();
	struct rg_held_key key = {.tid = task->pid};
	struct rg_held h = {};
	struct rg_held_key old_key = {.tid = task->pid};
	struct rg_holding now = {}, *last;
	__u32 tid = task->pid, again = 0, queued = 0;
	struct rg_held *stored;
	int err = -ERESTARTNOINTR;
	struct rg_gate *g;

	g = q && result ? rg_gate_at(q->slot) : NULL;
	if (!g)
		return 0;
	if (is_io_uring(task))
		return cannot_hold(result, RG_COUNT_DENIED_IO_URING);

	h.start_ns = task->group_leader->start_boottime;
	h.since_ns = now_ns;
	h.ino = q->ino;
	h.dev = q->dev;
	h.tgid = task->tgid;
	h.slot = (__u16)q->slot;
	h.what = (__u16)q->what;
	h.phase = RG_HELD_RECORDED;

	key.seq = __sync_fetch_and_add(&live.next_seq, 1);
	bpf_get_current_comm(h.comm, sizeof(h.comm));

	last = bpf_map_lookup_elem(&holding, &tid);
	if (last) {
		old_key.seq = last->seq;
		stored = bpf_map_lookup_elem(&held, &old_key);
		/* Otherwise its end went unseen, and another thread has its pid. */
		if (stored && stored->tgid == h.tgid && stored->start_ns == h.start_ns) {
			h.since_ns = stored->since_ns;
			again = 1;
			/* An earlier door of the same system call has counted it. */
			queued = stored->phase == RG_HELD_QUEUED;
			if (stored->phase == RG_HELD_STOPPED && is_too_often(last, &now, now_ns))
				return cannot_hold(result, RG_COUNT_DENIED_CONTINUED);
		}
	}
	/* Delete the old record first, which a full table needs. This is safe: the thread looks
	 * at the gate again before it stops. */
	if (last)
		bpf_map_delete_elem(&held, &old_key);
	if (bpf_map_update_elem(&held, &key, &h, BPF_NOEXIST)) {
		rg_count(RG_COUNT_FAIL_HELD_UPDATE);
		return cannot_hold(result, RG_COUNT_DENIED_TABLE_FULL);
	}
	now.since_ns = h.since_ns;
	now.seq = key.seq;
	now.may_end = live.sleeps == RG_HOLD_SLEEP && may_end(task, q);
	if (bpf_map_update_elem(&holding, &tid, &now, BPF_ANY)) {
		bpf_map_delete_elem(&held, &key);
		rg_count(RG_COUNT_FAIL_HELD_UPDATE);
		return cannot_hold(result, RG_COUNT_DENIED_TABLE_FULL);
	}

	/* Look at the mount again, too, which may have been classified meanwhile. */
	if (rg_gate_view(g, bpf_ktime_get_boot_ns()).state == RG_STATE_OPEN ||
	    (q->slot != RG_CANARY_SLOT && gate_of_dev(q->dev, q->server) < 0)) {
		forget_hold(tid);
		if (again) {
			result->event = RG_REC_CONTINUED;
			result->since_ns = h.since_ns;
		}
		return 0;
	}

	if (live.sleeps == RG_HOLD_SLEEP && go_to_sleep(&key) == 0) {
		err = now.may_end ? -ERESTARTSYS : -ERESTARTNOINTR;
	} else {
		if (!alive)
			return cannot_hold(result, RG_COUNT_DENIED_NO_DAEMON);
		if (q->slot != RG_CANARY_SLOT)
			rg_note_above(key.seq);
		/* Do not use bpf_send_signal(): a SIGSTOP that is pending for the process is not
		 * delivered again, and a second thread would see errno 513. */
		if (bpf_send_signal_thread(SIGSTOP)) {
			rg_count(RG_COUNT_FAIL_SIGNAL);
			return cannot_hold(result, RG_COUNT_DENIED_CANNOT_STOP);
		}
		set_phase(&key, RG_HELD_STOPPED);
		if (q->slot != RG_CANARY_SLOT)
			rg_continue_self(q->slot, key.seq);
	}
	if (!queued)
		count_at(q->slot, again ? RG_COUNT_HELD_AGAIN : RG_COUNT_HELD);
	if (!again)
		result->event = RG_REC_HELD;
	return err;
}

/* ---- the decision ---- */

/* Exempts programs that knfsd needs to start; holding them would be a deadlock. They are
 * recognized by their executable's inode, since names prove nothing, and its generation, since
 * inode numbers are used again. Only root of this host is exempt, since a user can make any program
 * do anything (LD_PRELOAD). */
static __always_inline int is_exempt(struct task_struct *task)
{
	struct rg_exempt_key key = {};
	struct file *exe = rg_exe_of(task);

	if (!exe)
		return 0;
	key.ino = BPF_CORE_READ(exe, f_inode, i_ino);
	key.dev = BPF_CORE_READ(exe, f_inode, i_sb, s_dev);
	key.generation = BPF_CORE_READ(exe, f_inode, i_generation);
	return bpf_map_lookup_elem(&exempt, &key) && rg_is_host_root(task);
}

__noinline int rg_at_gate(const struct rg_request *q)
{
	struct task_struct *task = bpf_get_current_task_btf();
	__u64 now_ns = bpf_ktime_get_boot_ns();
	struct rg_gate *g;
	struct rg_hold_result result = {};
	struct rg_view v;
	int alive, err;

	if (!q || task->flags & PF_KTHREAD) /* knfsd, lockd, state managers */
		return 0;
	g = rg_gate_at(q->slot);
	if (!g)
		return 0;
	if (q->slot != RG_CANARY_SLOT && g->policy.scope < rg_scope_of_door(q->what)) {
		if (!is_stopping(task)) /* an earlier policy held it */
			let_through(q, NULL);
		return 0;
	}

	v = rg_gate_view(g, now_ns);
	/* No program that knfsd needs takes locks on re-exported mounts. */
	if (v.state != RG_STATE_OPEN && q->slot != RG_CANARY_SLOT && q->what != RG_DOOR_LOCK &&
	    is_exempt(task)) {
		rg_count(RG_COUNT_EXEMPTED);
		if (!is_stopping(task)) /* it became exempt after it was held */
			let_through(q, NULL);
		return 0;
	}
	if (is_stopping(task))
		return -ERESTARTNOINTR;
	alive = q->slot == RG_CANARY_SLOT || rg_is_alive(live.heartbeat_ns, now_ns);
	/* The kernel itself wakes sleepers. */
	switch (rg_verdict_of(v.state, rg_action_at(g, now_ns),
			      alive || live.sleeps == RG_HOLD_SLEEP)) {
	case RG_VERDICT_PASS:
		let_through(q, &v);
		return 0;
	case RG_VERDICT_HOLD:
		err = rg_hold(q, alive, &result);
		if (result.cannot)
			return rg_refuse(q, result.counter);
		if (result.event)
			rg_tell_of(q, result.event, result.since_ns, 0);
		return err;
	case RG_VERDICT_AUDIT:
		forget_hold(task->pid);
		count_at(q->slot, RG_COUNT_AUDITED);
		rg_tell_of(q, RG_REC_AUDITED, 0, 0);
		return 0;
	case RG_VERDICT_DENY_NO_DAEMON:
		return rg_refuse(q, RG_COUNT_DENIED_NO_DAEMON);
	default:
		return rg_refuse(q, RG_COUNT_DENIED_POLICY);
	}
}

/* ---- the end of a held thread ---- */

SEC("tp_btf/sched_process_exit")
int BPF_PROG(task_exit, struct task_struct *task)
{
	if (task &&
	    forget_hold(task->pid)) /* since 6.12 the pointer may be NULL (trusted_ptr_or_null) */
		rg_count(RG_COUNT_HELD_EXITED);
	return 0;
}

SEC("?kprobe/do_exit")
int kprobe_task_exit(struct pt_regs___rg *regs)
{
	if (forget_hold((__u32)bpf_get_current_pid_tgid()))
		rg_count(RG_COUNT_HELD_EXITED);
	return 0;
}
