// SPDX-License-Identifier: GPL-2.0-only
#include "state/follow.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <bpf/bpf.h>

#include "base/log.h"
#include "mounts/mountpoints.h"
#include "pins/gates.h"
#include "text/shown.h"

/* A pause between listings takes this many times as long as the last one. */
#define PAUSE 99
/* The longest pause, in ledger intervals. */
#define MAX_PAUSE 5
/* Listings in one look; each has up to RG_MAX_LISTED_FILES files. */
#define MAX_LISTINGS 16

/* ---- what is listed ---- */

/* Appends a text from the kernel of at most `size` bytes. */
static void put_shown(char *to, size_t room, const char *text, size_t size)
{
	size_t used = strlen(to);

	rg_shown(text, strnlen(text, size), 0, to + used, room - used);
}

static struct rg_range_file file_of(const struct rg_listed_file *f, const struct rg_life *life,
				    const struct rg_mountpoints *mounts)
{
	const struct rg_mountpoint *at = rg_mountpoint_find(mounts, f->dev);
	struct rg_range_file to = {.netns = life->netns,
				   .init_netns = life->init_netns,
				   .on_nfs = f->flags & RG_LISTED_NFS,
				   .path_cut = f->flags & RG_LISTED_PATH_CUT,
				   .dev = f->dev,
				   .fileid = f->fileid,
				   .fsid_major = f->fsid_major,
				   .fsid_minor = f->fsid_minor};

	/* Begin a path that is too long below the mount. */
	if (at && at->path_n + sizeof(f->path) >= sizeof(to.path))
		to.path_cut = true;
	if (f->path[0] && at && !to.path_cut)
		put_shown(to.path, sizeof(to.path), at->path, at->path_n);
	put_shown(to.path, sizeof(to.path), f->path, sizeof(f->path));
	put_shown(to.server, sizeof(to.server), f->server, sizeof(f->server));
	return to;
}

static void read_mounts(struct rg_mountpoints *points)
{
	struct rg_mounts mounts;

	*points = (struct rg_mountpoints){};
	if (rg_mounts_read("/proc/self/mountinfo", &mounts))
		return; /* without mount points, paths begin below the mounts */
	rg_mountpoints_of(&mounts, points);
	rg_mounts_free(&mounts);
}

/* Passes a listing to the current recovery. Has a change written to disk also after the
 * recovery, since a lock may be released at any time. Returns 0 or -ENOMEM. */
static int tell_lost(struct rg_following *f, struct rg_lost *lost, const bool *listed,
		     struct rg_unlocks *unlocks, size_t n)
{
	struct rg_lost_sum before = rg_lost_sum_of(lost), after;
	int err = rg_lost_take_listing(lost, &f->ranges, listed, unlocks, n);

	after = rg_lost_sum_of(lost);
	f->losts_changed |= !rg_lost_sum_same(&before, &after);
	return err;
}

/* Enters a listing and passes it to the current recovery. Returns 0 or -ENOMEM. */
static int enter(struct rg_following *f, const struct rg_life *life, struct rg_lost *lost)
{
	const struct rg_listing_view *v = &f->view;
	struct rg_unlocks *unlocks = calloc(v->n_locks + 1, sizeof(*unlocks));
	long *place = calloc(v->n_files + 1, sizeof(*place));
	struct rg_mountpoints mounts;
	bool *listed = NULL;
	int err = unlocks && place ? 0 : -ENOMEM;
	size_t n = 0;

	read_mounts(&mounts);
	for (__u32 i = 0; i < v->n_files && !err; i++) {
		struct rg_range_file file = file_of(&v->files[i], life, &mounts);

		place[i] = rg_ranges_file(&f->ranges, &file);
		err = place[i] < 0 ? -ENOMEM : 0;
	}
	rg_mountpoints_free(&mounts);
	if (!err) {
		listed = calloc(f->ranges.n_files + 1, sizeof(*listed));
		err = listed ? 0 : -ENOMEM;
	}
	for (__u32 i = 0; i < v->n_files && !err; i++) {
		listed[place[i]] = true;
		f->ranges.cut |= v->files[i].flags & RG_LISTED_CUT;
	}
	if (!err)
		rg_ranges_clear_files(&f->ranges, listed);
	for (__u32 i = 0; i < v->n_locks && !err; i++) {
		const struct rg_listed *l = &v->locks[i];
		struct rg_range one = {.type = l->type,
				       .name_hash = l->name_hash,
				       .owner = l->owner,
				       .start = l->start,
				       .length = l->length};

		if (l->file >= v->n_files)
			continue;
		one.file = (__u32)place[l->file];
		if (one.type)
			err = rg_ranges_add(&f->ranges, &one, f->bound);
		else
			unlocks[n++] = (struct rg_unlocks){one.file, (__u32)l->start, l->name_hash};
	}
	if (!err && lost)
		err = tell_lost(f, lost, listed, unlocks, n);
	rg_ranges_drop_empty(&f->ranges);
	f->ranges_changed = true;
	free(unlocks);
	free(place);
	free(listed);
	return err;
}

