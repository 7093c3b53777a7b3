// SPDX-License-Identifier: GPL-2.0-only
/*
 * The ledger: how many locks each NFSv4 end client holds, and which end clients were refused a
 * reclaim and do not have their locks again yet.
 *
 *   fexit  nfsd4_lock       granted: count; a reclaim refused: await
 *   fexit  nfsd4_locku      count
 *   fexit  nfsd4_open       a reclaim refused: await
 *   fentry nfsd4_client_record_remove    expired, destroyed or replaced: await no
 *                           longer
 *
 * All functions are in fs/nfsd. count.bpf.c counts the locks. When knfsd shuts down none of these
 * functions is called for an end client, so the counts stay: they are what is expected after the
 * next start.
 */
#include "client.bpf.h"
#include "kprobe.bpf.h"

struct bpf_map;

#define NFSD4_CLIENT_STABLE 2 /* fs/nfsd/state.h, bit of cl_flags */
#define CLAIM_PREVIOUS 1      /* RFC 8881, 18.16.1: open_claim_type4 */
#define NO_GRACE __builtin_bswap32(10033)
#define RECLAIM_BAD __builtin_bswap32(10034)
#define RECLAIM_CONFLICT __builtin_bswap32(10035)

/* Holds a new element and a name, which are too big for the stack. */
struct scratch {
	struct rg_client client;
	__u8 name[RG_CLIENT_NAME_HASHED];
	__u64 swept_ns; /* when empty elements of `client_files` were searched last */
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct scratch);
} scratch SEC(".maps");

/* ---- the end client of a struct nfs4_client ---- */

static __always_inline int read_name(struct nfs4_client *clp, struct scratch *tmp, __u64 *hash)
{
	__u32 len = BPF_CORE_READ(clp, cl_name.len), n = len;
	void *data = BPF_CORE_READ(clp, cl_name.data);

	/* Show the verifier the bound in the register that is used. */
	asm volatile("" : "+r"(n));
	if (n > RG_CLIENT_NAME_HASHED)
		n = RG_CLIENT_NAME_HASHED;
	asm volatile("" : "+r"(n));
	n &= 2 * RG_CLIENT_NAME_HASHED - 1;
	if (n > RG_CLIENT_NAME_HASHED)
		return -1;
	__builtin_memset(tmp, 0, offsetof(struct scratch, swept_ns));
	if (!n || bpf_probe_read_kernel(tmp->name, n, data))
		return -1;
	*hash = rg_hash_of(tmp->name, n);
	tmp->client.name_len = len > 0xffff ? 0xffff : (__u16)len;
	__builtin_memcpy(tmp->client.name, tmp->name, RG_CLIENT_NAME);
	return 0;
}

/* The address of a struct nfs4_client is used again, and nobody may have seen that the one before
 * is gone. */
static __always_inline int is_last_seen_as(const struct rg_client *c, struct nfs4_client *clp)
{
	return c->cl_id == BPF_CORE_READ(clp, cl_clientid.cl_id) &&
	       c->cl_boot == BPF_CORE_READ(clp, cl_clientid.cl_boot);
}

/* Makes the element that `scratch` holds. Returns 0, also where there is one of this key; or -1 if
 * there is no room, which is counted if this is the `last` try. */
__noinline int rg_client_make(const struct rg_client_key *named, int last)
{
	struct rg_crowd_key crowd = {};
	struct rg_client_key key;
	struct scratch *tmp;
	__u32 zero = 0;

	tmp = bpf_map_lookup_elem(&scratch, &zero);
	if (!named || !tmp)
		return -1;
	key = *named;
	/* Only the thread that makes the element counts it. */
	if (bpf_map_update_elem(&clients, &key, &tmp->client, BPF_NOEXIST)) {
		if (bpf_map_lookup_elem(&clients, &key))
			return 0;
		if (last)
			rg_count(RG_COUNT_FAIL_CLIENTS);
		return -1;
	}
	crowd.slot = key.slot;
	rg_crowd_of(&tmp->client, &crowd);
	if (!rg_crowd_join(&crowd, 0))
		return 0;
	bpf_map_delete_elem(&clients, &key);
	if (last)
		rg_count(RG_COUNT_FAIL_CROWDED);
	return -1;
}

