// SPDX-License-Identifier: GPL-2.0-only
#include "state/lost_file.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "text/json.h"

static json_object *client_json(const struct rg_lost_client *c)
{
	json_object *o = rg_ledger_entry_json(&c->id);

	/* The ledger has no end client with no locks or an unknown number. */
	rg_json_put_uint(o, "locks", 1);
	rg_json_put(o, "had", c->id.locks == RG_LOCKS_UNKNOWN ? NULL : rg_json_uint(c->id.locks));
	rg_json_put(o, "unsure", rg_json_bool(c->unsure));
	rg_json_put(o, "ended", rg_json_bool(c->ended));
	rg_json_put(o, "came_back", rg_json_bool(c->came_back));
	rg_json_put_uint(o, "gone_ns", c->gone_ns);
	rg_json_put_uint(o, "unnamed", c->unnamed);
	rg_json_put_text(o, "unnamed_why", rg_lost_why_key(c->unnamed_why));
	return o;
}

static json_object *lock_json(const struct rg_lost_lock *lock)
{
	json_object *o = rg_json_object();

	rg_json_put_uint(o, "client", lock->client);
	rg_json_put_uint(o, "file", lock->range.file);
	rg_json_put_uint(o, "start", lock->range.start);
	rg_json_put(o, "length",
		    lock->range.length == ~0ULL ? NULL : rg_json_uint(lock->range.length));
	rg_json_put_text(o, "type", lock->range.type == 1 ? "read" : "write");
	rg_json_put_hex(o, "owner", lock->range.owner);
	rg_json_put(o, "held", rg_json_bool(lock->held));
	rg_json_put(o, "ever", rg_json_bool(lock->ever));
	rg_json_put(o, "thrown", rg_json_bool(lock->thrown));
	rg_json_put_uint(o, "unlocks", lock->unlocks);
	rg_json_put_text(o, "why", rg_lost_why_key(lock->why));
	return o;
}

/* Writes the members of one recovery, without the braces of the file. */
static void put_lost(FILE *to, const struct rg_lost *l)
{
	json_object *o = rg_json_object();

	rg_json_put_netns(o, l->life.netns, l->life.init_netns);
	rg_json_put_text(o, "boot_id", l->boot_id);
	rg_json_put_uint(o, "knfsd_start", l->life.generation);
	rg_json_put_uint(o, "set", l->life.set);
	rg_json_put(o, "over", rg_json_bool(l->over));
	rg_json_put(o, "cut", rg_json_bool(l->cut));
	rg_json_put(o, "said", rg_json_bool(l->said));
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
		if (strcmp(text, rg_lost_why_key((enum rg_lost_why)i)) == 0) {
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
		if (l->clients[i - 1].id.name_hash >= l->clients[i].id.name_hash)
			return "end clients are out of order";
	rg_lost_sort_locks(l);
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
