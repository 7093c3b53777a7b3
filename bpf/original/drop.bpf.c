// SPDX-License-Identifier: GPL-2.0-only
/*
 * A client rebooted: it is confirmed anew, and the state of its old life is dropped. What it had
 * locked becomes kept, before the first of its locks is let go of.
 *
 *   fentry, fexit nfsd4_create_session, nfsd4_setclientid_confirm
 *                               a thread confirms a client: by which id it goes from now on
 *   fentry, fexit expire_client only under one of those: the client of the same name is dropped
 *   fentry nfs4_free_lock_stateid   of that client: its locks of this file are in the list still
 *   fentry kernel_setlease, before 6.12 vfs_setlease   of that client: a delegation is let go of
 *   fentry nfs4_state_shutdown_net  knfsd shuts down, and will know nobody by these ids
 *
 * All in fs/nfsd/nfs4state.c. The laundromat, DESTROY_CLIENTID, an administrator and a client that
 * wants what a courtesy client has call expire_client() as well, but not from there: the client is
 * gone by the protocol, nothing is kept, and what was kept since an earlier reboot of it is let go
 * of. The same goes for a client that reboots after its lease ran out. The locks of a file are gone
 * through once for each client that is dropped, however many lock owners it has; while nobody
 * reboots there is nothing to count.
 */
#include "original/add.bpf.h"

struct bpf_map;

/* ---- who is confirmed ---- */

static __always_inline int confirms(__u32 cl_boot, __u32 cl_id)
{
	__u64 tid = bpf_get_current_pid_tgid(), clid = rg_clid_of(cl_boot, cl_id);

	if (bpf_map_update_elem(&confirming, &tid, &clid, BPF_ANY))
		org_count(RG_ORG_FAIL_KEEPERS);
	return 0;
}

static __always_inline int confirmed(void)
{
	__u64 tid = bpf_get_current_pid_tgid();

	bpf_map_delete_elem(&confirming, &tid);
	return 0;
}

SEC("fentry/nfsd4_create_session")
int BPF_PROG(org_create_session, void *rqstp, void *cstate, struct nfsd4_create_session *u)
{
	return confirms(BPF_CORE_READ(u, clientid.cl_boot), BPF_CORE_READ(u, clientid.cl_id));
}

SEC("fexit/nfsd4_create_session")
int BPF_PROG(org_create_session_done)
{
	return confirmed();
}

SEC("fentry/nfsd4_setclientid_confirm")
int BPF_PROG(org_setclientid_confirm, void *rqstp, void *cstate,
	     struct nfsd4_setclientid_confirm *u)
{
	return confirms(BPF_CORE_READ(u, sc_clientid.cl_boot), BPF_CORE_READ(u, sc_clientid.cl_id));
}

SEC("fexit/nfsd4_setclientid_confirm")
int BPF_PROG(org_setclientid_confirm_done)
{
	return confirmed();
}

/* ---- whose state is dropped ---- */

static long forget_range(struct bpf_map *map, struct rg_org_range_key *at, struct rg_org_range *r,
			 void *unused)
{
	struct rg_org_range_key key = *at;

	bpf_map_delete_elem(map, &key);
	return 0;
}

static long forget_cell(struct bpf_map *map, struct rg_org_cell_key *at, struct rg_org_cell *cell,
			void *unused)
{
	struct rg_org_cell_key key = *at;

	bpf_map_delete_elem(map, &key);
	return 0;
}

static long forget_file(struct bpf_map *map, struct rg_org_file_key *at, struct rg_org_file *f,
			void *unused)
{
	struct rg_org_file_key key = *at;

	bpf_map_delete_elem(map, &key);
	return 0;
}

/* What is left of those who did not come back in time. Nobody else is putting anything in: the
 * caller is the only thread that drops, and one that begins meanwhile finds `sweeping`. */
