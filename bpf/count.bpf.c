// SPDX-License-Identifier: GPL-2.0-only
/*
 * Counting the locks of end clients.
 *
 * LOCK and LOCKU cannot be counted one against the other, since ranges merge and split
 * and one LOCKU may end many locks. So the list of the file's locks (flc_posix) is walked,
 * and those whose owner is a state owner of the end client are its. After a LOCK or LOCKU
 * only a list of up to RG_COUNT_NOW locks is walked. A longer one is noted in `uncounted`
 * and is walked in a round: once for all end clients that have locks in the file, at most
 * once a second by the daemon, before knfsd drops its state, and when an awaited end client
 * may have its locks again. No operation waits for a walk that grows with the locks.
 *
 * Global functions: see CONTRIBUTING.md.
 */
#include "client.bpf.h"

struct bpf_map;

static __always_inline struct list_head *locks_of(__u64 inode)
{
	struct file_lock_context *ctx = BPF_CORE_READ((struct inode *)inode, i_flctx);

	return ctx ? (void *)ctx + bpf_core_field_offset(struct file_lock_context, flc_posix)
		   : NULL;
}

/* Returns the end client of a lock's owner. Owners of lockd and of applications are other
 * structs, which never have the address of an nfs4_client there. */
static __always_inline __u64 client_of_owner(void *owner)
{
	return (__u64)BPF_CORE_READ((struct nfs4_stateowner *)owner, so_client);
}

__noinline int rg_count_few(__u64 clp, __u64 inode)
{
	struct list_head *head = locks_of(inode), *at;
	int n = 0;

	if (!head)
		return 0;
	at = BPF_CORE_READ(head, next);
	for (int i = 0; i < RG_COUNT_NOW; i++) {
		if (at == head)
			return n;
		n += client_of_owner(rg_lock_owner(at)) == clp;
		at = BPF_CORE_READ(at, next);
	}
	return at == head ? n : -1;
}

/* ---- one walk, for all end clients ---- */

struct locks_walk {
	struct list_head *head, *at;
	void *owner; /* owner of the last `run` locks; the list is sorted by owner */
	__u64 inode, pass;
	__u32 run;
};

static __always_inline void add_run(struct locks_walk *w)
{
	struct rg_client_file at = {.inode = w->inode};
	struct rg_client_locks *l;

	if (!w->run)
		return;
	at.clp = client_of_owner(w->owner);
	l = bpf_map_lookup_elem(&client_files, &at);
	if (!l)
		return;
	if (l->pass != w->pass) {
		l->tally = 0;
		l->pass = w->pass;
	}
	l->tally += w->run;
}

/* Walk the list without its lock. A lock that was just removed leads to NULL, to itself, or
 * round a list of locks to be freed, never back to the head. */
static long one_lock(__u32 i, struct locks_walk *w)
{
	struct list_head *at = w->at, *next;
	void *owner;

	if (at == w->head)
		return 1;
	owner = rg_lock_owner(at);
	next = BPF_CORE_READ(at, next);
	if (!next || next == at) {
		w->at = NULL;
		return 1;
	}
	if (owner != w->owner) {
		add_run(w);
		w->owner = owner;
		w->run = 0;
	}
	w->run++;
	w->at = next;
	return 0;
}

/* Walks the locks of a file once in a round; the element with clp 0 keeps the result. Returns 0,
 * or -1: the walk did not reach the end. */
static __always_inline int walk_file(__u64 inode, __u64 from, __u32 slot, struct rg_counting *s)
{
	struct rg_client_file file = {.inode = inode};
	struct rg_client_locks fresh = {.slot = slot}, *f;
	/* 6.1 verifies a callback of bpf_loop() for its first turn only, and removes code that a
	 * constant makes unreachable there. */
	struct locks_walk w = {.inode = inode,
			       .owner = (void *)s->nothing,
			       .run = (__u32)s->nothing};
	struct list_head *head;
	__u32 steps;

	f = bpf_map_lookup_elem(&client_files, &file);
	if (f && f->pass > from)
		return f->failed ? -1 : 0;
	head = locks_of(inode);
	w.head = head;
	w.pass = ++s->pass;
	if (head) {
		w.at = BPF_CORE_READ(head, next);
		steps = (__u32)bpf_loop(s->budget, one_lock, &w, 0);
		s->budget -= steps < s->budget ? steps : s->budget;
		add_run(&w);
	}
	fresh.pass = w.pass;
	fresh.failed = w.at != w.head;
	/* Without room for the result, the next end client walks the list again. */
	bpf_map_update_elem(&client_files, &file, &fresh, BPF_ANY);
	return w.at == w.head ? 0 : -1;
}

