// SPDX-License-Identifier: GPL-2.0-only
/*
 * Somebody asks for a lock, or may come by one: who it is, and whether something is kept for
 * another client in its way. Then its thread is marked, and the request has to come again later.
 *
 *   fentry, fexit nfsd4_lock    LOCK; granted to who it is kept for, it is kept no longer
 *   fentry, fexit nfsd4_lockt   LOCKT: "not now" is the truth, and "free" would not be
 *   fentry, fexit nfsd4_lookup  a re-export server asks whether its locks are kept, or says that
 *                               its end clients are through (rg_kept.h)
 *   fentry, fexit nfsd4_process_open2   an OPEN by which a delegation may come, where knfsd gives
 *                               those without asking the LSM (6.12); see later.bpf.c for 6.1
 *
 * All in fs/nfsd/nfs4state.c but nfsd4_lookup, which is in nfs4proc.c. While nothing is kept each
 * is one look at a word.
 */
#include "original/add.bpf.h"
#include "rg_kept.h"

struct nfsd4_lock___org {
	union {
		struct {
			clientid_t clientid;
		} new;
		struct {
			struct {
				struct stateid___org si_opaque;
			} lock_stateid;
		} old;
	} v;
} __attribute__((preserve_access_index));

struct nfsd4_lockt {
	__u32 lt_type;
	__u64 lt_offset, lt_length;
} __attribute__((preserve_access_index));

struct nfsd4_lookup {
	__u32 lo_len;
	char *lo_name;
} __attribute__((preserve_access_index));

/* uid: as the client said in AUTH_SYS, before root is squashed (include/linux/sunrpc/svcauth.h). */
struct svc_rqst___org {
	struct svc_cred___org {
		struct {
			__u32 val;
		} cr_uid;
	} rq_cred;
} __attribute__((preserve_access_index));

struct nfs4_openowner___org {
	struct nfs4_stateowner oo_owner;
} __attribute__((preserve_access_index));

struct nfsd4_open___org {
	clientid_t op_clientid;
	__u32 op_share_access;
	__u32 op_delegate_type;
	struct nfs4_openowner___org *op_openowner;
} __attribute__((preserve_access_index));

#define CLAIM_PREVIOUS 1 /* RFC 8881, 18.16.1: open_claim_type4 */
#define NFS4ERR_DELAY __builtin_bswap32(10008)
/* nfs_lock_type4, RFC 8881, 18.10.1 */
#define NFS4_SHARE_ACCESS_WRITE 2 /* RFC 8881, 18.16.1: OPEN4_SHARE_ACCESS_WRITE */
#define WRITE_LT 2
#define WRITEW_LT 4

/* A request for a lock. */
struct ask {
	struct rg_org_file_key key;
	__u64 start, end; /* both included */
	__u64 now_ns;
	__u32 write;
	__u32 keeper; /* place of who asks, if something is kept of it; or NO_KEEPER */
};

/* ---- is something in its way? ---- */

struct keeper_search {
	const struct ask *a;
	__u32 found; /* place of the keeper, or NO_KEEPER */
	__u32 pad;
};

static __always_inline int covers_dev(const struct rg_keeper *k, __u32 dev)
{
	if (k->n_devs > RG_ORG_DEVS)
		return 1;
	for (__u32 i = 0; i < RG_ORG_DEVS; i++)
		if (i < k->n_devs && k->devs[i] == dev)
			return 1;
	return 0;
}

/* All of a file system waits: in mode quiet, and for a client of which not every range is in the
 * table. Another client that has to take back its own does not. */
static long search_keeper(__u32 i, struct keeper_search *s)
{
	struct rg_keeper *k = keeper_at(i);

	if (!k)
		return 1;
	if (!rg_keeper_is_active(k, s->a->now_ns) || !(k->overflow || org.mode == RG_ORG_QUIET) ||
	    !covers_dev(k, s->a->key.dev))
		return 0;
	s->found = i;
	return 1;
}

/* Returns the place of the keeper that it has to wait for, or NO_KEEPER. Not inline: the stack of
 * the program and of those it calls is 512 bytes. */