static __always_inline void sweep(__u64 now_ns)
{
	if (org.word > now_ns || !org.ranges)
		return;
	/* Who overflows from here on says so after it; who did so before is dropping, or raised
	 * the word. */
	__sync_lock_test_and_set(&org.overflows, 0);
	if (*(volatile __u64 *)&org.word > now_ns || org.dropping != 1 ||
	    __sync_val_compare_and_swap(&org.sweeping, 0, 1)) {
		org.overflows = 1;
		return;
	}
	bpf_for_each_map_elem(&kept_ranges, forget_range, NULL, 0);
	bpf_for_each_map_elem(&kept_cells, forget_cell, NULL, 0);
	bpf_for_each_map_elem(&kept_files, forget_file, NULL, 0);
	__sync_lock_test_and_set(&org.ranges, 0);
	__sync_lock_test_and_set(&org.sweeping, 0);
}

/* Where something is kept of the client of this id, or NULL. */
static __always_inline struct rg_keeper *is_kept(__u64 clid, __u64 now_ns)
{
	__u32 *found = bpf_map_lookup_elem(&keeper_of, &clid);
	struct rg_keeper *k = found ? keeper_at(*found) : NULL;

	return k && rg_clid_of(k->cl_boot, k->cl_id) == clid && rg_keeper_is_active(k, now_ns)
		       ? k
		       : NULL;
}

/* Ends what is kept for the client of this id, which is gone by the protocol; why: an enum
 * rg_kept_why. */
static __always_inline void ends(__u64 clid, __u64 now_ns, __u32 why)
{
	struct rg_keeper *k = is_kept(clid, now_ns);
	__u32 *at = bpf_map_lookup_elem(&keeper_of, &clid);

	if (!k || !at || !ends_for(k, why))
		return;
	__sync_lock_test_and_set(&k->until_ns, now_ns);
	org_count(RG_ORG_ENDED);
	tell_keeper(RG_REC_KEPT_ENDED, *at, k, why);
}

#define PF_WQ_WORKER 0x00000020
#define PF_KTHREAD 0x00200000

/* Says why a client is expired that nobody takes the place of, by the thread that does it:
 * client_ctl_write() in an administrator's process (fs/nfsd/nfs4state.c), the laundromat in a
 * worker, and nfsd4_destroy_clientid() in a thread of knfsd. */
static __always_inline __u32 why_expired(void)
{
	unsigned int flags = bpf_get_current_task_btf()->flags;

	if (!(flags & PF_KTHREAD))
		return RG_KEPT_ADMIN;
	return flags & PF_WQ_WORKER ? RG_KEPT_EXPIRED : RG_KEPT_DESTROYED;
}

/* Tells that nothing is kept for a client that rebooted. */
static __always_inline void tell_not_kept(struct nfs4_client *clp, __u32 why)
{
	struct rg_org_event e = {.op = RG_REC_NOT_KEPT,
				 .keeper = RG_ORG_KEEPERS,
				 .how = why,
				 .clp = (__u64)clp};

	org_tell(&e);
}

static __always_inline int lease_ran_out(struct nfs4_client *clp)
{
	struct nfs4_client___org *c = (void *)clp;

	return c->cl_state != 0;
}

/* It rebooted before: what is kept of it goes on being kept. */
static __always_inline void goes_on(struct rg_org_drop *d, __u64 old_clid, __u64 now_ns)
{
	__u32 *found = bpf_map_lookup_elem(&keeper_of, &old_clid), at;
	struct rg_keeper *k;

	if (!found)
		return;
	at = *found;
	bpf_map_delete_elem(&keeper_of, &old_clid);
	k = keeper_at(at);
	if (!k || !rg_keeper_is_active(k, now_ns) || rg_clid_of(k->cl_boot, k->cl_id) != old_clid)
		return;
	if (bpf_map_update_elem(&keeper_of, &d->new_clid, &at, BPF_ANY)) {
		org_count(RG_ORG_FAIL_KEEPERS);
		return;
	}
	k->cl_boot = d->new_clid >> 32;
	k->cl_id = (__u32)d->new_clid;
	k->until_ns = now_ns + org.keep_for_ns;
	__sync_fetch_and_add(&k->reboots, 1);
	d->keeper = at;
	raise_word(now_ns + org.keep_for_ns);
}

/* ---- is it one to keep for? ---- */