/* Brings an element that was there up to date with what `scratch` holds: the end client has come
 * again, as another struct nfs4_client, or after a start of knfsd. */
__noinline int rg_client_comes_again(const struct rg_client_key *named)
{
	struct rg_crowd_key crowd = {};
	struct rg_client_key key;
	const struct rg_client *is;
	struct scratch *tmp;
	struct rg_client *c;
	__u32 zero = 0;

	tmp = bpf_map_lookup_elem(&scratch, &zero);
	if (!named || !tmp)
		return 0;
	key = *named;
	c = bpf_map_lookup_elem(&clients, &key);
	if (!c)
		return 0;
	is = &tmp->client;
	crowd.slot = key.slot;
	if (c->generation == is->generation) {
		rg_crowd_of(c, &crowd);
		rg_crowd_leave(&crowd);
	}
	c->cl_boot = is->cl_boot;
	c->cl_id = is->cl_id;
	c->minorversion = is->minorversion;
	c->recorded = RG_KNOWN_NOT;
	c->family = is->family;
	c->port = is->port;
	__builtin_memcpy(c->addr, is->addr, sizeof(c->addr));
	/* An awaited one was granted nothing by coming. */
	if (c->state != RG_CLIENT_AWAITED)
		c->granted_ns = is->granted_ns;
	/* rg_clients_take_over() has reset everything else. */
	rg_publish(&c->generation, is->generation);
	rg_crowd_of(is, &crowd);
	rg_crowd_join(&crowd, 1);
	return 0;
}

/* Notes the end client at this address, with a new element or that of knfsd's (or the host's)
 * previous life. Returns 0; or -1 after counting that there is no room, or that another end client
 * has the element, whose name has the same hash. */
__noinline int rg_client_know(const struct rg_client_at *here)
{
	struct rg_client_ref ref = {};
	struct nfs4_client *clp;
	struct scratch *tmp;
	struct rg_client *c;
	struct rg_gate *g;
	__u32 zero = 0;
	__u64 at;

	if (!here)
		return -1;
	at = here->clp;
	clp = (void *)at;
	ref.key.slot = here->slot;
	g = rg_gate_at(here->slot);
	tmp = bpf_map_lookup_elem(&scratch, &zero);
	if (!g || !tmp || read_name(clp, tmp, &ref.key.name_hash)) {
		rg_count(RG_COUNT_FAIL_CLIENTS);
		return -1;
	}
	tmp->client.expected = RG_LOCKS_UNKNOWN;
	tmp->client.generation = rg_client_generation(g);
	tmp->client.cl_boot = BPF_CORE_READ(clp, cl_clientid.cl_boot);
	tmp->client.cl_id = BPF_CORE_READ(clp, cl_clientid.cl_id);
	tmp->client.minorversion = (__u16)BPF_CORE_READ(clp, cl_minorversion);
	tmp->client.granted_ns = bpf_ktime_get_boot_ns();
	rg_read_address((void *)clp + bpf_core_field_offset(struct nfs4_client, cl_addr),
			&tmp->client.family, &tmp->client.port, tmp->client.addr);
	c = bpf_map_lookup_elem(&clients, &ref.key);
	if (!c) {
		if (rg_client_make(&ref.key, 0)) {
			rg_evict_clients();
			if (rg_client_make(&ref.key, 1))
				return -1;
		}
		c = bpf_map_lookup_elem(&clients, &ref.key);
	}
	/* It may have been made by another thread, or be from disk or from before. */
	if (c && !rg_is_named(c, tmp->client.name, tmp->client.name_len)) {
		rg_count(RG_COUNT_FAIL_SAME_HASH);
		return -1;
	}
	if (!c || bpf_map_update_elem(&client_of, &at, &ref, BPF_ANY)) {
		rg_count(RG_COUNT_FAIL_CLIENTS);
		return -1;
	}
	if (c->generation != tmp->client.generation || c->cl_id != tmp->client.cl_id ||
	    c->cl_boot != tmp->client.cl_boot)
		rg_client_comes_again(&ref.key);
	return 0;
}

