// SPDX-License-Identifier: GPL-2.0-only
#include "state/lost.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "rg_records.h"

void rg_lost_free(struct rg_lost *l)
{
	free(l->clients);
	free(l->files);
	free(l->locks);
	memset(l, 0, sizeof(*l));
}

/* ---- beginning ---- */

static int key_order(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct rg_client_key));
}

/* Search in the order of rg_clients_read(): by the keys' bytes. */
static const struct rg_client *client_in(const struct rg_awaited *all, __u32 slot,
					 const struct rg_ledger_entry *who)
{
	struct rg_client_key key = {.name_hash = who->name_hash, .slot = slot, .nlm = who->nfs3},
			     *found;

	found = all->n ? bsearch(&key, all->keys, all->n, sizeof(key), key_order) : NULL;
	return found ? &all->clients[found - all->keys] : NULL;
}

static int client_order(const void *a, const void *b)
{
	const struct rg_lost_client *x = a, *y = b;

	return (x->id.name_hash > y->id.name_hash) - (x->id.name_hash < y->id.name_hash);
}

static int lock_order(const void *a, const void *b)
{
	const struct rg_lost_lock *x = a, *y = b;

	if (x->client != y->client)
		return x->client < y->client ? -1 : 1;
	if (x->range.file != y->range.file)
		return x->range.file < y->range.file ? -1 : 1;
	return (x->range.start > y->range.start) - (x->range.start < y->range.start);
}

/* Searches the first `sorted` ones only. */
static struct rg_lost_client *client_of(struct rg_lost *l, __u64 name_hash, size_t sorted)
{
	struct rg_lost_client key = {.id.name_hash = name_hash};

	return sorted ? bsearch(&key, l->clients, sorted, sizeof(key), client_order) : NULL;
}

static void sort_clients(struct rg_lost *l)
{
	if (l->n_clients)
		qsort(l->clients, l->n_clients, sizeof(*l->clients), client_order);
}

void rg_lost_sort_locks(struct rg_lost *l)
{
	if (l->n)
		qsort(l->locks, l->n, sizeof(*l->locks), lock_order);
	for (size_t i = l->n; i > 0; i--) {
		struct rg_lost_client *c = &l->clients[l->locks[i - 1].client];

		c->from = i - 1;
		c->n++;
	}
}

/* Takes the kernel's element, or else that of the ledger on disk. */
static void add_client(struct rg_lost *l, const struct rg_life *life, const struct rg_client *c,
		       const struct rg_ledger_entry *known, __u64 name_hash)
{
	struct rg_lost_client *to = &l->clients[l->n_clients++];

	memset(to, 0, sizeof(*to));
	if (known)
		to->id = *known;
	to->id.name_hash = name_hash;
	to->id.netns = life->netns;
	to->id.init_netns = life->init_netns;
	if (!c)
		return;
	to->unsure = c->unlisted != 0;
	to->id.name_len = c->name_len;
	to->id.family = c->family;
	memcpy(to->id.addr, c->addr, sizeof(to->id.addr));
	memcpy(to->id.name, c->name, sizeof(to->id.name));
	to->id.nfs3 = c->minorversion == RG_NLM_MINOR;
	if (to->id.nfs3) /* its ranges tell how many it had */
		return;
	/* The count is a new one if the end client was back before the daemon looked. */
	to->id.locks = c->generation ? c->expected : rg_client_carried(c);
}

static int begin_clients(struct rg_lost *l, const struct rg_ranges *before,
			 const struct rg_life *life, const struct rg_awaited *clients, __u32 slot)
{
	size_t sorted;

	l->clients = calloc(clients->n + before->clients.n + 1, sizeof(*l->clients));
	if (!l->clients)
		return -ENOMEM;
	for (__u32 i = 0; i < clients->n; i++) {
		const struct rg_client *c = &clients->clients[i];
		__u32 had = c->generation ? c->expected : rg_client_carried(c);

		if (clients->keys[i].slot == slot &&
		    (clients->keys[i].nlm || (had && had != RG_LOCKS_UNKNOWN)))
			add_client(l, life, c, NULL, clients->keys[i].name_hash);
	}
	sort_clients(l);
	sorted = l->n_clients;
	for (size_t i = 0; i < before->clients.n; i++) {
		const struct rg_ledger_entry *e = &before->clients.at[i];

		if (e->netns == life->netns && !client_of(l, e->name_hash, sorted))
			add_client(l, life, client_in(clients, slot, e), e, e->name_hash);
	}
	sort_clients(l);
	return 0;
}

