/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which ranges of which files end clients have locked: the ledger's other half, on
 * disk as ranges.json (docs/state.md). The kernel programs list the files in which something
 * changed (bpf/ranges.bpf.c), the daemon keeps what they list, and after a recovery
 * state/lost.h says what of it is gone.
 */
#pragma once

#include "state/budget.h"
#include "state/ledger.h"

#define RG_RANGES_FILE "ranges.json"
/* Bytes of a path, NUL included: the daemon has several copies of each of up to RG_MAX_RANGES
 * files. Of a longer one the mount's part is left out. */
#define RG_RANGE_PATH 320

/* A file with locks. It is known again after a reboot by `netns`, `fileid`, and `server` with
 * `fsid_...` where it is on an NFS mount, else `dev`. */
struct rg_range_file {
	__u32 netns; /* inode number here; 0: the initial one, and that is unknown */
	bool init_netns, on_nfs;
	bool path_cut; /* `path` lacks its beginning */
	__u32 dev;     /* kernel dev_t, of this boot */
	__u64 fileid, fsid_major, fsid_minor;
	char path[RG_RANGE_PATH];    /* UTF-8 without control characters; "": not known */
	char server[RG_SERVER_NAME]; /* the same */
};

struct rg_range {
	__u32 file;	     /* place in `files` */
	__u32 type;	     /* 1 read, 2 write */
	__u64 name_hash;     /* of the end client, as in the ledger */
	__u64 owner;	     /* FNV-1a of the lock owner's bytes; NFSv3: its svid */
	__u64 start, length; /* bytes; length ~0: to the end of the file */
};

/* What a netns' ranges are of: one start of knfsd, seen by one set of pins, in one boot. */
struct rg_life {
	__u32 netns;
	bool init_netns;
	__u32 generation; /* starts of knfsd that the gate has seen */
	__u32 set;	  /* id of the map `meta`: another one is another set */
};

/* Owned by the caller: rg_ranges_free(). All zero: nothing is known. `clients` says who the
 * hashes are. `cut`: there were more than fitted into the bound. */
struct rg_ranges {
	struct rg_range_file *files;
	size_t n_files, room_files;
	__u32 *index; /* a hash table of places in `files`, plus 1; made when it is needed */
	size_t n_index;
	__u64 steps; /* files that were compared to find one */
	struct rg_range *at;
	size_t n, room;
	struct rg_ledger clients;
	struct rg_life lives[RG_MAX_GATES];
	size_t n_lives;
	char boot_id[RG_BOOT_ID_SIZE];
	__u64 written_ns; /* wall clock; 0: never */
	bool cut;
};

void rg_ranges_free(struct rg_ranges *r);

/* ---- pure ---- */

/* Is it the same file, whatever boot each was seen in? */
bool rg_range_same_file(const struct rg_range_file *a, const struct rg_range_file *b);
/* Place of a file like *f. -ENOENT, or -ENOMEM. */
long rg_ranges_find(struct rg_ranges *r, const struct rg_range_file *f);
/* The same; *f is copied if there is none. -ENOMEM. */
long rg_ranges_file(struct rg_ranges *r, const struct rg_range_file *f);
/* Add a range; where `bound` of them are there already, `cut` is set instead. 0 or -ENOMEM. */
int rg_ranges_add(struct rg_ranges *r, const struct rg_range *one, size_t bound);
/* Take away the ranges of some files (which of r->files, as booleans); the files stay, so
 * that their places do. */
void rg_ranges_clear_files(struct rg_ranges *r, const bool *files);
/* Take away the files that no range is of. */
void rg_ranges_drop_empty(struct rg_ranges *r);
/* Take away all that it has of one namespace. */
void rg_ranges_drop(struct rg_ranges *r, __u32 netns);
/* Move all of one namespace to the end of *to. 0 or -ENOMEM: some may have been moved. */
int rg_ranges_move(struct rg_ranges *to, struct rg_ranges *from, __u32 netns);
const struct rg_life *rg_ranges_life(const struct rg_ranges *r, __u32 netns);

/* A file's members of JSON, into and out of `o`. false: something is missing or makes no
 * sense. */
json_object *rg_range_file_json(const struct rg_range_file *f);
bool rg_range_file_of_json(json_object *o, __u32 init_netns, struct rg_range_file *f);
/* "0123456789abcdef", of a hash or an id. */
void rg_json_put_hex(json_object *o, const char *key, __u64 n);
bool rg_json_get_hex(json_object *o, const char *key, __u64 *n);

/* As in the file, a line for each file with locks. ranges: struct rg_ranges. */
void rg_ranges_put(FILE *to, const void *ranges);
/* And back, as rg_ledger_of_json(): 0; -EBADMSG: `why` (RG_STATE_WHY bytes) says what is
 * wrong, and *r is empty; -ENOMEM. */
int rg_ranges_of_json(json_object *o, __u32 init_netns, struct rg_ranges *r, char *why);

/* ---- the file ---- */

/* Read dir/RG_RANGES_FILE: as rg_ledger_load(). */
int rg_ranges_load(const char *dir, __u32 init_netns, struct rg_ranges *r);
int rg_ranges_save(const char *dir, const struct rg_ranges *r);