static void read_listings(struct rg_following *f, const struct rg_pins *p, __u32 slot,
			  const struct rg_gate *gates)
{
	for (int i = 0; i < MAX_LISTINGS; i++) {
		const struct rg_life *life;
		int err = rg_listing_next(p, slot, f->anew[slot], &f->view);

		if (err == -ESTALE)
			f->missed[slot] = true;
		else if (err && err != -EBUSY)
			rg_warn("program control: cannot be run: %s; which ranges end clients "
				"have locked is not known",
				rg_strerror(err));
		if (err || !f->view.n_files)
			return;
		life = rg_ranges_life(&f->ranges, gates[f->view.slot].netns);
		/* Ignore a listing of another life of knfsd: one that another daemon left, or
		 * one that has just begun and is listed completely next time. */
		if (!life || life->generation != f->view.generation) {
			f->anew[f->view.slot] = true;
			return;
		}
		if (!f->view.last)
			f->anew[slot] = false;
		if (enter(f, life, f->losts.at[f->view.slot])) {
			f->missed[f->view.slot] = true;
			rg_warn("ranges of end clients' locks: out of memory");
		}
	}
}

static void list_gate(struct rg_following *f, const struct rg_pins *p, __u32 slot,
		      const struct rg_gate *gates)
{
	read_listings(f, p, slot, gates);
	rg_listing_done(p, slot);
}

/* ---- the lives of knfsd ---- */

static struct rg_life *life_at(struct rg_following *f, __u32 netns)
{
	return (struct rg_life *)rg_ranges_life(&f->ranges, netns);
}

/* Carries over locks that were undecided when knfsd stopped again. Returns 0 or -ENOMEM. */
static int add_pending(struct rg_ranges *to, const struct rg_lost *l)
{
	for (size_t i = 0; !l->over && i < l->n; i++) {
		const struct rg_lost_lock *lock = &l->locks[i];
		struct rg_range one = lock->range;
		long file;

		if (lock->held || lock->ever || l->clients[lock->client].ended)
			continue;
		file = rg_ranges_file(to, &l->files[one.file]);
		one.file = (__u32)file;
		if (file < 0 || rg_ranges_add(to, &one, RG_MAX_RANGES))
			return -ENOMEM;
	}
	return 0;
}

static void begin_recovery(struct rg_following *f, __u32 slot, struct rg_life *life,
			   const struct rg_awaited *clients)
{
	struct rg_lost *l = calloc(1, sizeof(*l)), *old = f->losts.at[slot];
	int err = l ? 0 : -ENOMEM;

	if (!err && old)
		err = add_pending(&f->ranges, old);
	err = err ?: rg_lost_begin(l, &f->ranges, life, clients, slot, f->from_disk[slot]);
	if (err) {
		rg_warn("which locks are lost is not followed: %s", rg_strerror(err));
		free(l);
		return;
	}
	snprintf(l->boot_id, sizeof(l->boot_id), "%s", f->boot_id);
	for (size_t i = 0; i < l->n_clients; i++)
		l->clients[i].unsure |= f->missed[slot];
	f->from_disk[slot] = false;
	f->missed[slot] = false;
	if (old) {
		rg_lost_told_before(l, old);
		rg_lost_free(old);
	}
	free(old);
	f->losts.at[slot] = l;
	f->losts_changed = true;
	f->ranges_changed = true;
}

/* Begins with a gate. Returns whether knfsd has started since the file on disk was written. */
static bool meet(struct rg_following *f, __u32 slot, const struct rg_gate *g, struct rg_life *kept)
{
	bool runs = g->knfsd > RG_KNFSD_STARTING, same;

	same = kept && strcmp(f->ranges.boot_id, f->boot_id) == 0 && kept->set == f->set &&
	       kept->generation == g->generation;
	f->anew[slot] = true;
	f->from_disk[slot] = true;
	/* List everything of this life of knfsd again; a life that is over cannot be listed.
	 * Locks from before the gate was made are unknown. */
	if (runs && (same || (!g->generation && g->knfsd == RG_KNFSD_WAS_RUNNING))) {
		rg_ranges_drop(&f->ranges, g->netns);
		f->from_disk[slot] = false;
		return false;
	}
	return kept && runs;
}