static __always_inline struct rg_client *known_client(struct nfs4_client *clp)
{
	struct rg_client_ref *known;
	struct rg_client_key key;
	__u64 at = (__u64)clp;
	struct rg_client *c;

	known = bpf_map_lookup_elem(&client_of, &at);
	if (!known)
		return NULL;
	key = known->key;
	c = bpf_map_lookup_elem(&clients, &key);
	return c && is_last_seen_as(c, clp) ? c : NULL;
}

/* Returns the element of an end client. Returns NULL, and counts it, if it has none. */
static __always_inline struct rg_client *client_of_clp(struct nfs4_client *clp, __u32 slot)
{
	struct rg_client_at here = {.clp = (__u64)clp, .slot = slot};
	struct rg_client *c = known_client(clp);

	if (c || rg_client_know(&here))
		return c;
	return known_client(clp);
}

/* ---- refused ---- */

static __always_inline void await(__u32 slot, struct rg_gate *g, __u64 now_ns)
{
	__sync_fetch_and_add(&g->awaited, 1);
	__sync_fetch_and_add(&g->refused, 1);
	rg_emit(RG_EVENT_REFUSED, slot, g, now_ns);
}

/* Do not await it: local applications are in already. */
static __always_inline int is_late(const struct rg_gate *g, __u64 now_ns)
{
	return g->policy.release == RG_RELEASE_SETTLED &&
	       rg_gate_view(g, now_ns).state == RG_STATE_OPEN;
}

static __always_inline void await_client(struct rg_client *c, __u32 slot, struct rg_gate *g,
					 __u64 now_ns)
{
	if (c->state != RG_CLIENT_KNOWN || is_late(g, now_ns))
		return;
	c->refused_ns = now_ns;
	if (__sync_val_compare_and_swap(&c->state, RG_CLIENT_KNOWN, RG_CLIENT_AWAITED) ==
	    RG_CLIENT_KNOWN)
		await(slot, g, now_ns);
}

static __always_inline void refused(struct nfs4_client *clp, __u32 slot, struct rg_gate *g)
{
	struct rg_client *c = client_of_clp(clp, slot);
	__u64 now_ns = bpf_ktime_get_boot_ns();

	if (!c) { /* only settle-timeout will end the wait */
		if (!is_late(g, now_ns))
			await(slot, g, now_ns);
		return;
	}
	__sync_fetch_and_add(&c->refusals, 1);
	await_client(c, slot, g, now_ns);
}

__noinline int rg_saw_refused(const struct rg_client_at *r)
{
	struct rg_client *c;
	struct rg_gate *g;
	__u32 slot;

	if (!r)
		return 0;
	slot = r->slot;
	g = rg_gate_at(slot);
	c = g ? client_of_clp((void *)r->clp, slot) : NULL;
	/* No program sees whether it gets its locks again, so only settle-timeout ends the
	 * wait. */
	if (c && !g->policy.blind)
		await_client(c, slot, g, bpf_ktime_get_boot_ns());
	return 0;
}

static __always_inline int is_refusal(__u32 status)
{
	return status == NO_GRACE || status == RECLAIM_BAD || status == RECLAIM_CONFLICT;
}

/* ---- counting ---- */

static long forget_empty(struct bpf_map *map, struct rg_client_file *at, struct rg_client_locks *l,
			 void *unused)
{
	struct rg_client_file key = *at;

	/* ranges.bpf.c drops lockd's elements when it lists them. */
	if (!l->n && !l->busy && !l->waiting && !l->lockd)
		bpf_map_delete_elem(map, &key);
	return 0;
}

/* Returns the count of this file, after adding one if needed. Keeps counts of 0 unless room is
 * needed, which is looked into once a second. */
static __always_inline struct rg_client_locks *counted_of(struct rg_client_file *at, __u32 slot)
{
	struct rg_client_locks *l = bpf_map_lookup_elem(&client_files, at), fresh = {.slot = slot};
	struct scratch *tmp;
	__u32 zero = 0;
	__u64 now_ns;

	if (l) {
		__sync_fetch_and_add(&l->busy, 1);
		return l;
	}
	fresh.busy = 1;
	if (bpf_map_update_elem(&client_files, at, &fresh, BPF_NOEXIST)) {
		l = bpf_map_lookup_elem(&client_files, at);
		if (l) {
			__sync_fetch_and_add(&l->busy, 1);
			return l;
		}
		/* Search for empty elements only once a second, not at each LOCK of a large
		 * storm. */
		now_ns = bpf_ktime_get_boot_ns();
		tmp = bpf_map_lookup_elem(&scratch, &zero);
		if (tmp && now_ns - tmp->swept_ns > RG_NS_PER_SEC) {
			tmp->swept_ns = now_ns;
			bpf_for_each_map_elem(&client_files, forget_empty, NULL, 0);
		}
		bpf_map_update_elem(&client_files, at, &fresh, BPF_NOEXIST);
	}
	return bpf_map_lookup_elem(&client_files, at);
}