static __noinline __u32 in_the_way(const struct ask *a)
{
	struct rg_org_file *file = bpf_map_lookup_elem(&kept_files, &a->key);
	struct search s = {.own = a->keeper, .write = a->write, .now_ns = a->now_ns};
	struct keeper_search all = {.a = a, .found = NO_KEEPER};

	if (file) {
		search_file(&s, file, a->start, a->end);
		if (s.found != NO_KEEPER)
			return s.found;
	}
	if (a->keeper == NO_KEEPER && (org.mode == RG_ORG_QUIET || org.overflows))
		bpf_loop(RG_ORG_KEEPERS, search_keeper, &all, 0);
	return all.found;
}

/* Who asks: the place where something is kept of it, or NO_KEEPER. */
static __always_inline __u32 keeper_of_clid(__u64 clid, __u64 now_ns)
{
	__u32 *found = bpf_map_lookup_elem(&keeper_of, &clid);
	struct rg_keeper *k = found ? keeper_at(*found) : NULL;

	return k && rg_clid_of(k->cl_boot, k->cl_id) == clid && rg_keeper_is_active(k, now_ns)
		       ? *found
		       : NO_KEEPER;
}

/* May something be kept? Where its time is over the word is cleared, unless more came. */
static __always_inline int anything_kept(__u64 *now_ns)
{
	__u64 word = org.word;

	if (!word)
		return 0;
	*now_ns = bpf_ktime_get_boot_ns();
	if (word > *now_ns)
		return 1;
	__sync_val_compare_and_swap(&org.word, word, 0);
	return 0;
}

/* Tells that this client asked in vain. status: an nfsstat4; 0: it went through (mode observe). */
static __always_inline void tell_from(const struct ask *a, struct nfs4_client *clp, __u32 what,
				      __u32 keeper, __u32 status)
{
	struct rg_org_event e = {.op = RG_REC_KEPT_FROM,
				 .keeper = keeper,
				 .how = what,
				 .clp = (__u64)clp,
				 .start = a->start,
				 .end = a->end,
				 .ino = a->key.ino,
				 .dev = a->key.dev,
				 .lock_type = a->write ? 2 : 1,
				 .status = status};

	e.status_kind = status ? RG_STATUS_NFS4 : RG_STATUS_NONE;
	org_tell(&e);
}

static __always_inline void mark_thread(__u32 keeper)
{
	__u64 tid = bpf_get_current_pid_tgid();
	struct rg_org_mark m = {.until_ns = bpf_ktime_get_boot_ns() + RG_ORG_MARK_NS,
				.keeper = keeper};

	if (!bpf_map_update_elem(&marked, &tid, &m, BPF_NOEXIST))
		__sync_fetch_and_add(&org.marks, 1);
	else if (bpf_map_update_elem(&marked, &tid, &m, BPF_EXIST))
		org_count(RG_ORG_FAIL_MARK);
}

static __always_inline void mark(const struct ask *a, struct nfs4_client *clp, __u32 what,
				 __u32 keeper)
{
	struct rg_keeper *k = keeper_at(keeper);

	if (k)
		__sync_fetch_and_add(&k->delays, 1);
	if (org.mode == RG_ORG_OBSERVE) {
		org_count(RG_ORG_OBSERVED);
		tell_from(a, clp, what, keeper, 0);
		return;
	}
	mark_thread(keeper);
}

/* Takes the mark of this thread away. Returns the place of the client that it was marked for, or
 * NO_KEEPER: it was not marked. */
static __always_inline __u32 unmark(void)
{
	__u64 tid = bpf_get_current_pid_tgid();
	struct rg_org_mark *m;
	__u32 keeper;

	if (!org.marks)
		return NO_KEEPER;
	m = bpf_map_lookup_elem(&marked, &tid);
	if (!m)
		return NO_KEEPER;
	keeper = m->keeper;
	if (bpf_map_delete_elem(&marked, &tid))
		return NO_KEEPER;
	__sync_fetch_and_add(&org.marks, -1);
	return keeper;
}

/* ---- LOCK and LOCKT ---- */

static __always_inline void range_of(struct ask *a, __u64 offset, __u64 length, __u32 type)
{
	a->start = offset;
	a->end = offset + length - 1;
	/* To the end of the file; or past what a file can have, as nfs4_transform_lock_offset(). */
	if (length == ~0ULL || a->end < offset || a->end > OFFSET_MAX)
		a->end = OFFSET_MAX;
	if (a->start > OFFSET_MAX)
		a->start = OFFSET_MAX;
	a->write = type == WRITE_LT || type == WRITEW_LT;
}