static void look_at_life(struct rg_following *f, const struct rg_pins *p, __u32 slot,
			 const struct rg_gate *gates, const struct rg_awaited *clients)
{
	const struct rg_gate *g = &gates[slot];
	struct rg_life *life = life_at(f, g->netns);
	bool starts;

	if (!f->met[slot]) {
		starts = meet(f, slot, g, life);
		f->met[slot] = true;
		if (!life && f->ranges.n_lives < RG_MAX_GATES)
			life = &f->ranges.lives[f->ranges.n_lives++];
		if (!life)
			return;
		*life = (struct rg_life){g->netns, g->netns == f->init_netns, g->generation,
					 f->set};
		if (starts)
			begin_recovery(f, slot, life, clients);
		return;
	}
	/* Our programs set what is expected before they publish the new generation. */
	if (!life || life->generation == g->generation || g->knfsd == RG_KNFSD_DOWN)
		return;
	list_gate(f, p, slot, gates); /* as it was when knfsd stopped */
	life->generation = g->generation;
	begin_recovery(f, slot, life, clients);
}

/* ---- who they are ---- */

static int hash_order(const void *a, const void *b)
{
	__u64 x = *(const __u64 *)a, y = *(const __u64 *)b;

	return (x > y) - (x < y);
}

static void add_who(struct rg_ledger *to, size_t room, const struct rg_ledger_entry *e)
{
	if (to->n < room)
		to->at[to->n++] = *e;
}

/* Keeps the names of end clients with ranges, also of those that have left the map. */
static int find_who(const struct rg_ranges *r, const struct rg_awaited *clients,
		    const struct rg_gate *gates, __u32 init_netns, const struct rg_losts *losts,
		    struct rg_ledger *who)
{
	__u64 *hashes = malloc((r->n + 1) * sizeof(*hashes));
	size_t n = 0, room;

	*who = (struct rg_ledger){};
	if (!hashes)
		return -ENOMEM;
	for (size_t i = 0; i < r->n; i++)
		hashes[i] = r->at[i].name_hash;
	qsort(hashes, r->n, sizeof(*hashes), hash_order);
	for (size_t i = 0; i < r->n; i++)
		if (!n || hashes[n - 1] != hashes[i])
			hashes[n++] = hashes[i];
	room = clients->n + r->clients.n;
	for (int slot = 0; slot < RG_MAX_GATES; slot++)
		room += losts->at[slot] ? losts->at[slot]->n_clients : 0;
	who->at = calloc(room + 1, sizeof(*who->at));
	for (__u32 i = 0; who->at && i < clients->n; i++) {
		const struct rg_client *c = &clients->clients[i];
		__u32 slot = clients->keys[i].slot;
		struct rg_ledger_entry e = {.name_hash = clients->keys[i].name_hash, .locks = 1};

		if (slot >= RG_MAX_GATES ||
		    !bsearch(&e.name_hash, hashes, n, sizeof(*hashes), hash_order))
			continue;
		e.netns = gates[slot].netns;
		e.init_netns = e.netns == init_netns;
		e.nfs3 = clients->keys[i].nlm;
		e.name_len = c->name_len;
		e.family = c->family;
		memcpy(e.addr, c->addr, sizeof(e.addr));
		memcpy(e.name, c->name,
		       c->name_len < RG_CLIENT_NAME ? c->name_len : RG_CLIENT_NAME);
		if (rg_client_is_counted(c) && c->generation && c->locks)
			e.locks = c->locks;
		add_who(who, room, &e);
	}
	for (int slot = 0; who->at && slot < RG_MAX_GATES; slot++)
		for (size_t i = 0; losts->at[slot] && i < losts->at[slot]->n_clients; i++) {
			struct rg_ledger_entry e = losts->at[slot]->clients[i].id;

			if (bsearch(&e.name_hash, hashes, n, sizeof(*hashes), hash_order))
				add_who(who, room, &e);
		}
	for (size_t i = 0; who->at && i < r->clients.n; i++)
		if (bsearch(&r->clients.at[i].name_hash, hashes, n, sizeof(*hashes), hash_order))
			add_who(who, room, &r->clients.at[i]);
	free(hashes);
	return who->at ? 0 : -ENOMEM;
}

