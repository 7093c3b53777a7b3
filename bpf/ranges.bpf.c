// SPDX-License-Identifier: GPL-2.0-only
/* Lists the ranges that end clients have locked, so that lost ones can be named after a
 * recovery. `client_of` has NFSv4 end clients by their struct nfs4_client and NFSv3 ones by their
 * struct nlm_host (nlm.bpf.c). A LOCK or LOCKU only counts a change of its file. Seconds apart the
 * daemon has the changed files listed (RG_OP_LIST), and knfsd's shutdown lists the remaining ones.
 * A file's list is walked once for all end clients. Global functions: see CONTRIBUTING.md. */
#include "client.bpf.h"
#include "trace/trace.bpf.h"

struct bpf_map;

static __always_inline struct rg_listing *the_listing(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&listing, &zero);
}

/* ---- one file ---- */

struct range_walk {
	struct list_head *head, *at;
	void *owner; /* owner of the last lock; the list is sorted by owner */
	__u64 name_hash, owner_hash;
	__u32 slot;
	__u32 file;
	__u32 ours; /* the owner belongs to an end client of this gate */
	__u32 pad;
};

/* Reads an owner of lockd: a process of an NFSv3 end client, identified by NLM's svid, which
 * stays the same in a reclaim (nlmclnt_reclaim(), fs/lockd/clntproc.c). Other owners are other
 * structs, in which that place never holds an nlm_host of `client_of`. */
static __always_inline void owner_of_lockd(struct range_walk *w, struct rg_listing *s)
{
	struct nlm_lockowner *holder = w->owner;
	struct rg_client_ref *ref;

	s->at.clp = (__u64)BPF_CORE_READ(holder, host);
	ref = bpf_map_lookup_elem(&client_of, &s->at.clp);
	if (!ref || !ref->key.nlm || ref->key.slot != w->slot) {
		s->at.clp = 0;
		return;
	}
	w->name_hash = ref->key.name_hash;
	w->owner_hash = BPF_CORE_READ(holder, pid);
	w->ours = 1;
}

/* Counts one more lock of s->at in this listing. */
static __always_inline void tally_of_lockd(struct rg_listing *s)
{
	struct rg_client_locks *l = bpf_map_lookup_elem(&client_files, &s->at);

	if (!l)
		return;
	if (l->pass != s->pass)
		l->n = 0;
	l->pass = s->pass;
	l->n++;
}

/* Finds the end client of w->owner. */
__noinline int rg_range_owner(struct range_walk *w)
{
	struct nfs4_stateowner *so;
	struct rg_client_ref *ref;
	struct rg_listing *s = the_listing();
	__u64 clp, hash = RG_FNV_OFFSET;
	__u32 n;

	if (!w || !s)
		return 0;
	w->ours = 0;
	s->at.clp = 0;
	so = w->owner;
	clp = (__u64)BPF_CORE_READ(so, so_client);
	ref = bpf_map_lookup_elem(&client_of, &clp);
	if (!ref || ref->key.nlm) {
		owner_of_lockd(w, s);
		return 0;
	}
	if (ref->key.slot != w->slot)
		return 0;
	w->name_hash = ref->key.name_hash;
	n = read_bytes(s->owner, RG_LISTED_OWNER, BPF_CORE_READ(so, so_owner.data),
		       BPF_CORE_READ(so, so_owner.len));
	/* Hash with FNV-1a here: calling rg_hash_of() would exceed the depth of calls. */
#pragma unroll
	for (__u32 i = 0; i < RG_LISTED_OWNER; i++)
		if (i < n)
			hash = (hash ^ s->owner[i]) * RG_FNV_PRIME;
	w->owner_hash = n ? hash : 0;
	w->ours = 1;
	return 0;
}

/* Walk the list without its lock, as count.bpf.c does. */
static long one_range(__u32 i, struct range_walk *w)
{
	struct list_head *at = w->at, *next;
	struct rg_listing *s;
	struct rg_listed *to;
	void *owner;
	__u64 end;
	__u32 n;

	if (at == w->head)
		return 1;
	s = the_listing();
	owner = rg_lock_owner(at);
	next = BPF_CORE_READ(at, next);
	if (!s || !next || next == at) {
		w->at = NULL;
		return 1;
	}
	if (owner != w->owner) {
		w->owner = owner;
		rg_range_owner(w);
	}
	if (w->ours) {
		n = s->locks;
		to = n < RG_MAX_RANGES ? bpf_map_lookup_elem(&listed, &n) : NULL;
		if (!to)
			return 1;
		to->name_hash = w->name_hash;
		to->owner = w->owner_hash;
		to->start = (__u64)BPF_CORE_READ(rg_lock_at(at), fl_start);
		end = (__u64)BPF_CORE_READ(rg_lock_at(at), fl_end);
		to->length = end == (~0ULL >> 1) ? ~0ULL : end - to->start + 1;
		to->type = (rg_type_of_lock(rg_lock_at(at)) != 0) + 1;
		to->file = w->file;
		s->locks = n + 1;
		if (s->at.clp)
			tally_of_lockd(s);
	}
	w->at = next;
	return 0;
}

