// SPDX-License-Identifier: GPL-2.0-only
/*
 * End clients -> knfsd: how they come and go.
 *
 *   fentry, fexit  nfsd4_exchange_id, nfsd4_create_session, nfsd4_setclientid,
 *                  nfsd4_setclientid_confirm, nfsd4_reclaim_complete        fs/nfsd
 *   tp_btf  nfsd_clid_confirmed          the client of a CREATE_SESSION or SETCLIENTID_CONFIRM
 *   tp_btf  nfsd_clid_purged, _destroyed, _replaced, _admin_expired,
 *           _expire_unconf               an end client's state was dropped
 */
#include "server.bpf.h"

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
