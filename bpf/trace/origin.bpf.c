// SPDX-License-Identifier: GPL-2.0-only
/*
 * This host's NFS client -> original server: its identity there, and its own recovery.
 *
 *   tp_btf  nfs4_exchange_id, nfs4_create_session, nfs4_setclientid,
 *           nfs4_setclientid_confirm, nfs4_reclaim_complete
 *   tp_btf  nfs4_lookup              the daemon asks whether its locks are kept (rg_kept.h)
 *   tp_btf  nfs4_state_mgr, nfs4_state_mgr_failed
 *   tp_btf  nfs4_open_reclaim, nfs4_open_expired, nfs4_reclaim_delegation
 *   fexit   nfs4_lock_reclaim, nfs4_lock_expired     fs/nfs/nfs4proc.c
 *   fexit   nlmclnt_reclaim                          fs/lockd/clntproc.c
 *
 * By kretprobe where fexit is refused.
 *
 * From 6.12 on the arguments of a tracepoint of a module may be NULL.
 */
#include "super.bpf.h"
#include "trace.bpf.h"

#define NFS_LOCK_LOST 1 /* bit of nfs4_lock_state.ls_flags, fs/nfs/nfs4_fs.h */

/* Begins a record about an original server. Returns NULL if its network namespace has no gate.
 * *slot_out: the gate's slot. */
static __always_inline struct rg_record *of_origin(__u32 op, struct nfs_client *clp,
						   __u32 *slot_out, struct rg_gate **g_out)
{
	struct rg_at_work *w;
	struct rg_record *r;
	struct rg_gate *g;
	__u64 id;

	g = rg_gate_of_net(BPF_CORE_READ(clp, cl_net), slot_out);
	if (!g)
		return NULL;
	w = at_work_made();
	if (!w)
		return NULL;
	r = fresh_record(w, op, RG_SIDE_CLIENT, g, bpf_ktime_get_boot_ns());
	read_peer(r, (void *)clp + bpf_core_field_offset(struct nfs_client, cl_addr));
	read_host_name(r, BPF_CORE_READ(clp, cl_hostname));
	r->minorversion = (__u16)BPF_CORE_READ(clp, cl_minorversion);
	id = BPF_CORE_READ(clp, cl_clientid);
	__builtin_memcpy(&r->cl_boot, &id, 4);
	__builtin_memcpy(&r->cl_id, (__u8 *)&id + 4, 4);
	if (g_out)
		*g_out = g;
	return r;
}

static __always_inline int said(__u32 op, struct nfs_client *clp, int error)
{
	struct rg_record *r;
	__u32 slot = 0;

	if (!clp)
		return 0;
	r = of_origin(op, clp, &slot, NULL);
	if (!r)
		return 0;
	status_of_client(r, error);
	if (op == RG_REC_EXCHANGE_ID && !error)
		r->value = BPF_CORE_READ((struct nfs_client___flags *)clp, cl_exchange_flags);
	rg_send(r, NULL);
	return 0;
}

#define SAID(name, tracepoint, op)                                                                 \
	SEC("tp_btf/" tracepoint)                                                                  \
	int BPF_PROG(name, struct nfs_client *clp, int error)                                      \
	{                                                                                          \
		return said(op, clp, error);                                                       \
	}
SAID(origin_exchange_id, "nfs4_exchange_id", RG_REC_EXCHANGE_ID)
SAID(origin_create_session, "nfs4_create_session", RG_REC_CREATE_SESSION)
SAID(origin_setclientid, "nfs4_setclientid", RG_REC_SETCLIENTID)
SAID(origin_setclientid_confirm, "nfs4_setclientid_confirm", RG_REC_SETCLIENTID_CONFIRM)

/* NFS4ERR_DELAY never reaches who asked, as the NFS client tries again by itself. Under --all a
 * superblock gets its place in the map `devices` here, as nobody may have come to it yet. */
SEC("tp_btf/nfs4_lookup")
int BPF_PROG(origin_lookup, struct inode *dir, void *name, int error)
{
	struct super_block *sb;

	if (!dir || !live.asker || live.asker != (__u32)(bpf_get_current_pid_tgid() >> 32))
		return 0;
	sb = BPF_CORE_READ(dir, i_sb);
	gate_of_dev(BPF_CORE_READ(sb, s_dev), (__u64)BPF_CORE_READ(sb, s_fs_info));
	if (error == -RG_NFS4ERR_DELAY)
		__sync_fetch_and_add(&live.asker_delays, 1);
	return 0;
}

