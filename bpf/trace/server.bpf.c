// SPDX-License-Identifier: GPL-2.0-only
/*
 * End clients -> knfsd.
 *
 *   fentry, fexit  nfsd4_open, nfsd4_lock, nfsd4_reclaim_complete,
 *                  nfsd4_exchange_id, nfsd4_create_session, nfsd4_setclientid,
 *                  nfsd4_setclientid_confirm        fs/nfsd
 *   fexit   nfsd4_client_record_check    is it on stable storage?
 *   tp_btf  nfsd_clid_confirmed          the client of a CREATE_SESSION or SETCLIENTID_CONFIRM
 *   tp_btf  nfsd_clid_purged, _destroyed, _replaced, _admin_expired,
 *           _expire_unconf               an end client's state was dropped
 *   fexit   nfsd4_force_end_grace        v4_end_grace was written
 *
 * By kprobe and kretprobe where fentry and fexit are refused.
 *
 * Ordinary OPENs and LOCKs are only counted. Records are made of reclaims, of locks and opens taken
 * again after a refusal, and of errors of state.
 */
#include "../client.bpf.h"
#include "trace.bpf.h"

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

/* ---- who ---- */

static __always_inline struct rg_gate *gate_of_rqst(struct svc_rqst *rqstp, __u32 *slot)
{
	return rg_gate_of_netns(BPF_CORE_READ(rqstp, rq_xprt, xpt_net, ns.inum), slot);
}

static __always_inline struct rg_gate *gate_of_clp(struct nfs4_client *clp, __u32 *slot)
{
	return rg_gate_of_netns(BPF_CORE_READ(clp, net, ns.inum), slot);
}

/* Writes the end client to the record. */
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

/* Identifies it by name, as the ledger does (bpf/clients.bpf.c). */
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

/* Finds an end client by the address of its struct. Compares the clientid, since another one may
 * have that address by now. */
static __always_inline struct rg_flow_client *flow_client_of(struct rg_at_work *w,
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
	__u32 claim; /* RG_CLAIM_ORDINARY or a reclaim */
	__u32 facts; /* found by judge() */
};

/* The end client and the file of an operation of a compound. */
struct about {
	struct svc_rqst *rqstp;
	struct nfsd4_compound_state *cstate;
	struct nfs4_client *clp;
	struct dentry *dentry;
	__u32 status;
};

/* Defines the programs at the end of nfsd4_NAME() for both rungs, which call name_end(). */
#define ENDS(name, type)                                                                           \
	SEC("fexit/nfsd4_" #name)                                                                  \
	int BPF_PROG(name##_ends, struct svc_rqst *rqstp, struct nfsd4_compound_state *cstate,     \
		     type *u, __u32 status)                                                        \
	{                                                                                          \
		struct about a = {                                                                 \
			.rqstp = rqstp,                                                            \
			.cstate = cstate,                                                          \
			.clp = cstate->clp,                                                        \
			.dentry = cstate->current_fh.fh_dentry,                                    \
			.status = __builtin_bswap32(status),                                       \
		};                                                                                 \
		return name##_end(&a, u);                                                          \
	}                                                                                          \
	SEC("?kretprobe/nfsd4_" #name)                                                             \
	int kprobe_##name##_ends(struct pt_regs___rg *regs)                                        \
	{                                                                                          \
		struct nfsd4_compound_state *cstate;                                               \
		struct rg_entered e = {};                                                          \
		struct about a = {};                                                               \
                                                                                                   \
		if (!left_here(regs, &e))                                                          \
			return 0;                                                                  \
		cstate = (void *)e.arg[1];                                                         \
		a.rqstp = (void *)e.arg[0];                                                        \
		a.cstate = cstate;                                                                 \
		a.clp = BPF_CORE_READ(cstate, clp);                                                \
		a.dentry = BPF_CORE_READ(cstate, current_fh.fh_dentry);                            \
		a.status = __builtin_bswap32((__u32)RG_RETURNED(regs));                            \
		return name##_end(&a, (type *)e.arg[2]);                                           \
	}

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

/* ---- coming and going ---- */

/* Maps an address to the time of its last event if it had kept to RG_PEER_TOLD_PER_SECOND, as
 * `told_until` does (../guard.bpf.h). */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, RG_MAX_PEERS_TOLD);
	__type(key, struct rg_crowd_key);
	__type(value, __u64);
} peers_told SEC(".maps");

/* A function of its own, in which the bound of op stays in its register for the verifier. */
__noinline int rg_count_untold(__u32 op)
{
	struct rg_flow_totals *totals = rg_totals();

	rg_count(RG_COUNT_UNTOLD_CLIENTS);
	if (totals && op < RG_NR_RECORD_OPS)
		totals->records[op]++;
	return 0;
}

/* Says whether an address has used up its events: whoever reaches the server may introduce itself
 * without end, and would rotate a recovery out of the recordings. Counts the operation then. */
