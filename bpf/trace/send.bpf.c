// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sends the records of all tracing programs. These are global functions: the verifier checks them
 * once, and not again for every call and path that leads there.
 */
#include "trace.bpf.h"

__noinline int rg_bits_of(__u64 us)
{
	int n = 0;

	for (int i = 16; i; i /= 2) {
		if (us >> i) {
			n += i;
			us >>= i;
		}
	}
	return n + (us != 0);
}

__noinline int rg_judge(const struct rg_record *r)
{
	return r ? (int)rg_downgrade_of(r) : RG_DOWNGRADE_NONE;
}

static __always_inline __u32 kind_of_reclaim(const struct rg_record *r)
{
	return r->claim == RG_CLAIM_DELEGATION_RECLAIM ? 2
	       : r->op == RG_REC_OPEN		       ? 0
	       : r->op == RG_REC_LOCK		       ? 1
						       : 3;
}

static __always_inline int is_waiting(const struct rg_record *r)
{
	return r->status_kind == RG_STATUS_NFS4
		       ? r->status == RG_NFS4ERR_GRACE || r->status == RG_NFS4ERR_DELAY
		       : r->status_kind == RG_STATUS_NLM && r->status == RG_NLM_DENIED_GRACE &&
				 r->side == RG_SIDE_CLIENT;
}

#define RECLAIM_PLACES (sizeof(((struct rg_flow_totals *)NULL)->reclaims) / sizeof(__u64))

/* Returns the counter of a reclaim in rg_flow_totals.reclaims. */
__noinline int rg_place_of_reclaim(const struct rg_record *r)
{
	if (!r)
		return 0;
	return (int)(((r->side & 1) * 4 + kind_of_reclaim(r)) * 3 +
		     (is_waiting(r) ? 2 : r->status != 0));
}

__noinline int rg_note(struct rg_flow_note *n, const struct rg_record *r,
		       const struct rg_client_key *client)
{
	struct rg_flow_note made = {};

	if (!n || !r)
		return 0;
	made.time_ns = r->time_ns;
	made.duration_ns = r->duration_ns;
	made.fileid = r->fileid;
	made.start = r->start;
	made.length = r->length;
	made.generation = r->generation;
	made.op = r->op;
	made.downgrade = r->downgrade;
	made.side = r->side;
	made.claim = r->claim;
	made.status = r->status;
	made.status_kind = r->status_kind;
	made.family = r->family;
	if (client)
		made.client = *client;
	__builtin_memcpy(made.addr, r->addr, sizeof(made.addr));
	*n = made;
	return 0;
}

static __always_inline void note_downgrade(const struct rg_record *r,
					   const struct rg_client_key *client)
{
	__u32 zero = 0, *next = bpf_map_lookup_elem(&next_downgrade, &zero), at;
	struct rg_flow_note *n;

	if (!next)
		return;
	at = __sync_fetch_and_add(next, 1) % RG_LAST_DOWNGRADES;
	n = bpf_map_lookup_elem(&flow_downgrades, &at);
	if (n)
		rg_note(n, r, client);
}

struct quickest {
	__u64 ns;
	__u32 at, generation;
};

static long one_slow(__u32 i, struct quickest *q)
{
	struct rg_flow_note *n = bpf_map_lookup_elem(&flow_slowest, &i);
	__u64 ns;

	if (!n)
		return 1;
	ns = n->generation == q->generation ? n->duration_ns : 0;
	if (ns < q->ns) {
		q->ns = ns;
		q->at = i;
	}
	return 0;
}

/* Replaces the quickest of the kept reclaims, or one of an earlier start of knfsd. */
static __always_inline void note_slow(const struct rg_record *r, const struct rg_client_key *client)
{
	struct quickest q = {.ns = ~0ULL, .generation = r->generation};
	struct rg_flow_note *n;

	bpf_loop(RG_SLOWEST, one_slow, &q, 0);
	if (r->duration_ns <= q.ns)
		return;
	n = bpf_map_lookup_elem(&flow_slowest, &q.at);
	if (n)
		rg_note(n, r, client);
}

__noinline int rg_missed(void)
{
	failed();
	for (__u32 i = 0; i < RG_MAX_TRACERS; i++) {
		__u32 at = i;

		if (bpf_map_lookup_elem(&tracers, &at))
			rg_tracer_lost_one(at);
	}
	return 0;
}

__noinline int rg_send(struct rg_record *r, const struct rg_client_key *client)
{
	struct rg_flow_totals *totals = rg_totals();
	__u32 op, downgrade, place;

	if (!r)
		return 0;
	downgrade = RG_ANY(rg_judge(r));
	r->downgrade = (__u16)downgrade;
	op = r->op;
	if (totals && op < RG_NR_RECORD_OPS)
		totals->records[op]++;
	if (totals && downgrade < RG_NR_DOWNGRADES)
		totals->downgrades[downgrade]++;
	if (downgrade)
		note_downgrade(r, client);
	if (rg_claim_is_reclaim(r->claim)) {
		place = RG_ANY(rg_place_of_reclaim(r));
		if (totals && place < RECLAIM_PLACES)
			((__u64 *)totals->reclaims)[place]++;
		if (r->side == RG_SIDE_SERVER)
			note_slow(r, client);
	}
	for (__u32 i = 0; i < RG_MAX_TRACERS; i++) {
		__u32 at = i;
		void *ring = bpf_map_lookup_elem(&tracers, &at);

		if (ring && bpf_ringbuf_output(ring, r, sizeof(*r), 0))
			rg_tracer_lost_one(at);
	}
	return 0;
}