SEC("tp_btf/nfs4_reclaim_complete")
int BPF_PROG(origin_reclaim_complete, struct nfs_client *clp, int error)
{
	struct rg_flow_storm *storm;
	struct rg_record *r;
	__u32 slot = 0;

	if (!clp)
		return 0;
	r = of_origin(RG_REC_RECLAIM_COMPLETE, clp, &slot, NULL);
	if (!r)
		return 0;
	status_of_client(r, error);
	storm = rg_storm_at(slot);
	if (storm) {
		rg_storm_now(slot);
		r->expected = storm->expected;
		r->complete = storm->complete;
		if (storm->expected > storm->complete)
			r->facts |= RG_FACT_CLIENTS_DUE;
		if (!error)
			storm->origin_complete_ns = r->time_ns;
	}
	rg_send(r, NULL);
	return 0;
}

SEC("tp_btf/nfs4_state_mgr")
int BPF_PROG(state_manager, struct nfs_client *clp)
{
	struct rg_record *r;
	__u32 slot = 0;

	if (!clp)
		return 0;
	r = of_origin(RG_REC_STATE_MANAGER, clp, &slot, NULL);
	if (!r)
		return 0;
	r->value = BPF_CORE_READ(clp, cl_state);
	rg_send(r, NULL);
	return 0;
}

SEC("tp_btf/nfs4_state_mgr_failed")
int BPF_PROG(state_manager_failed, struct nfs_client *clp, const char *section, int error)
{
	struct rg_record *r;
	__u32 slot = 0;

	if (!clp || !section)
		return 0;
	r = of_origin(RG_REC_STATE_MANAGER_FAILED, clp, &slot, NULL);
	if (!r)
		return 0;
	status_of_client(r, error);
	bpf_probe_read_kernel_str(r->path, sizeof(r->path), section);
	rg_send(r, NULL);
	return 0;
}

/* ---- what is reclaimed ---- */

static __always_inline struct rg_record *of_file(__u32 op, __u32 claim, struct super_block *sb)
{
	struct nfs_server *server = nfs_server_of(sb);
	struct rg_record *r;
	__u32 slot = 0;

	if (!server)
		return NULL;
	r = of_origin(op, BPF_CORE_READ(server, nfs_client), &slot, NULL);
	if (r)
		r->claim = (__u8)claim;
	return r;
}

static __always_inline int opened(struct nfs_open_context *ctx, __u32 claim, int error)
{
	struct dentry *dentry;
	struct rg_record *r;

	if (!ctx)
		return 0;
	dentry = BPF_CORE_READ(ctx, dentry);
	r = of_file(RG_REC_OPEN, claim, BPF_CORE_READ(dentry, d_sb));
	if (!r)
		return 0;
	status_of_client(r, error);
	read_dentry(r, dentry);
	rg_send(r, NULL);
	return 0;
}

SEC("tp_btf/nfs4_open_reclaim")
int BPF_PROG(origin_open_reclaim, struct nfs_open_context *open, int flags, int error)
{
	return opened(open, RG_CLAIM_RECLAIM, error);
}

SEC("tp_btf/nfs4_open_expired")
int BPF_PROG(origin_open_expired, struct nfs_open_context *open, int flags, int error)
{
	return opened(open, RG_CLAIM_NOGRACE, error);
}

SEC("tp_btf/nfs4_reclaim_delegation")
int BPF_PROG(origin_delegation, struct inode *inode, unsigned int mode)
{
	struct rg_record *r;

	if (!inode)
		return 0;
	r = of_file(RG_REC_DELEGATION, RG_CLAIM_DELEGATION_RECLAIM, BPF_CORE_READ(inode, i_sb));
	if (!r)
		return 0;
	r->lock_type = mode & 3; /* FMODE_READ, FMODE_WRITE */
	r->status_kind = RG_STATUS_NFS4;
	read_inode(r, inode);
	rg_send(r, NULL);
	return 0;
}

static __always_inline void read_lock(struct rg_record *r, struct file_lock *fl)
{
	__u64 end = (__u64)BPF_CORE_READ(fl, fl_end);

	r->start = (__u64)BPF_CORE_READ(fl, fl_start);
	r->length = end == 0x7fffffffffffffffULL ? ~0ULL : end - r->start + 1; /* OFFSET_MAX */
	r->lock_type = rg_type_of_lock(fl) == 0 ? 1 : 2;
}