__noinline int rg_told_enough(const struct rg_crowd_key *of, __u32 op)
{
	const __u64 apart_ns = RG_NS_PER_SEC / RG_PEER_TOLD_PER_SECOND;
	__u64 now_ns = bpf_ktime_get_boot_ns(), until_ns = now_ns, *last;
	struct rg_crowd_key key;

	if (!of)
		return 0;
	key = *of;
	if (key.family == RG_AF_INET6)
		__builtin_memset(key.addr + 8, 0, 8);
	last = bpf_map_lookup_elem(&peers_told, &key);
	if (last && *last > until_ns)
		until_ns = *last;
	if (until_ns - now_ns > (RG_PEER_TOLD_AT_ONCE - 1) * apart_ns) {
		rg_count_untold(op);
		return 1;
	}
	until_ns += apart_ns;
	if (last)
		*last = until_ns;
	else if (bpf_map_update_elem(&peers_told, &key, &until_ns, BPF_ANY))
		rg_count(RG_COUNT_FAIL_TOLD);
	return 0;
}

static __always_inline int is_told_enough(const void *sockaddr, __u32 slot, __u32 op)
{
	struct rg_crowd_key peer = {.slot = slot};

	rg_read_address(sockaddr, &peer.family, NULL, peer.addr);
	return rg_told_enough(&peer, op);
}

static __always_inline int sender_is_told_enough(struct svc_rqst *rqstp, __u32 slot, __u32 op)
{
	return is_told_enough((void *)rqstp + bpf_core_field_offset(struct svc_rqst, rq_addr), slot,
			      op);
}

static __always_inline __u32 exchange_flags(struct nfsd4_exchange_id *u)
{
	return BPF_CORE_READ((struct nfsd4_exchange_id___flags *)u, flags);
}

/* The answer's flags take the place of the request's. */
static __always_inline int exchange_id_begin(struct nfsd4_exchange_id *u)
{
	struct rg_at_work *w = begin(RG_REC_EXCHANGE_ID);

	if (w)
		w->asked = exchange_flags(u);
	return 0;
}

SEC("fentry/nfsd4_exchange_id")
int BPF_PROG(exchange_id_begins, void *rqstp, void *cstate, struct nfsd4_exchange_id *u)
{
	return exchange_id_begin(u);
}

SEC("?kprobe/nfsd4_exchange_id")
int kprobe_exchange_id_begins(struct pt_regs___rg *regs)
{
	return exchange_id_begin((void *)RG_ARG3(regs));
}

/* An end client has only a name before it has a confirmed clientid. */
static __always_inline int introduced(__u32 op, struct svc_rqst *rqstp, struct xdr_netobj *name,
				      __u64 verifier, clientid_t id, __u32 minorversion,
				      __u32 flags, __u32 status)
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
	if (!g || sender_is_told_enough(rqstp, slot, op))
		return 0;
	if (key_of_name(w, name->data, name->len, slot, &key))
		return 0;
	c = flow_client_at(&key);
	if (!c)
		return 0;
	seen(c, g, now_ns);
	c->exchange_ns = now_ns;
	r = fresh_record(w, op, RG_SIDE_SERVER, g, now_ns);
	set_duration(r, w);
	r->status = status;
	r->status_kind = RG_STATUS_NFS4;
	/* An answer that is an error has no flags. */
	r->value = (__u64)w->asked << 32 | (status ? 0 : flags);
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

static __always_inline int exchange_id_end(const struct about *a, struct nfsd4_exchange_id *u)
{
	struct nfsd4_compound_state *cstate = a->cstate;
	struct xdr_netobj name = {};
	clientid_t id = {};
	__u64 verifier = 0;

	bpf_core_read(&name, sizeof(name), &u->clname);
	bpf_core_read(&verifier, sizeof(verifier), &u->verifier);
	bpf_core_read(&id, sizeof(id), &u->clientid);
	return introduced(RG_REC_EXCHANGE_ID, a->rqstp, &name, verifier, id,
			  BPF_CORE_READ(cstate, minorversion), exchange_flags(u), a->status);
}
ENDS(exchange_id, struct nfsd4_exchange_id)

BEGINS(setclientid_begins, "nfsd4_setclientid", RG_REC_SETCLIENTID)

static __always_inline int setclientid_end(const struct about *a, struct nfsd4_setclientid *u)
{
	struct xdr_netobj name = {};
	clientid_t id = {};
	__u64 verifier = 0;

	bpf_core_read(&name, sizeof(name), &u->se_name);
	bpf_core_read(&verifier, sizeof(verifier), &u->se_verf);
	bpf_core_read(&id, sizeof(id), &u->se_clientid);
	return introduced(RG_REC_SETCLIENTID, a->rqstp, &name, verifier, id, 0, 0, a->status);
}
ENDS(setclientid, struct nfsd4_setclientid)

/* The end client of an operation becomes known in the middle of it. */
SEC("tp_btf/nfsd_clid_confirmed")
int BPF_PROG(client_confirmed, clientid_t *id)
{
	struct rg_at_work *w = at_work_here();

	if (w && id && w->op)
		w->clp = (__u64)id - bpf_core_field_offset(struct nfs4_client, cl_clientid);
	return 0;
}

