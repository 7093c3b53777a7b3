// SPDX-License-Identifier: GPL-2.0-only
/*
 * End clients -> knfsd: OPEN and LOCK.
 *
 *   fentry, fexit  nfsd4_open, nfsd4_lock    fs/nfsd
 *   fexit          nfsd4_client_record_check    is it on stable storage?
 *
 * Ordinary OPENs and LOCKs are only counted. Records are made of reclaims, of locks and opens taken
 * again after a refusal, and of errors of state.
 */
#include "server.bpf.h"

#define CLAIM_PREVIOUS 1 /* RFC 8881, 18.16.1: open_claim_type4 */

/* Statuses of ordinary operations that tell of lost or refused state (RFC 8881, 15.1). Others
 * concern the application alone. */
static __always_inline int is_state_error(__u32 status)
{
	switch (status) {
	case 5:	    /* IO */
	case 70:    /* STALE */
	case 10006: /* SERVERFAULT */
	case 10011: /* EXPIRED */
	case 10018: /* RESOURCE */
	case 10022: /* STALE_CLIENTID */
	case 10023: /* STALE_STATEID */
	case 10025: /* BAD_STATEID */
	case 10026: /* BAD_SEQID */
	case 10047: /* ADMIN_REVOKED */
	case 10087: /* DELEG_REVOKED */
	case RG_NFS4ERR_NO_GRACE:
	case RG_NFS4ERR_RECLAIM_BAD:
	case RG_NFS4ERR_RECLAIM_CONFLICT:
		return 1;
	default:
		return 0;
	}
}

/* An operation that ended. */
struct done {
	struct nfs4_client *clp;
	struct dentry *dentry;
	__u32 op, status;
	__u32 claim; /* RG_CLAIM_ORDINARY or a reclaim */
	__u32 facts; /* found by judge() */
};

/* This kernel refuses locks through a re-export. */
static __always_inline int is_unsupported(const struct done *d)
{
	return d->op == RG_REC_LOCK && d->status == RG_NFS4ERR_NOTSUPP;
}

/* Counts the operation, and says whether it becomes a record. */
static __always_inline int judge(struct done *d, struct rg_flow_client *c, __u32 slot, __u64 now_ns)
{
	__u32 status = d->status;

	if (status == RG_NFS4ERR_GRACE || status == RG_NFS4ERR_DELAY)
		count(c, status == RG_NFS4ERR_GRACE ? RG_TALLY_GRACE : RG_TALLY_DELAY);
	/* Record this once for each end client, since every LOCK is refused. */
	if (is_unsupported(d) && __sync_fetch_and_or(&c->said, 1))
		d->facts |= RG_FACT_SAID;
	if (d->claim != RG_CLAIM_ORDINARY) {
		if (!status)
			count(c, RG_TALLY_RECLAIMS_OK);
		else if (status != RG_NFS4ERR_GRACE && status != RG_NFS4ERR_DELAY)
			count(c, RG_TALLY_RECLAIMS_REFUSED);
		if (status == RG_NFS4ERR_NO_GRACE || status == RG_NFS4ERR_RECLAIM_BAD ||
		    status == RG_NFS4ERR_RECLAIM_CONFLICT) {
			struct rg_client_at r = {.clp = (__u64)d->clp, .slot = slot};

			c->refused_ns = now_ns;
			rg_saw_refused(&r);
		}
		return 1;
	}
	if (status == RG_NFS4ERR_GRACE || status == RG_NFS4ERR_DELAY)
		return 0;
	if (status == RG_NFS4ERR_DENIED)
		count(c, RG_TALLY_DENIED);
	else if (status)
		count(c, RG_TALLY_ERRORS);
	else
		count(c, d->op == RG_REC_OPEN ? RG_TALLY_OPENS : RG_TALLY_LOCKS);
	if (c->refused_ns && now_ns - c->refused_ns < RG_RETAKE_NS) {
		d->claim = RG_CLAIM_RETAKE;
		if (!status)
			count(c, RG_TALLY_RETAKEN);
		return 1;
	}
	if (is_unsupported(d))
		return !(d->facts & RG_FACT_SAID);
	return is_state_error(status);
}

/* Returns the record so far; NULL: there will be none. */
static __always_inline struct rg_record *record_of(struct rg_at_work *w, struct done *d,
						   struct rg_client_key *key)
{
	__u64 now_ns = bpf_ktime_get_boot_ns();
	struct rg_flow_client *c;
	struct rg_record *r;
	struct rg_gate *g;
	__u32 slot = 0;

