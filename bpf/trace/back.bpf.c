// SPDX-License-Identifier: GPL-2.0-only
/*
 * Records what this host's NFS client does for the operation that a thread of knfsd or lockd
 * serves.
 *
 *   fexit   nfs_lock           fs/nfs/file.c: a reclaim ends here, -ENOGRACE
 *   fexit   nlmclnt_proc       fs/lockd: NLM LOCK to the original server
 *   tp_btf  nfs4_set_lock      LOCK was answered
 *   tp_btf  nfs4_open_file, nfs4_cached_open
 *
 * By kretprobe where fexit is refused.
 *
 * Other threads serve no operation and leave after one look-up.
 */
#include "trace.bpf.h"

#define ENOGRACE 531 /* include/linux/errno.h: never seen by user space */

static __always_inline struct rg_at_work *at_op(void)
{
	struct rg_at_work *w = at_work_here();

	return w && w->op ? w : NULL;
}

static __always_inline __u32 positive(int error)
{
	return error < 0 ? (__u32)-error : 0;
}

static __always_inline int nfs_lock_end(struct file_lock *fl, int ret)
{
	struct nfs4_stateowner *owner;
	struct rg_at_work *w = at_op();

	if (!w)
		return 0;
	w->forwarded =
		1; /* an OPEN alone does not prove it: lockd opens the file before it refuses */
	if (ret == -ENOGRACE)
		w->facts |= RG_FACT_CLIENT_REFUSED;
	if (w->op == RG_REC_LOCK) { /* a lock of knfsd, so the owner is one of its own */
		owner = rg_owner_of_lock(fl);
		read_owner(w, BPF_CORE_READ(owner, so_owner.data),
			   BPF_CORE_READ(owner, so_owner.len));
	}
	if (!w->n_back) /* nothing was sent */
		add_back(w, RG_BACK_NFS_LOCK, positive(ret));
	return 0;
}

SEC("fexit/nfs_lock")
int BPF_PROG(nfs_lock_ends, struct file *filp, int cmd, struct file_lock *fl, int ret)
{
	return nfs_lock_end(fl, ret);
}

SEC("?kretprobe/nfs_lock")
int kprobe_nfs_lock_ends(struct pt_regs___rg *regs)
{
	struct rg_entered e = {};

	return left_here(regs, &e) ? nfs_lock_end((void *)e.arg[2], (int)RG_RETURNED(regs)) : 0;
}

static __always_inline int nlmclnt_proc_end(int ret)
{
	struct rg_at_work *w = at_op();

	if (w)
		add_back(w, RG_BACK_NLM_LOCK, positive(ret));
	return 0;
}

SEC("fexit/nlmclnt_proc")
int BPF_PROG(nlmclnt_proc_ends, void *host, int cmd, void *fl, void *data, int ret)
{
	return nlmclnt_proc_end(ret);
}

SEC("?kretprobe/nlmclnt_proc")
int kprobe_nlmclnt_proc_ends(struct pt_regs___rg *regs)
{
	struct rg_entered e = {};

	return left_here(regs, &e) ? nlmclnt_proc_end((int)RG_RETURNED(regs)) : 0;
}

SEC("tp_btf/nfs4_set_lock")
int BPF_PROG(set_lock, void *request, void *state, void *stateid, int cmd, int error)
{
	struct rg_at_work *w = at_op();

	if (w)
		add_back(w, RG_BACK_LOCK, positive(error));
	return 0;
}

SEC("tp_btf/nfs4_cached_open")
int BPF_PROG(cached_open, void *state)
{
	struct rg_at_work *w = at_op();

	if (w)
		add_back(w, RG_BACK_CACHED_OPEN, 0);
	return 0;
}

SEC("tp_btf/nfs4_open_file")
int BPF_PROG(open_file, void *open, int flags, int error)
{
	struct rg_at_work *w = at_op();
	__u32 last;

	if (!w)
		return 0;
	/* The tracepoint of a cached open also marks its end. */
	last = w->n_back - 1;
	if (last < RG_BACK_MAX && w->back[last & (RG_BACK_MAX - 1)].op == RG_BACK_CACHED_OPEN)
		return 0;
	add_back(w, RG_BACK_OPEN, positive(error));
	return 0;
}
