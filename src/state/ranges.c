// SPDX-License-Identifier: GPL-2.0-only
#include "state/ranges.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "text/json.h"

void rg_ranges_free(struct rg_ranges *r)
{
	free(r->files);
	free(r->index);
	free(r->at);
	rg_ledger_free(&r->clients);
	memset(r, 0, sizeof(*r));
}

/* ---- files and ranges ---- */

bool rg_range_same_file(const struct rg_range_file *a, const struct rg_range_file *b)
{
	if (a->fileid != b->fileid || a->netns != b->netns || a->on_nfs != b->on_nfs)
		return false;
	return a->on_nfs ? a->fsid_major == b->fsid_major && a->fsid_minor == b->fsid_minor &&
				   strcmp(a->server, b->server) == 0
			 : a->dev == b->dev;
}

/* Makes room for one more of n elements of `size` bytes. */
static void *one_more(void *at, size_t n, size_t *room, size_t size)
{
	size_t more = *room ? 2 * *room : 64;
	void *bigger;

	if (n < *room)
		return at;
	bigger = realloc(at, more * size);
	if (bigger)
		*room = more;
	return bigger;
}

/* ---- a file's place ---- */

static size_t hash_of(const struct rg_range_file *f)
{
	__u64 h = f->fileid;

	h = (h ^ f->netns) * RG_FNV_PRIME;
	h = (h ^ (f->on_nfs ? f->fsid_major : f->dev)) * RG_FNV_PRIME;
	h = (h ^ (f->on_nfs ? f->fsid_minor : 0)) * RG_FNV_PRIME;
	return h ^ h >> 32;
}

static void enter_place(struct rg_ranges *r, size_t file)
{
	size_t mask = r->n_index - 1, i = hash_of(&r->files[file]) & mask;

	while (r->index[i])
		i = (i + 1) & mask;
	r->index[i] = (__u32)file + 1;
}

/* Makes `index` anew if it is missing or half full. Returns 0 or -ENOMEM. */
static int make_index(struct rg_ranges *r)
{
	size_t n = 64;

	if (r->n_index > 2 * r->n_files)
		return 0;
	while (n <= 4 * r->n_files)
		n *= 2;
	free(r->index);
	r->index = calloc(n, sizeof(*r->index));
	r->n_index = r->index ? n : 0;
	for (size_t i = 0; r->index && i < r->n_files; i++)
		enter_place(r, i);
	return r->index ? 0 : -ENOMEM;
}

static void drop_index(struct rg_ranges *r)
{
	free(r->index);
	r->index = NULL;
	r->n_index = 0;
}

long rg_ranges_find(struct rg_ranges *r, const struct rg_range_file *f)
{
	size_t mask, i;

	if (make_index(r))
		return -ENOMEM;
	mask = r->n_index - 1;
	for (i = hash_of(f) & mask; r->index[i]; i = (i + 1) & mask) {
		r->steps++;
		if (rg_range_same_file(&r->files[r->index[i] - 1], f))
			return (long)r->index[i] - 1;
	}
	return -ENOENT;
}

long rg_ranges_file(struct rg_ranges *r, const struct rg_range_file *f)
{
	long place = rg_ranges_find(r, f);
	void *at;

	if (place == -ENOMEM)
		return -ENOMEM;
	if (place >= 0) {
		/* Update the name, which may become known later, and the device number, which
		 * each boot chooses. */
		if (f->path[0])
			r->files[place] = *f;
		return place;
	}
	at = one_more(r->files, r->n_files, &r->room_files, sizeof(*r->files));
	if (!at)
		return -ENOMEM;
	r->files = at;
	r->files[r->n_files] = *f;
	enter_place(r, r->n_files);
	return (long)r->n_files++;
}

int rg_ranges_add(struct rg_ranges *r, const struct rg_range *one, size_t bound)
{
	void *at;

	if (r->n >= bound) {
		r->cut = true;
		return 0;
	}
	at = one_more(r->at, r->n, &r->room, sizeof(*r->at));
	if (!at)
		return -ENOMEM;
	r->at = at;
	r->at[r->n++] = *one;
	return 0;
}

/* Keeps only the files that have a range, in their order. */
void rg_ranges_drop_empty(struct rg_ranges *r)
{
	__u32 *place = calloc(r->n_files + 1, sizeof(*place));
	size_t n = 0;

	if (!place) /* unused names do no harm */
		return;
	for (size_t i = 0; i < r->n; i++)
		place[r->at[i].file] = 1;
	for (size_t i = 0; i < r->n_files; i++) {
		if (!place[i])
			continue;
		r->files[n] = r->files[i];
		place[i] = (__u32)n++;
	}
	for (size_t i = 0; i < r->n; i++)
		r->at[i].file = place[r->at[i].file];
	if (n < r->n_files)
		drop_index(r);
	r->n_files = n;
	free(place);
}