	if (!d->clp)
		return NULL;
	g = gate_of_clp(d->clp, &slot);
	if (!g)
		return NULL;
	c = flow_client_of(w, d->clp, slot, g, now_ns, key);
	if (!c)
		return NULL;
	rg_time(d->op == RG_REC_OPEN
			? (d->claim == RG_CLAIM_ORDINARY ? RG_TIMED_OPEN : RG_TIMED_OPEN_RECLAIM)
			: (d->claim == RG_CLAIM_ORDINARY ? RG_TIMED_LOCK : RG_TIMED_LOCK_RECLAIM),
		now_ns - w->start_ns);
	if (!judge(d, c, slot, now_ns))
		return NULL;
	r = fresh_record(w, d->op, RG_SIDE_SERVER, g, now_ns);
	set_duration(r, w);
	r->claim = (__u8)d->claim;
	r->status = d->status;
	r->status_kind = RG_STATUS_NFS4;
	r->facts |= d->facts;
	read_client(r, d->clp);
	rg_remember(c, r);
	read_dentry(r, d->dentry);
	if (rg_judge(r))
		__sync_fetch_and_add(&c->downgrades, 1);
	return r;
}

static __always_inline int open_begin(struct nfsd4_open *u)
{
	struct rg_at_work *w = begin(RG_REC_OPEN);

	/* knfsd writes the answer over the request. */
	if (w)
		w->claim = BPF_CORE_READ(u, op_claim_type) != CLAIM_PREVIOUS ? RG_CLAIM_ORDINARY
			   : BPF_CORE_READ(u, op_delegate_type) ? RG_CLAIM_DELEGATION_RECLAIM
								: RG_CLAIM_RECLAIM;
	return 0;
}

SEC("fentry/nfsd4_open")
int BPF_PROG(open_begins, void *rqstp, void *cstate, struct nfsd4_open *u)
{
	return open_begin(u);
}

SEC("?kprobe/nfsd4_open")
int kprobe_open_begins(struct pt_regs___rg *regs)
{
	return open_begin((void *)RG_ARG3(regs));
}

static __always_inline int open_end(const struct about *a, struct nfsd4_open *u)
{
	struct rg_at_work *w = end_of(RG_REC_OPEN);
	struct rg_client_key key = {};
	struct done d = {.op = RG_REC_OPEN, .status = a->status};
	struct rg_record *r;

	if (!w)
		return 0;
	read_owner(w, BPF_CORE_READ(u, op_owner.data), BPF_CORE_READ(u, op_owner.len));
	d.clp = a->clp;
	d.dentry = a->dentry;
	d.claim = w->claim;
	r = record_of(w, &d, &key);
	if (!r)
		return 0;
	r->lock_type = BPF_CORE_READ(u, op_share_access) & 3;
	rg_send(r, &key);
	return 0;
}
ENDS(open, struct nfsd4_open)

BEGINS(lock_begins, "nfsd4_lock", RG_REC_LOCK)

static __always_inline int lock_end(const struct about *a, struct nfsd4_lock *u)
{
	struct rg_at_work *w = end_of(RG_REC_LOCK);
	struct done d = {.op = RG_REC_LOCK, .status = a->status};
	struct dentry *dentry = a->dentry;
	struct rg_client_key key = {};
	struct xdr_netobj owner = {};
	struct rg_record *r;

	if (!w)
		return 0;
	d.clp = a->clp;
	d.dentry = dentry;
	if (!w->owner_len && BPF_CORE_READ(u, lk_is_new)) { /* nfs_lock() did not see it */
		rg_new_lock_owner(u, &owner);
		read_owner(w, owner.data, owner.len);
	}
	saw_lock(w, RG_LOCKS_NFS4,
		 d.status == RG_NFS4ERR_NOTSUPP && is_nfs(BPF_CORE_READ(dentry, d_inode)));
	d.claim = BPF_CORE_READ(u, lk_reclaim) ? RG_CLAIM_RECLAIM : RG_CLAIM_ORDINARY;
	r = record_of(w, &d, &key);
	if (!r)
		return 0;
	/* READ_LT 1, WRITE_LT 2, READW_LT 3, WRITEW_LT 4: RFC 8881, 18.10.1 */
	r->lock_type = 2 - (BPF_CORE_READ(u, lk_type) & 1);
	r->start = BPF_CORE_READ(u, lk_offset);
	r->length = BPF_CORE_READ(u, lk_length);
	rg_send(r, &key);
	return 0;
}
ENDS(lock, struct nfsd4_lock)

static __always_inline int record_was_checked(int ret)
{
	struct rg_at_work *w = at_work_here();

	if (w && w->op && ret)
		w->facts |= RG_FACT_NO_RECORD;
	return 0;
}

SEC("fexit/nfsd4_client_record_check")
int BPF_PROG(record_checked, struct nfs4_client *clp, int ret)
{
	return record_was_checked(ret);
}

SEC("?kretprobe/nfsd4_client_record_check")
int kprobe_record_checked(struct pt_regs___rg *regs)
{
	struct rg_entered e = {};

	return left_here(regs, &e) ? record_was_checked((int)RG_RETURNED(regs)) : 0;
}