static __always_inline void recount(struct nfs4_client *clp, struct inode *inode, __u32 slot,
				    struct rg_gate *g, int granted)
{
	struct rg_client_file at = {.clp = (__u64)clp, .inode = (__u64)inode};
	struct rg_client *c = client_of_clp(clp, slot);
	struct rg_client_locks *l;

	if (!c)
		return;
	if (granted)
		c->granted_ns = bpf_ktime_get_boot_ns();
	l = counted_of(&at, slot);
	if (!l) {
		rg_count(RG_COUNT_FAIL_LEDGER);
		__sync_fetch_and_or(&c->uncountable, RG_NO_ROOM);
		return;
	}
	__sync_fetch_and_add(&l->changes, 1);
	if (!granted)
		__sync_fetch_and_add(&l->unlocks, 1);
	/* A file that waits to be counted probably has many locks. */
	if (l->waiting || rg_count_now(&at, l, c))
		rg_leave_uncounted(&at, l, c, granted);
	__sync_fetch_and_add(&l->busy, -1);
	/* After grace, an end client that was not refused is not expected to take anything
	 * again. */
	if (c->state == RG_CLIENT_KNOWN && g->knfsd > RG_KNFSD_GRACE && !rg_lockd_in_grace(g))
		c->expected = RG_LOCKS_UNKNOWN;
	if (!granted || c->state != RG_CLIENT_AWAITED)
		return;
	if (rg_has_expected(c))
		rg_client_settle(g, slot, c, RG_CLIENT_SETTLED, bpf_ktime_get_boot_ns());
	else if (c->uncounted && c->expected != RG_LOCKS_UNKNOWN &&
		 c->locks + c->granted >= c->expected)
		rg_count_awaited(slot, &at);
}

int rg_something_to_protect(__u32 slot)
{
	struct rg_gate *g = rg_gate_at(slot);
	__u64 now_ns = bpf_ktime_get_boot_ns();

	if (!g)
		return 0;
	rg_note_let_in(g, now_ns);
	if (__sync_val_compare_and_swap(&g->hand, RG_HAND_NOTHING, RG_HAND_OFF) != RG_HAND_NOTHING)
		return 0;
	rg_emit(RG_EVENT_HAND, slot, g, now_ns);
	return 1;
}

/* ---- hooks ---- */

static __always_inline struct rg_gate *gate_of_clp(struct nfs4_client *clp, __u32 *slot)
{
	return clp ? rg_gate_of_net(BPF_CORE_READ(clp, net), slot) : NULL;
}

/* Returns the end client of a function of knfsd that returns to a kretprobe, and its arguments.
 * NULL: its entry went unseen. */
static __always_inline struct nfs4_client *clp_left(__u32 what, struct rg_entered *e)
{
	struct nfsd4_compound_state *cstate;

	if (!rg_left(what, e))
		return NULL;
	cstate = (void *)e->arg[1];
	return BPF_CORE_READ(cstate, clp);
}

/* Counts the original server's answer to a reclaim that the module asked about. */
static __always_inline void reclaim_ends(__u32 status)
{
	__u32 thread = (__u32)bpf_get_current_pid_tgid();
	__u32 *found = bpf_map_lookup_elem(&reclaiming, &thread), verdict;

	if (!found)
		return;
	verdict = *found;
	bpf_map_delete_elem(&reclaiming, &thread);
	if (verdict >= RG_RECLAIM_FIRST_NO)
		return;
	rg_count(status				? RG_COUNT_NOT_GRANTED
		 : verdict == RG_RECLAIM_PROVEN ? RG_COUNT_GRANTED_PROVEN
						: RG_COUNT_GRANTED_UNPROVEN);
}

