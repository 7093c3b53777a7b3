// SPDX-License-Identifier: GPL-2.0-only
/* Numbers the end clients, original servers and files of a recovery, and keeps each once. */
#include <stdlib.h>
#include <string.h>

#include "report/collect.h"

/* ---- end clients and original servers ---- */

struct peer_key {
	const char *addr, *name;
	bool nlm;
};

static __u64 peer_hash_by(const char *addr, const char *name, bool nlm)
{
	__u64 hash = rg_hash(0, &nlm, 1);

	hash = rg_hash(hash, addr ?: "", addr ? strlen(addr) : 0);
	return rg_hash(hash, name ?: "", name ? strlen(name) : 0);
}

static __u64 peer_hash(const void *array, __u32 i)
{
	const struct rg_peer *p = (const struct rg_peer *)array + i;

	return peer_hash_by(p->addr, p->name, p->minor < 0);
}

static bool peer_is(const void *array, __u32 i, const void *key)
{
	const struct rg_peer *p = (const struct rg_peer *)array + i;
	const struct peer_key *k = key;

	return (p->minor < 0) == k->nlm && rg_same(p->addr, k->addr) && rg_same(p->name, k->name);
}

struct peers { /* the peers of one side */
	struct rg_peer **at;
	size_t *n, *room;
	struct rg_index *index;
	__u64 *more;
};

static long peer_new(const struct peers *all, const struct peer_key *key, const struct rg_entry *e)
{
	long i = (long)*all->n;
	struct rg_peer *p;

	if (*all->n == RG_REPORT_PEERS) {
		++*all->more;
		return -1;
	}
	*all->at = rg_grow(*all->at, *all->n, all->room, sizeof(**all->at));
	++*all->n;
	p = &(*all->at)[i];
	*p = (struct rg_peer){.addr = rg_copy(key->addr),
			      .name = rg_copy(key->name),
			      .name_cut = e->peer_name_cut,
			      .minor = e->minor,
			      .slowest_file = -1,
			      .gone_by = -1};
	rg_index_add(all->index, peer_hash(*all->at, (__u32)i), (__u32)i, peer_hash, *all->at);
	return i;
}

/* Compares peers by side, name and protocol: an NFSv4 peer has a minor version, an NLM peer has
 * none. `known` is the peer with the same clientid, or -1. */
static long peer_find(const struct peers *all, const struct rg_entry *e, long known)
{
	char *addr = rg_clean_in(&e->addr), *name = rg_clean_in(&e->peer_name);
	struct peer_key key = {addr, name, e->minor < 0};
	long i = known;

	if (i < 0 && e->has_peer && (addr || name)) {
		i = rg_index_find(all->index, peer_hash_by(addr, name, key.nlm), peer_is, *all->at,
				  &key);
		if (i < 0)
			i = peer_new(all, &key, e);
	}
	if (i >= 0 && e->clientid.at) {
		free((*all->at)[i].clientid);
		(*all->at)[i].clientid = rg_clean_in(&e->clientid);
	}
	free(addr);
	free(name);
	return i;
}

/* ---- by clientid: an end client may come by several addresses ---- */

static __u64 id_hash_by(const char *clientid)
{
	return rg_hash(0, clientid, strlen(clientid));
}

static __u64 id_hash(const void *array, __u32 i)
{
	return id_hash_by(((const struct rg_peer_id *)array)[i].clientid);
}

static bool id_is(const void *array, __u32 i, const void *key)
{
	return strcmp(((const struct rg_peer_id *)array)[i].clientid, key) == 0;
}

/* Beyond this number, peers are told apart by address and name only. */
#define MAX_IDS (4UL * RG_REPORT_PEERS)

static void add_id(struct rg_recovery *r, char *clientid, long peer)
{
	if (peer < 0 || r->n_ids == MAX_IDS) {
		free(clientid);
		return;
	}
	r->ids = rg_grow(r->ids, r->n_ids, &r->room_ids, sizeof(*r->ids));
	r->ids[r->n_ids] = (struct rg_peer_id){.clientid = clientid, .peer = (__u32)peer};
	rg_index_add(&r->id_index, id_hash_by(clientid), (__u32)r->n_ids, id_hash, r->ids);
	r->n_ids++;
}

