/* SPDX-License-Identifier: GPL-2.0-only */
/* Finds out what became of the locks that end clients held before knfsd's last start, for `status`,
 * `top` and metrics. The daemon follows the locks
 * until knfsd's next start: it looks for each range of the ledger (state/ranges.h) among those held
 * now. The kernel's counts (struct rg_client) tell how many locks there were besides the known
 * ranges. */
#pragma once

#include "state/ranges.h"

/* The reason why a lock is not held any more. */
enum rg_lost_why {
	RG_LOST_NOT = 0,    /* it is held, was released, or is undecided */
	RG_LOST_REFUSED,    /* the end client was refused a reclaim and did not take it again */
	RG_LOST_NOT_ASKED,  /* the end client came back and neither reclaimed nor took it */
	RG_LOST_ABSENT,	    /* the end client did not come back */
	RG_LOST_THROWN_OUT, /* it was held again until knfsd dropped the end client */
	/* For NFSv3 end clients: */
	RG_LOST_NLM_NOT_NOTIFIED, /* no NLM LOCK came: nobody told the end client that knfsd
				     restarted */
	RG_LOST_NLM_GRACE,	  /* lockd answered a reclaim with NLM4_DENIED_GRACE_PERIOD */
	RG_LOST_NLM_DENIED,	  /* lockd refused a reclaim with another status */
	RG_NR_LOST_WHYS,
};
/* Return a reason as a word ("refused") and as a clause ("the end client was refused a reclaim,
 * and did not take it again"). */
const char *rg_lost_why_key(enum rg_lost_why why);
const char *rg_lost_why_text(enum rg_lost_why why);

struct rg_lost_lock {
	struct rg_range range; /* `file` is a position in `files` */
	__u32 client;	       /* position in `clients` */
	__u32 unlocks;	       /* LOCKUs granted to the end client in this file since */
	bool held, ever;       /* held now; held at some time since knfsd's start */
	bool thrown;	       /* it was held when knfsd dropped the end client */
	enum rg_lost_why why;
};

struct rg_lost_client {
	struct rg_ledger_entry id; /* `locks`: its number of locks before, or RG_LOCKS_UNKNOWN */
	size_t from, n;		   /* its ranges, a part of `locks` */
	bool unsure;		   /* some changes were not listed yet when knfsd stopped */
	bool ended;		   /* it restarted or destroyed its clientid, so it lost nothing */
	bool came_back;
	__u64 gone_ns;
	__u64 unnamed; /* lost locks whose ranges are unknown */
	enum rg_lost_why unnamed_why;
};

/* One recovery of one network namespace. Owned by the caller (rg_lost_free). `clients` are
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
	bool over;	/* the recovery is over: it waits for no end client */
	bool cut;	/* the ledger lacked some ranges */
	bool said;	/* reported in the log */
	__u64 as_of_ns; /* wall clock at which the ledger was written to disk; 0: the daemon
			   followed it until knfsd stopped */
};

void rg_lost_free(struct rg_lost *l);
/* Sorts `locks` and sets `from` and `n` of each end client, which are 0 before. */
void rg_lost_sort_locks(struct rg_lost *l);

/* Sums. `total`: all lost locks, with the unnamed ones. */
struct rg_lost_sum {
	__u64 total, unnamed, clients;
	__u64 why[RG_NR_LOST_WHYS];
	__u64 back;	  /* held now, of those with a known range */
	__u64 pending;	  /* undecided */
	__u64 given_back; /* not held, and the end client released locks of that file */
	bool lower_bound; /* there may be more than `total`: the ledger was older, or some locks
			     were released */
};
struct rg_lost_sum rg_lost_sum_of(const struct rg_lost *l);
bool rg_lost_sum_same(const struct rg_lost_sum *a, const struct rg_lost_sum *b);
/* Writes "20 locks of 1 end client were lost", with its limits, without a full stop. */
#define RG_LOST_TEXT_SIZE 400
void rg_lost_text(const struct rg_lost *l, const struct rg_lost_sum *sum,
		  char text[RG_LOST_TEXT_SIZE]);

/* ---- following; pure ---- */

/* Begins a recovery after a start of knfsd in this namespace. `before`: the ranges of the last
 * life, from which the namespace's are taken. `clients`: those of the map now, with the namespace's
 * slot. from_disk: the daemon did not see knfsd stop. Returns 0, or -ENOMEM with *l empty. */
int rg_lost_begin(struct rg_lost *l, struct rg_ranges *before, const struct rg_life *life,
		  const struct rg_awaited *clients, __u32 slot, bool from_disk);

/* Leaves out locks that the previous recovery lost: the kernel goes on expecting them. */
void rg_lost_told_before(struct rg_lost *l, const struct rg_lost *old);

/* Takes a listing: `now` has all locks of the files `listed` (a boolean for each of now->files).
 * unlocks: n of them, sorted. Returns 0 or -ENOMEM. */
struct rg_unlocks {
	__u32 file; /* position in now->files */
	__u32 n;
	__u64 name_hash;
};
int rg_lost_take_listing(struct rg_lost *l, struct rg_ranges *now, const bool *listed,
			 struct rg_unlocks *unlocks, size_t n);

/* Takes the kernel's end clients and works out all reasons. over: the recovery is over. */
void rg_lost_judge(struct rg_lost *l, const struct rg_awaited *clients, __u32 slot,
		   const struct rg_gate *g, bool over);
/* Says whether the recovery is over, whatever the gate's policy. */
bool rg_lost_is_over(const struct rg_gate *g, __u64 now_ns);