static __always_inline int lock_ends(struct nfs4_client *clp, struct nfsd4_compound_state *cstate,
				     struct nfsd4_lock *u, __u32 status)
{
	__u32 slot = 0;
	struct rg_gate *g = gate_of_clp(clp, &slot);
	int reclaim = BPF_CORE_READ(u, lk_reclaim);
	struct inode *inode;

	if (reclaim)
		reclaim_ends(status);
	if (!g)
		return 0;
	if (!status) {
		inode = BPF_CORE_READ(cstate, current_fh.fh_dentry, d_inode);
		rg_note_granted(g, slot, inode);
		recount(clp, inode, slot, g, 1);
	} else if (is_refusal(status) && reclaim) {
		refused(clp, slot, g);
	}
	return 0;
}

SEC("fexit/nfsd4_lock")
int BPF_PROG(lock_done, void *rqstp, struct nfsd4_compound_state *cstate, struct nfsd4_lock *u,
	     __u32 status)
{
	return lock_ends(cstate->clp, cstate, u, status);
}

SEC("?kretprobe/nfsd4_lock")
int kprobe_lock_done(struct pt_regs___rg *regs)
{
	struct rg_entered e = {};
	struct nfs4_client *clp = clp_left(RG_RETURN_LOCK_DONE, &e);

	return lock_ends(clp, (void *)e.arg[1], (void *)e.arg[2], (__u32)RG_RETURNED(regs));
}

static __always_inline int unlock_ends(struct nfs4_client *clp, struct nfsd4_compound_state *cstate,
				       __u32 status)
{
	__u32 slot = 0;
	struct rg_gate *g = gate_of_clp(clp, &slot);

	if (g && !status)
		recount(clp, BPF_CORE_READ(cstate, current_fh.fh_dentry, d_inode), slot, g, 0);
	return 0;
}

SEC("fexit/nfsd4_locku")
int BPF_PROG(unlock_done, void *rqstp, struct nfsd4_compound_state *cstate, void *u, __u32 status)
{
	return unlock_ends(cstate->clp, cstate, status);
}

SEC("?kretprobe/nfsd4_locku")
int kprobe_unlock_done(struct pt_regs___rg *regs)
{
	struct rg_entered e = {};
	struct nfs4_client *clp = clp_left(RG_RETURN_UNLOCK_DONE, &e);

	return unlock_ends(clp, (void *)e.arg[1], (__u32)RG_RETURNED(regs));
}

/* An ordinary OPEN of an awaited end client is a sign of life, as a LOCK is: it may have lost
 * only opens. */
static __always_inline int open_ends(struct nfs4_client *clp, struct nfsd4_open *u, __u32 status)
{
	struct rg_client_ref *found, ref;
	struct rg_client *c;
	struct rg_gate *g;
	__u32 slot = 0;
	int reclaim;
	__u64 at;

	g = gate_of_clp(clp, &slot);
	if (!g || (!status && !g->awaited))
		return 0;
	reclaim = BPF_CORE_READ(u, op_claim_type) == CLAIM_PREVIOUS;
	if (status && reclaim) {
		refused(clp, slot, g);
	} else if (!status && !reclaim) {
		at = (__u64)clp;
		found = bpf_map_lookup_elem(&client_of, &at);
		if (!found) /* it has no lock and was not refused, so the ledger lacks it */
			return 0;
		ref = *found;
		c = bpf_map_lookup_elem(&clients, &ref.key);
		/* Start the clock only once, since opens go on for ever. */
		if (c && c->state == RG_CLIENT_AWAITED &&
		    (c->granted_ns <= c->refused_ns || c->granted_ns <= g->knfsd_end_ns))
			c->granted_ns = bpf_ktime_get_boot_ns();
	}
	return 0;
}

SEC("fexit/nfsd4_open")
int BPF_PROG(open_done, void *rqstp, struct nfsd4_compound_state *cstate, struct nfsd4_open *u,
	     __u32 status)
{
	return status && !is_refusal(status) ? 0 : open_ends(cstate->clp, u, status);
}

SEC("?kretprobe/nfsd4_open")
int kprobe_open_done(struct pt_regs___rg *regs)
{
	__u32 status = (__u32)RG_RETURNED(regs);
	struct rg_entered e = {};
	struct nfs4_client *clp = clp_left(RG_RETURN_OPEN_DONE, &e);

	return status && !is_refusal(status) ? 0 : open_ends(clp, (void *)e.arg[2], status);
}

