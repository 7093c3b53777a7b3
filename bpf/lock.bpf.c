// SPDX-License-Identifier: GPL-2.0-only
/*
 * The gate's door: locks of local applications.
 *
 *   rung 1  lsm/file_lock                  BPF LSM (`bpf` in the lsm list)
 *   rung 2  fmod_ret/security_file_lock    no boot parameter needed
 *
 * Both are shims over lock_request(). The kernel calls the hook for fcntl(2)
 * locks (POSIX and OFD), flock(2) and lease requests; nfsd and lockd call
 * vfs_lock_file() below it. F_GETLK and the unlocking at close do not come by.
 */
#include "guard.bpf.h"

#define F_UNLCK 2
#define SIGSTOP 19
#define ERESTARTNOINTR 513 /* include/linux/errno.h: never seen by user space */
#define EAGAIN 11
#define ENOLCK 37

/* uapi/asm-generic/fcntl.h, and compat's F_SETLKW64, F_OFD_SETLKW */
#define F_SETLKW 7
#define F_SETLKW64 14
#define F_OFD_SETLKW 38
#define LOCK_NB 4

/* ---- who waits ---- */

/* A caller that blocks does not expect EAGAIN. The hook is not told whether it
 * blocks (its `cmd` is the lock type), the system call's arguments are. */
static __always_inline int denial_errno(struct task_struct *task)
{
	struct rg_syscall sc = {};

	if (rg_syscall_of(task, &sc)) {
		rg_count(RG_COUNT_FAIL_REGS);
		return -ENOLCK;
	}
	if (sc.nr == (sc.compat ? RG_NR_COMPAT_FLOCK : RG_NR_FLOCK))
		return sc.arg2 & LOCK_NB ? -EAGAIN : -ENOLCK;
	if (sc.arg2 == F_SETLKW || sc.arg2 == F_OFD_SETLKW || (sc.compat && sc.arg2 == F_SETLKW64))
		return -ENOLCK;
	return -EAGAIN;
}

static __always_inline void count_at(__u32 slot, __u32 which)
{
	rg_count(slot == RG_CANARY_SLOT ? RG_COUNT_CANARY : which);
}

/* The thread's records go. Was it held? */
static __always_inline int forget_hold(__u32 tid)
{
	__u32 *seq = bpf_map_lookup_elem(&holding, &tid);
	struct rg_held_key key = {.tid = tid};

	if (!seq)
		return 0;
	key.seq = *seq;
	bpf_map_delete_elem(&held, &key);
	bpf_map_delete_elem(&holding, &tid);
	return 1;
}

/* Whoever is refused is not held any more: it runs on. */
static __always_inline int refuse(struct task_struct *task, __u32 slot, __u32 counter)
{
	forget_hold(task->pid);
	count_at(slot, counter);
	return denial_errno(task);
}

/* ---- hold ---- */

/*
 * Stop the calling thread on its way back to user space and have the kernel
 * restart its system call when it is continued. The order is the promise that
 * nobody stays stopped:
 *   record, look at the gate again, SIGSTOP, mark as stopped.
 * Whoever opens the gate looks at the records after opening: either it sees
 * this one, or this thread sees the open gate.
 */
static __always_inline int hold(struct task_struct *task, struct inode *inode, __u32 dev,
				__u32 slot, const struct rg_gate *g, __u64 now_ns)
{
	struct rg_held_key key = {.tid = task->pid};
	struct rg_held h = {
		.start_ns = task->group_leader->start_boottime,
		.since_ns = now_ns,
		.ino = inode->i_ino,
		.dev = dev,
		.tgid = task->tgid,
		.slot = slot,
		.what = RG_WHAT_LOCK,
		.phase = RG_HELD_RECORDED,
	};
	struct rg_held_key old_key = {.tid = task->pid};
	__u32 tid = task->pid, again = 0, *old_seq;
	struct rg_held *stored;

	key.seq = __sync_fetch_and_add(&live.next_seq, 1);
	bpf_get_current_comm(h.comm, sizeof(h.comm));

	old_seq = bpf_map_lookup_elem(&holding, &tid);
	if (old_seq) {
		old_key.seq = *old_seq;
		stored = bpf_map_lookup_elem(&held, &old_key);
		if (stored) {
			h.since_ns = stored->since_ns;
			again = 1;
		}
	}
	if (bpf_map_update_elem(&held, &key, &h, BPF_NOEXIST)) {
		rg_count(RG_COUNT_FAIL_HELD_UPDATE);
		return refuse(task, slot, RG_COUNT_DENIED_TABLE_FULL);
	}
	if (old_seq)
		bpf_map_delete_elem(&held, &old_key);
	if (bpf_map_update_elem(&holding, &tid, &key.seq, BPF_ANY)) {
		bpf_map_delete_elem(&held, &key);
		rg_count(RG_COUNT_FAIL_HELD_UPDATE);
		return refuse(task, slot, RG_COUNT_DENIED_TABLE_FULL);
	}

	if (rg_gate_view(g, bpf_ktime_get_boot_ns()).state == RG_STATE_OPEN) {
		forget_hold(tid);
		return 0;
	}

	/* Not bpf_send_signal: a SIGSTOP pending for the process is not
	 * delivered again, and a second thread would see errno 513. */
	if (bpf_send_signal_thread(SIGSTOP)) {
		rg_count(RG_COUNT_FAIL_SIGNAL);
		return refuse(task, slot, RG_COUNT_DENIED_CANNOT_STOP);
	}
	stored = bpf_map_lookup_elem(&held, &key);
	if (stored)
		stored->phase = RG_HELD_STOPPED;
	count_at(slot, again ? RG_COUNT_HELD_AGAIN : RG_COUNT_HELD);
	return -ERESTARTNOINTR;
}