static __always_inline int file_of(struct ask *a, struct nfsd4_compound_state *cstate)
{
	struct inode *inode = cstate->current_fh.fh_dentry->d_inode;

	if (!inode)
		return -1;
	file_key_of(inode, &a->key);
	return 0;
}

/* Of NFSv4.0 the client is in the arguments; a session belongs to one. */
static __always_inline __u64 clid_of_lock(struct nfsd4_compound_state *cstate, struct nfsd4_lock *u)
{
	struct nfs4_client *clp = cstate->clp;
	struct nfsd4_lock___org *l = (void *)u;

	if (clp)
		return clid_of_client(clp);
	if (BPF_CORE_READ(u, lk_is_new))
		return rg_clid_of(BPF_CORE_READ(l, v.new.clientid.cl_boot),
				  BPF_CORE_READ(l, v.new.clientid.cl_id));
	return rg_clid_of(BPF_CORE_READ(l, v.old.lock_stateid.si_opaque.so_clid.cl_boot),
			  BPF_CORE_READ(l, v.old.lock_stateid.si_opaque.so_clid.cl_id));
}

static __always_inline int lock_asked(struct ask *a, struct nfsd4_compound_state *cstate,
				      struct nfsd4_lock *u)
{
	if (!anything_kept(&a->now_ns) || file_of(a, cstate))
		return 0;
	range_of(a, BPF_CORE_READ(u, lk_offset), BPF_CORE_READ(u, lk_length),
		 BPF_CORE_READ(u, lk_type));
	a->keeper = keeper_of_clid(clid_of_lock(cstate, u), a->now_ns);
	return 1;
}

/* Another client by NFSv4.0 is not told to come later: its requests are numbered (RFC 7530, 9.1.7),
 * it counts an answer DELAY, and knfsd does not count a LOCK that fails before its owner was looked
 * up. On 6.1 the client's application was seen to get EIO from then on. LOCKT goes the same way,
 * so that it says what LOCK will. */
SEC("fentry/nfsd4_lock")
int BPF_PROG(org_lock, void *rqstp, struct nfsd4_compound_state *cstate, struct nfsd4_lock *u)
{
	struct ask a = {};
	__u32 keeper;

	if (!org.word || !cstate->minorversion || !lock_asked(&a, cstate, u))
		return 0;
	keeper = in_the_way(&a);
	if (keeper != NO_KEEPER)
		mark(&a, cstate->clp, RG_KEPT_FROM_LOCK, keeper);
	return 0;
}

/* ---- taken back ---- */

struct taking {
	struct range_walk w;
	const struct ask *a;
	struct rg_org_file_key *key;
	__u32 gen;
	__u32 pad;
};

/* Tells which part of a kept range the lock covers, before the range is taken out. */
static __always_inline void tell_retaken(const struct taking *t, const struct rg_org_range *r,
					 const struct rg_keeper *k)
{
	struct rg_org_event e = {.op = RG_REC_RETAKEN,
				 .keeper = r->keeper,
				 .start = r->start > t->a->start ? r->start : t->a->start,
				 .end = r->end < t->a->end ? r->end : t->a->end,
				 .ino = t->a->key.ino,
				 .dev = t->a->key.dev,
				 .value = k->left ? k->left - 1 : 0};

	e.lock_type = r->write ? 2 : 1;
	org_tell(&e);
}

/* One that the lock covers in whole or in part. What is left of it to the sides goes in before it
 * is taken out, so that no byte is free in between; where there is no room for that, all of it
 * stays. Another thread that takes a part of the same range at the same time may be first: then
 * what was put in here stays, which is too much and never too little. */
static long take_range(__u32 i, struct taking *t)
{
	struct rg_org_range_key key;
	struct rg_org_range *r, rest;
	struct rg_org_file *file;
	struct rg_keeper *k;
	int over = 0;

	r = walk_step(&t->w, i, &key, &over);
	if (!r)
		return over;
	if (r->keeper != t->a->keeper || r->gen != t->gen)
		return 0;
	k = keeper_at(r->keeper);
	file = bpf_map_lookup_elem(&kept_files, t->key);
	if (!k || !file)
		return 1;
	rest = *r;
	if (r->start < t->a->start) {
		rest.end = t->a->start - 1;
		if (add_range(file, k, &rest))
			return 0;
	}
	if (r->end > t->a->end) {
		rest.start = t->a->end + 1;
		rest.end = r->end;
		if (add_range(file, k, &rest))
			return 0;
	}
	if (__sync_val_compare_and_swap(&r->used, 1, 0) != 1)
		return 0;
	__sync_fetch_and_add(&k->retaken, 1);
	org_count(RG_ORG_RETAKEN);
	tell_retaken(t, r, k);
	__sync_fetch_and_add(&k->left, -1);
	return 0;
}