/* ---- knfsd's records of end clients ---- */

/* client_goes() deletes the element with its end client; one that is left after knfsd's stop is
 * never asked for. */
static long note_record(struct bpf_map *map, __u64 *at, struct rg_client_ref *ref,
			struct rg_slot_walk *w)
{
	struct nfs4_client *clp = (void *)*at;
	struct rg_client_ref of = *ref;
	unsigned long flags = 0;
	struct rg_client *c;

	if (of.key.slot != w->slot)
		return 0;
	c = bpf_map_lookup_elem(&clients, &of.key);
	if (!c)
		return 0;
	if (bpf_core_read(&flags, sizeof(flags), &clp->cl_flags))
		c->recorded = RG_KNOWN_NOT;
	else
		c->recorded = flags & 1UL << NFSD4_CLIENT_STABLE ? RG_KNOWN_YES : RG_KNOWN_NO;
	return 0;
}

__noinline int rg_note_records(__u32 slot)
{
	struct rg_slot_walk w = {.slot = slot};

	bpf_for_each_map_elem(&client_of, note_record, &w, 0);
	return 0;
}

struct forget_walk {
	__u64 clp;
};

static long forget_file(struct bpf_map *map, struct rg_client_file *at, struct rg_client_locks *l,
			struct forget_walk *w)
{
	struct rg_client_file key = *at;

	if (key.clp == w->clp)
		bpf_map_delete_elem(map, &key);
	return 0;
}

static long forget_uncounted(struct bpf_map *map, struct rg_client_file *at, __u32 *slot,
			     struct forget_walk *w)
{
	struct rg_client_file key = *at;

	if (key.clp == w->clp)
		bpf_map_delete_elem(map, &key);
	return 0;
}

/* Only expire_client() calls this function. It is in another file, so it is not inlined as
 * expire_client() is. knfsd's shutdown does not call it. */
static __always_inline int client_goes(struct nfs4_client *clp)
{
	struct rg_client_ref *found, ref;
	struct forget_walk w = {.clp = (__u64)clp};
	struct rg_crowd_key crowd = {};
	__u64 at = (__u64)clp, now_ns;
	struct rg_client *c;
	struct rg_gate *g;

	found = bpf_map_lookup_elem(&client_of, &at);
	if (!found) /* the end client never had a lock */
		return 0;
	ref = *found;
	bpf_map_delete_elem(&client_of, &at);
	bpf_for_each_map_elem(&uncounted, forget_uncounted, &w, 0);
	bpf_for_each_map_elem(&client_files, forget_file, &w, 0);
	now_ns = bpf_ktime_get_boot_ns();
	g = rg_gate_at(ref.key.slot);
	c = bpf_map_lookup_elem(&clients, &ref.key);
	/* The end client may be back already, as another nfs4_client. */
	if (!g || !c || c->generation != rg_client_generation(g) ||
	    c->cl_id != BPF_CORE_READ(clp, cl_clientid.cl_id))
		return 0;
	c->gone_locks = (__s32)c->locks > 0 ? c->locks : 0;
	c->gone_ns = now_ns;
	c->locks = 0;
	c->uncounted = 0;
	c->uncountable = 0;
	c->granted = 0;
	c->expected = RG_LOCKS_UNKNOWN;
	/* Keep an end client with locks until knfsd starts again, since the locks may be from
	 * before. */
	if (c->state == RG_CLIENT_KNOWN && !c->gone_locks) {
		crowd.slot = ref.key.slot;
		rg_crowd_of(c, &crowd);
		rg_crowd_leave(&crowd);
		bpf_map_delete_elem(&clients, &ref.key);
		return 0;
	}
	rg_client_settle(g, ref.key.slot, c, RG_CLIENT_GONE, now_ns);
	return 0;
}

SEC("fentry/nfsd4_client_record_remove")
int BPF_PROG(client_gone, struct nfs4_client *clp)
{
	return client_goes(clp);
}

SEC("?kprobe/nfsd4_client_record_remove")
int kprobe_client_gone(struct pt_regs___rg *regs)
{
	return client_goes((void *)RG_ARG1(regs));
}
