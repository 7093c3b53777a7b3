// SPDX-License-Identifier: GPL-2.0-only
/*
 * NFSv3 end clients -> lockd, and news of restarts.
 *
 *   fentry, fexit  __nlm4svc_proc_lock    fs/lockd/svc4proc.c: NLM LOCK; in 7.2
 *                  nlm4svc_do_lock        (kernel_drift.bpf.h, src/load/hooks.c)
 *   fentry         nlm_host_rebooted      fs/lockd/host.c: rpc.statd was notified
 *
 * By kprobe and kretprobe where these are refused.
 */
#include "trace.bpf.h"

BEGINS(nlm_lock_begins, "__nlm4svc_proc_lock", RG_REC_NLM_LOCK)

/* NULL: lockd did not find the host. */
static __always_inline struct inode *inode_of(struct file *file)
{
	return file ? BPF_CORE_READ(file, f_inode) : NULL;
}

static __always_inline void read_nlm_lock(struct rg_record *r, const struct rg_nlm_lock *lock)
{
	struct inode *inode = inode_of(lock->file);

	r->start = lock->start;
	/* Length 0 means to the end of the file (X/Open XNFS). */
	r->length = lock->length ? lock->length : ~0ULL;
	r->lock_type = lock->write ? 2 : 1;
	if (inode)
		read_inode(r, inode);
}

static __always_inline int nlm_lock_end(struct svc_rqst *rqstp, void *second)
{
	struct rg_at_work *w = end_of(RG_REC_NLM_LOCK);
	__u64 now_ns = bpf_ktime_get_boot_ns();
	struct rg_client_key key = {};
	struct rg_nlm_lock lock = {};
	struct rg_flow_client *c;
	struct rg_record *r;
	struct rg_gate *g;
	__u32 slot = 0;

	if (!w)
		return 0;
	g = rg_gate_of_net(BPF_CORE_READ(rqstp, rq_xprt, xpt_net), &slot);
	if (!g)
		return 0;
	rg_nlm_lock_of(rqstp, second, &lock);
	saw_lock(w, RG_LOCKS_NLM,
		 lock.status == RG_NLM_DENIED_NOLOCKS && is_nfs(inode_of(lock.file)));
	key.slot = slot;
	key.name_hash = hash_name(w, lock.caller, lock.caller_len);
	if (!key.name_hash) {
		failed();
		return 0;
	}
	c = flow_client_at(&key);
	if (!c)
		return 0;
	seen(c, g, now_ns);
	rg_time(RG_TIMED_NLM_LOCK, now_ns - w->start_ns);
	if (lock.reclaim)
		count(c, lock.status == RG_NLM_GRANTED ? RG_TALLY_RECLAIMS_OK
						       : RG_TALLY_RECLAIMS_REFUSED);
	else
		count(c, lock.status == RG_NLM_GRANTED	      ? RG_TALLY_LOCKS
			 : lock.status == RG_NLM_DENIED_GRACE ? RG_TALLY_GRACE
							      : RG_TALLY_DENIED);
	if (!lock.reclaim)
		return 0;
	rg_nlm_range_of(rqstp, &lock);
	read_owner(w, lock.owner, lock.owner_len);
	r = fresh_record(w, RG_REC_NLM_LOCK, RG_SIDE_SERVER, g, now_ns);
	set_duration(r, w);
	r->claim = RG_CLAIM_RECLAIM;
	r->status = lock.status;
	r->status_kind = RG_STATUS_NLM;
	r->minorversion = RG_NLM_MINOR;
	read_peer(r, (void *)rqstp + bpf_core_field_offset(struct svc_rqst, rq_addr));
	read_name(r, lock.caller, lock.caller_len);
	read_nlm_lock(r, &lock);
	rg_remember(c, r);
	if (rg_judge(r))
		__sync_fetch_and_add(&c->downgrades, 1);
	rg_send(r, &key);
	return 0;
}

SEC("fexit/__nlm4svc_proc_lock")
int BPF_PROG(nlm_lock_ends, struct svc_rqst *rqstp, void *second)
{
	return nlm_lock_end(rqstp, second);
}

SEC("?kretprobe/__nlm4svc_proc_lock")
int kprobe_nlm_lock_ends(struct pt_regs___rg *regs)
{
	struct rg_entered e = {};

	return left_here(regs, &e) ? nlm_lock_end((void *)e.arg[0], (void *)e.arg[1]) : 0;
}

static __always_inline int rebooted(struct net *net, void *info)
{
	struct rg_at_work *w = at_work_made();
	struct rg_record *r;
	struct rg_gate *g;
	__u32 slot = 0;

	g = rg_gate_of_net(net, &slot);
	if (!w || !g)
		return 0;
	r = fresh_record(w, RG_REC_SM_NOTIFY, RG_SIDE_SERVER, g, bpf_ktime_get_boot_ns());
	r->minorversion = RG_NLM_MINOR;
	r->value = RG_OF_REBOOT(info, state);
	read_name(r, RG_OF_REBOOT(info, mon), RG_OF_REBOOT(info, len));
	rg_send(r, NULL);
	return 0;
}

SEC("fentry/nlm_host_rebooted")
int BPF_PROG(host_rebooted, struct net *net, void *info)
{
	return rebooted(net, info);
}

SEC("?kprobe/nlm_host_rebooted")
int kprobe_host_rebooted(struct pt_regs___rg *regs)
{
	return rebooted((void *)RG_ARG1(regs), (void *)RG_ARG2(regs));
}