/* Fills in the element of `listed_files`. This function and the next are global, so that the
 * verifier checks each once and not on every path. Returns 0 or -1. */
__noinline int rg_describe_file(__u64 at, __u32 place)
{
	struct inode *inode = (void *)at;
	struct rg_listed_file *f = bpf_map_lookup_elem(&listed_files, &place);
	struct super_block *sb;
	struct nfs_server *server;

	if (!f)
		return -1;
	sb = BPF_CORE_READ(inode, i_sb);
	server = nfs_server_of(sb);
	__builtin_memset(f, 0, sizeof(*f));
	f->fileid = BPF_CORE_READ(inode, i_ino);
	f->dev = BPF_CORE_READ(sb, s_dev);
	if (server) {
		f->flags |= RG_LISTED_NFS;
		f->fsid_major = BPF_CORE_READ(server, fsid.major);
		f->fsid_minor = BPF_CORE_READ(server, fsid.minor);
		bpf_probe_read_kernel_str(f->server, sizeof(f->server),
					  BPF_CORE_READ(server, nfs_client, cl_hostname));
	}
	if (path_of(f->path, rg_dentry_of(inode)) & RG_FACT_PATH_CUT)
		f->flags |= RG_LISTED_PATH_CUT;
	return 0;
}
_Static_assert(RG_LISTED_PATH == RG_RECORD_PATH, "path_of() fills it in");

/* Adds the locks of a file to the listing. Returns 0; 1: no room for all; or -1: the list
 * changed meanwhile. */
__noinline int rg_walk_ranges(__u64 inode, __u32 slot, __u32 place)
{
	struct file_lock_context *ctx = BPF_CORE_READ((struct inode *)inode, i_flctx);
	struct rg_listing *s = the_listing();
	struct range_walk w = {.slot = slot, .file = place};
	struct list_head *head;
	__u32 steps;

	if (!s)
		return -1;
	if (!ctx)
		return 0;
	/* 6.1 verifies a callback of bpf_loop() for its first turn only, and removes code that a
	 * constant makes unreachable there. */
	w.owner = (void *)s->nothing;
	w.name_hash = s->nothing;
	w.owner_hash = s->nothing;
	w.ours = (__u32)s->nothing;
	s->at.inode = inode;
	s->at.clp = 0;
	head = (void *)ctx + bpf_core_field_offset(struct file_lock_context, flc_posix);
	w.head = head;
	w.at = BPF_CORE_READ(head, next);
	steps = (__u32)bpf_loop(s->budget, one_range, &w, 0);
	s->budget -= steps < s->budget ? steps : s->budget;
	return !w.at ? -1 : w.at != w.head;
}

/* Returns the file's position in `listed_files`, or RG_NO_PLACE: list it next time. */
static __always_inline __u32 list_file(__u64 inode, __u32 slot, struct rg_listing *s)
{
	__u32 from = s->locks, place = s->files;
	struct rg_listed_file *f;
	int more;

	if (place >= RG_MAX_LISTED_FILES || !s->budget || rg_describe_file(inode, place))
		return RG_NO_PLACE;
	more = rg_walk_ranges(inode, slot, place);
	f = bpf_map_lookup_elem(&listed_files, &place);
	/* List a part of a file that the whole room cannot hold. */
	if (!f || more < 0 || (more && place)) {
		s->locks = from;
		return RG_NO_PLACE;
	}
	if (more)
		f->flags |= RG_LISTED_CUT;
	f->from = from;
	f->n = s->locks - from;
	s->files = place + 1;
	return place;
}

/* ---- an end client and a file ---- */

/* Returns the position of the file, after walking it once in a listing: the element of
 * `client_files` with clp 0 keeps the result. */
static __always_inline __u32 place_of(__u64 inode, __u32 slot, __u64 pass, struct rg_listing *s)
{
	struct rg_client_file file = {.inode = inode};
	struct rg_client_locks fresh = {.slot = slot, .noted = pass}, *f;
	__u32 place;

	f = bpf_map_lookup_elem(&client_files, &file);
	if (f && f->noted == pass)
		return f->place;
	place = list_file(inode, slot, s);
	if (f) {
		f->place = place;
		f->noted = pass;
	} else { /* Without room for the result, the next end client walks the list again. */
		fresh.place = place;
		bpf_map_update_elem(&client_files, &file, &fresh, BPF_NOEXIST);
	}
	return place;
}