int rg_lost_begin(struct rg_lost *l, struct rg_ranges *before, const struct rg_life *life,
		  const struct rg_awaited *clients, __u32 slot, bool from_disk)
{
	struct rg_ranges ours = {};
	int err;

	memset(l, 0, sizeof(*l));
	l->life = *life;
	l->cut = before->cut;
	l->as_of_ns = from_disk ? before->written_ns ?: 1 : 0;
	err = begin_clients(l, before, life, clients, slot)
		      ?: rg_ranges_move(&ours, before, life->netns);
	l->files = ours.files;
	l->n_files = ours.n_files;
	l->locks = err ? NULL : calloc(ours.n + 1, sizeof(*l->locks));
	if (!l->locks)
		err = err ?: -ENOMEM;
	for (size_t i = 0; !err && i < ours.n; i++) {
		struct rg_lost_client *c = client_of(l, ours.at[i].name_hash, l->n_clients);

		if (!c) /* nobody knows its end client */
			continue;
		l->locks[l->n].range = ours.at[i];
		l->locks[l->n++].client = (__u32)(c - l->clients);
	}
	free(ours.at);
	free(ours.index);
	if (err) {
		rg_lost_free(l);
		return err;
	}
	rg_lost_sort_locks(l);
	/* The file on disk was complete when it was written, and the kernel may still expect
	 * locks that were lost before. */
	for (size_t i = 0; i < l->n_clients; i++) {
		struct rg_lost_client *c = &l->clients[i];

		if (c->id.nfs3 || (from_disk && !l->cut))
			c->id.locks = (__u32)c->n;
		/* Locks of NFSv3 end clients are counted by their ranges alone. */
		c->unsure |= c->id.nfs3 && l->cut;
	}
	return 0;
}

void rg_lost_told_before(struct rg_lost *l, const struct rg_lost *old)
{
	for (size_t i = 0; old->over && i < old->n_clients; i++) {
		const struct rg_lost_client *was = &old->clients[i];
		struct rg_lost_client *c = client_of(l, was->id.name_hash, l->n_clients);
		__u64 lost = was->unnamed;

		for (size_t j = 0; j < was->n; j++)
			lost += !old->locks[was->from + j].held;
		if (!c || c->id.locks == RG_LOCKS_UNKNOWN)
			continue;
		c->id.locks -= lost < c->id.locks ? (__u32)lost : c->id.locks;
		/* The end client may have taken other locks since. */
		if (c->id.locks < c->n)
			c->id.locks = (__u32)c->n;
	}
}

/* ---- what is held now ---- */

static int range_order(const void *a, const void *b)
{
	const struct rg_range *x = a, *y = b;

	if (x->file != y->file)
		return x->file < y->file ? -1 : 1;
	if (x->name_hash != y->name_hash)
		return x->name_hash < y->name_hash ? -1 : 1;
	if (x->owner != y->owner)
		return x->owner < y->owner ? -1 : 1;
	return (x->start > y->start) - (x->start < y->start);
}

static __u64 last_byte(const struct rg_range *r)
{
	return r->length == ~0ULL ? ~0ULL : r->start + r->length - 1;
}

/* Says whether the same owner locks all of this range, at least as strongly. Locks of one owner
 * do not overlap, and touching ones of one type are one lock (POSIX). */
static bool is_covered(const struct rg_range *want, const struct rg_range *sorted, size_t n)
{
	size_t low = 0, high = n;
	__u64 at = want->start;

	/* Finds the first range of this owner. */
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		struct rg_range first = *want;

		first.start = 0;
		if (range_order(&sorted[middle], &first) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < n; low++) {
		const struct rg_range *r = &sorted[low];

		if (r->file != want->file || r->name_hash != want->name_hash ||
		    r->owner != want->owner || r->start > at)
			return false;
		if (last_byte(r) < at)
			continue;
		if (r->type < want->type)
			return false;
		if (last_byte(r) >= last_byte(want))
			return true;
		at = last_byte(r) + 1;
	}
	return false;
}