/* ---- which gate ---- */

/* Slot of the gate that guards this superblock, or negative: none does. */
static __always_inline int gate_of_super(struct super_block *sb)
{
	struct rg_device guarded = {.class = RG_CLASS_GUARDED}, *d;
	__u32 dev = sb->s_dev, netns = 0, *slot;
	struct nfs_server *server;
	struct rg_gate *g;

	d = bpf_map_lookup_elem(&devices, &dev);
	if (d && d->class == RG_CLASS_GUARDED)
		return (int)d->slot;

	/* Not classified yet, or exempt from one gate: what counts is the gate
	 * of its own network namespace. s_fs_info is a void pointer, so these
	 * loads are probed ones. */
	server = sb->s_fs_info;
	netns = BPF_CORE_READ(server, nfs_client, cl_net, ns.inum);
	if (!netns)
		rg_count(RG_COUNT_FAIL_READ);
	slot = bpf_map_lookup_elem(&gate_of, &netns);
	if (!slot || (d && d->slot == *slot))
		return -1;
	g = rg_gate_at(*slot);
	if (!d && g && g->all) { /* the next time is quicker */
		guarded.slot = *slot;
		bpf_map_update_elem(&devices, &dev, &guarded, BPF_ANY);
	}
	return (int)*slot;
}

/* ---- the decision ---- */

static __always_inline int at_gate(struct inode *inode, __u32 dev, __u32 slot)
{
	struct task_struct *task = bpf_get_current_task_btf();
	__u64 now_ns = bpf_ktime_get_boot_ns();
	struct rg_gate *g;
	struct rg_view v;
	int alive;

	if (task->flags & PF_KTHREAD) /* knfsd, lockd, state managers */
		return 0;
	g = rg_gate_at(slot);
	if (!g)
		return 0;

	v = rg_gate_view(g, now_ns);
	alive = slot == RG_CANARY_SLOT || rg_is_alive(live.heartbeat_ns, now_ns);
	switch (rg_verdict_of(v.state, g->policy.action, alive)) {
	case RG_VERDICT_PASS:
		if (forget_hold(task->pid)) /* it was held, and comes by again */
			count_at(slot, RG_COUNT_RELEASED + v.why);
		return 0;
	case RG_VERDICT_HOLD:
		return hold(task, inode, dev, slot, g, now_ns);
	case RG_VERDICT_AUDIT:
		forget_hold(task->pid);
		count_at(slot, RG_COUNT_AUDITED);
		return 0;
	case RG_VERDICT_DENY_NO_DAEMON:
		return refuse(task, slot, RG_COUNT_DENIED_NO_DAEMON);
	default:
		return refuse(task, slot, RG_COUNT_DENIED_POLICY);
	}
}

static __always_inline int lock_request(struct file *file, unsigned int type)
{
	struct inode *inode;
	struct super_block *sb;
	int slot;

	if (type == F_UNLCK)
		return 0;
	inode = file->f_inode;
	sb = inode->i_sb;
	if (sb->s_magic == NFS_SUPER_MAGIC)
		slot = gate_of_super(sb);
	else if (live.canary_ino && inode->i_ino == live.canary_ino && sb->s_dev == live.canary_dev)
		slot = RG_CANARY_SLOT;
	else
		return 0;
	return slot < 0 ? 0 : at_gate(inode, sb->s_dev, slot);
}

/* ---- shims ---- */

SEC("lsm/file_lock")
int BPF_PROG(lock_lsm, struct file *file, unsigned int cmd, int ret)
{
	return ret ?: lock_request(file, cmd);
}

SEC("fmod_ret/security_file_lock")
int BPF_PROG(lock_fmod_ret, struct file *file, unsigned int cmd, int ret)
{
	return ret ?: lock_request(file, cmd);
}

/* ---- the end of a held thread ---- */

SEC("tp_btf/sched_process_exit")
int BPF_PROG(task_exit, struct task_struct *task)
{
	if (task && forget_hold(task->pid)) /* trusted_ptr_or_null from 6.12 on */
		rg_count(RG_COUNT_HELD_EXITED);
	return 0;
}