static long is_active(__u32 i, struct ask *a)
{
	struct rg_keeper *k = keeper_at(i);

	if (!k)
		return 1;
	if (!rg_keeper_is_active(k, a->now_ns))
		return 0;
	a->keeper = i;
	return 1;
}

/* The word is read before the keepers are, and changes with everything that is put in: where
 * something came meanwhile it stays. */
static __always_inline void clear_word(__u64 now_ns)
{
	struct ask any = {.now_ns = now_ns, .keeper = NO_KEEPER};
	__u64 word = *(volatile __u64 *)&org.word;

	bpf_loop(RG_ORG_KEEPERS, is_active, &any, 0);
	if (any.keeper == NO_KEEPER)
		__sync_val_compare_and_swap(&org.word, word, 0);
}

static __always_inline void take_back(struct ask *a)
{
	struct rg_org_file *file = bpf_map_lookup_elem(&kept_files, &a->key);
	struct rg_keeper *k = keeper_at(a->keeper);
	struct taking t = {.a = a, .key = &a->key};

	if (!file || !k)
		return;
	t.gen = k->gen;
	walk_begin(&t.w, file, a->start, a->end);
	bpf_loop(MAX_STEPS, take_range, &t, 0);
	if (rg_keeper_is_active(k, a->now_ns))
		return;
	if (ends_for(k, RG_KEPT_RETAKEN)) {
		org_count(RG_ORG_DONE);
		tell_keeper(RG_REC_KEPT_ENDED, a->keeper, k, RG_KEPT_RETAKEN);
	}
	clear_word(a->now_ns);
}

SEC("fexit/nfsd4_lock")
int BPF_PROG(org_lock_done, void *rqstp, struct nfsd4_compound_state *cstate, struct nfsd4_lock *u,
	     __u32 status)
{
	struct ask a = {};
	__u32 keeper = unmark();

	if (keeper != NO_KEEPER && status == NFS4ERR_DELAY) {
		org_count(RG_ORG_DELAYED_LOCK);
		if (lock_asked(&a, cstate, u))
			tell_from(&a, cstate->clp, RG_KEPT_FROM_LOCK, keeper, RG_NFS4ERR_DELAY);
		return 0;
	}
	if (!org.word || status || !lock_asked(&a, cstate, u))
		return 0;
	/* It had been asked for before the range was kept, or by NFSv4.0, or the mark did not
	 * work. */
	if (org.mode != RG_ORG_OBSERVE) {
		struct rg_keeper *k = keeper_at(in_the_way(&a)); /* NULL: NO_KEEPER */

		if (k) {
			k->overtaken = 1;
			org_count(RG_ORG_OVERTAKEN);
		}
	}
	if (a.keeper != NO_KEEPER)
		take_back(&a);
	return 0;
}

SEC("fentry/nfsd4_lockt")
int BPF_PROG(org_lockt, void *rqstp, struct nfsd4_compound_state *cstate, struct nfsd4_lockt *u)
{
	struct ask a = {};
	struct nfs4_client *clp;
	__u32 keeper;

	if (!org.word || !cstate->minorversion || !anything_kept(&a.now_ns) || file_of(&a, cstate))
		return 0;
	range_of(&a, BPF_CORE_READ(u, lt_offset), BPF_CORE_READ(u, lt_length),
		 BPF_CORE_READ(u, lt_type));
	clp = cstate->clp; /* the session's */
	a.keeper = clp ? keeper_of_clid(clid_of_client(clp), a.now_ns) : NO_KEEPER;
	keeper = in_the_way(&a);
	if (keeper != NO_KEEPER)
		mark(&a, clp, RG_KEPT_FROM_LOCKT, keeper);
	return 0;
}