static int unlocks_order(const void *a, const void *b)
{
	const struct rg_unlocks *x = a, *y = b;

	if (x->file != y->file)
		return x->file < y->file ? -1 : 1;
	return (x->name_hash > y->name_hash) - (x->name_hash < y->name_hash);
}

int rg_lost_take_listing(struct rg_lost *l, struct rg_ranges *now, const bool *listed,
			 struct rg_unlocks *unlocks, size_t n)
{
	struct rg_range *sorted = calloc(now->n + 1, sizeof(*sorted));
	long *place = malloc((l->n_files + 1) * sizeof(*place));

	if (!sorted || !place) {
		free(sorted);
		free(place);
		return -ENOMEM;
	}
	if (n)
		qsort(unlocks, n, sizeof(*unlocks), unlocks_order);
	if (now->n) {
		memcpy(sorted, now->at, now->n * sizeof(*sorted));
		qsort(sorted, now->n, sizeof(*sorted), range_order);
	}
	for (size_t f = 0; f < l->n_files; f++) {
		place[f] = rg_ranges_find(now, &l->files[f]);
		if (place[f] == -ENOMEM) {
			free(sorted);
			free(place);
			return -ENOMEM;
		}
		if (place[f] >= 0 && !listed[place[f]])
			place[f] = -1;
	}
	for (size_t i = 0; i < l->n; i++) {
		struct rg_lost_lock *lock = &l->locks[i];
		struct rg_range want = lock->range;
		struct rg_unlocks key = {.name_hash = want.name_hash}, *given;

		if (place[want.file] < 0)
			continue;
		want.file = (__u32)place[want.file];
		key.file = want.file;
		lock->held = is_covered(&want, sorted, now->n);
		lock->ever |= lock->held;
		if (lock->held)
			lock->thrown = false;
		given = n ? bsearch(&key, unlocks, n, sizeof(key), unlocks_order) : NULL;
		/* The kernel forgets an end client without locks in a file and counts from zero
		 * later. */
		if (given && given->n > lock->unlocks)
			lock->unlocks = given->n;
	}
	free(sorted);
	free(place);
	return 0;
}

/* ---- what follows ---- */

bool rg_lost_is_over(const struct rg_gate *g, __u64 now_ns)
{
	struct rg_gate as_if = *g;

	/* Judge as for a gate that nobody moved by hand and that waits for everybody. */
	as_if.policy.release = RG_RELEASE_SETTLED;
	as_if.hand = RG_HAND_OFF;
	return g->knfsd > RG_KNFSD_GRACE && g->knfsd < RG_NR_KNFSD &&
	       rg_gate_view(&as_if, now_ns).state == RG_STATE_OPEN;
}

/* knfsd dropped the end client and its locks. */
static void let_go(struct rg_lost *l, __u32 client, const struct rg_client *c)
{
	l->clients[client].gone_ns = c->gone_ns;
	l->clients[client].ended =
		c->gone_how == RG_GONE_HOW_RESTARTED || c->gone_how == RG_GONE_HOW_ENDED;
	for (size_t i = 0; i < l->clients[client].n; i++) {
		struct rg_lost_lock *lock = &l->locks[l->clients[client].from + i];

		lock->thrown |= lock->held;
		lock->held = false;
	}
}

static enum rg_lost_why why_of(const struct rg_lost *l, const struct rg_lost_lock *lock,
			       enum rg_lost_why otherwise)
{
	if (lock->held || l->clients[lock->client].ended)
		return RG_LOST_NOT;
	if (lock->thrown)
		return RG_LOST_THROWN_OUT;
	/* The lock was held again and released, or may have been. */
	if (lock->ever || lock->unlocks || !l->over)
		return RG_LOST_NOT;
	return otherwise;
}

