/* SPDX-License-Identifier: GPL-2.0-only */
/* Keeps which ranges of which files end clients have locked: the ledger's other half, on disk as
 * ranges.json (docs/state.md). Our programs list the files in which something changed
 * (bpf/ranges.bpf.c), the daemon keeps the lists, and after a recovery state/lost.h says what is
 * gone. */
#pragma once

#include "state/budget.h"
#include "state/ledger.h"

#define RG_RANGES_FILE "ranges.json"
/* Size of a path with its NUL, small because the daemon has several copies for each of up to
 * RG_MAX_RANGES files. A longer path is kept without the mount's part. */
#define RG_RANGE_PATH 320

/* A file with locks. After a reboot it is recognized by `netns`, `fileid`, and `server` with
 * `fsid_...` if it is on an NFS mount, or else `dev`. */
struct rg_range_file {
	__u32 netns; /* inode number in this boot; 0: the initial one, whose number is unknown */
	bool init_netns, on_nfs;
	bool path_cut; /* `path` lacks its beginning */
	__u32 dev;     /* kernel dev_t, of this boot */
	__u64 fileid, fsid_major, fsid_minor;
	char path[RG_RANGE_PATH];    /* UTF-8 without control characters; "": unknown */
	char server[RG_SERVER_NAME]; /* the same */
};

struct rg_range {
	__u32 file;	     /* position in `files` */
	__u32 type;	     /* 1 read, 2 write */
	__u64 name_hash;     /* hash of the end client, as in the ledger */
	__u64 owner;	     /* FNV-1a hash of the lock owner's bytes; NFSv3: its svid */
	__u64 start, length; /* bytes; length ~0: to the end of the file */
};

/* The life to which a namespace's ranges belong: one start of knfsd, seen by one set of pins, in
 * one boot. */
struct rg_life {
	__u32 netns;
	bool init_netns;
	__u32 generation; /* number of knfsd's starts that the gate has seen */
	__u32 set;	  /* id of the map `meta`, by which another set is noticed */
};

/* Owned by the caller (rg_ranges_free). All zero knows nothing. `clients` names the end clients
 * of the hashes. `cut`: there were more ranges than the bound. */
struct rg_ranges {
	struct rg_range_file *files;
	size_t n_files, room_files;
	__u32 *index; /* a hash table of positions in `files`, plus 1, made when needed */
	size_t n_index;
	__u64 steps; /* number of files compared so far, for tests */
	struct rg_range *at;
	size_t n, room;
	struct rg_ledger clients;
	struct rg_life lives[RG_MAX_GATES];
	size_t n_lives;
	char boot_id[RG_BOOT_ID_SIZE];
	__u64 written_ns; /* wall clock of the last write; 0: never */
	bool cut;
};

void rg_ranges_free(struct rg_ranges *r);

/* ---- pure ---- */

/* Says whether two files are the same, also across boots. */
bool rg_range_same_file(const struct rg_range_file *a, const struct rg_range_file *b);
/* Returns the position of a file equal to *f, -ENOENT or -ENOMEM. */
long rg_ranges_find(struct rg_ranges *r, const struct rg_range_file *f);
/* Returns the same, after adding a copy of *f if there is none; or -ENOMEM. */
long rg_ranges_file(struct rg_ranges *r, const struct rg_range_file *f);
/* Adds a range; sets `cut` instead if there are `bound` of them. Returns 0 or -ENOMEM. */
int rg_ranges_add(struct rg_ranges *r, const struct rg_range *one, size_t bound);
/* Removes the ranges of some files (a boolean for each of r->files). Keeps the files, so that
 * positions stay valid. */
void rg_ranges_clear_files(struct rg_ranges *r, const bool *files);
/* Removes the files without a range. */
void rg_ranges_drop_empty(struct rg_ranges *r);
/* Removes everything of one namespace. */
void rg_ranges_drop(struct rg_ranges *r, __u32 netns);
/* Moves everything of one namespace to the end of *to. Returns 0, or -ENOMEM with some moved. */
int rg_ranges_move(struct rg_ranges *to, struct rg_ranges *from, __u32 netns);
const struct rg_life *rg_ranges_life(const struct rg_ranges *r, __u32 netns);

/* Write and read the JSON members of a file. Reading returns false if one is missing or
 * invalid. */
json_object *rg_range_file_json(const struct rg_range_file *f);
bool rg_range_file_of_json(json_object *o, __u32 init_netns, struct rg_range_file *f);
/* Write and read a hash or an id as "0123456789abcdef". */
void rg_json_put_hex(json_object *o, const char *key, __u64 n);
bool rg_json_get_hex(json_object *o, const char *key, __u64 *n);

/* Writes the contents of the file, one line for each file with locks. ranges: struct
 * rg_ranges. */
void rg_ranges_put(FILE *to, const void *ranges);
/* Reads it, as rg_ledger_of_json() does. Returns 0; -EBADMSG, with the mistake in `why`
 * (RG_STATE_WHY bytes) and *r empty; or -ENOMEM. */
int rg_ranges_of_json(json_object *o, __u32 init_netns, struct rg_ranges *r, char *why);

/* ---- the file ---- */

/* Reads dir/RG_RANGES_FILE, as rg_ledger_load() does. */
int rg_ranges_load(const char *dir, __u32 init_netns, struct rg_ranges *r);
int rg_ranges_save(const char *dir, const struct rg_ranges *r);
