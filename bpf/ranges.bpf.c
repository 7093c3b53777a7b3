// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lists which ranges of which files end clients have locked, so that after a recovery those that
 * are lost can be named. NFSv4 end clients are in `client_of` by their struct nfs4_client, NFSv3
 * ones by their struct nlm_host (nlm.bpf.c).
 *
 * A LOCK or LOCKU does no more than count its file's changes. The daemon, seconds apart,
 * has the files listed in which something changed since (RG_OP_LIST), and knfsd's shutdown
 * has those listed that are left. A file's list is walked once, for all end clients.
 *
 * Global functions: see CONTRIBUTING.md.
 */
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
	void *owner; /* of the last lock; the list is sorted by owners */
	__u64 name_hash, owner_hash;
	__u32 slot;
	__u32 file;
	__u32 ours; /* the owner is an end client of this gate */
	__u32 pad;
};

/* An owner of lockd's: a process of an NFSv3 end client, which NLM calls svid. It keeps that number
 * when it reclaims (nlmclnt_reclaim, fs/lockd/clntproc.c). Other owners are other structs, and have
 * no address there that is in `client_of` as an nlm_host. */
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

/* One lock more of s->at, of those that this listing has met. */
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

/* Whose the locks of w->owner are. */
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
	/* FNV-1a, as rg_hash_of(): that would be one call more than may be nested. */
#pragma unroll
	for (__u32 i = 0; i < RG_LISTED_OWNER; i++)
		if (i < n)
			hash = (hash ^ s->owner[i]) * RG_FNV_PRIME;
	w->owner_hash = n ? hash : 0;
	w->ours = 1;
	return 0;
}

/* As in count.bpf.c: the list is read without its lock. */
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

/* Fills in the element of `listed_files`. Global functions, this and the next: the verifier
 * goes through each once, not once for each way through the one before. 0, or -1. */
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

/* List the locks of a file, behind those that are listed. 1: there are more than fit; -1: the
 * list changed meanwhile; or 0. */
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
	/* 6.1 verifies what bpf_loop() calls for its first turn alone, and leaves out what a
	 * constant rules out there. */
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

/* The file's place in `listed_files`, or RG_NO_PLACE: it is for the next time. */
static __always_inline __u32 list_file(__u64 inode, __u32 slot, struct rg_listing *s)
{
	__u32 from = s->locks, place = s->files;
	struct rg_listed_file *f;
	int more;

	if (place >= RG_MAX_LISTED_FILES || !s->budget || rg_describe_file(inode, place))
		return RG_NO_PLACE;
	more = rg_walk_ranges(inode, slot, place);
	f = bpf_map_lookup_elem(&listed_files, &place);
	/* Where all the room there is was not enough, some of it is what there is. */
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

/* The place of the file, which is walked once in a listing: an element of `client_files`
 * with clp 0 says how that went. */
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
	} else { /* Where there is no room for it the next end client has it walked again. */
		fresh.place = place;
		bpf_map_update_elem(&client_files, &file, &fresh, BPF_NOEXIST);
	}
	return place;
}

/* An element of lockd's that has no locks any more is not kept. */
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
	/* By a LOCK that had found the element before. */
	if (l->changes != changes)
		bpf_map_update_elem(&client_files, &at, &fresh, BPF_NOEXIST);
	return 0;
}

/* One that was noted as the listing `pass` began. */
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
	/* It may have taken long: the element may be another's. */
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
		/* Of an earlier listing, and no count goes by it: not needed any more. */
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
	/* All are noted before the first is walked, as one walk is for all of a file. */
	bpf_for_each_map_elem(&client_files, note_changed, &r, 0);
	bpf_for_each_map_elem(&client_files, list_changed, &r, 0);
	return 0;
}

__noinline int rg_list_last(__u32 slot, __u32 generation)
{
	struct rg_listing *s = the_listing();

	/* What was not listed is known to be so (rg_client.unlisted). */
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
