/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What became of the locks that end clients held before knfsd started anew: on disk as
 * lost.json (docs/state.md), for `status`, `top` and metrics.
 *
 * The daemon follows them until knfsd's next start: each range that the ledger had
 * (state/ranges.h) is looked for among those that are held now. The kernel counts (struct
 * rg_client), which says how many locks there were besides those that are known by range.
 */
#pragma once

#include "state/ranges.h"

#define RG_LOST_FILE "lost.json"

/* Why a lock that was held before is not held any more. */
enum rg_lost_why {
	RG_LOST_NOT = 0,    /* it is held, or was given back, or it is not decided yet */
	RG_LOST_REFUSED,    /* its end client was refused a reclaim, and did not take it again */
	RG_LOST_NOT_ASKED,  /* its end client came back, and neither reclaimed nor took it */
	RG_LOST_ABSENT,	    /* its end client did not come back */
	RG_LOST_THROWN_OUT, /* it was held again, until knfsd let go of its end client */
	/* Of NFSv3 end clients: */
	RG_LOST_NLM_NOT_NOTIFIED, /* no NLM LOCK came from it: nobody told it that knfsd restarted
				   */
	RG_LOST_NLM_GRACE,  /* lockd answered a reclaim of its with NLM4_DENIED_GRACE_PERIOD */
	RG_LOST_NLM_DENIED, /* lockd refused a reclaim of its with another status */
	RG_NR_LOST_WHYS,
};
/* "refused", and "the end client was refused a reclaim, and did not take it again". */
const char *rg_lost_why_key(enum rg_lost_why why);
const char *rg_lost_why_text(enum rg_lost_why why);

struct rg_lost_lock {
	struct rg_range range; /* `file` is a place in `files` */
	__u32 client;	       /* place in `clients` */
	__u32 unlocks;	       /* LOCKUs that its end client was granted in its file since */
	bool held, ever;       /* now; at any time since knfsd started */
	bool thrown;	       /* it was held when knfsd let go of its end client */
	enum rg_lost_why why;
};

struct rg_lost_client {
	struct rg_ledger_entry id; /* `locks`: how many it had, or RG_LOCKS_UNKNOWN */
	size_t from, n;		   /* of `locks`: its own */
	bool unsure;		   /* some changes had not been listed when knfsd went away */
	bool ended; /* it restarted or said that it was through: nothing is lost to it */
	bool came_back;
	__u64 gone_ns;
	__u64 unnamed; /* lost, and not known by range */
	enum rg_lost_why unnamed_why;
};

/* One recovery of one network namespace. Owned by the caller: rg_lost_free(). `clients` is
 * sorted by the hash of their names, `locks` by client, file and start. */
struct rg_lost {
	struct rg_life life;
	char boot_id[RG_BOOT_ID_SIZE];
	struct rg_lost_client *clients;
	size_t n_clients;
	struct rg_range_file *files;
	size_t n_files;
	struct rg_lost_lock *locks;
	size_t n;
	bool over;	/* nobody is waited for any more */
	bool cut;	/* the ledger had not all ranges */
	bool said;	/* in the log */
	__u64 as_of_ns; /* wall clock: the ledger is from disk, written then. 0: the daemon
			 * followed it until knfsd went away */
};

void rg_lost_free(struct rg_lost *l);

/* All that is known, in sums. `total`: of all reasons, the unnamed included. */
struct rg_lost_sum {
	__u64 total, unnamed, clients;
	__u64 why[RG_NR_LOST_WHYS];
	__u64 back;	  /* held now, of those that are known by range */
	__u64 pending;	  /* not decided yet */
	__u64 given_back; /* not held, and their end client gave back locks of that file */
	bool lower_bound; /* `total` may be more: the ledger was older, or some were given back */
};
struct rg_lost_sum rg_lost_sum_of(const struct rg_lost *l);
/* "20 locks of 1 end client were lost", and how sure that is; without a dot. */
#define RG_LOST_TEXT_SIZE 400
void rg_lost_text(const struct rg_lost *l, const struct rg_lost_sum *sum,
		  char text[RG_LOST_TEXT_SIZE]);

/* ---- following; pure ---- */

/* knfsd of this namespace has started anew. `before`: the ranges of the one before, of which
 * the namespace's are taken. `clients`: of the map, as they are now, with the namespace's
 * slot. from_disk: the daemon did not see knfsd go away. 0 or -ENOMEM: *l is empty. */
int rg_lost_begin(struct rg_lost *l, struct rg_ranges *before, const struct rg_life *life,
		  const struct rg_awaited *clients, __u32 slot, bool from_disk);

/* Locks that were lost in the recovery before, when that was over, are not lost once more: the
 * kernel goes on to expect them. */
void rg_lost_told_before(struct rg_lost *l, const struct rg_lost *old);

/* What was listed now: `now` has all that is locked in the files `listed` (places in
 * now->files, as booleans). unlocks: n of them, which are sorted. 0 or -ENOMEM. */
struct rg_unlocks {
	__u32 file; /* place in now->files */
	__u32 n;
	__u64 name_hash;
};
int rg_lost_heed(struct rg_lost *l, struct rg_ranges *now, const bool *listed,
		 struct rg_unlocks *unlocks, size_t n);

/* What the kernel says of the end clients now; works out all reasons. over: nobody is waited
 * for any more. */
void rg_lost_judge(struct rg_lost *l, const struct rg_awaited *clients, __u32 slot,
		   const struct rg_gate *g, bool over);
/* Is nobody waited for any more, whatever the gate's policy is? */
bool rg_lost_is_over(const struct rg_gate *g, __u64 now_ns);

/* ---- JSON, and the file: the recoveries of all gates ---- */

struct rg_losts {
	struct rg_lost *at[RG_MAX_GATES]; /* by slot; NULL: none */
};

/* As in the file. losts: struct rg_losts. */
void rg_losts_put(FILE *to, const void *losts);
/* Of one recovery. */
int rg_lost_of_json(json_object *o, __u32 init_netns, struct rg_lost *l, char *why);

/* Those of this boot and this set of pins, into the slots of their gates. 0 or negative errno,
 * which is said. */
int rg_losts_load(const char *dir, __u32 init_netns, const char *boot_id, __u32 set,
		  const struct rg_gate *gates, struct rg_losts *all);
int rg_losts_save(const char *dir, const struct rg_losts *all);
void rg_losts_free(struct rg_losts *all);
