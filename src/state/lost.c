// SPDX-License-Identifier: GPL-2.0-only
#include "state/lost.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/log.h"
#include "rg_records.h"
#include "text/json.h"

static const char *const keys[RG_NR_LOST_WHYS] = {
	[RG_LOST_NOT] = "not-lost",	     [RG_LOST_REFUSED] = "refused",
	[RG_LOST_NOT_ASKED] = "not-asked",   [RG_LOST_ABSENT] = "absent",
	[RG_LOST_THROWN_OUT] = "thrown-out", [RG_LOST_NLM_NOT_NOTIFIED] = "not-notified",
	[RG_LOST_NLM_GRACE] = "nlm-grace",   [RG_LOST_NLM_DENIED] = "nlm-denied",
};

static const char *const texts[RG_NR_LOST_WHYS] = {
	[RG_LOST_NOT] = "",
	[RG_LOST_REFUSED] = "its end client was refused a reclaim and did not take it again",
	[RG_LOST_NOT_ASKED] = "its end client came back and did not ask for it",
	[RG_LOST_ABSENT] = "its end client did not come back",
	[RG_LOST_THROWN_OUT] = "it was held again until knfsd threw its end client out",
	[RG_LOST_NLM_NOT_NOTIFIED] = "its NFSv3 end client did not come back: it was not notified "
				     "of the restart, or is gone",
	[RG_LOST_NLM_GRACE] = "lockd refused its NFSv3 end client's reclaim with "
			      "NLM4_DENIED_GRACE_PERIOD, as lockd's grace period was over",
	[RG_LOST_NLM_DENIED] = "lockd refused its NFSv3 end client's reclaim with NLM4_DENIED or "
			       "NLM4_DENIED_NOLOCKS: somebody else had it, or locks are refused",
};

const char *rg_lost_why_key(enum rg_lost_why why)
{
	return keys[why];
}

const char *rg_lost_why_text(enum rg_lost_why why)
{
	return texts[why];
}

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

static void sort_locks(struct rg_lost *l)
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
	sort_locks(l);
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