void rg_ranges_clear_files(struct rg_ranges *r, const bool *files)
{
	size_t n = 0;

	for (size_t i = 0; i < r->n; i++)
		if (!files[r->at[i].file])
			r->at[n++] = r->at[i];
	if (n < r->n)
		r->cut = false; /* the next range without room sets it again */
	r->n = n;
}

void rg_ranges_drop(struct rg_ranges *r, __u32 netns)
{
	size_t n = 0;

	for (size_t i = 0; i < r->n; i++)
		if (r->files[r->at[i].file].netns != netns)
			r->at[n++] = r->at[i];
	if (n < r->n)
		r->cut = false;
	r->n = n;
	rg_ranges_drop_empty(r);
}

int rg_ranges_move(struct rg_ranges *to, struct rg_ranges *from, __u32 netns)
{
	for (size_t i = 0; i < from->n; i++) {
		struct rg_range one = from->at[i];
		long file;
		int err;

		if (from->files[one.file].netns != netns)
			continue;
		file = rg_ranges_file(to, &from->files[one.file]);
		one.file = (__u32)file;
		err = file < 0 ? (int)file : rg_ranges_add(to, &one, SIZE_MAX);
		if (err)
			return err;
	}
	to->cut |= from->cut;
	rg_ranges_drop(from, netns);
	return 0;
}

const struct rg_life *rg_ranges_life(const struct rg_ranges *r, __u32 netns)
{
	for (size_t i = 0; i < r->n_lives; i++)
		if (r->lives[i].netns == netns)
			return &r->lives[i];
	return NULL;
}

/* ---- JSON ---- */

void rg_json_put_hex(json_object *o, const char *key, __u64 n)
{
	char text[17];

	snprintf(text, sizeof(text), "%016llx", (unsigned long long)n);
	rg_json_put_text(o, key, text);
}

static bool hex_of(const char *text, __u64 *n)
{
	if (strlen(text) != 16 || strspn(text, "0123456789abcdef") != 16)
		return false;
	*n = strtoull(text, NULL, 16);
	return true;
}

bool rg_json_get_hex(json_object *o, const char *key, __u64 *n)
{
	char text[17];

	return rg_json_get_text(o, key, text, sizeof(text)) && hex_of(text, n);
}

static bool get_flag(json_object *o, const char *key, bool *flag)
{
	json_object *value = json_object_object_get(o, key);

	*flag = json_object_get_boolean(value);
	return json_object_is_type(value, json_type_boolean);
}

json_object *rg_range_file_json(const struct rg_range_file *f)
{
	json_object *o = rg_json_object();

	rg_json_put_netns(o, f->netns, f->init_netns);
	rg_json_put_hex(o, "fileid", f->fileid);
	rg_json_put(o, "nfs", rg_json_bool(f->on_nfs));
	if (f->on_nfs) {
		rg_json_put_text(o, "server", f->server);
		rg_json_put_hex(o, "fsid_major", f->fsid_major);
		rg_json_put_hex(o, "fsid_minor", f->fsid_minor);
	}
	rg_json_put_uint(o, "dev", f->dev);
	rg_json_put_text(o, "path", f->path);
	rg_json_put(o, "path_cut", rg_json_bool(f->path_cut));
	return o;
}

bool rg_range_file_of_json(json_object *o, __u32 init_netns, struct rg_range_file *f)
{
	__u64 dev;

	memset(f, 0, sizeof(*f));
	if (!json_object_is_type(o, json_type_object) ||
	    !rg_json_get_netns(o, init_netns, &f->netns, &f->init_netns) ||
	    !rg_json_get_hex(o, "fileid", &f->fileid) || !get_flag(o, "nfs", &f->on_nfs) ||
	    !rg_json_get_uint(o, "dev", 0, UINT32_MAX, &dev) ||
	    !rg_json_get_text(o, "path", f->path, sizeof(f->path)) ||
	    !get_flag(o, "path_cut", &f->path_cut))
		return false;
	f->dev = (__u32)dev;
	return !f->on_nfs || (rg_json_get_text(o, "server", f->server, sizeof(f->server)) &&
			      rg_json_get_hex(o, "fsid_major", &f->fsid_major) &&
			      rg_json_get_hex(o, "fsid_minor", &f->fsid_minor));
}

/* Position of an end client in the list, for bsearch(). */
struct place {
	__u64 name_hash;
	__u32 netns, at;
};

static int place_order(const void *a, const void *b)
{
	const struct place *x = a, *y = b;

	if (x->netns != y->netns)
		return x->netns < y->netns ? -1 : 1;
	return (x->name_hash > y->name_hash) - (x->name_hash < y->name_hash);
}

static struct place *places_of(const struct rg_ledger *l)
{
	struct place *p = calloc(l->n + 1, sizeof(*p));