struct choosing {
	struct rg_org_glob g;
	__u32 which; /* of org.choice */
	__u32 peer;
	__u32 chosen;
	__u16 family;
	__u8 addr[16];
};

/* Masked, as the verifier takes no bound from a comparison of 32 bits for the multiplication. */
static __always_inline const struct rg_org_peer *pattern_at(__u32 which, __u32 at)
{
	return &org.choice[which & 1].peers[at & (RG_ORG_CHOSEN - 1)];
}

static long compare_step(__u32 i, struct choosing *c)
{
	return rg_org_glob_step(&c->g, pattern_at(c->which, c->peer));
}

static long compare_peer(__u32 i, struct choosing *c)
{
	const struct rg_org_peer *peer = pattern_at(c->which, i);

	if (peer->family) {
		c->chosen = rg_org_is_within(peer, c->family, c->addr);
		return c->chosen ? 1 : 0;
	}
	c->peer = i;
	/* 6.1 verifies what bpf_loop() calls for its first turn alone, and leaves out what a turn
	 * with these values does not come by. So it is not told that they are zero. */
	c->g.s = c->g.p = c->g.star = c->g.back = c->g.matches = org.zero;
	bpf_loop(RG_ORG_GLOB_STEPS, compare_step, c, 0);
	c->chosen = c->g.matches;
	return c->chosen ? 1 : 0;
}

/* Once for a client, as its state is dropped. */
static __always_inline int is_chosen(struct nfs4_client *clp)
{
	struct choosing c = {.which = org.chosen & 1, .chosen = org.zero};
	__u32 n = org.choice[c.which & 1].n_peers, len;

	if (!n)
		return 1;
	len = read_name(clp, c.g.name, RG_ORG_NAME);
	c.g.cut = len > RG_ORG_NAME;
	c.g.n = len > RG_ORG_NAME ? RG_ORG_NAME : len;
	c.family = read_address(clp, c.addr);
	bpf_loop(n < RG_ORG_CHOSEN ? n : RG_ORG_CHOSEN, compare_peer, &c, 0);
	return c.chosen;
}

/* Once for a file of such a client. */
static __always_inline int dev_is_chosen(__u32 dev)
{
	if (is_chosen_dev(dev))
		return 1;
	org_count(RG_ORG_NO_EXPORT);
	return 0;
}

SEC("fentry/expire_client")
int BPF_PROG(org_expire_client, struct nfs4_client *clp)
{
	__u64 tid = bpf_get_current_pid_tgid(), *new_clid, old_clid, now_ns;
	struct rg_org_drop d = {.clp = (__u64)clp, .keeper = RG_ORG_KEEPERS};

	now_ns = bpf_ktime_get_boot_ns();
	old_clid = clid_of_client(clp);
	new_clid = bpf_map_lookup_elem(&confirming, &tid);
	if (!new_clid) {
		if (org.word)
			ends(old_clid, now_ns, why_expired());
		return 0;
	}
	d.new_clid = *new_clid;
	if (old_clid == d.new_clid)
		return 0;
	org_count(RG_ORG_REBOOTS);
	if (lease_ran_out(clp)) {
		org_count(RG_ORG_TOO_LATE);
		ends(old_clid, now_ns, RG_KEPT_EXPIRED);
		tell_not_kept(clp, RG_KEPT_TOO_LATE);
		return 0;
	}
	/* What is kept of it since an earlier reboot was chosen then. */
	if (!is_kept(old_clid, now_ns) && !is_chosen(clp)) {
		org_count(RG_ORG_NO_CLIENT);
		tell_not_kept(clp, RG_KEPT_LEFT_OUT);
		return 0;
	}
	__sync_fetch_and_add(&org.dropping, 1);
	sweep(now_ns);
	d.id = __sync_fetch_and_add(&org.last_id, 1) + 1;
	goes_on(&d, old_clid, now_ns);
	if (bpf_map_update_elem(&drops, &tid, &d, BPF_ANY)) {
		org_count(RG_ORG_FAIL_KEEPERS);
		__sync_fetch_and_add(&org.dropping, -1);
	}
	return 0;
}