int rg_lost_heed(struct rg_lost *l, struct rg_ranges *now, const bool *listed,
		 struct rg_unlocks *unlocks, size_t n)
{
	struct rg_range *sorted = malloc((now->n + 1) * sizeof(*sorted));
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

void rg_lost_text(const struct rg_lost *l, const struct rg_lost_sum *sum,
		  char text[RG_LOST_TEXT_SIZE])
{
	char wall[64] = "";
	size_t n;

	if (!l->over) {
		snprintf(text, RG_LOST_TEXT_SIZE,
			 "recovery under way: %llu of %llu known locks are held again",
			 (unsigned long long)sum->back,
			 (unsigned long long)(sum->back + sum->pending));
		return;
	}
	n = (size_t)snprintf(text, RG_LOST_TEXT_SIZE, "%s%llu lock%s of %llu end client%s lost",
			     sum->lower_bound && sum->total ? "at least " : "",
			     (unsigned long long)sum->total, sum->total == 1 ? "" : "s",
			     (unsigned long long)sum->clients, sum->clients == 1 ? "" : "s");
	if (sum->unnamed && n < RG_LOST_TEXT_SIZE)
		n += (size_t)snprintf(text + n, RG_LOST_TEXT_SIZE - n,
				      "; of %llu the ledger had no range%s",
				      (unsigned long long)sum->unnamed,
				      l->cut ? ", as there were more than it keeps" : "");
	if (sum->given_back && n < RG_LOST_TEXT_SIZE)
		n += (size_t)snprintf(text + n, RG_LOST_TEXT_SIZE - n,
				      "; %llu more are not held and may have been given back",
				      (unsigned long long)sum->given_back);
	if (l->as_of_ns > 1) {
		time_t s = (time_t)(l->as_of_ns / RG_NS_PER_SEC);
		struct tm tm;

		gmtime_r(&s, &tm);
		strftime(wall, sizeof(wall), "%Y-%m-%d %H:%M:%S UTC", &tm);
	}
	if (l->as_of_ns && n < RG_LOST_TEXT_SIZE)
		snprintf(text + n, RG_LOST_TEXT_SIZE - n,
			 "; a lower bound, by the ledger on disk as it was written %s: what was "
			 "locked later is not in it",
			 wall[0] ? wall : "at an unknown time");
	else if (sum->lower_bound && !sum->given_back && n < RG_LOST_TEXT_SIZE)
		snprintf(text + n, RG_LOST_TEXT_SIZE - n, "; a lower bound, as %s",
			 l->cut && !sum->unnamed ? "there were more than the ledger keeps"
						 : "the ledger was a few seconds old");
}

/* ---- JSON ---- */

static json_object *client_json(const struct rg_lost_client *c)
{
	json_object *o = rg_ledger_entry_json(&c->id);

	/* The ledger has no end client with no locks or an unknown number. */
	rg_json_put_uint(o, "locks", 1);
	rg_json_put(o, "had",
		    c->id.locks == RG_LOCKS_UNKNOWN ? NULL : json_object_new_uint64(c->id.locks));
	rg_json_put(o, "unsure", json_object_new_boolean(c->unsure));
	rg_json_put(o, "ended", json_object_new_boolean(c->ended));
	rg_json_put(o, "came_back", json_object_new_boolean(c->came_back));
	rg_json_put_uint(o, "gone_ns", c->gone_ns);
	rg_json_put_uint(o, "unnamed", c->unnamed);
	rg_json_put_text(o, "unnamed_why", rg_lost_why_key(c->unnamed_why));
	return o;
}

static json_object *lock_json(const struct rg_lost_lock *lock)
{
	json_object *o = json_object_new_object();

	rg_json_put_uint(o, "client", lock->client);
	rg_json_put_uint(o, "file", lock->range.file);
	rg_json_put_uint(o, "start", lock->range.start);
	rg_json_put(o, "length",
		    lock->range.length == ~0ULL ? NULL
						: json_object_new_uint64(lock->range.length));
	rg_json_put_text(o, "type", lock->range.type == 1 ? "read" : "write");
	rg_json_put_hex(o, "owner", lock->range.owner);
	rg_json_put(o, "held", json_object_new_boolean(lock->held));
	rg_json_put(o, "ever", json_object_new_boolean(lock->ever));
	rg_json_put(o, "thrown", json_object_new_boolean(lock->thrown));
	rg_json_put_uint(o, "unlocks", lock->unlocks);
	rg_json_put_text(o, "why", rg_lost_why_key(lock->why));
	return o;
}

/* Writes the members of one recovery, without the braces of the file. */
static void put_lost(FILE *to, const struct rg_lost *l)
{
	json_object *o = json_object_new_object();

	rg_json_put_netns(o, l->life.netns, l->life.init_netns);
	rg_json_put_text(o, "boot_id", l->boot_id);
	rg_json_put_uint(o, "knfsd_start", l->life.generation);
	rg_json_put_uint(o, "set", l->life.set);
	rg_json_put(o, "over", json_object_new_boolean(l->over));
	rg_json_put(o, "cut", json_object_new_boolean(l->cut));
	rg_json_put(o, "said", json_object_new_boolean(l->said));
	rg_json_put_uint(o, "as_of_ns", l->as_of_ns);
	rg_json_write(to, o, true);
	fputs(",\n\"clients\":[", to);
	for (size_t i = 0; i < l->n_clients; i++) {
		fputs(i ? ",\n" : "\n", to);
		rg_json_write(to, client_json(&l->clients[i]), false);
	}
	fputs("],\n\"files\":[", to);
	for (size_t i = 0; i < l->n_files; i++) {
		fputs(i ? ",\n" : "\n", to);
		rg_json_write(to, rg_range_file_json(&l->files[i]), false);
	}
	fputs("],\n\"locks\":[", to);
	for (size_t i = 0; i < l->n; i++) {
		fputs(i ? ",\n" : "\n", to);
		rg_json_write(to, lock_json(&l->locks[i]), false);
	}
	fputs("]}", to);
}

static bool get_flag(json_object *o, const char *key, bool *flag)
{
	json_object *value = json_object_object_get(o, key);

	*flag = json_object_get_boolean(value);
	return json_object_is_type(value, json_type_boolean);
}

static bool get_why(json_object *o, const char *key, enum rg_lost_why *why)
{
	char text[32];

	if (!rg_json_get_text(o, key, text, sizeof(text)))
		return false;
	for (int i = 0; i < RG_NR_LOST_WHYS; i++)
		if (strcmp(text, keys[i]) == 0) {
			*why = (enum rg_lost_why)i;
			return true;
		}
	return false;
}

static bool client_of_json(json_object *o, __u32 init_netns, struct rg_lost_client *c)
{
	json_object *had;
	__u64 n;

	if (!json_object_is_type(o, json_type_object) ||
	    !json_object_object_get_ex(o, "had", &had) ||
	    rg_ledger_entry_of_json(o, init_netns, &c->id) || !get_flag(o, "unsure", &c->unsure) ||
	    !get_flag(o, "ended", &c->ended) || !get_flag(o, "came_back", &c->came_back) ||
	    !rg_json_get_uint(o, "gone_ns", 0, INT64_MAX, &c->gone_ns) ||
	    !rg_json_get_uint(o, "unnamed", 0, UINT32_MAX, &c->unnamed) ||
	    !get_why(o, "unnamed_why", &c->unnamed_why))
		return false;
	c->id.locks = RG_LOCKS_UNKNOWN;
	if (!had)
		return true;
	if (!rg_json_get_uint(o, "had", 0, RG_LOCKS_UNKNOWN - 1, &n))
		return false;
	c->id.locks = (__u32)n;
	return true;
}

static bool lock_of_json(json_object *o, const struct rg_lost *l, struct rg_lost_lock *lock)
{
	__u64 client, file, unlocks;
	char type[8];

	if (!json_object_is_type(o, json_type_object) || !l->n_clients || !l->n_files ||
	    !rg_json_get_uint(o, "client", 0, l->n_clients - 1, &client) ||
	    !rg_json_get_uint(o, "file", 0, l->n_files - 1, &file) ||
	    !rg_json_get_uint(o, "start", 0, INT64_MAX, &lock->range.start) ||
	    !rg_json_get_text(o, "type", type, sizeof(type)) ||
	    !rg_json_get_hex(o, "owner", &lock->range.owner) || !get_flag(o, "held", &lock->held) ||
	    !get_flag(o, "ever", &lock->ever) || !get_flag(o, "thrown", &lock->thrown) ||
	    !rg_json_get_uint(o, "unlocks", 0, UINT32_MAX, &unlocks) ||
	    !get_why(o, "why", &lock->why))
		return false;
	lock->range.length = ~0ULL;
	if (json_object_object_get(o, "length") &&
	    (!rg_json_get_uint(o, "length", 1, INT64_MAX, &lock->range.length) ||
	     lock->range.length - 1 > (__u64)INT64_MAX - lock->range.start))
		return false;
	lock->client = (__u32)client;
	lock->range.file = (__u32)file;
	lock->range.name_hash = l->clients[client].id.name_hash;
	lock->unlocks = (__u32)unlocks;
	lock->range.type = strcmp(type, "read") == 0 ? 1 : strcmp(type, "write") == 0 ? 2 : 0;
	return lock->range.type != 0;
}

/* Allocates an array for the elements of a list, at most `max` of `size` bytes; or returns
 * NULL. */
static void *room_for(json_object *list, size_t max, size_t size)
{
	return json_object_is_type(list, json_type_array) && json_object_array_length(list) <= max
		       ? calloc(json_object_array_length(list) + 1, size)
		       : NULL;
}

static const char *get_lost(json_object *o, __u32 init_netns, struct rg_lost *l)
{
	json_object *clients = json_object_object_get(o, "clients"),
		    *files = json_object_object_get(o, "files"),
		    *locks = json_object_object_get(o, "locks");
	__u64 generation, set;

	if (!rg_json_get_netns(o, init_netns, &l->life.netns, &l->life.init_netns) ||
	    !rg_json_get_text(o, "boot_id", l->boot_id, sizeof(l->boot_id)) ||
	    !rg_json_get_uint(o, "knfsd_start", 0, UINT32_MAX, &generation) ||
	    !rg_json_get_uint(o, "set", 0, UINT32_MAX, &set) || !get_flag(o, "over", &l->over) ||
	    !get_flag(o, "cut", &l->cut) || !get_flag(o, "said", &l->said) ||
	    !rg_json_get_uint(o, "as_of_ns", 0, INT64_MAX, &l->as_of_ns))
		return "a member of a recovery is missing or makes no sense";
	l->life.generation = (__u32)generation;
	l->life.set = (__u32)set;
	l->clients = room_for(clients, 2UL * RG_MAX_CLIENTS, sizeof(*l->clients));
	l->files = room_for(files, RG_MAX_RANGES, sizeof(*l->files));
	l->locks = room_for(locks, 2UL * RG_MAX_RANGES, sizeof(*l->locks));
	if (!l->clients || !l->files || !l->locks)
		return "\"clients\", \"files\" or \"locks\" is missing or too long";
	for (size_t i = 0; i < json_object_array_length(clients); i++, l->n_clients++)
		if (!client_of_json(json_object_array_get_idx(clients, i), init_netns,
				    &l->clients[i]))
			return "an end client makes no sense";
	for (size_t i = 0; i < json_object_array_length(files); i++, l->n_files++)
		if (!rg_range_file_of_json(json_object_array_get_idx(files, i), init_netns,
					   &l->files[i]))
			return "a file makes no sense";
	for (size_t i = 0; i < json_object_array_length(locks); i++, l->n++)
		if (!lock_of_json(json_object_array_get_idx(locks, i), l, &l->locks[i]))
			return "a lock makes no sense";
	for (size_t i = 1; i < l->n_clients; i++)
		if (client_order(&l->clients[i - 1], &l->clients[i]) >= 0)
			return "end clients are out of order";
	sort_locks(l);
	return NULL;
}

int rg_lost_of_json(json_object *o, __u32 init_netns, struct rg_lost *l, char *why)
{
	const char *bad = "no object";

	memset(l, 0, sizeof(*l));
	if (json_object_is_type(o, json_type_object))
		bad = get_lost(o, init_netns, l);
	if (!bad)
		return 0;
	snprintf(why, RG_STATE_WHY, "%s", bad);
	rg_lost_free(l);
	return -EBADMSG;
}

/* ---- the file ---- */

void rg_losts_free(struct rg_losts *all)
{
	for (int i = 0; i < RG_MAX_GATES; i++) {
		if (all->at[i])
			rg_lost_free(all->at[i]);
		free(all->at[i]);
		all->at[i] = NULL;
	}
}

static int slot_of(const struct rg_gate *gates, const struct rg_lost *l)
{
	for (int i = RG_CANARY_SLOT + 1; i < RG_MAX_GATES; i++)
		if (gates[i].netns && gates[i].netns == l->life.netns &&
		    gates[i].generation == l->life.generation)
			return i;
	return -1;
}

static int take_all(json_object *list, __u32 init_netns, const char *boot_id, __u32 set,
		    const struct rg_gate *gates, struct rg_losts *all, char *why)
{
	snprintf(why, RG_STATE_WHY, "no list \"recoveries\"");
	if (!json_object_is_type(list, json_type_array) ||
	    json_object_array_length(list) > RG_MAX_GATES)
		return -EBADMSG;
	for (size_t i = 0; i < json_object_array_length(list); i++) {
		struct rg_lost one;
		int slot, err = rg_lost_of_json(json_object_array_get_idx(list, i), init_netns,
						&one, why);

		if (err)
			return err;
		slot = strcmp(one.boot_id, boot_id) == 0 && one.life.set == set
			       ? slot_of(gates, &one)
			       : -1;
		if (slot < 0 || all->at[slot]) {
			rg_lost_free(&one);
			continue;
		}
		all->at[slot] = malloc(sizeof(one));
		if (!all->at[slot]) {
			rg_lost_free(&one);
			return -ENOMEM;
		}
		*all->at[slot] = one;
	}
	return 0;
}

int rg_losts_load(const char *dir, __u32 init_netns, const char *boot_id, __u32 set,
		  const struct rg_gate *gates, struct rg_losts *all)
{
	char why[RG_STATE_WHY] = "";
	json_object *o;
	int err;

	memset(all, 0, sizeof(*all));
	err = rg_state_load(dir, RG_LOST_FILE, &o, why);
	if (!err && o)
		err = take_all(json_object_object_get(o, "recoveries"), init_netns, boot_id, set,
			       gates, all, why);
	json_object_put(o);
	if (!err)
		return 0;
	rg_losts_free(all);
	rg_warn("%s/%s: %s; which locks were lost in the last recovery is not known from it", dir,
		RG_LOST_FILE, err == -EBADMSG ? why : rg_strerror(err));
	return err;
}

void rg_losts_put(FILE *to, const void *losts)
{
	const struct rg_losts *all = losts;
	const char *between = "\n";

	fputs("{\"version\":1,\"recoveries\":[", to);
	for (int i = 0; i < RG_MAX_GATES; i++) {
		if (!all->at[i])
			continue;
		fputs(between, to);
		put_lost(to, all->at[i]);
		between = ",\n";
	}
	fputs("]}\n", to);
}

int rg_losts_save(const char *dir, const struct rg_losts *all)
{
	return rg_state_save_by(dir, RG_LOST_FILE, rg_losts_put, all);
}