/* knfsd gives out each clientid once in its life, and a recovery belongs to one life of
 * knfsd. */
static long end_client_of(struct rg_recovery *r, const struct peers *clients,
			  const struct rg_entry *e)
{
	char *clientid = rg_clean_in(&e->clientid);
	long id = -1, peer;

	if (clientid)
		id = rg_index_find(&r->id_index, id_hash_by(clientid), id_is, r->ids, clientid);
	peer = peer_find(clients, e, id < 0 ? -1 : (long)r->ids[id].peer);
	if (clientid && id < 0)
		add_id(r, clientid, peer);
	else
		free(clientid);
	return peer;
}

long rg_peer_by_id(const struct rg_recovery *r, const struct rg_text_in *clientid)
{
	char *id = rg_clean_in(clientid);
	long at = -1;

	if (id)
		at = rg_index_find(&r->id_index, id_hash_by(id), id_is, r->ids, id);
	free(id);
	return at < 0 ? -1 : (long)r->ids[at].peer;
}

long rg_peer_of(struct rg_recovery *r, const struct rg_entry *e)
{
	const struct peers clients = {&r->clients, &r->n_clients, &r->room_clients,
				      &r->client_index, &r->more_clients},
			   origins = {&r->origins, &r->n_origins, &r->room_origins,
				      &r->origin_index, &r->more_origins};

	/* The clientids of this host as a client belong to each original server, so they do not
	 * tell peers apart. */
	return e->side == RG_SIDE_CLIENT ? peer_find(&origins, e, -1)
					 : end_client_of(r, &clients, e);
}

/* ---- files ---- */

struct file_key {
	const struct rg_entry *e;
	const char *dev, *fsid;
};

static __u64 file_hash_by(const char *dev, const char *fsid, __u64 fileid)
{
	__u64 hash = rg_hash(0, &fileid, sizeof(fileid));

	hash = rg_hash(hash, dev ?: "", dev ? strlen(dev) : 0);
	return rg_hash(hash, fsid ?: "", fsid ? strlen(fsid) : 0);
}

static __u64 file_hash(const void *array, __u32 i)
{
	const struct rg_file *f = (const struct rg_file *)array + i;

	return file_hash_by(f->dev, f->fsid, f->fileid);
}

static bool file_is(const void *array, __u32 i, const void *key)
{
	const struct rg_file *f = (const struct rg_file *)array + i;
	const struct file_key *k = key;

	return f->fileid == k->e->fileid && rg_same(f->dev, k->dev) && rg_same(f->fsid, k->fsid);
}

/* Identifies a file by its number; a later event may give the name. */
long rg_file_of(struct rg_recovery *r, const struct rg_entry *e)
{
	char *dev = rg_clean_in(&e->dev), *fsid = rg_clean_in(&e->fsid);
	struct file_key key = {e, dev, fsid};
	__u64 hash = file_hash_by(dev, fsid, e->fileid);
	long i = e->has_file ? rg_index_find(&r->file_index, hash, file_is, r->files, &key) : -1;

	if (i < 0 && e->has_file && r->n_files < RG_REPORT_FILES) {
		r->files = rg_grow(r->files, r->n_files, &r->room_files, sizeof(*r->files));
		i = (long)r->n_files++;
		r->files[i] = (struct rg_file){.dev = dev,
					       .fsid = fsid,
					       .fileid = e->fileid,
					       .path_cut = e->path_cut};
		dev = fsid = NULL;
		rg_index_add(&r->file_index, hash, (__u32)i, file_hash, r->files);
	} else if (i < 0 && e->has_file) {
		r->more_files++;
	}
	if (i >= 0 && e->path.at && (!r->files[i].path || r->files[i].path_cut)) {
		free(r->files[i].path);
		r->files[i].path = rg_clean_in(&e->path);
		r->files[i].path_cut = e->path_cut;
	}
	free(dev);
	free(fsid);
	return i;
}