/* ---- an end client and a file ---- */

static __always_inline struct rg_client *client_at(__u64 clp, struct rg_client_ref *ref)
{
	struct rg_client_ref *known = bpf_map_lookup_elem(&client_of, &clp);

	if (!known)
		return NULL;
	*ref = *known;
	return bpf_map_lookup_elem(&clients, &ref->key);
}

__noinline int rg_leave_uncounted(const struct rg_client_file *which, struct rg_client_locks *l,
				  struct rg_client *c, int granted)
{
	struct rg_client_file at;
	__u32 slot;

	if (!which || !l || !c)
		return 0;
	at = *which;
	slot = l->slot;
	if (granted) {
		__sync_fetch_and_add(&l->granted, 1);
		__sync_fetch_and_add(&c->granted, 1);
	}
	if (l->waiting || __sync_val_compare_and_swap(&l->waiting, 0, 1))
		return 0;
	__sync_fetch_and_add(&c->uncounted, 1);
	if (bpf_map_update_elem(&uncounted, &at, &slot, BPF_ANY)) {
		rg_count(RG_COUNT_FAIL_LEDGER);
		__sync_fetch_and_or(&c->uncountable, RG_NO_ROOM);
	}
	return 0;
}

/* Stores the count n of the locks of `l`, if no lock was taken or released since `changes` was
 * read. */
static __always_inline void enter_count(struct rg_client_file *at, struct rg_client_locks *l,
					struct rg_client *c, __u32 n, __u32 changes)
{
	__u32 was = __sync_lock_test_and_set(&l->n, n), granted;

	__sync_fetch_and_add(&c->locks, n - was);
	granted = __sync_lock_test_and_set(&l->granted, 0);
	__sync_fetch_and_add(&c->granted, -granted);
	if (l->failed >= RG_COUNT_TRIES)
		__sync_fetch_and_add(&c->uncountable, -1);
	l->failed = 0;
	if (l->changes != changes)
		return;
	bpf_map_delete_elem(&uncounted, at);
	if (__sync_lock_test_and_set(&l->waiting, 0))
		__sync_fetch_and_add(&c->uncounted, -1);
	if (l->changes != changes) /* by a thread that saw it awaited */
		rg_leave_uncounted(at, l, c, 0);
}

static __always_inline void settle_counted(struct rg_client *c, __u32 slot)
{
	struct rg_gate *g = rg_gate_at(slot);

	if (g && rg_has_expected(c))
		rg_client_settle(g, slot, c, RG_CLIENT_SETTLED, bpf_ktime_get_boot_ns());
}

/* Takes an element that was noted before the round `from` began. */
__noinline int rg_count_file(const struct rg_client_file *which, __u64 from, int whole)
{
	struct rg_client_ref ref = {};
	struct rg_client_locks *l;
	struct rg_client_file at;
	struct rg_counting *s;
	struct rg_client *c;
	__u32 zero = 0;
	int walked;

	s = bpf_map_lookup_elem(&counting, &zero);
	if (!which || !s)
		return 0;
	at = *which;
	l = bpf_map_lookup_elem(&client_files, &at);
	if (l && l->round != from) {
		s->left++;
		return 0;
	}
	walked = l ? walk_file(at.inode, from, l->slot, s) : 0;
	/* The walk may have taken long: look the end client up again, which may be gone. */
	l = bpf_map_lookup_elem(&client_files, &at);
	c = client_at(at.clp, &ref);
	if (!l || !c) {
		bpf_map_delete_elem(&uncounted, &at);
		return 0;
	}
	if (walked) {
		s->left++;
		if (whole && ++l->failed == RG_COUNT_TRIES) {
			rg_count(RG_COUNT_FAIL_LEDGER);
			__sync_fetch_and_add(&c->uncountable, 1);
		}
		return 0;
	}
	enter_count(&at, l, c, l->pass > from ? l->tally : 0, l->before);
	settle_counted(c, ref.key.slot);
	return 0;
}

/* Counts a short list at once, in the operation that changed it. Returns 0, or -1: there are
 * more locks. */
__noinline int rg_count_now(const struct rg_client_file *which, struct rg_client_locks *l,
			    struct rg_client *c)
{
	struct rg_client_file at;
	__u32 changes;
	int n;

