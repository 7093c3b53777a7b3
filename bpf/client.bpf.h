/* SPDX-License-Identifier: GPL-2.0-only */
/* Parts that the files of the ledger share: clients.bpf.c, count.bpf.c, ranges.bpf.c, nlm.bpf.c,
 * knfsd.bpf.c, control.bpf.c. */
#pragma once

#include "guard.bpf.h"

/* Stops awaiting an end client. Counts it once, however many threads do so at a time. */
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

/* Says whether an awaited end client has as many locks as before knfsd stopped. */
static __always_inline int rg_has_expected(const struct rg_client *c)
{
	return c->state == RG_CLIENT_AWAITED && c->expected != RG_LOCKS_UNKNOWN && !c->uncounted &&
	       !c->uncountable && (__s32)c->locks >= 0 && c->locks >= c->expected;
}

/* ---- how many there are at one address (crowd.bpf.c) ---- */

/* Notes one more end client, which may be one too many if `known` (it was in the ledger before).
 * Returns 0, or -1: there are too many, and nothing was noted. */
int rg_crowd_join(const struct rg_crowd_key *of, int known);
/* Notes one less. */
int rg_crowd_leave(const struct rg_crowd_key *of);
/* Remove idle end clients from the ledger, and those of lockd, unless they were looked for in this
 * second. */
int rg_evict_clients(void);
int rg_evict_hosts(void);

/* The element's address; `key` is all zero, but for `slot` and `nlm`. */
static __always_inline void rg_crowd_of(const struct rg_client *c, struct rg_crowd_key *key)
{
	key->family = c->family;
	__builtin_memcpy(key->addr, c->addr, sizeof(key->addr));
	if (key->family == RG_AF_INET6)
		__builtin_memset(key->addr + 8, 0, 8);
}

/* Says whether an element is that of the end client with this name and its whole length. Another
 * name may have the same hash, which is no secret. */
static __always_inline int rg_is_named(const struct rg_client *c, const char *name, __u16 len)
{
	const __u64 *a = (const void *)c->name, *b = (const void *)name;
	__u64 differ = c->name_len ^ len;

	for (int i = 0; i < RG_CLIENT_NAME / 8; i++)
		differ |= a[i] ^ b[i];
	return !differ;
}

/* ---- counting (count.bpf.c) ---- */

/* Counts the locks of an end client (struct nfs4_client *) on a file (struct inode *). Returns
 * -1 if the file has more than RG_COUNT_NOW. */
int rg_count_few(__u64 clp, __u64 inode);
/* Does the same and enters the count in the ledger. Returns 0 or -1. */
int rg_count_now(const struct rg_client_file *which, struct rg_client_locks *l,
		 struct rg_client *c);
/* Notes a file with too many locks for that, and whether the operation was a LOCK. */
int rg_leave_uncounted(const struct rg_client_file *which, struct rg_client_locks *l,
		       struct rg_client *c, int granted);
/* Takes part in the round that began as number `from`; `whole`: with the whole budget. */
int rg_count_file(const struct rg_client_file *which, __u64 from, int whole);
/* Counts the noted files of one end client of a gate, or of all (clp 0), and settles end clients
 * that have their locks again. budget: number of locks to look at. Returns the number of files
 * left, or -1: another thread counts. */
int rg_count_uncounted(__u32 slot, __u64 clp, __u32 budget);
/* Does the same for the end client of `which`, within the budget that LOCKs have in a second. */
int rg_count_awaited(__u32 slot, const struct rg_client_file *which);
/* Marks the counts of the remaining noted files as unknown: they cannot be counted any more. */
int rg_give_up_uncounted(__u32 slot);

/* ---- listing (ranges.bpf.c) ---- */

/* Lists the locks of a gate's end clients in the files that changed since the last listing, or
 * in all files (`anew`), to the maps `listed_files`, `listed` and `listing`, which the caller has
 * reserved. */
int rg_list_ranges(__u32 slot, __u32 anew, __u32 budget);
/* Does the same when knfsd of this gate stops, and keeps the listing until the daemon reads
 * it. */
int rg_list_last(__u32 slot, __u32 generation);

/* Pass an address: 6.1 allows no typed pointer as an argument of a global function. */
struct rg_client_at {
	__u64 clp; /* struct nfs4_client * */
	__u32 slot;
};

/* Notes a refused reclaim on behalf of a tracing program: the kernel may have skipped the
 * ledger's own program (docs/kernel.md, Preemption), and the gate would not wait for this end
 * client (clients.bpf.c). */
int rg_saw_refused(const struct rg_client_at *r);

/* Notes for each end client of a gate whether knfsd has written the record that lets it reclaim
 * after knfsd's next start: NFSD4_CLIENT_STABLE in nfs4_client.cl_flags, which every way of
 * tracking sets (fs/nfsd/nfs4recover.c) at RECLAIM_COMPLETE, or for 4.0 at the first open. Call it
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
	/* This lockd outlived knfsd, so the end client is still known: have the daemon list its
	 * locks anew. */
	if (l->lockd)
		l->listed = l->changes - 1;
	else
		bpf_map_delete_elem(map, &key);
	return 0;
}

/* The ranges of files that changed after their last listing are uncertain. */
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

struct rg_crowd_walk {
	__u32 slot, nlm;
};

static long rg_drop_crowd(struct bpf_map *map, struct rg_crowd_key *at, __u32 *n,
			  struct rg_crowd_walk *w)
{
	struct rg_crowd_key key = *at;

	if (key.slot == w->slot && key.nlm == w->nlm)
		bpf_map_delete_elem(map, &key);
	return 0;
}

/* Takes over the counts when knfsd of this gate starts: the locks held before are those expected
 * now. No thread of knfsd runs yet, so nothing else writes. */
static __always_inline void rg_clients_take_over(__u32 slot)
{
	struct rg_slot_walk w = {.slot = slot};
	struct rg_crowd_walk crowd = {.slot = slot};

	rg_give_up_uncounted(slot);
	bpf_for_each_map_elem(&crowds, rg_drop_crowd, &crowd, 0);
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
	if (!c->generation) { /* the previous lockd did not see it either */
		bpf_map_delete_elem(map, &key);
		return 0;
	}
	c->generation = 0;
	c->state = RG_CLIENT_GONE;
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

/* Takes over the counts when lockd of this gate starts: it has no locks, and no end client has
 * come yet. */
static __always_inline void rg_nlm_take_over(__u32 slot)
{
	struct rg_slot_walk w = {.slot = slot};
	struct rg_crowd_walk crowd = {.slot = slot, .nlm = 1};

	bpf_for_each_map_elem(&crowds, rg_drop_crowd, &crowd, 0);
	bpf_for_each_map_elem(&nlm_hosts, rg_nlm_forget_host, &w, 0);
	bpf_for_each_map_elem(&client_files, rg_nlm_forget_file, &w, 0);
	bpf_for_each_map_elem(&client_of, rg_nlm_drop_ref, &w, 0);
}

/* Reads the address of a kernel sockaddr, which has the layout of user space; zero if it is
 * neither IPv4 nor IPv6. */
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