static int who_order(const void *a, const void *b)
{
	const struct rg_ledger_entry *x = a, *y = b;

	if (x->netns != y->netns)
		return x->netns < y->netns ? -1 : 1;
	if (x->name_hash != y->name_hash)
		return x->name_hash < y->name_hash ? -1 : 1;
	/* Prefer the element that knows its number of locks. */
	return (x->locks < y->locks || x->locks == RG_LOCKS_UNKNOWN) ? 1 : -1;
}

static void keep_who(struct rg_ranges *r, struct rg_ledger *who)
{
	size_t n = 0;

	if (who->n)
		qsort(who->at, who->n, sizeof(*who->at), who_order);
	for (size_t i = 0; i < who->n; i++) {
		if (n && who->at[n - 1].netns == who->at[i].netns &&
		    who->at[n - 1].name_hash == who->at[i].name_hash)
			continue;
		who->at[n] = who->at[i];
		if (who->at[n].locks == RG_LOCKS_UNKNOWN || !who->at[n].locks)
			who->at[n].locks = 1;
		n++;
	}
	who->n = n;
	rg_ledger_free(&r->clients);
	r->clients = *who;
}

/* ---- writing ---- */

/* Says whether a recovery is going on. */
static bool is_pending(const struct rg_following *f)
{
	for (int slot = 0; slot < RG_MAX_GATES; slot++)
		if (f->losts.at[slot] && !f->losts.at[slot]->over)
			return true;
	return false;
}

/* Gives `to`, a copy of the struct `from`, its own files and ranges. Returns 0 or -ENOMEM. */
static int copy_arrays(struct rg_ranges *to, const struct rg_ranges *from)
{
	to->index = NULL;
	to->n_index = 0;
	to->room_files = from->n_files + 1;
	to->room = from->n + 1;
	to->files = calloc(to->room_files, sizeof(*to->files));
	to->at = calloc(to->room, sizeof(*to->at));
	if (!to->files || !to->at)
		return -ENOMEM;
	if (from->n_files)
		memcpy(to->files, from->files, from->n_files * sizeof(*to->files));
	if (from->n)
		memcpy(to->at, from->at, from->n * sizeof(*to->at));
	return 0;
}

/* During a recovery keep on disk what was held before it, since the power may fail again. */
static int save_ranges(const struct rg_following *f)
{
	struct rg_ranges all = f->ranges;
	bool pending = is_pending(f);
	struct timespec now;
	int err = pending ? copy_arrays(&all, &f->ranges) : 0;

	snprintf(all.boot_id, sizeof(all.boot_id), "%s", f->boot_id);
	clock_gettime(CLOCK_REALTIME, &now);
	all.written_ns = (__u64)now.tv_sec * RG_NS_PER_SEC + (__u64)now.tv_nsec;
	for (int slot = 0; slot < RG_MAX_GATES && !err; slot++)
		if (f->losts.at[slot])
			err = add_pending(&all, f->losts.at[slot]);
	err = err ?: rg_ranges_save(f->dir, &all);
	if (pending) {
		free(all.files);
		free(all.index);
		free(all.at);
	}
	return err;
}

static void save(struct rg_following *f, __u64 now_ns, __u32 interval_s, bool now,
		 rg_follow_wrote *wrote, void *arg)
{
	int err;

	if (!now &&
	    !rg_state_due(now_ns, f->tried_ns, interval_s, f->ranges_changed || f->losts_changed))
		return;
	f->tried_ns = now_ns;
	if (f->ranges_changed) {
		err = save_ranges(f);
		f->ranges_changed = err != 0;
		wrote(arg, RG_RANGES_FILE, err);
	}
	if (f->losts_changed) {
		err = rg_losts_save(f->dir, &f->losts);
		f->losts_changed = err != 0;
		wrote(arg, RG_LOST_FILE, err);
	}
}

/* ---- the daemon's ---- */

void rg_follow_start(struct rg_following *f, const struct rg_pins *p, const char *dir,
		     __u32 init_netns, const char *boot_id, size_t bound)
{
	struct rg_gate gates[RG_MAX_GATES];
	int err;

	memset(f, 0, sizeof(*f));
	snprintf(f->dir, sizeof(f->dir), "%s", dir);
	snprintf(f->boot_id, sizeof(f->boot_id), "%s", boot_id);
	f->init_netns = init_netns;
	f->bound = bound;
	f->set = rg_pins_set_id(p);
	err = rg_listing_open(p, &f->view);
	if (err)
		rg_warn("maps of ranges: cannot be mapped: %s; locks that are lost are not named",
			rg_strerror(err));
	/* Each reports what is wrong with its file, which is then written anew. */
	rg_ranges_load(dir, init_netns, &f->ranges);
	if (rg_gates_read(p, gates) == 0)
		rg_losts_load(dir, init_netns, boot_id, f->set, gates, &f->losts);
}

