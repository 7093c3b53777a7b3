// SPDX-License-Identifier: GPL-2.0-only
/*
 * End clients -> knfsd.
 *
 *   fentry, fexit  nfsd4_open, nfsd4_lock, nfsd4_reclaim_complete,
 *                  nfsd4_exchange_id, nfsd4_create_session, nfsd4_setclientid,
 *                  nfsd4_setclientid_confirm        fs/nfsd
 *   fexit   nfsd4_client_record_check    is it on stable storage?
 *   tp_btf  nfsd_clid_confirmed          whose CREATE_SESSION, SETCLIENTID_CONFIRM
 *   tp_btf  nfsd_clid_purged, _destroyed, _replaced, _admin_expired,
 *           _expire_unconf               what became of an end client
 *   fexit   nfsd4_force_end_grace        somebody wrote v4_end_grace
 *
 * Ordinary OPENs and LOCKs are counted; those that decide something become a
 * record: reclaims, what is taken again after a refusal, and errors of state.
 */
#include "trace.bpf.h"

#define CLAIM_PREVIOUS 1 /* RFC 8881, 18.16.1: open_claim_type4 */

/* Statuses of ordinary operations that say that state was lost, or cannot be had
 * (RFC 8881, 15.1). Others are the application's own affair. */
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

/* ---- who ---- */

static __always_inline struct rg_gate *gate_of_rqst(struct svc_rqst *rqstp, __u32 *slot)
{
	return rg_gate_of_netns(BPF_CORE_READ(rqstp, rq_xprt, xpt_net, ns.inum), slot);
}

static __always_inline struct rg_gate *gate_of_clp(struct nfs4_client *clp, __u32 *slot)
{
	return rg_gate_of_netns(BPF_CORE_READ(clp, net, ns.inum), slot);
}

/* Who it is, into the record. */
static __always_inline void read_client(struct rg_record *r, struct nfs4_client *clp)
{
	read_peer(r, (void *)clp + bpf_core_field_offset(struct nfs4_client, cl_addr));
	r->minorversion = (__u16)BPF_CORE_READ(clp, cl_minorversion);
	r->cl_boot = BPF_CORE_READ(clp, cl_clientid.cl_boot);
	r->cl_id = BPF_CORE_READ(clp, cl_clientid.cl_id);
	read_name(r, BPF_CORE_READ(clp, cl_name.data), BPF_CORE_READ(clp, cl_name.len));
	if (BPF_CORE_READ(clp, cl_flags) & (1UL << NFSD4_CLIENT_RECLAIM_COMPLETE))
		r->facts |= RG_FACT_COMPLETE;
}

/* By the name, as the ledger (bpf/clients.bpf.c) has it. */
static __always_inline int key_of_name(struct rg_at_work *w, const void *data, __u32 len,
				       __u32 slot, struct rg_client_key *key)
{
	__builtin_memset(key, 0, sizeof(*key));
	key->slot = slot;
	key->name_hash = hash_name(w, data, len);
	if (!key->name_hash)
		failed();
	return key->name_hash ? 0 : -1;
}

/* What is known of an end client. Looked up by address of its struct; another
 * one may have that address by now, so the clientid is compared. */
static __always_inline struct rg_flow_client *client_of(struct rg_at_work *w,
							struct nfs4_client *clp, __u32 slot,
							const struct rg_gate *g, __u64 now_ns,
							struct rg_client_key *key)
{
	__u32 boot = BPF_CORE_READ(clp, cl_clientid.cl_boot),
	      id = BPF_CORE_READ(clp, cl_clientid.cl_id);
	struct rg_client_key *known;
	struct rg_flow_client *c;
	__u64 at = (__u64)clp;

	known = bpf_map_lookup_elem(&flow_key_of, &at);
	if (known) {
		*key = *known;
		c = bpf_map_lookup_elem(&flow_clients, key);
		if (c && c->cl_id == id && c->cl_boot == boot) {
			seen(c, g, now_ns);
			return c;
		}
	}
	if (key_of_name(w, BPF_CORE_READ(clp, cl_name.data), BPF_CORE_READ(clp, cl_name.len), slot,
			key))
		return NULL;
	c = flow_client_at(key);
	if (!c)
		return NULL;
	if (bpf_map_update_elem(&flow_key_of, &at, key, BPF_ANY))
		failed();
	seen(c, g, now_ns);
	c->cl_boot = boot;
	c->cl_id = id;
	return c;
}

