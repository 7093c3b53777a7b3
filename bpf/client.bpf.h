/* SPDX-License-Identifier: GPL-2.0-only */
/* Shared by the files that write the ledger: clients.bpf.c, count.bpf.c, knfsd.bpf.c,
 * control.bpf.c. */
#pragma once

#include "guard.bpf.h"

/* Awaited no longer, whichever way: once, however many come at a time. */
static __always_inline void rg_client_settle(struct rg_gate *g, __u32 slot, struct rg_client *c,
					     __u32 how, __u64 now_ns)
{
	if (__sync_val_compare_and_swap(&c->state, RG_CLIENT_AWAITED, how) != RG_CLIENT_AWAITED)
		return;
	c->settled_ns = now_ns;
	g->settled_ns = now_ns;
	__sync_fetch_and_add(&g->awaited, -1);
	rg_emit(RG_EVENT_CLIENT_SETTLED, slot, g, now_ns);
}

/* Has an awaited end client as many locks as it had before knfsd went away? */
static __always_inline int rg_has_expected(const struct rg_client *c)
{
	return c->state == RG_CLIENT_AWAITED && c->expected != RG_LOCKS_UNKNOWN && !c->uncounted &&
	       !c->uncountable && (__s32)c->locks >= 0 && c->locks >= c->expected;
}

/* ---- counting (count.bpf.c) ---- */

/* Count the locks of an end client (struct nfs4_client *) on a file (struct inode *): -1
 * where the file has more than RG_COUNT_NOW. */
int rg_count_few(__u64 clp, __u64 inode);
/* The same, and enter it into the ledger: 0, or -1. */
int rg_count_now(const struct rg_client_file *which, struct rg_client_locks *l,
		 struct rg_client *c);
/* The file has too many locks for that: note it, and whether it was a LOCK. */
int rg_leave_uncounted(const struct rg_client_file *which, struct rg_client_locks *l,
		       struct rg_client *c, int granted);
/* Of a round that began as number `from`; `whole`: with all the budget there is. */
int rg_count_file(const struct rg_client_file *which, __u64 from, int whole);
/* Count what was noted, of a gate's end client or (clp 0) of all of them, and settle who
 * has its locks again. budget: locks to look at. How many files were left, or -1: somebody
 * else counts. */
int rg_count_uncounted(__u32 slot, __u64 clp, __u32 budget);
/* The same of the end client of `which`, within what LOCKs may do of it in a second. */
int rg_count_awaited(__u32 slot, const struct rg_client_file *which);
/* What is noted still can be counted no more: it is not known what those held. */
int rg_give_up_uncounted(__u32 slot);

/* ---- listing (ranges.bpf.c) ---- */

/* List the locks of a gate's end clients in the files in which something changed since they
 * were last listed, `anew`: in all files. Into the maps `listed_files`, `listed` and
 * `listing`, which the caller has made its own. */
int rg_list_ranges(__u32 slot, __u32 anew, __u32 budget);
/* The same as knfsd of this gate goes away: kept until the daemon reads it. */
int rg_list_last(__u32 slot, __u32 generation);

/* A pointer that the verifier knows may not be an argument of a global function: 6.1. */
struct rg_refused {
	__u64 clp; /* struct nfs4_client * */
	__u32 slot;
};

/*
 * An end client was refused a reclaim, says who traces it: the ledger's own program may
 * have been skipped (kernel.md, Preemption), and then the gate would not wait for this end
 * client (clients.bpf.c).
 */
int rg_saw_refused(const struct rg_refused *r);

/* Note of each end client of a gate whether knfsd has written a record of it, by which it may
 * reclaim after knfsd's next start: NFSD4_CLIENT_STABLE in nfs4_client.cl_flags, set by all ways of
 * tracking (fs/nfsd/nfs4recover.c) at RECLAIM_COMPLETE, or by 4.0 at the first open. To be called
 * while knfsd runs. */
int rg_note_records(__u32 slot);

struct bpf_map;

struct rg_slot_walk {
	__u32 slot;
};

static long rg_take_over_client(struct bpf_map *map, struct rg_client_key *at, struct rg_client *c,
				struct rg_slot_walk *w)
{
	struct rg_client_key key = *at;

	if (key.slot != w->slot)
		return 0;
	c->expected = rg_client_carried(c);
	c->generation = 0;
	c->state = RG_CLIENT_KNOWN;
	c->locks = 0;
	c->refusals = 0;
	c->refused_ns = 0;
	c->granted_ns = 0;
	c->settled_ns = 0;
	c->uncounted = 0;
	c->uncountable = 0;
	c->granted = 0;
	c->unlisted = 0;
	c->recorded = 0;
	c->gone_ns = 0;
	c->gone_locks = 0;
	c->gone_how = 0;
	if (!c->expected || c->expected == RG_LOCKS_UNKNOWN)
		bpf_map_delete_elem(map, &key);
	return 0;
}