static void judge(struct rg_following *f, __u32 slot, const struct rg_gate *g,
		  const struct rg_awaited *clients, __u64 now_ns)
{
	struct rg_lost *l = f->losts.at[slot];
	struct rg_lost_sum before, after;
	char text[RG_LOST_TEXT_SIZE];
	bool was_over;

	if (!l || l->life.generation != g->generation)
		return;
	was_over = l->over;
	before = rg_lost_sum_of(l);
	rg_lost_judge(l, clients, slot, g, rg_lost_is_over(g, now_ns));
	after = rg_lost_sum_of(l);
	if (was_over == l->over && rg_lost_sum_same(&before, &after))
		return;
	f->losts_changed = true;
	f->ranges_changed |= was_over != l->over;
	if (!l->over || (after.total == before.total && was_over))
		return;
	rg_lost_text(l, &after, text);
	if (after.total)
		rg_warn("gate of network namespace %u: %s; `reexport-guard status -v` names them",
			g->netns, text);
	else if (l->n)
		rg_info("gate of network namespace %u: %s", g->netns, text);
}

/* Says whether something needs a listing at once. */
static bool is_urgent(struct rg_following *f, const struct rg_gate *gates)
{
	for (__u32 slot = RG_CANARY_SLOT + 1; slot < RG_MAX_GATES; slot++) {
		const struct rg_lost *l = f->losts.at[slot];
		const struct rg_life *life;

		if (!gates[slot].netns)
			continue;
		life = rg_ranges_life(&f->ranges, gates[slot].netns);
		if (!f->met[slot] || (l && !l->over) ||
		    (life && life->generation != gates[slot].generation))
			return true;
	}
	return false;
}

/* Reading many end clients takes long. If knfsd starts meanwhile, they belong to another life
 * (rg_clients_take_over(), after `generation` went up); leave that gate for the next look. */
static void look_at_lives(struct rg_following *f, const struct rg_pins *p, __u64 now_ns)
{
	struct rg_gate gates[RG_MAX_GATES], after[RG_MAX_GATES];
	struct rg_awaited clients;
	struct rg_ledger who;

	if (rg_gates_read(p, gates) || rg_all_clients_read(p, &clients))
		return;
	if (rg_gates_read(p, after)) {
		rg_clients_free(&clients);
		return;
	}
	for (__u32 slot = RG_CANARY_SLOT + 1; slot < RG_MAX_GATES; slot++) {
		if (!gates[slot].netns || gates[slot].generation != after[slot].generation)
			continue;
		look_at_life(f, p, slot, gates, &clients);
		judge(f, slot, &gates[slot], &clients, now_ns);
	}
	if (f->ranges_changed &&
	    find_who(&f->ranges, &clients, gates, f->init_netns, &f->losts, &who) == 0)
		keep_who(&f->ranges, &who);
	rg_clients_free(&clients);
}

void rg_follow_tick(struct rg_following *f, const struct rg_pins *p, __u64 now_ns, __u32 interval_s,
		    bool now, rg_follow_wrote *wrote, void *arg)
{
	__u64 begun_ns = rg_now_ns(), rest_ns, interval_ns = interval_s * RG_NS_PER_SEC;
	struct rg_gate gates[RG_MAX_GATES];
	bool lists = f->view.files && (now || begun_ns >= f->list_due_ns);
	bool urgent;

	if (!f->dir[0] || rg_gates_read(p, gates))
		return;
	urgent = is_urgent(f, gates);
	/* Learn the life of knfsd before reading its listing. */
	if (urgent)
		look_at_lives(f, p, now_ns);
	for (__u32 slot = RG_CANARY_SLOT + 1; slot < RG_MAX_GATES && lists; slot++)
		if (gates[slot].netns)
			list_gate(f, p, slot, gates);
	if (lists) {
		look_at_lives(f, p, now_ns);
		rest_ns = PAUSE * (rg_now_ns() - begun_ns);
		/* Do not count time that a busy host took for other things. */
		if (rest_ns > MAX_PAUSE * interval_ns)
			rest_ns = MAX_PAUSE * interval_ns;
		f->list_due_ns = rg_now_ns() + (rest_ns > interval_ns ? rest_ns : interval_ns);
	}
	save(f, now_ns, interval_s, now, wrote, arg);
}

void rg_follow_free(struct rg_following *f)
{
	rg_listing_close(&f->view);
	rg_ranges_free(&f->ranges);
	rg_losts_free(&f->losts);
	memset(f, 0, sizeof(*f));
}