/* ---- OPEN and LOCK ---- */

/* An operation that ended. */
struct done {
	struct nfs4_client *clp;
	struct dentry *dentry;
	__u32 op, status;
	__u32 claim; /* RG_CLAIM_ORDINARY, or a reclaim */
	__u32 facts; /* that judge() found */
};

/* This kernel has no locks through a re-export. */
static __always_inline int is_unsupported(const struct done *d)
{
	return d->op == RG_REC_LOCK && d->status == RG_NFS4ERR_NOTSUPP;
}

/* Counted; and does it become a record? */
static __always_inline int judge(struct done *d, struct rg_flow_client *c, __u64 now_ns)
{
	__u32 status = d->status;

	if (status == RG_NFS4ERR_GRACE || status == RG_NFS4ERR_DELAY)
		count(c, status == RG_NFS4ERR_GRACE ? RG_TALLY_GRACE : RG_TALLY_DELAY);
	/* Said once an end client: it would be said of every LOCK. */
	if (is_unsupported(d) && __sync_fetch_and_or(&c->said, 1))
		d->facts |= RG_FACT_SAID;
	if (d->claim != RG_CLAIM_ORDINARY) {
		if (!status)
			count(c, RG_TALLY_RECLAIMS_OK);
		else if (status != RG_NFS4ERR_GRACE && status != RG_NFS4ERR_DELAY)
			count(c, RG_TALLY_RECLAIMS_REFUSED);
		if (status == RG_NFS4ERR_NO_GRACE || status == RG_NFS4ERR_RECLAIM_BAD ||
		    status == RG_NFS4ERR_RECLAIM_CONFLICT)
			c->refused_ns = now_ns;
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

/* The record so far; NULL: there is to be none. */
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
	c = client_of(w, d->clp, slot, g, now_ns, key);
	if (!c)
		return NULL;
	rg_time(d->op == RG_REC_OPEN
			? (d->claim == RG_CLAIM_ORDINARY ? RG_TIMED_OPEN : RG_TIMED_OPEN_RECLAIM)
			: (d->claim == RG_CLAIM_ORDINARY ? RG_TIMED_LOCK : RG_TIMED_LOCK_RECLAIM),
		now_ns - w->start_ns);
	if (!judge(d, c, now_ns))
		return NULL;
	r = fresh_record(w, d->op, RG_SIDE_SERVER, g, now_ns);
	took(r, w);
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

SEC("fentry/nfsd4_open")
int BPF_PROG(open_begins, void *rqstp, void *cstate, struct nfsd4_open *u)
{
	struct rg_at_work *w = begin(RG_REC_OPEN);

	/* knfsd's answer has the same place as what was asked. */
	if (w)
		w->claim = BPF_CORE_READ(u, op_claim_type) != CLAIM_PREVIOUS ? RG_CLAIM_ORDINARY
			   : BPF_CORE_READ(u, op_delegate_type) ? RG_CLAIM_DELEGATION_RECLAIM
								: RG_CLAIM_RECLAIM;
	return 0;
}

SEC("fexit/nfsd4_open")
int BPF_PROG(open_ends, void *rqstp, struct nfsd4_compound_state *cstate, struct nfsd4_open *u,
	     __u32 status)
{
	struct rg_at_work *w = end_of(RG_REC_OPEN);
	struct rg_client_key key = {};
	struct done d = {.op = RG_REC_OPEN, .status = __builtin_bswap32(status)};
	struct rg_record *r;

	if (!w)
		return 0;
	read_owner(w, BPF_CORE_READ(u, op_owner.data), BPF_CORE_READ(u, op_owner.len));
	d.clp = cstate->clp;
	d.dentry = cstate->current_fh.fh_dentry;
	d.claim = w->claim;
	r = record_of(w, &d, &key);
	if (!r)
		return 0;
	r->lock_type = BPF_CORE_READ(u, op_share_access) & 3;
	rg_send(r, &key);
	return 0;
}

SEC("fentry/nfsd4_lock")
int BPF_PROG(lock_begins)
{
	begin(RG_REC_LOCK);
	return 0;
}

SEC("fexit/nfsd4_lock")
int BPF_PROG(lock_ends, void *rqstp, struct nfsd4_compound_state *cstate, struct nfsd4_lock *u,
	     __u32 status)
{
	struct rg_at_work *w = end_of(RG_REC_LOCK);
	struct done d = {.op = RG_REC_LOCK, .status = __builtin_bswap32(status)};
	struct dentry *dentry = cstate->current_fh.fh_dentry;
	struct rg_client_key key = {};
	struct xdr_netobj owner = {};
	struct rg_record *r;

	if (!w)
		return 0;
	d.clp = cstate->clp;
	d.dentry = dentry;
	if (!w->owner_len && BPF_CORE_READ(u, lk_is_new)) { /* nfs_lock() never saw it */
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

SEC("fexit/nfsd4_client_record_check")
int BPF_PROG(record_checked, struct nfs4_client *clp, int ret)
{
	struct rg_at_work *w = at_work_here();

	if (w && w->op && ret)
		w->facts |= RG_FACT_NO_RECORD;
	return 0;
}

/* ---- coming and going ---- */

SEC("fentry/nfsd4_exchange_id")
int BPF_PROG(exchange_id_begins)
{
	begin(RG_REC_EXCHANGE_ID);
	return 0;
}

/* Before it has a clientid that counts, an end client is its name. */
static __always_inline int introduced(__u32 op, struct svc_rqst *rqstp, struct xdr_netobj *name,
				      __u64 verifier, clientid_t id, __u32 minorversion,
				      __u32 status)
{
	struct rg_at_work *w = end_of(op);
	__u64 now_ns = bpf_ktime_get_boot_ns();
	struct rg_client_key key = {};
	struct rg_flow_client *c;
	struct rg_record *r;
	struct rg_gate *g;
	__u32 slot = 0;

	if (!w)
		return 0;
	g = gate_of_rqst(rqstp, &slot);
	if (!g || key_of_name(w, name->data, name->len, slot, &key))
		return 0;
	c = flow_client_at(&key);
	if (!c)
		return 0;
	seen(c, g, now_ns);
	c->exchange_ns = now_ns;
	r = fresh_record(w, op, RG_SIDE_SERVER, g, now_ns);
	took(r, w);
	r->status = status;
	r->status_kind = RG_STATUS_NFS4;
	r->verifier = verifier;
	r->minorversion = (__u16)minorversion;
	r->cl_boot = id.cl_boot;
	r->cl_id = id.cl_id;
	read_peer(r, (void *)rqstp + bpf_core_field_offset(struct svc_rqst, rq_addr));
	read_name(r, name->data, name->len);
	rg_remember(c, r);
	rg_send(r, &key);
	return 0;
}

SEC("fexit/nfsd4_exchange_id")
int BPF_PROG(exchange_id_ends, struct svc_rqst *rqstp, struct nfsd4_compound_state *cstate,
	     struct nfsd4_exchange_id *u, __u32 status)
{
	struct xdr_netobj name = {};
	clientid_t id = {};
	__u64 verifier = 0;

	bpf_core_read(&name, sizeof(name), &u->clname);
	bpf_core_read(&verifier, sizeof(verifier), &u->verifier);
	bpf_core_read(&id, sizeof(id), &u->clientid);
	return introduced(RG_REC_EXCHANGE_ID, rqstp, &name, verifier, id,
			  BPF_CORE_READ(cstate, minorversion), __builtin_bswap32(status));
}

SEC("fentry/nfsd4_setclientid")
int BPF_PROG(setclientid_begins)
{
	begin(RG_REC_SETCLIENTID);
	return 0;
}

SEC("fexit/nfsd4_setclientid")
int BPF_PROG(setclientid_ends, struct svc_rqst *rqstp, void *cstate, struct nfsd4_setclientid *u,
	     __u32 status)
{
	struct xdr_netobj name = {};
	clientid_t id = {};
	__u64 verifier = 0;

	bpf_core_read(&name, sizeof(name), &u->se_name);
	bpf_core_read(&verifier, sizeof(verifier), &u->se_verf);
	bpf_core_read(&id, sizeof(id), &u->se_clientid);
	return introduced(RG_REC_SETCLIENTID, rqstp, &name, verifier, id, 0,
			  __builtin_bswap32(status));
}

/* The end client that an operation is of is known in the middle of it. */
SEC("tp_btf/nfsd_clid_confirmed")
int BPF_PROG(client_confirmed, clientid_t *id)
{
	struct rg_at_work *w = at_work_here();

	if (w && id && w->op)
		w->clp = (__u64)id - bpf_core_field_offset(struct nfs4_client, cl_clientid);
	return 0;
}

/* CREATE_SESSION, SETCLIENTID_CONFIRM: confirmed, or refused, or a session more. */
static __always_inline int confirmed(__u32 op, struct svc_rqst *rqstp, clientid_t id,
				     __u32 minorversion, __u32 status)
{
	struct rg_at_work *w = end_of(op);
	__u64 now_ns = bpf_ktime_get_boot_ns();
	struct rg_client_key key = {};
	struct nfs4_client *clp;
	struct rg_record *r;
	struct rg_gate *g;
	__u32 slot = 0;

	if (!w)
		return 0;
	g = gate_of_rqst(rqstp, &slot);
	if (!g)
		return 0;
	clp = (void *)w->clp;
	if (clp)
		client_of(w, clp, slot, g, now_ns, &key);
	r = fresh_record(w, op, RG_SIDE_SERVER, g, now_ns);
	took(r, w);
	r->status = status;
	r->status_kind = RG_STATUS_NFS4;
	if (clp)
		read_client(r, clp);
	else
		read_peer(r, (void *)rqstp + bpf_core_field_offset(struct svc_rqst, rq_addr));
	r->minorversion = (__u16)minorversion;
	r->cl_boot = id.cl_boot;
	r->cl_id = id.cl_id;
	rg_send(r, &key);
	return 0;
}

SEC("fentry/nfsd4_create_session")
int BPF_PROG(create_session_begins)
{
	begin(RG_REC_CREATE_SESSION);
	return 0;
}

SEC("fexit/nfsd4_create_session")
int BPF_PROG(create_session_ends, struct svc_rqst *rqstp, struct nfsd4_compound_state *cstate,
	     struct nfsd4_create_session *u, __u32 status)
{
	clientid_t id = {};

	bpf_core_read(&id, sizeof(id), &u->clientid);
	return confirmed(RG_REC_CREATE_SESSION, rqstp, id, BPF_CORE_READ(cstate, minorversion),
			 __builtin_bswap32(status));
}

SEC("fentry/nfsd4_setclientid_confirm")
int BPF_PROG(setclientid_confirm_begins)
{
	begin(RG_REC_SETCLIENTID_CONFIRM);
	return 0;
}

SEC("fexit/nfsd4_setclientid_confirm")
int BPF_PROG(setclientid_confirm_ends, struct svc_rqst *rqstp, void *cstate,
	     struct nfsd4_setclientid_confirm *u, __u32 status)
{
	clientid_t id = {};

	bpf_core_read(&id, sizeof(id), &u->sc_clientid);
	return confirmed(RG_REC_SETCLIENTID_CONFIRM, rqstp, id, 0, __builtin_bswap32(status));
}

SEC("fentry/nfsd4_reclaim_complete")
int BPF_PROG(reclaim_complete_begins)
{
	begin(RG_REC_RECLAIM_COMPLETE);
	return 0;
}

SEC("fexit/nfsd4_reclaim_complete")
int BPF_PROG(reclaim_complete_ends, void *rqstp, struct nfsd4_compound_state *cstate, void *u,
	     __u32 status)
{
	struct rg_at_work *w = end_of(RG_REC_RECLAIM_COMPLETE);
	__u64 now_ns = bpf_ktime_get_boot_ns();
	struct nfs4_client *clp = cstate->clp;
	struct rg_client_key key = {};
	struct rg_flow_storm *storm;
	struct rg_flow_client *c;
	struct rg_record *r;
	struct rg_gate *g;
	__u32 slot = 0;

	if (!w || !clp)
		return 0;
	g = gate_of_clp(clp, &slot);
	if (!g)
		return 0;
	c = client_of(w, clp, slot, g, now_ns, &key);
	r = fresh_record(w, RG_REC_RECLAIM_COMPLETE, RG_SIDE_SERVER, g, now_ns);
	took(r, w);
	r->status = __builtin_bswap32(status);
	r->status_kind = RG_STATUS_NFS4;
	read_client(r, clp);
	if (c) {
		rg_remember(c, r);
		if (!status)
			c->complete_ns = now_ns;
	}
	rg_storm_now(slot);
	storm = rg_storm_at(slot);
	if (storm) {
		r->expected = storm->expected;
		r->complete = storm->complete;
	}
	rg_send(r, &key);
	return 0;
}

static __always_inline int gone(clientid_t *id, __u32 how)
{
	struct rg_at_work *w = at_work_made();
	__u64 now_ns = bpf_ktime_get_boot_ns();
	struct rg_client_key key = {};
	struct nfs4_client *clp;
	struct rg_record *r;
	struct rg_gate *g;
	__u32 slot = 0;

	if (!w || !id)
		return 0;
	clp = (void *)id - bpf_core_field_offset(struct nfs4_client, cl_clientid);
	g = gate_of_clp(clp, &slot);
	if (!g)
		return 0;
	r = fresh_record(w, RG_REC_CLIENT_GONE, RG_SIDE_SERVER, g, now_ns);
	r->how = (__u8)how;
	read_client(r, clp);
	rg_send(r, &key);
	return 0;
}

#define GONE(name, tracepoint, how)                                                                \
	SEC("tp_btf/" tracepoint)                                                                  \
	int BPF_PROG(name, clientid_t *id)                                                         \
	{                                                                                          \
		return gone(id, how);                                                              \
	}
GONE(client_expired, "nfsd_clid_purged", RG_GONE_EXPIRED)
GONE(client_destroyed, "nfsd_clid_destroyed", RG_GONE_DESTROYED)
GONE(client_replaced, "nfsd_clid_replaced", RG_GONE_REPLACED)
GONE(client_admin_expired, "nfsd_clid_admin_expired", RG_GONE_ADMIN)
GONE(client_unconfirmed, "nfsd_clid_expire_unconf", RG_GONE_UNCONFIRMED)

/* ---- v4_end_grace ---- */

struct net_walk {
	__u64 net;
	__u32 slot;
};

static long find_storm(__u32 i, struct net_walk *walk)
{
	struct rg_flow_storm *storm = rg_storm_at(i);

	if (!storm || storm->net != walk->net)
		return 0;
	walk->slot = i;
	return 1;
}

SEC("fexit/nfsd4_force_end_grace")
int BPF_PROG(grace_end_forced, struct nfsd_net *nn, bool ret)
{
	struct net_walk walk = {.net = (__u64)nn};
	struct rg_flow_storm *storm;
	struct rg_at_work *w;
	struct rg_record *r;
	struct rg_gate *g;

	if (!ret)
		return 0;
	bpf_loop(RG_MAX_GATES, find_storm, &walk, 0);
	g = rg_gate_at(walk.slot);
	storm = rg_storm_at(walk.slot);
	w = at_work_made();
	if (!walk.slot || !g || !storm || !w)
		return 0;
	r = fresh_record(w, RG_REC_GRACE_END_FORCED, RG_SIDE_SERVER, g, bpf_ktime_get_boot_ns());
	rg_storm_now(walk.slot);
	r->expected = storm->expected;
	r->complete = storm->complete;
	rg_send(r, NULL);
	return 0;
}