/* Ends CREATE_SESSION or SETCLIENTID_CONFIRM: confirmed, refused, or one more session. */
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
	if (!g || sender_is_told_enough(rqstp, slot, op))
		return 0;
	clp = (void *)w->clp;
	if (clp)
		flow_client_of(w, clp, slot, g, now_ns, &key);
	r = fresh_record(w, op, RG_SIDE_SERVER, g, now_ns);
	set_duration(r, w);
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

BEGINS(create_session_begins, "nfsd4_create_session", RG_REC_CREATE_SESSION)

static __always_inline int create_session_end(const struct about *a, struct nfsd4_create_session *u)
{
	struct nfsd4_compound_state *cstate = a->cstate;
	clientid_t id = {};

	bpf_core_read(&id, sizeof(id), &u->clientid);
	return confirmed(RG_REC_CREATE_SESSION, a->rqstp, id, BPF_CORE_READ(cstate, minorversion),
			 a->status);
}
ENDS(create_session, struct nfsd4_create_session)

BEGINS(setclientid_confirm_begins, "nfsd4_setclientid_confirm", RG_REC_SETCLIENTID_CONFIRM)

static __always_inline int setclientid_confirm_end(const struct about *a,
						   struct nfsd4_setclientid_confirm *u)
{
	clientid_t id = {};

	bpf_core_read(&id, sizeof(id), &u->sc_clientid);
	return confirmed(RG_REC_SETCLIENTID_CONFIRM, a->rqstp, id, 0, a->status);
}
ENDS(setclientid_confirm, struct nfsd4_setclientid_confirm)

BEGINS(reclaim_complete_begins, "nfsd4_reclaim_complete", RG_REC_RECLAIM_COMPLETE)

static __always_inline int reclaim_complete_end(const struct about *a, void *u)
{
	struct rg_at_work *w = end_of(RG_REC_RECLAIM_COMPLETE);
	__u64 now_ns = bpf_ktime_get_boot_ns();
	struct nfs4_client *clp = a->clp;
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
	/* Once is enough for an end client, unless it is refused each time. */
	if (a->status && sender_is_told_enough(a->rqstp, slot, RG_REC_RECLAIM_COMPLETE))
		return 0;
	c = flow_client_of(w, clp, slot, g, now_ns, &key);
	r = fresh_record(w, RG_REC_RECLAIM_COMPLETE, RG_SIDE_SERVER, g, now_ns);
	set_duration(r, w);
	r->status = a->status;
	r->status_kind = RG_STATUS_NFS4;
	read_client(r, clp);
	if (c) {
		rg_remember(c, r);
		if (!a->status)
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
ENDS(reclaim_complete, void)

/* An end client that one from its own address replaces has come back itself. */
static __always_inline __u32 gone_how(const struct rg_client *c, const struct rg_client_key *named,
				      __u32 how)
{
	struct rg_client_key key = *named;
	struct rg_flow_client *now;

	switch (how) {
	case RG_GONE_EXPIRED:
		return RG_GONE_HOW_EXPIRED;
	case RG_GONE_ADMIN:
		return RG_GONE_HOW_ADMIN;
	case RG_GONE_REPLACED:
		now = bpf_map_lookup_elem(&flow_clients, &key);
		return now && now->family == c->family &&
				       ((__u64 *)now->addr)[0] == ((__u64 *)c->addr)[0] &&
				       ((__u64 *)now->addr)[1] == ((__u64 *)c->addr)[1]
			       ? RG_GONE_HOW_RESTARTED
			       : RG_GONE_HOW_REPLACED;
	default:
		return RG_GONE_HOW_ENDED;
	}
}

/* Record why an end client goes, which the ledger does not see. */
static __always_inline void tell_ledger(struct nfs4_client *clp, __u32 how)
{
	__u64 at = (__u64)clp;
	struct rg_client_ref *ref = bpf_map_lookup_elem(&client_of, &at);
	struct rg_client_key key;
	struct rg_client *c;

	if (!ref)
		return;
	key = ref->key;
	c = bpf_map_lookup_elem(&clients, &key);
	if (c)
		c->gone_how = gone_how(c, &key, how);
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
	tell_ledger(clp, how);
	if (is_told_enough((void *)clp + bpf_core_field_offset(struct nfs4_client, cl_addr), slot,
			   RG_REC_CLIENT_GONE))
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

static __always_inline int grace_end_was_forced(__u64 nn, bool ret)
{
	struct net_walk walk = {.net = nn};
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

SEC("fexit/nfsd4_force_end_grace")
int BPF_PROG(grace_end_forced, struct nfsd_net *nn, bool ret)
{
	return grace_end_was_forced((__u64)nn, ret);
}

SEC("?kretprobe/nfsd4_force_end_grace")
int kprobe_grace_end_forced(struct pt_regs___rg *regs)
{
	struct rg_entered e = {};

	/* The lowest byte of the register holds the bool. */
	return left_here(regs, &e) ? grace_end_was_forced(e.arg[0], (__u8)RG_RETURNED(regs)) : 0;
}