SEC("fexit/nfsd4_lockt")
int BPF_PROG(org_lockt_done, void *rqstp, struct nfsd4_compound_state *cstate,
	     struct nfsd4_lockt *u, __u32 status)
{
	__u32 keeper = unmark();
	struct ask a = {};

	if (keeper == NO_KEEPER || status != NFS4ERR_DELAY)
		return 0;
	org_count(RG_ORG_DELAYED_LOCKT);
	if (file_of(&a, cstate))
		return 0;
	range_of(&a, BPF_CORE_READ(u, lt_offset), BPF_CORE_READ(u, lt_length),
		 BPF_CORE_READ(u, lt_type));
	tell_from(&a, cstate->clp, RG_KEPT_FROM_LOCKT, keeper, RG_NFS4ERR_DELAY);
	return 0;
}

/* ---- LOOKUP ---- */

enum word {
	WORD_NONE = 0,
	WORD_QUESTION,
	WORD_THROUGH,
};

/* Reads what a name says. *digits: those of a question, as characters, so never 0. */
static __always_inline enum word word_of(struct nfsd4_lookup *u, __u64 *digits)
{
	const char question[] = RG_KEPT_QUESTION, through[] = RG_KEPT_THROUGH;
	int is_question = 1, is_through = 1;
	char name[RG_KEPT_NAME] = {};

	if (BPF_CORE_READ(u, lo_len) != RG_KEPT_NAME)
		return WORD_NONE;
	if (bpf_probe_read_kernel(name, sizeof(name), BPF_CORE_READ(u, lo_name))) {
		org_count(RG_ORG_FAIL_READ);
		return WORD_NONE;
	}
	for (__u32 i = 0; i < RG_KEPT_PREFIX; i++) {
		is_question &= name[i] == question[i];
		is_through &= name[i] == through[i];
	}
	_Static_assert(RG_KEPT_DIGITS == sizeof(*digits), "all of them are compared");
	__builtin_memcpy(digits, name + RG_KEPT_PREFIX, sizeof(*digits));
	return is_question ? WORD_QUESTION : is_through ? WORD_THROUGH : WORD_NONE;
}

/* Answers "yes" once for each question, if this client's locks on the directory's file system are
 * kept for long enough, and nobody came by one of them. Only root asks: one question is remembered,
 * and another user's would have the next one answered anew. */
static __always_inline void answer(const struct ask *a, struct rg_keeper *k, __u64 question,
				   __u32 uid)
{
	if (uid) {
		org_count(RG_ORG_NOT_ROOT);
		return;
	}
	if (org.mode == RG_ORG_OBSERVE || k->asked == question || k->overtaken ||
	    !is_chosen_dev(a->key.dev) || k->until_ns < a->now_ns + RG_KEPT_NS)
		return;
	k->asked = question;
	mark_thread(a->keeper);
}

/* Lets go of all that this client did not take back. */
static __always_inline void ends_by_word(const struct ask *a, struct rg_keeper *k, __u32 uid)
{
	if (uid) {
		org_count(RG_ORG_NOT_ROOT);
		return;
	}
	if (!ends_for(k, RG_KEPT_SAID_THROUGH))
		return;
	__sync_lock_test_and_set(&k->until_ns, a->now_ns);
	org_count(RG_ORG_THROUGH);
	tell_keeper(RG_REC_KEPT_ENDED, a->keeper, k, RG_KEPT_SAID_THROUGH);
	clear_word(a->now_ns);
}

/* The session says which client it is, and that is the only one that its words are about. Of
 * NFSv4.0 a LOOKUP does not say whose it is. */
SEC("fentry/nfsd4_lookup")
int BPF_PROG(org_lookup, struct svc_rqst___org *rqstp, struct nfsd4_compound_state *cstate,
	     struct nfsd4_lookup *u)
{
	struct ask a = {};
	struct nfs4_client *clp;
	struct rg_keeper *k;
	enum word word;
	__u64 digits;

	if (!org.word || !cstate->minorversion)
		return 0;
	word = word_of(u, &digits);
	clp = cstate->clp;
	if (word == WORD_NONE || !clp || !anything_kept(&a.now_ns) || file_of(&a, cstate))
		return 0;
	a.keeper = keeper_of_clid(clid_of_client(clp), a.now_ns);
	k = keeper_at(a.keeper);
	if (!k)
		return 0;
	if (word == WORD_QUESTION)
		answer(&a, k, digits, rqstp->rq_cred.cr_uid.val);
	else
		ends_by_word(&a, k, rqstp->rq_cred.cr_uid.val);
	return 0;
}