/* Deletes an element of lockd without locks. */
__noinline int rg_forget_without_locks(const struct rg_client_file *which, __u64 pass)
{
	struct rg_client_locks fresh = {.lockd = 1, .changes = 1}, *l;
	struct rg_client_file at;
	__u32 changes;

	if (!which)
		return 0;
	at = *which;
	l = bpf_map_lookup_elem(&client_files, &at);
	if (!l)
		return 0;
	changes = l->changes;
	if (l->pass != pass)
		l->n = 0;
	if (l->n || l->waits || changes != l->listed)
		return 0;
	fresh.slot = l->slot;
	bpf_map_delete_elem(&client_files, &at);
	/* A LOCK that found the element before has changed it. */
	if (l->changes != changes)
		bpf_map_update_elem(&client_files, &at, &fresh, BPF_NOEXIST);
	return 0;
}

/* Takes an element that was noted when the listing `pass` began. */
__noinline int rg_list_one(const struct rg_client_file *which, __u64 pass)
{
	struct rg_listing *s = the_listing();
	struct rg_client_locks *l;
	struct rg_client_file at;
	struct rg_client_ref *ref;
	struct rg_listed *to;
	__u64 name_hash;
	__u32 place, n;

	if (!which || !s)
		return 0;
	at = *which;
	ref = bpf_map_lookup_elem(&client_of, &at.clp);
	if (!ref)
		return 0;
	name_hash = ref->key.name_hash;
	place = place_of(at.inode, ref->key.slot, pass, s);
	/* The walk may have taken long: another end client may have the element. */
	l = bpf_map_lookup_elem(&client_files, &at);
	if (!l || l->noted != pass)
		return 0;
	n = s->locks;
	to = place < RG_MAX_LISTED_FILES && n < RG_MAX_LISTED ? bpf_map_lookup_elem(&listed, &n)
							      : NULL;
	if (!to) {
		s->left++;
		return 0;
	}
	to->name_hash = name_hash;
	to->owner = 0;
	to->start = l->unlocks;
	to->length = 0;
	to->type = 0;
	to->file = place;
	s->locks = n + 1;
	l->listed = l->listing;
	if (l->waits == RG_WAITS_FREED) {
		l->waits = 0;
		l->listed = l->changes - 1;
	}
	if (l->lockd)
		rg_forget_without_locks(&at, pass);
	return 0;
}

/* ---- all of them ---- */

struct list_round {
	__u64 pass;
	__u32 slot;
	__u32 anew;
};

static long note_changed(struct bpf_map *map, struct rg_client_file *at, struct rg_client_locks *l,
			 struct list_round *r)
{
	struct rg_client_file key = *at;

	if (l->slot != r->slot)
		return 0;
	if (!key.clp) {
		/* The element is from an earlier listing, and no count needs it. */
		if (!l->pass)
			bpf_map_delete_elem(map, &key);
		return 0;
	}
	if (r->anew)
		l->listed = l->changes - 1;
	if (l->changes == l->listed && !l->waits)
		return 0;
	l->listing = l->changes;
	l->noted = r->pass;
	return 0;
}

static long list_changed(struct bpf_map *map, struct rg_client_file *at, struct rg_client_locks *l,
			 struct list_round *r)
{
	struct rg_client_file key = *at;

	if (key.clp && l->slot == r->slot && l->noted == r->pass)
		rg_list_one(&key, r->pass);
	return 0;
}

__noinline int rg_list_ranges(__u32 slot, __u32 anew, __u32 budget)
{
	struct list_round r = {.slot = slot, .anew = anew};
	struct rg_listing *s = the_listing();

	if (!s)
		return 0;
	s->budget = budget;
	r.pass = ++s->pass;
	/* Note all elements before the first walk, since one walk serves all end clients of a
	 * file. */
	bpf_for_each_map_elem(&client_files, note_changed, &r, 0);
	bpf_for_each_map_elem(&client_files, list_changed, &r, 0);
	return 0;
}

__noinline int rg_list_last(__u32 slot, __u32 generation)
{
	struct rg_listing *s = the_listing();

	/* rg_client.unlisted counts what was not listed. */
	if (!s || s->busy || __sync_val_compare_and_swap(&s->busy, 0, 1))
		return 0;
	if (!s->reading && !s->last) {
		s->files = 0;
		s->locks = 0;
		s->left = 0;
		s->slot = slot;
		s->generation = generation;
		rg_list_ranges(slot, 0, RG_MAX_FILE_LOCKS);
		s->last = s->files != 0;
	}
	__sync_lock_test_and_set(&s->busy, 0);
	return 0;
}