	if (!which || !l || !c)
		return -1;
	at = *which;
	/* Threads of knfsd count at the same time. The last writer must have looked last;
	 * otherwise the daemon counts again. */
	for (int tries = 0; tries < 2; tries++) {
		changes = l->changes;
		n = rg_count_few(at.clp, at.inode);
		if (n < 0)
			return -1;
		enter_count(&at, l, c, (__u32)n, changes);
		if (l->changes == changes)
			return 0;
	}
	return -1;
}

/* ---- a round ---- */

struct rg_count_round {
	__u64 clp; /* only this end client's; 0: all */
	__u64 from;
	__u32 slot;
	__u32 whole;
};

static __always_inline int in_round(const struct rg_client_file *at, const __u32 *slot,
				    const struct rg_count_round *r)
{
	return *slot == r->slot && (!r->clp || at->clp == r->clp);
}

static long note_one(struct bpf_map *map, struct rg_client_file *at, __u32 *slot,
		     struct rg_count_round *r)
{
	struct rg_client_file key = *at;
	struct rg_client_locks *l;

	if (!in_round(&key, slot, r))
		return 0;
	l = bpf_map_lookup_elem(&client_files, &key);
	if (l) {
		l->before = l->changes;
		l->round = r->from;
	}
	return 0;
}

static long count_one(struct bpf_map *map, struct rg_client_file *at, __u32 *slot,
		      struct rg_count_round *r)
{
	struct rg_client_file key = *at;

	if (in_round(&key, slot, r))
		rg_count_file(&key, r->from, (int)r->whole);
	return 0;
}

__noinline int rg_count_uncounted(__u32 slot, __u64 clp, __u32 budget)
{
	struct rg_count_round r = {.clp = clp, .slot = slot};
	struct rg_counting *s;
	__u32 zero = 0;
	int left;

	s = bpf_map_lookup_elem(&counting, &zero);
	if (!s || s->busy || __sync_val_compare_and_swap(&s->busy, 0, 1))
		return -1;
	s->budget = budget;
	s->left = 0;
	r.from = ++s->pass;
	r.whole = budget == RG_MAX_FILE_LOCKS;
	/* Note all elements before the first walk, since one walk counts for all end clients of
	 * a file. */
	bpf_for_each_map_elem(&uncounted, note_one, &r, 0);
	bpf_for_each_map_elem(&uncounted, count_one, &r, 0);
	left = (int)s->left;
	__sync_lock_test_and_set(&s->busy, 0);
	return left;
}

/* Decides whether a LOCK of an awaited end client counts a long list at once, since the end
 * client may now have all its locks. All such LOCKs together may look at RG_COUNT_STEPS locks a
 * second; beyond that the daemon counts. */
__noinline int rg_count_awaited(__u32 slot, const struct rg_client_file *which)
{
	__u64 now_ns = bpf_ktime_get_boot_ns();
	struct rg_counting *s;
	__u32 zero = 0, steps;

	s = bpf_map_lookup_elem(&counting, &zero);
	if (!which || !s)
		return 0;
	if (now_ns - s->refill_ns > RG_NS_PER_SEC) {
		s->refill_ns = now_ns;
		s->steps = RG_COUNT_STEPS;
	}
	steps = s->steps;
	if (!steps || rg_count_uncounted(slot, which->clp, steps) < 0)
		return 0;
	/* Charge each round for its walk through `uncounted` as well. */
	steps -= s->budget < steps ? s->budget : steps;
	steps += RG_COUNT_ROUND;
	s->steps = s->steps > steps ? s->steps - steps : 0;
	return 0;
}

/* ---- knfsd starts anew ---- */

static long give_up_one(struct bpf_map *map, struct rg_client_file *at, __u32 *slot,
			struct rg_count_round *r)
{
	struct rg_client_file key = *at;
	struct rg_client_ref ref = {};
	struct rg_client *c;

	if (!in_round(&key, slot, r))
		return 0;
	c = client_at(key.clp, &ref);
	if (c)
		__sync_fetch_and_or(&c->uncountable, RG_NO_ROOM);
	bpf_map_delete_elem(map, &key);
	return 0;
}

__noinline int rg_give_up_uncounted(__u32 slot)
{
	struct rg_count_round r = {.slot = slot};

	bpf_for_each_map_elem(&uncounted, give_up_one, &r, 0);
	return 0;
}