	for (size_t i = 0; p && i < l->n; i++)
		p[i] = (struct place){l->at[i].name_hash, l->at[i].netns, (__u32)i};
	if (p)
		qsort(p, l->n, sizeof(*p), place_order);
	return p;
}

/* Writes [client, owner, start, length or null, "read" or "write"]. */
static void put_range(FILE *to, const struct rg_range *one, __u32 client)
{
	fprintf(to, "[%u,\"%016llx\",%llu,", client, (unsigned long long)one->owner,
		(unsigned long long)one->start);
	if (one->length == ~0ULL)
		fputs("null", to);
	else
		fprintf(to, "%llu", (unsigned long long)one->length);
	fprintf(to, ",\"%s\"]", one->type == 1 ? "read" : "write");
}

static json_object *lives_json(const struct rg_ranges *r)
{
	json_object *list = rg_json_array();

	for (size_t i = 0; i < r->n_lives; i++) {
		json_object *o = rg_json_object();

		rg_json_put_netns(o, r->lives[i].netns, r->lives[i].init_netns);
		rg_json_put_uint(o, "knfsd_start", r->lives[i].generation);
		rg_json_put_uint(o, "set", r->lives[i].set);
		rg_json_add(list, o);
	}
	return list;
}

/* Returns the positions of the ranges, grouped by file: from first[file] to first[file + 1].
 * NULL: no memory. */
static __u32 *by_file(const struct rg_ranges *r, __u32 **first)
{
	__u32 *at = calloc(r->n + 1, sizeof(*at)), *next;

	*first = calloc(r->n_files + 2, sizeof(**first));
	if (!at || !*first) {
		free(at);
		free(*first);
		*first = NULL;
		return NULL;
	}
	next = *first + 1; /* becomes `first` while all are entered */
	for (size_t i = 0; i < r->n; i++)
		next[r->at[i].file + 1]++;
	for (size_t f = 1; f < r->n_files; f++)
		next[f] += next[f - 1];
	for (size_t i = 0; i < r->n; i++)
		at[next[r->at[i].file]++] = (__u32)i;
	return at;
}

static void put_locks(FILE *to, const struct rg_ranges *r, const struct place *places,
		      const __u32 *at, const __u32 *end)
{
	const char *between = "";

	for (; at < end; at++) {
		const struct rg_range *one = &r->at[*at];
		struct place want = {one->name_hash, r->files[one->file].netns, 0}, *found;

		found = bsearch(&want, places, r->clients.n, sizeof(want), place_order);
		if (!found) /* nobody knows its end client */
			continue;
		fputs(between, to);
		put_range(to, one, found->at);
		between = ",";
	}
}

void rg_ranges_put(FILE *to, const void *ranges)
{
	const struct rg_ranges *r = ranges;
	json_object *o = rg_json_object();
	struct place *places = places_of(&r->clients);
	__u32 *first, *at = by_file(r, &first);

	rg_json_put_uint(o, "version", 1);
	rg_json_put_text(o, "boot_id", r->boot_id);
	rg_json_put_uint(o, "written_ns", r->written_ns);
	rg_json_put(o, "cut", rg_json_bool(r->cut || !places || !at));
	rg_json_put(o, "gates", lives_json(r));
	rg_json_write(to, o, true);
	fputs(",\n\"clients\":[", to);
	for (size_t i = 0; i < r->clients.n; i++) {
		fputs(i ? ",\n" : "\n", to);
		rg_json_write(to, rg_ledger_entry_json(&r->clients.at[i]), false);
	}
	fputs("],\n\"files\":[", to);
	for (size_t f = 0; places && at && f < r->n_files; f++) {
		fputs(f ? ",\n" : "\n", to);
		rg_json_write(to, rg_range_file_json(&r->files[f]), true);
		fputs(",\"locks\":[", to);
		put_locks(to, r, places, at + first[f], at + first[f + 1]);
		fputs("]}", to);
	}
	fputs("]}\n", to);
	free(places);
	free(at);
	free(first);
}

static bool number_at(json_object *list, size_t i, __u64 max, __u64 *n)
{
	json_object *value = json_object_array_get_idx(list, i);

	if (!json_object_is_type(value, json_type_int) || json_object_get_int64(value) < 0)
		return false;
	*n = json_object_get_uint64(value);
	return *n <= max;
}

