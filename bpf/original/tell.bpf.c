// SPDX-License-Identifier: GPL-2.0-only
/* Tells tracers what was kept, taken back and asked for by others. Nothing of this runs while
 * nothing is kept, but for a client that reboots. */
#include "original/original.bpf.h"

/* Says whether tracers were told enough of requests that wait for this client: one that asks all
 * the time would fill their rings. */
static __always_inline int is_told_enough(struct rg_keeper *k, __u64 now_ns)
{
	const __u64 apart_ns = 1000000000ULL / RG_TOLD_PER_SECOND;
	__u64 until_ns = k->told_until_ns > now_ns ? k->told_until_ns : now_ns;

	if (until_ns - now_ns > (RG_TOLD_AT_ONCE - 1) * apart_ns) {
		org_count(RG_ORG_UNTOLD);
		return 1;
	}
	k->told_until_ns = until_ns + apart_ns;
	return 0;
}

static __always_inline void lost_one(__u32 at)
{
	struct rg_tracer *t = bpf_map_lookup_elem(&org_tracer_owners, &at);

	if (t)
		__sync_fetch_and_add(&t->lost, 1);
}

/* The name in a record may be shorter than what the client calls itself. */
static __always_inline void set_name_length(struct rg_record *r, __u16 len)
{
	r->name_len = len;
	if (len > RG_RECORD_NAME)
		r->facts |= RG_FACT_NAME_CUT;
}

static __always_inline void set_client(struct rg_record *r, struct nfs4_client *clp)
{
	set_name_length(r, read_name(clp, r->name, RG_RECORD_NAME));
	r->family = read_address(clp, r->addr);
	r->minorversion = (__u16)BPF_CORE_READ(clp, cl_minorversion);
	r->cl_boot = BPF_CORE_READ(clp, cl_clientid.cl_boot);
	r->cl_id = BPF_CORE_READ(clp, cl_clientid.cl_id);
	if (!r->netns)
		r->netns = BPF_CORE_READ(clp, net, ns.inum);
}

static __always_inline void set_keeper(struct rg_record *r, const struct rg_keeper *k)
{
	/* Keep the compiler from reckoning addresses in *k before k is compared with NULL, which
	 * the verifier of 6.1 refuses. */
	asm volatile("" : "+r"(k));
	_Static_assert(RG_RECORD_NAME <= RG_ORG_NAME, "copied whole");
	__builtin_memcpy(r->name, k->name, RG_RECORD_NAME);
	set_name_length(r, k->name_len);
	r->family = k->family;
	__builtin_memcpy(r->addr, k->addr, sizeof(r->addr));
	r->minorversion = (__u16)k->minorversion;
	r->cl_boot = k->cl_boot;
	r->cl_id = k->cl_id;
}

static __always_inline void fill(struct rg_record *r, const struct rg_org_event *e,
				 const struct rg_keeper *k, __u64 now_ns)
{
	__u64 task = bpf_get_current_pid_tgid();

	__builtin_memset(r, 0, sizeof(*r));
	r->time_ns = now_ns;
	r->op = (__u16)e->op;
	r->side = e->side;
	r->how = (__u8)e->how;
	r->status = e->status;
	r->status_kind = e->status_kind;
	r->tid = (__u32)task;
	r->tgid = (__u32)(task >> 32);
	r->value = e->value;
	r->dev = e->dev;
	r->fileid = e->ino;
	r->lock_type = e->lock_type;
	r->start = e->start;
	r->length = e->end >= OFFSET_MAX ? ~0ULL : e->end - e->start + 1;
	if (k)
		r->netns = k->netns;
	if (e->op == RG_REC_KEPT_FROM && k)
		r->value = rg_clid_of(k->cl_boot, k->cl_id);
	if (e->op == RG_REC_KEPT) {
		r->expected = (__u32)(org.keep_for_ns / 1000000000ULL);
		r->complete = e->overflow;
	}
	if (e->side == RG_SIDE_GATE)
		bpf_get_current_comm(r->name, RG_COMM_SIZE);
	else if (e->clp)
		set_client(r, (void *)e->clp);
	else if (k && e->op != RG_REC_KEPT_FROM)
		set_keeper(r, k);
}

__noinline int org_tell(const struct rg_org_event *e)
{
	__u64 now_ns = bpf_ktime_get_boot_ns();
	struct rg_keeper *k;

	if (!e)
		return 0;
	k = e->keeper < RG_ORG_KEEPERS ? keeper_at(e->keeper) : NULL;
	if (e->op == RG_REC_KEPT_FROM && k && is_told_enough(k, now_ns))
		return 0;
	for (__u32 i = 0; i < RG_MAX_TRACERS; i++) {
		__u32 at = i;
		void *ring = bpf_map_lookup_elem(&org_tracers, &at);
		struct rg_record *r;

		if (!ring)
			continue;
		r = bpf_ringbuf_reserve(ring, sizeof(*r), 0);
		if (!r) {
			lost_one(at);
			continue;
		}
		fill(r, e, k, now_ns);
		bpf_ringbuf_submit(r, 0);
	}
	return 0;
}