SEC("fexit/expire_client")
int BPF_PROG(org_expire_client_done)
{
	__u64 tid = bpf_get_current_pid_tgid();
	struct rg_keeper *k = NULL;
	struct rg_org_drop *d;
	__u32 at;

	if (!org.dropping)
		return 0;
	d = bpf_map_lookup_elem(&drops, &tid);
	if (!d)
		return 0;
	at = d->keeper;
	if (at < RG_ORG_KEEPERS)
		k = keeper_at(at);
	if (k && (k->left || k->overflow))
		tell_keeper(RG_REC_KEPT, at, k, 0);
	if (k)
		k->taken_until_ns = 0;
	if (bpf_map_delete_elem(&drops, &tid))
		return 0;
	__sync_fetch_and_add(&org.dropping, -1);
	return 0;
}

/* ---- what it had locked ---- */

static __always_inline void describe(struct rg_keeper *k, struct nfs4_client *clp)
{
	k->name_len = read_name(clp, k->name, RG_ORG_NAME);
	k->minorversion = BPF_CORE_READ(clp, cl_minorversion);
	k->net = (__u64)BPF_CORE_READ(clp, net);
	k->netns = BPF_CORE_READ(clp, net, ns.inum);
	k->family = read_address(clp, k->addr);
}

/* A place that is nobody's, or of which nothing is kept any more. */
struct place {
	__u64 now_ns;
	__u32 at;
};

static long find_place(__u32 i, struct place *p)
{
	struct rg_keeper *k = keeper_at(i);
	__u64 until_ns;

	if (!k)
		return 1;
	/* knfsd drops several clients at a time, and one whose first files have no locks is not
	 * active yet. */
	until_ns = *(volatile __u64 *)&k->taken_until_ns;
	if (until_ns > p->now_ns || rg_keeper_is_active(k, p->now_ns))
		return 0;
	if (__sync_val_compare_and_swap(&k->taken_until_ns, until_ns,
					p->now_ns + RG_ORG_TAKEN_NS) != until_ns)
		return 0;
	__sync_fetch_and_add(&k->gen, 1);
	p->at = i;
	return 1;
}

static __always_inline struct rg_keeper *place_for(struct rg_org_drop *d)
{
	struct place p = {.now_ns = bpf_ktime_get_boot_ns(), .at = RG_ORG_KEEPERS};
	__u64 was;
	struct rg_keeper *k;

	if (d->keeper < RG_ORG_KEEPERS)
		return keeper_at(d->keeper);
	if (d->refused)
		return NULL;
	bpf_loop(RG_ORG_KEEPERS, find_place, &p, 0);
	k = p.at < RG_ORG_KEEPERS ? keeper_at(p.at) : NULL;
	if (!k || bpf_map_update_elem(&keeper_of, &d->new_clid, &p.at, BPF_ANY)) {
		org_count(RG_ORG_FAIL_KEEPERS);
		d->refused = 1;
		tell_not_kept((void *)d->clp, RG_KEPT_NO_ROOM);
		return NULL;
	}
	/* Who had the place before is known by its old id no longer. */
	was = rg_clid_of(k->cl_boot, k->cl_id);
	if (was && was != d->new_clid)
		bpf_map_delete_elem(&keeper_of, &was);
	k->left = 0;
	k->kept = 0;
	k->retaken = 0;
	k->overflow = 0;
	k->why = 0;
	k->asked = 0;
	k->overtaken = 0;
	k->told_until_ns = 0;
	k->delays = 0;
	k->reboots = 1;
	k->n_devs = 0;
	k->cl_boot = d->new_clid >> 32;
	k->cl_id = (__u32)d->new_clid;
	describe(k, (void *)d->clp);
	k->since_ns = p.now_ns;
	__sync_lock_test_and_set(&k->until_ns, p.now_ns + org.keep_for_ns);
	d->keeper = p.at;
	return k;
}

static __always_inline void is_of_dev(struct rg_keeper *k, __u32 dev)
{
	__u32 n = k->n_devs;

	for (__u32 i = 0; i < RG_ORG_DEVS; i++)
		if (i < n && k->devs[i] == dev)
			return;
	/* The client's threads of knfsd are one: it is being dropped. */
	asm volatile("" : "+r"(n));
	if (n < RG_ORG_DEVS)
		k->devs[n] = dev;
	if (n <= RG_ORG_DEVS)
		k->n_devs = n + 1;
}