static bool range_of_json(json_object *list, const struct rg_ledger *clients, struct rg_range *one)
{
	json_object *value;
	__u64 client;

	if (!json_object_is_type(list, json_type_array) || json_object_array_length(list) != 5 ||
	    !clients->n || !number_at(list, 0, clients->n - 1, &client) ||
	    !number_at(list, 2, INT64_MAX, &one->start))
		return false;
	one->name_hash = clients->at[client].name_hash;
	value = json_object_array_get_idx(list, 1);
	if (!json_object_is_type(value, json_type_string) ||
	    !hex_of(json_object_get_string(value), &one->owner))
		return false;
	one->length = ~0ULL;
	if (json_object_array_get_idx(list, 3) &&
	    (!number_at(list, 3, INT64_MAX, &one->length) || !one->length ||
	     one->length - 1 > (__u64)INT64_MAX - one->start))
		return false;
	value = json_object_array_get_idx(list, 4);
	if (!json_object_is_type(value, json_type_string))
		return false;
	one->type = strcmp(json_object_get_string(value), "read") == 0	  ? 1
		    : strcmp(json_object_get_string(value), "write") == 0 ? 2
									  : 0;
	return one->type != 0;
}

static bool lives_of_json(json_object *list, __u32 init_netns, struct rg_ranges *r)
{
	if (!json_object_is_type(list, json_type_array) ||
	    json_object_array_length(list) > RG_MAX_GATES)
		return false;
	for (size_t i = 0; i < json_object_array_length(list); i++) {
		json_object *o = json_object_array_get_idx(list, i);
		struct rg_life *life = &r->lives[r->n_lives];
		__u64 generation, set;

		if (!json_object_is_type(o, json_type_object) ||
		    !rg_json_get_netns(o, init_netns, &life->netns, &life->init_netns) ||
		    !rg_json_get_uint(o, "knfsd_start", 0, UINT32_MAX, &generation) ||
		    !rg_json_get_uint(o, "set", 0, UINT32_MAX, &set))
			return false;
		life->generation = (__u32)generation;
		life->set = (__u32)set;
		r->n_lives++;
	}
	return true;
}

/* Returns NULL, or what is wrong. */
static const char *files_of_json(json_object *list, __u32 init_netns, struct rg_ranges *r)
{
	if (!json_object_is_type(list, json_type_array))
		return "no list \"files\"";
	for (size_t i = 0; i < json_object_array_length(list); i++) {
		json_object *o = json_object_array_get_idx(list, i), *locks;
		struct rg_range_file f;
		long file;

		if (!rg_range_file_of_json(o, init_netns, &f))
			return "a file has a member that is missing or makes no sense";
		locks = json_object_object_get(o, "locks");
		if (!json_object_is_type(locks, json_type_array))
			return "a file has no list \"locks\"";
		file = rg_ranges_file(r, &f);
		if (file < 0)
			return "no memory";
		for (size_t j = 0; j < json_object_array_length(locks); j++) {
			struct rg_range one = {.file = (__u32)file};

			if (!range_of_json(json_object_array_get_idx(locks, j), &r->clients, &one))
				return "a lock makes no sense";
			if (r->n == RG_MAX_RANGES)
				return "more locks than are kept";
			if (rg_ranges_add(r, &one, RG_MAX_RANGES))
				return "no memory";
		}
	}
	return NULL;
}

int rg_ranges_of_json(json_object *o, __u32 init_netns, struct rg_ranges *r, char *why)
{
	const char *bad = NULL;
	int err;

	memset(r, 0, sizeof(*r));
	err = rg_ledger_of_json(o, init_netns, &r->clients, why);
	if (err)
		return err;
	if (!rg_json_get_text(o, "boot_id", r->boot_id, sizeof(r->boot_id)))
		bad = "no \"boot_id\"";
	else if (!rg_json_get_uint(o, "written_ns", 0, INT64_MAX, &r->written_ns))
		bad = "no \"written_ns\"";
	else if (!get_flag(o, "cut", &r->cut))
		bad = "no \"cut\"";
	else if (!lives_of_json(json_object_object_get(o, "gates"), init_netns, r))
		bad = "\"gates\" is missing or makes no sense";
	else
		bad = files_of_json(json_object_object_get(o, "files"), init_netns, r);
	if (!bad)
		return 0;
	snprintf(why, RG_STATE_WHY, "%s", bad);
	rg_ranges_free(r);
	return -EBADMSG;
}

/* ---- the file ---- */

int rg_ranges_load(const char *dir, __u32 init_netns, struct rg_ranges *r)
{
	char why[RG_STATE_WHY] = "";
	json_object *o;
	int err;

	memset(r, 0, sizeof(*r));
	err = rg_state_load(dir, RG_RANGES_FILE, &o, why);
	if (!err && o)
		err = rg_ranges_of_json(o, init_netns, r, why);
	json_object_put(o);
	if (err)
		rg_warn("%s/%s: %s; which ranges end clients had locked is not known from it", dir,
			RG_RANGES_FILE, err == -EBADMSG ? why : rg_strerror(err));
	return err;
}

int rg_ranges_save(const char *dir, const struct rg_ranges *r)
{
	return rg_state_save_by(dir, RG_RANGES_FILE, rg_ranges_put, r);
}