static long rg_drop_ref(struct bpf_map *map, __u64 *at, struct rg_client_ref *ref,
			struct rg_slot_walk *w)
{
	__u64 key = *at;

	if (ref->key.slot == w->slot && !ref->key.nlm)
		bpf_map_delete_elem(map, &key);
	return 0;
}

static long rg_drop_file(struct bpf_map *map, struct rg_client_file *at, struct rg_client_locks *l,
			 struct rg_slot_walk *w)
{
	struct rg_client_file key = *at;

	if (l->slot != w->slot)
		return 0;
	/* lockd did not end with knfsd, or it would have been forgotten: the daemon looks for its
	 * locks anew. */
	if (l->lockd)
		l->listed = l->changes - 1;
	else
		bpf_map_delete_elem(map, &key);
	return 0;
}

/* Of files that were not listed after their last change it is not known for sure which
 * ranges were locked. */
static long rg_note_unlisted(struct bpf_map *map, struct rg_client_file *at,
			     struct rg_client_locks *l, struct rg_slot_walk *w)
{
	struct rg_client_file key = *at;
	struct rg_client_key client;
	struct rg_client_ref *ref;
	struct rg_client *c;

	if (l->slot != w->slot || !key.clp || l->lockd || l->listed == l->changes)
		return 0;
	ref = bpf_map_lookup_elem(&client_of, &key.clp);
	if (!ref)
		return 0;
	client = ref->key;
	c = bpf_map_lookup_elem(&clients, &client);
	if (c)
		c->unlisted++;
	return 0;
}

/* knfsd of this gate starts: what end clients held before is what is expected
 * of them. No thread of knfsd runs yet, so nobody else writes. */
static __always_inline void rg_clients_take_over(__u32 slot)
{
	struct rg_slot_walk w = {.slot = slot};

	rg_give_up_uncounted(slot);
	bpf_for_each_map_elem(&clients, rg_take_over_client, &w, 0);
	bpf_for_each_map_elem(&client_files, rg_note_unlisted, &w, 0);
	bpf_for_each_map_elem(&client_of, rg_drop_ref, &w, 0);
	bpf_for_each_map_elem(&client_files, rg_drop_file, &w, 0);
}

static long rg_nlm_forget_host(struct bpf_map *map, struct rg_client_key *at, struct rg_client *c,
			       struct rg_slot_walk *w)
{
	struct rg_client_key key = *at;

	if (key.slot != w->slot)
		return 0;
	if (!c->generation) { /* was not seen by the lockd before either */
		bpf_map_delete_elem(map, &key);
		return 0;
	}
	c->generation = 0;
	c->refusals = 0;
	c->unlisted = 0;
	c->gone_ns = 0;
	c->gone_how = 0;
	return 0;
}

static long rg_nlm_forget_file(struct bpf_map *map, struct rg_client_file *at,
			       struct rg_client_locks *l, struct rg_slot_walk *w)
{
	struct rg_client_file key = *at;
	struct rg_client_key client;
	struct rg_client_ref *ref;
	struct rg_client *c;

	if (l->slot != w->slot || !l->lockd)
		return 0;
	ref = l->listed == l->changes ? NULL : bpf_map_lookup_elem(&client_of, &key.clp);
	if (ref) {
		client = ref->key;
		c = bpf_map_lookup_elem(&nlm_hosts, &client);
		if (c)
			c->unlisted++;
	}
	bpf_map_delete_elem(map, &key);
	return 0;
}

static long rg_nlm_drop_ref(struct bpf_map *map, __u64 *at, struct rg_client_ref *ref,
			    struct rg_slot_walk *w)
{
	__u64 key = *at;

	if (ref->key.slot == w->slot && ref->key.nlm)
		bpf_map_delete_elem(map, &key);
	return 0;
}

/* lockd of this gate starts: it has no locks, and no end client has come yet. */
static __always_inline void rg_nlm_take_over(__u32 slot)
{
	struct rg_slot_walk w = {.slot = slot};

	bpf_for_each_map_elem(&nlm_hosts, rg_nlm_forget_host, &w, 0);
	bpf_for_each_map_elem(&client_files, rg_nlm_forget_file, &w, 0);
	bpf_for_each_map_elem(&client_of, rg_nlm_drop_ref, &w, 0);
}

/* Of a sockaddr in the kernel, whose layout is that of user space; zero where
 * it is neither IPv4 nor IPv6. */
static __always_inline void rg_read_address(const void *at, __u16 *family, __u16 *port, __u8 *addr)
{
	__u8 raw[28] = {};

	if (bpf_probe_read_kernel(raw, sizeof(raw), at))
		return;
	__builtin_memcpy(family, raw, 2);
	if (port)
		*port = (__u16)(raw[2] << 8 | raw[3]);
	if (*family == RG_AF_INET)
		__builtin_memcpy(addr, raw + 4, 4);
	else if (*family == RG_AF_INET6)
		__builtin_memcpy(addr, raw + 8, 16);
	else
		*family = 0;
}