static __always_inline void overflows(struct rg_keeper *k)
{
	org.overflows = 1;
	if (!__sync_lock_test_and_set(&k->overflow, 1))
		org_count(RG_ORG_OVERFLOW);
}

static __always_inline struct inode *inode_of_stid(struct nfs4_stid___org *stid)
{
	struct nfs4_file___org *file = stid->sc_file;
	struct inode *inode = file->fi_fds[0]->nf_file->f_inode;

	if (!inode)
		inode = file->fi_fds[1]->nf_file->f_inode;
	return inode ?: file->fi_fds[2]->nf_file->f_inode;
}

struct locks_walk {
	struct list_head *head, *at;
	__u64 clp;
	struct rg_org_file_key *key;
	__u32 keeper, gen;
	__u32 broken, full;
};

static __always_inline void keep_one(struct locks_walk *w)
{
	struct file_lock *fl = rg_lock_at(w->at);
	struct rg_org_range r = {.keeper = w->keeper, .gen = w->gen, .used = 1};
	struct rg_org_file *file = bpf_map_lookup_elem(&kept_files, w->key);
	struct rg_keeper *k = keeper_at(w->keeper);

	r.start = (__u64)BPF_CORE_READ(fl, fl_start);
	r.end = (__u64)BPF_CORE_READ(fl, fl_end);
	r.write = rg_type_of_lock(fl) == 1; /* F_WRLCK */
	if (!file || !k || add_range(file, k, &r)) {
		w->full = 1;
		return;
	}
	__sync_fetch_and_add(&k->kept, 1);
	org_count(RG_ORG_KEPT);
}

/* The list is read without its lock: a lock that was just taken off it, by somebody else, leads
 * nowhere, to itself, or round another list. The owners of lockd and of local applications are
 * other structs, and none has this address there. */
static long walk_one(__u32 i, struct locks_walk *w)
{
	struct nfs4_stateowner *owner;
	struct list_head *at = w->at, *next;

	if (at == w->head)
		return 1;
	owner = rg_lock_owner(at);
	next = BPF_CORE_READ(at, next);
	if (!next || next == at) {
		w->broken = 1;
		return 1;
	}
	if ((__u64)BPF_CORE_READ(owner, so_client) == w->clp)
		keep_one(w);
	if (w->full)
		return 1;
	w->at = next;
	return 0;
}

/* The file's element, made where there is none. NULL: there is no room, which is counted. */
static __always_inline struct rg_org_file *file_of(const struct rg_org_file_key *key)
{
	struct rg_org_file fresh = {}, *file = bpf_map_lookup_elem(&kept_files, key);

	if (file)
		return file;
	fresh.id = __sync_fetch_and_add(&org.last_id, 1) + 1;
	bpf_map_update_elem(&kept_files, key, &fresh, BPF_NOEXIST);
	file = bpf_map_lookup_elem(&kept_files, key);
	if (!file)
		org_count(RG_ORG_FAIL_RANGES);
	return file;
}

static __always_inline void keep_locks_of(struct inode *inode, struct rg_org_drop *d)
{
	struct file_lock_context *ctx = inode->i_flctx;
	struct rg_org_file_key key = {};
	struct rg_org_file *file;
	struct locks_walk w = {.clp = d->clp};
	struct list_head *head, *first;
	struct rg_keeper *k;

	if (!ctx)
		return;
	file_key_of(inode, &key);
	file = bpf_map_lookup_elem(&kept_files, &key);
	if ((file && file->walked == d->id) || !dev_is_chosen(key.dev))
		return;
	k = place_for(d);
	if (!k)
		return;
	is_of_dev(k, key.dev);
	file = file_of(&key);
	if (!file) {
		overflows(k);
	} else {
		file->walked = d->id;
		w.key = &key;
		w.keeper = d->keeper;
		w.gen = k->gen;
		head = (void *)ctx + bpf_core_field_offset(struct file_lock_context, flc_posix);
		first = BPF_CORE_READ(head, next);
		w.head = head;
		w.at = first;
		bpf_loop(RG_ORG_WALK, walk_one, &w, 0);
		if (w.broken || (w.at != w.head && !w.full))
			org_count(RG_ORG_FAIL_WALK);
		if (w.at != w.head)
			overflows(k);
	}
	if (k->left || k->overflow)
		raise_word(k->until_ns);
}

