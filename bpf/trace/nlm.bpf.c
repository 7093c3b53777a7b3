// SPDX-License-Identifier: GPL-2.0-only
/*
 * NFSv3 end clients -> lockd, and news of restarts.
 *
 *   fentry, fexit  __nlm4svc_proc_lock    fs/lockd/svc4proc.c: NLM LOCK
 *   fentry, fexit  nlmsvc_lock            fs/lockd/svclock.c: where there is no
 *                                         __nlm4svc_proc_lock (7.2), for the regime
 *   fentry         nlm_host_rebooted      fs/lockd/host.c: rpc.statd was notified
 */
#include "trace.bpf.h"

SEC("fentry/__nlm4svc_proc_lock")
int BPF_PROG(nlm_lock_begins)
{
	begin(RG_REC_NLM_LOCK);
	return 0;
}

/* NULL: lockd did not get so far. */
static __always_inline struct file *file_of(struct nlm_lock *lock)
{
	return rg_file_of_lock((void *)lock + bpf_core_field_offset(struct nlm_lock, fl));
}

static __always_inline void read_nlm_lock(struct rg_record *r, struct nlm_lock *lock)
{
	void *fl = (void *)lock + bpf_core_field_offset(struct nlm_lock, fl);
	struct file *file = file_of(lock);

	r->start = BPF_CORE_READ(lock, lock_start);
	r->length = BPF_CORE_READ(lock, lock_len);
	if (!r->length) /* X/Open XNFS: to the end of the file */
		r->length = ~0ULL;
	r->lock_type = rg_type_of_lock(fl) == 0 ? 1 : 2; /* F_RDLCK, F_WRLCK */
	if (file)
		read_inode(r, BPF_CORE_READ(file, f_inode));
}

SEC("fexit/__nlm4svc_proc_lock")
int BPF_PROG(nlm_lock_ends, struct svc_rqst *rqstp, struct nlm_res *resp)
{
	struct rg_at_work *w = end_of(RG_REC_NLM_LOCK);
	__u64 now_ns = bpf_ktime_get_boot_ns();
	struct rg_client_key key = {};
	struct rg_flow_client *c;
	struct nlm_args *args;
	struct nlm_lock *lock;
	struct rg_record *r;
	struct rg_gate *g;
	__u32 status, slot = 0, len, reclaim;
	void *caller;

	if (!w)
		return 0;
	g = rg_gate_of_netns(BPF_CORE_READ(rqstp, rq_xprt, xpt_net, ns.inum), &slot);
	if (!g)
		return 0;
	args = BPF_CORE_READ(rqstp, rq_argp);
	lock = (void *)args + bpf_core_field_offset(struct nlm_args, lock);
	caller = BPF_CORE_READ(lock, caller);
	len = BPF_CORE_READ(lock, len);
	status = __builtin_bswap32(BPF_CORE_READ(resp, status));
	saw_lock(w, RG_LOCKS_NLM, status == RG_NLM_DENIED_NOLOCKS,
		 BPF_CORE_READ(file_of(lock), f_inode));
	reclaim = BPF_CORE_READ(args, reclaim);
	key.slot = slot;
	key.name_hash = hash_name(w, caller, len);
	if (!key.name_hash) {
		failed();
		return 0;
	}
	c = flow_client_at(&key);
	if (!c)
		return 0;
	seen(c, g, now_ns);
	rg_time(RG_TIMED_NLM_LOCK, now_ns - w->start_ns);
	if (reclaim)
		count(c,
		      status == RG_NLM_GRANTED ? RG_TALLY_RECLAIMS_OK : RG_TALLY_RECLAIMS_REFUSED);
	else
		count(c, status == RG_NLM_GRANTED	 ? RG_TALLY_LOCKS
			 : status == RG_NLM_DENIED_GRACE ? RG_TALLY_GRACE
							 : RG_TALLY_DENIED);
	if (!reclaim)
		return 0;
	read_owner(w, BPF_CORE_READ(lock, oh.data), BPF_CORE_READ(lock, oh.len));
	r = fresh_record(w, RG_REC_NLM_LOCK, RG_SIDE_SERVER, g, now_ns);
	took(r, w);
	r->claim = RG_CLAIM_RECLAIM;
	r->status = status;
	r->status_kind = RG_STATUS_NLM;
	r->minorversion = RG_NLM_MINOR;
	read_peer(r, (void *)rqstp + bpf_core_field_offset(struct svc_rqst, rq_addr));
	read_name(r, caller, len);
	read_nlm_lock(r, lock);
	rg_remember(c, r);
	if (rg_downgrade_of(r))
		__sync_fetch_and_add(&c->downgrades, 1);
	send(r, &key);
	return 0;
}

/* ---- where there is no __nlm4svc_proc_lock ---- */

SEC("fentry/nlmsvc_lock")
int BPF_PROG(nlm_lock_asked)
{
	begin(RG_REC_NLM_LOCK);
	return 0;
}

/* Seven arguments: from 6.6 on. */
SEC("fexit/nlmsvc_lock")
int BPF_PROG(nlm_lock_answered, void *rqstp, struct nlm_file *file, void *host, void *lock,
	     int wait, void *cookie, int reclaim, __u32 status)
{
	struct rg_at_work *w = end_of(RG_REC_NLM_LOCK);
	struct file *opened;

	if (!w)
		return 0;
	opened = BPF_CORE_READ(file, f_file[0])
			 ?: BPF_CORE_READ(file, f_file[1]); /* to read, to write */
	saw_lock(w, RG_LOCKS_NLM, __builtin_bswap32(status) == RG_NLM_DENIED_NOLOCKS,
		 BPF_CORE_READ(opened, f_inode));
	return 0;
}

SEC("fentry/nlm_host_rebooted")
int BPF_PROG(host_rebooted, struct net *net, struct nlm_reboot *info)
{
	struct rg_at_work *w = at_work_made();
	struct rg_record *r;
	struct rg_gate *g;
	__u32 slot = 0;

	g = rg_gate_of_netns(net->ns.inum, &slot);
	if (!w || !g)
		return 0;
	r = fresh_record(w, RG_REC_SM_NOTIFY, RG_SIDE_SERVER, g, bpf_ktime_get_boot_ns());
	r->minorversion = RG_NLM_MINOR;
	r->value = BPF_CORE_READ(info, state);
	read_name(r, BPF_CORE_READ(info, mon), BPF_CORE_READ(info, len));
	send(r, NULL);
	return 0;
}