static __always_inline int locked(struct nfs4_state *state, struct file_lock *fl, __u32 op,
				  __u32 claim, int error)
{
	struct inode *inode = BPF_CORE_READ(state, inode);
	struct rg_record *r = of_file(op, claim, BPF_CORE_READ(inode, i_sb));

	if (!r)
		return 0;
	if (op == RG_REC_LOCK)
		status_of_client(r, error);
	read_inode(r, inode);
	read_lock(r, fl);
	rg_send(r, NULL);
	return 0;
}

SEC("fexit/nfs4_lock_reclaim")
int BPF_PROG(origin_lock_reclaim, struct nfs4_state *state, struct file_lock *fl, int ret)
{
	return locked(state, fl, RG_REC_LOCK, RG_CLAIM_RECLAIM, ret);
}

SEC("?kretprobe/nfs4_lock_reclaim")
int kprobe_origin_lock_reclaim(struct pt_regs___rg *regs)
{
	struct rg_entered e = {};

	if (!left_here(regs, &e))
		return 0;
	return locked((void *)e.arg[0], (void *)e.arg[1], RG_REC_LOCK, RG_CLAIM_RECLAIM,
		      (int)RG_RETURNED(regs));
}

/* With recover_lost_locks=N the function gives the lock up and returns 0. */
static __always_inline int lock_expired(struct nfs4_state *state, struct file_lock *fl, int ret)
{
	struct nfs4_lock_state *lsp = rg_nfs4_lock_state_of(fl);

	if (!ret && lsp && BPF_CORE_READ(lsp, ls_flags) & (1UL << NFS_LOCK_LOST))
		return locked(state, fl, RG_REC_LOCK_LOST, RG_CLAIM_NOGRACE, 0);
	return locked(state, fl, RG_REC_LOCK, RG_CLAIM_NOGRACE, ret);
}

SEC("fexit/nfs4_lock_expired")
int BPF_PROG(origin_lock_expired, struct nfs4_state *state, struct file_lock *fl, int ret)
{
	return lock_expired(state, fl, ret);
}

SEC("?kretprobe/nfs4_lock_expired")
int kprobe_origin_lock_expired(struct pt_regs___rg *regs)
{
	struct rg_entered e = {};

	if (!left_here(regs, &e))
		return 0;
	return lock_expired((void *)e.arg[0], (void *)e.arg[1], (int)RG_RETURNED(regs));
}

static __always_inline int nlm_reclaimed(struct nlm_host *host, struct file_lock *fl,
					 struct nlm_rqst *req, int ret)
{
	struct rg_at_work *w = at_work_made();
	struct file *file = rg_file_of_lock(fl);
	struct rg_record *r;
	struct rg_gate *g;
	__u32 slot = 0;

	g = rg_gate_of_net(BPF_CORE_READ(host, net), &slot);
	if (!w || !g)
		return 0;
	r = fresh_record(w, RG_REC_NLM_LOCK, RG_SIDE_CLIENT, g, bpf_ktime_get_boot_ns());
	r->claim = RG_CLAIM_RECLAIM;
	r->minorversion = RG_NLM_MINOR;
	read_peer(r, (void *)host + bpf_core_field_offset(struct nlm_host, h_addr));
	read_host_name(r, BPF_CORE_READ(host, h_name));
	r->status_kind = RG_STATUS_NLM;
	r->status = ret ? __builtin_bswap32(BPF_CORE_READ(req, a_res.status)) : RG_NLM_GRANTED;
	if (ret && r->status == RG_NLM_GRANTED) { /* the original server was not asked at all */
		r->status_kind = RG_STATUS_ERRNO;
		r->status = (__u32)-ret;
	}
	if (file)
		read_inode(r, BPF_CORE_READ(file, f_inode));
	read_lock(r, fl);
	rg_send(r, NULL);
	return 0;
}

SEC("fexit/nlmclnt_reclaim")
int BPF_PROG(origin_nlm_reclaim, struct nlm_host *host, struct file_lock *fl, struct nlm_rqst *req,
	     int ret)
{
	return nlm_reclaimed(host, fl, req, ret);
}

SEC("?kretprobe/nlmclnt_reclaim")
int kprobe_origin_nlm_reclaim(struct pt_regs___rg *regs)
{
	struct rg_entered e = {};

	if (!left_here(regs, &e))
		return 0;
	return nlm_reclaimed((void *)e.arg[0], (void *)e.arg[1], (void *)e.arg[2],
			     (int)RG_RETURNED(regs));
}