SEC("fentry/nfs4_free_lock_stateid")
int BPF_PROG(org_free_lock_stateid, struct nfs4_stid___org *stid)
{
	struct rg_org_drop *d;
	struct inode *inode;
	__u64 tid;

	if (!org.dropping)
		return 0;
	tid = bpf_get_current_pid_tgid();
	d = bpf_map_lookup_elem(&drops, &tid);
	if (!d)
		return 0;
	/* Without an open file there are no locks either: nfs4_free_lock_stateid() looks for one
	 * to let go of them by. */
	inode = inode_of_stid(stid);
	if (inode)
		keep_locks_of(inode, d);
	return 0;
}

/* ---- what it had a delegation of ---- */

/* Its locks of this file are known to nobody but itself (RFC 8881, 10.4.2): all of the file is
 * kept, for reading where the delegation was for reading, as that allows no other locks. */
static __always_inline void keep_delegated(struct file *filp, struct rg_org_drop *d)
{
	struct rg_org_range r = {.end = OFFSET_MAX, .used = 1};
	struct rg_org_file_key key = {};
	struct rg_org_file *file;
	struct rg_keeper *k;

	file_key_of(filp->f_inode, &key);
	k = dev_is_chosen(key.dev) ? place_for(d) : NULL;
	if (!k)
		return;
	is_of_dev(k, key.dev);
	r.write = !!(filp->f_mode & FMODE_WRITE);
	r.keeper = d->keeper;
	r.gen = k->gen;
	file = file_of(&key);
	if (!file || add_range(file, k, &r)) {
		overflows(k);
	} else {
		__sync_fetch_and_add(&k->kept, 1);
		org_count(RG_ORG_KEPT);
		org_count(RG_ORG_KEPT_DELEGATION);
	}
	raise_word(k->until_ns);
}

/* Under expire_client() the only leases that are let go of are the client's delegations. */
static __always_inline int lets_go(struct file *filp, int arg)
{
	struct rg_org_drop *d;
	__u64 tid;

	if (!org.dropping || arg != F_UNLCK)
		return 0;
	tid = bpf_get_current_pid_tgid();
	d = bpf_map_lookup_elem(&drops, &tid);
	if (d)
		keep_delegated(filp, d);
	return 0;
}

SEC("?fentry/kernel_setlease")
int BPF_PROG(org_setlease, struct file *filp, int arg)
{
	return lets_go(filp, arg);
}

SEC("?fentry/vfs_setlease")
int BPF_PROG(org_vfs_setlease, struct file *filp, int arg)
{
	return lets_go(filp, arg);
}

/* ---- knfsd shuts down ---- */

struct shutdown_walk {
	__u64 net, now_ns;
};

static long let_go(__u32 i, struct shutdown_walk *w)
{
	struct rg_keeper *k = keeper_at(i);

	if (!k)
		return 1;
	if (k->net != w->net || !rg_keeper_is_active(k, w->now_ns))
		return 0;
	if (!ends_for(k, RG_KEPT_SHUTDOWN))
		return 0;
	org_count(RG_ORG_SHUTDOWN);
	__sync_lock_test_and_set(&k->until_ns, 0);
	tell_keeper(RG_REC_KEPT_ENDED, i, k, RG_KEPT_SHUTDOWN);
	return 0;
}

/* Its next life knows nobody by these ids, and has a grace period for who had locks. */
SEC("fentry/nfs4_state_shutdown_net")
int BPF_PROG(org_shutdown, struct net *net)
{
	struct shutdown_walk w = {.net = (__u64)net};

	if (!org.word)
		return 0;
	w.now_ns = bpf_ktime_get_boot_ns();
	bpf_loop(RG_ORG_KEEPERS, let_go, &w, 0);
	return 0;
}