/* Returns what a refused reclaim of this end client means. */
static enum rg_lost_why refused(const struct rg_lost_client *client, const struct rg_client *c)
{
	if (!client->id.nfs3)
		return RG_LOST_REFUSED;
	return c->cl_id == RG_NLM_DENIED_GRACE ? RG_LOST_NLM_GRACE : RG_LOST_NLM_DENIED;
}

/* The kernel's map has no end client that was refused and is gone. */
static bool was_refused(enum rg_lost_why why)
{
	return why == RG_LOST_REFUSED || why == RG_LOST_NLM_GRACE || why == RG_LOST_NLM_DENIED;
}

static void judge_client(struct rg_lost *l, __u32 at, const struct rg_client *c,
			 const struct rg_gate *g)
{
	bool here = c && c->generation == rg_client_generation(g);
	struct rg_lost_client *client = &l->clients[at];
	enum rg_lost_why otherwise;
	__u64 held = 0, rest, extra;

	client->came_back |= here;
	if (here && c->gone_ns > client->gone_ns)
		let_go(l, at, c);
	otherwise = !client->came_back && client->id.nfs3 ? RG_LOST_NLM_NOT_NOTIFIED
		    : !client->came_back		  ? RG_LOST_ABSENT
		    : here && c->refusals		  ? refused(client, c)
		    : was_refused(client->unnamed_why)	  ? client->unnamed_why
							  : RG_LOST_NOT_ASKED;
	for (size_t i = client->from; i < client->from + client->n; i++) {
		l->locks[i].why = why_of(l, &l->locks[i], otherwise);
		held += l->locks[i].held;
	}
	client->unnamed = 0;
	client->unnamed_why = otherwise;
	if (!l->over || client->ended || client->id.locks == RG_LOCKS_UNKNOWN ||
	    client->id.locks <= client->n)
		return;
	/* Other locks that it holds may be some of the unnamed ones. */
	rest = client->id.locks - client->n;
	extra = here && rg_client_is_counted(c) && c->locks > held ? c->locks - held : 0;
	client->unnamed = rest > extra ? rest - extra : 0;
	if (here && c->gone_ns && c->gone_locks > held)
		client->unnamed_why = RG_LOST_THROWN_OUT;
}

void rg_lost_judge(struct rg_lost *l, const struct rg_awaited *clients, __u32 slot,
		   const struct rg_gate *g, bool over)
{
	l->over |= over;
	for (size_t i = 0; i < l->n_clients; i++)
		judge_client(l, (__u32)i, client_in(clients, slot, &l->clients[i].id), g);
}

struct rg_lost_sum rg_lost_sum_of(const struct rg_lost *l)
{
	struct rg_lost_sum sum = {.lower_bound = l->as_of_ns != 0};
	bool *losing = calloc(l->n_clients + 1, sizeof(*losing));

	for (size_t i = 0; i < l->n; i++) {
		const struct rg_lost_lock *lock = &l->locks[i];

		sum.why[lock->why]++;
		sum.back += lock->held;
		if (lock->why != RG_LOST_NOT) {
			sum.total++;
			if (losing)
				losing[lock->client] = true;
		} else if (!lock->held && !lock->ever && !l->clients[lock->client].ended) {
			sum.pending += !l->over;
			sum.given_back += l->over;
		}
	}
	for (size_t i = 0; i < l->n_clients; i++) {
		const struct rg_lost_client *c = &l->clients[i];

		sum.unnamed += c->unnamed;
		if (c->unnamed)
			sum.why[c->unnamed_why] += c->unnamed;
		sum.lower_bound |= c->unsure || c->id.locks == RG_LOCKS_UNKNOWN;
		sum.clients += c->unnamed || (losing && losing[i]);
	}
	sum.total += sum.unnamed;
	sum.lower_bound |= sum.given_back != 0;
	free(losing);
	return sum;
}

bool rg_lost_sum_same(const struct rg_lost_sum *a, const struct rg_lost_sum *b)
{
	return a->total == b->total && a->unnamed == b->unnamed && a->clients == b->clients &&
	       memcmp(a->why, b->why, sizeof(a->why)) == 0 && a->back == b->back &&
	       a->pending == b->pending && a->given_back == b->given_back &&
	       a->lower_bound == b->lower_bound;
}