SEC("fexit/nfsd4_lookup")
int BPF_PROG(org_lookup_done, void *rqstp, struct nfsd4_compound_state *cstate,
	     struct nfsd4_lookup *u, __u32 status)
{
	if (unmark() != NO_KEEPER && status == NFS4ERR_DELAY)
		org_count(RG_ORG_ANSWERED);
	return 0;
}

/* ---- OPEN ---- */

/* Whether a delegation will come with it is decided at its end. With one, its client would lock
 * without asking: an OPEN of a file of which something is kept for another waits. */
/* sysctl fs.leases-enable (fs/locks.c). */
extern const void leases_enable __ksym __weak;

/* 1: this host gives no leases, so no OPEN brings a delegation. */
static __always_inline int gives_no_leases(void)
{
	int enabled = 1;

	if (&leases_enable && bpf_probe_read_kernel(&enabled, sizeof(enabled), &leases_enable))
		org_count(RG_ORG_FAIL_READ);
	return !enabled;
}

/* Returns the client whose OPEN this is; NULL: not known. */
static __always_inline struct nfs4_client *who_opens(struct nfsd4_open *u)
{
	struct nfsd4_open___org *o = (void *)u;

	return BPF_CORE_READ(o, op_openowner, oo_owner.so_client);
}

SEC("?fentry/nfsd4_process_open2")
int BPF_PROG(org_open, void *rqstp, struct svc_fh *fh, struct nfsd4_open *u)
{
	struct nfsd4_open___org *o = (void *)u;
	struct ask a = {.end = OFFSET_MAX};
	struct inode *inode;
	__u32 keeper;

	if (!org.word || !anything_kept(&a.now_ns) || gives_no_leases())
		return 0;
	inode = fh->fh_dentry->d_inode;
	if (!inode || u->op_claim_type == CLAIM_PREVIOUS)
		return 0;
	file_key_of(inode, &a.key);
	if (!bpf_map_lookup_elem(&kept_files, &a.key))
		return 0;
	a.keeper =
		keeper_of_clid(rg_clid_of(o->op_clientid.cl_boot, o->op_clientid.cl_id), a.now_ns);
	/* An OPEN for reading brings a delegation for reading at most. */
	a.write = !!(o->op_share_access & NFS4_SHARE_ACCESS_WRITE);
	keeper = in_the_way(&a);
	if (keeper != NO_KEEPER)
		mark(&a, who_opens(u), RG_KEPT_FROM_OPEN, keeper);
	return 0;
}

/* RFC 8881, 18.16.1: open_delegation_type4 */
#define OPEN_DELEGATE_NONE 0
#define OPEN_DELEGATE_NONE_EXT 3

/* A marked OPEN went through: of a file that its client had open knfsd opens nothing, and asks for
 * no credentials. With a delegation that client locks without asking. */
static __always_inline void passed(__u32 keeper, __u32 delegation)
{
	struct rg_keeper *k = keeper_at(keeper);

	if (!k || delegation == OPEN_DELEGATE_NONE || delegation == OPEN_DELEGATE_NONE_EXT)
		return;
	k->overtaken = 1;
	org_count(RG_ORG_OVERTAKEN);
}

SEC("?fexit/nfsd4_process_open2")
int BPF_PROG(org_open_done, void *rqstp, struct svc_fh *fh, struct nfsd4_open *u, __u32 status)
{
	__u32 keeper = unmark();
	struct ask a = {.end = OFFSET_MAX};
	struct inode *inode;

	if (keeper == NO_KEEPER)
		return 0;
	if (!status)
		passed(keeper, ((struct nfsd4_open___org *)u)->op_delegate_type);
	if (status != NFS4ERR_DELAY)
		return 0;
	org_count(RG_ORG_DELAYED_OPEN);
	inode = fh->fh_dentry->d_inode;
	if (!inode)
		return 0;
	file_key_of(inode, &a.key);
	a.write = !!(((struct nfsd4_open___org *)u)->op_share_access & NFS4_SHARE_ACCESS_WRITE);
	tell_from(&a, who_opens(u), RG_KEPT_FROM_OPEN, keeper, RG_NFS4ERR_DELAY);
	return 0;
}
