/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The records of a recovery: what the tracing programs (bpf/trace) write, and
 * every tracer reads from a ring of its own. docs/events.md says where each
 * field comes from.
 *
 * Fixed width, no pointers; all zero where there is nothing to say. Numbers in
 * host order, addresses in network order; times are nanoseconds of
 * CLOCK_BOOTTIME.
 */
#pragma once

#include "rg_maps.h"

enum rg_side {
	RG_SIDE_SERVER = 0, /* end client -> knfsd or lockd of this host */
	RG_SIDE_CLIENT,	    /* this host's NFS client -> original server */
	RG_SIDE_GATE,	    /* local applications, and the gate */
	RG_NR_SIDES,
};

enum rg_record_op {
	RG_REC_NONE = 0,
	/* Both sides, by the operation that goes over the wire. */
	RG_REC_EXCHANGE_ID, /* `value`: flags that were asked for, << 32 (server side), and the
			       answer's */
	RG_REC_CREATE_SESSION,
	RG_REC_SETCLIENTID,
	RG_REC_SETCLIENTID_CONFIRM,
	RG_REC_RECLAIM_COMPLETE,
	RG_REC_OPEN,
	RG_REC_LOCK,
	RG_REC_NLM_LOCK,
	/* Server side: what becomes of an end client, and of knfsd and lockd. */
	RG_REC_CLIENT_GONE, /* `how`: enum rg_gone */
	RG_REC_SM_NOTIFY,   /* NSM: a peer restarted; `name`: which, `value`: its state */
	RG_REC_KNFSD_STARTING,
	RG_REC_KNFSD_FAILED,
	RG_REC_GRACE_START,   /* `value`: seconds of grace; `expected` end clients */
	RG_REC_GRACE_SKIPPED, /* knfsd knew of no client that could reclaim */
	RG_REC_GRACE_END,
	RG_REC_GRACE_END_FORCED, /* v4_end_grace was written */
	RG_REC_KNFSD_SHUTDOWN,
	RG_REC_LOCKD_GRACE_START,
	RG_REC_LOCKD_GRACE_END,
	/* Client side. */
	RG_REC_STATE_MANAGER,	     /* a round of it; `value`: nfs_client.cl_state */
	RG_REC_STATE_MANAGER_FAILED, /* `path`: the section it failed in */
	RG_REC_DELEGATION,	     /* a delegation was reclaimed with its OPEN */
	RG_REC_LOCK_LOST,	     /* given up without a word to the original server */
	/* Gate. */
	RG_REC_HELD,	  /* a local application; `value`: enum rg_door */
	RG_REC_CONTINUED, /* it got through; `duration_ns`: since it was first held */
	RG_REC_DENIED,
	RG_REC_AUDITED,
	RG_REC_HAND, /* `release` or `close`; `value`: enum rg_hand */
	/* Made up by the tracer, in user space: */
	RG_REC_GATE, /* the gate changed; `value`: enum rg_state, `how`: enum rg_why */
	/* The role of an original server (docs/original.md). The peer is the client whose locks
	 * are kept, but for KEPT_FROM. */
	RG_REC_KEPT, /* it rebooted, and ranges are kept; `value`: how many, `expected`: seconds of
			keep-for, `complete`: 1 if not all ranges had room */
	RG_REC_NOT_KEPT,   /* it rebooted, and nothing is kept; `how`: enum rg_kept_why */
	RG_REC_RETAKEN,	   /* it took a kept range back; `value`: ranges that are kept still */
	RG_REC_KEPT_FROM,  /* somebody else asked and was told to come later, or was refused;
			      `how`: enum rg_kept_from, `value`: clientid4 that it is kept for */
	RG_REC_KEPT_ENDED, /* `how`: enum rg_kept_why, `value`: ranges that were kept still */
	/* `value`: records that did not fit into this tracer's ring; `expected`: times that a
	 * tracing program could not do its work, each of which may be an event that is missing */
	RG_REC_LOST,
	RG_NR_RECORD_OPS,
};

/* EXCHGID4_FLAG_... of draft-cel-nfsv4-state-retention. */
#define RG_EXCHANGE_RETAIN_STATE 0x00000008U
#define RG_EXCHANGE_RECLAIMABLE_R 0x20000000U

/* What kind of OPEN or LOCK it was. */
enum rg_claim {
	RG_CLAIM_NONE = 0,
	RG_CLAIM_RECLAIM,	     /* CLAIM_PREVIOUS, reclaim=true, NLM reclaim */
	RG_CLAIM_DELEGATION_RECLAIM, /* CLAIM_PREVIOUS of a delegation */
	RG_CLAIM_RETAKE,	     /* ordinary, by an end client that had been refused */
	RG_CLAIM_NOGRACE,	     /* client side: ordinary, of what could not be reclaimed */
	RG_CLAIM_ORDINARY,	     /* reported for its status */
	RG_NR_CLAIMS,
};

/* How rg_record.status is to be read. */
enum rg_status_kind {
	RG_STATUS_NONE = 0, /* nothing answered */
	RG_STATUS_NFS4,	    /* nfsstat4, RFC 8881 15.1 */
	RG_STATUS_NLM,	    /* nlm4_stats */
	RG_STATUS_ERRNO,    /* positive errno */
	RG_NR_STATUS_KINDS,
};

enum rg_gone {
	RG_GONE_EXPIRED = 0, /* its lease ran out */
	RG_GONE_DESTROYED,   /* by itself: DESTROY_CLIENTID */
	RG_GONE_REPLACED,    /* it came back with another verifier */
	RG_GONE_ADMIN,	     /* by the administrator */
	RG_GONE_UNCONFIRMED, /* it never confirmed */
	RG_NR_GONES,
};

/* Why nothing is kept for a client of an original server, or no longer. */
enum rg_kept_why {
	RG_KEPT_OVER = 0,     /* keep-for is over */
	RG_KEPT_RETAKEN,      /* it took everything back */
	RG_KEPT_EXPIRED,      /* its lease ran out */
	RG_KEPT_DESTROYED,    /* it destroyed its id */
	RG_KEPT_ADMIN,	      /* an administrator expired it */
	RG_KEPT_SHUTDOWN,     /* knfsd shut down */
	RG_KEPT_DISABLED,     /* the role was disabled */
	RG_KEPT_TOO_LATE,     /* it came back after its lease had run out */
	RG_KEPT_LEFT_OUT,     /* the configuration does not choose it */
	RG_KEPT_NO_ROOM,      /* there is no place for one more client */
	RG_KEPT_SAID_THROUGH, /* it said that its end clients are through (rg_kept.h) */
	RG_NR_KEPT_WHYS,
};

/* What somebody asked for who had to wait for a client of an original server. */
enum rg_kept_from {
	RG_KEPT_FROM_LOCK = 0, /* on the side of the gate: by a local application */
	RG_KEPT_FROM_LOCKT,
	RG_KEPT_FROM_OPEN,	 /* that could have brought a delegation */
	RG_KEPT_FROM_DELEGATION, /* that knfsd would have given */
	RG_NR_KEPT_FROMS,
};

/* A reclaim that ended as something weaker than a reclaim: why. */
enum rg_downgrade {
	RG_DOWNGRADE_NONE = 0,
	RG_DOWNGRADE_REFUSED_BY_CLIENT, /* nfs_lock() of this host: -ENOGRACE */
	RG_DOWNGRADE_GRACE_SKIPPED,
	RG_DOWNGRADE_GRACE_ENDED,
	RG_DOWNGRADE_AFTER_COMPLETE, /* RECLAIM_COMPLETE had been sent */
	RG_DOWNGRADE_NO_RECORD,	     /* not on stable storage */
	RG_DOWNGRADE_GRANTED_AS_NEW, /* NLM, or LOCK with the module */
	RG_DOWNGRADE_ORIGIN_NO_GRACE,
	RG_DOWNGRADE_ORIGIN_RECLAIM_BAD,
	RG_DOWNGRADE_ORIGIN_RECLAIM_CONFLICT,
	RG_DOWNGRADE_PREMATURE_COMPLETE,
	RG_DOWNGRADE_LOCKS_UNSUPPORTED,
	RG_DOWNGRADE_TAKEN, /* as GRANTED_AS_NEW, but somebody else has the lock */
	RG_DOWNGRADE_OTHER, /* a reclaim was refused, and none of these is why */
	RG_NR_DOWNGRADES,
};

/* What was so when it happened. */
#define RG_FACT_KNFSD_GRACE (1U << 0)	 /* knfsd in grace */
#define RG_FACT_LOCKD_GRACE (1U << 1)	 /* lockd in grace */
#define RG_FACT_SKIPPED (1U << 2)	 /* knfsd skipped its grace period */
#define RG_FACT_COMPLETE (1U << 3)	 /* the end client had sent RECLAIM_COMPLETE */
#define RG_FACT_NO_RECORD (1U << 4)	 /* nfsd4_client_record_check() refused */
#define RG_FACT_NFS (1U << 5)		 /* the file is on an NFS mount: a re-export */
#define RG_FACT_CLIENT_REFUSED (1U << 6) /* nfs_lock() returned -ENOGRACE */
#define RG_FACT_NAME_CUT (1U << 7)	 /* `name` is not the whole name */
#define RG_FACT_PATH_CUT (1U << 8)	 /* `path` lacks its beginning */
#define RG_FACT_EARLY_COMPLETE (1U << 9) /* this host's RECLAIM_COMPLETE came before */
#define RG_FACT_CLIENTS_DUE (1U << 10)	 /* knfsd expects end clients to reclaim */
#define RG_FACT_BACK_CUT (1U << 11)	 /* more was done than `back` has room for */
#define RG_FACT_SAID (1U << 12)		 /* locks-unsupported: said of this end client before */
#define RG_NR_FACTS 13

/* What the NFS client of this host did, in the same thread of knfsd or lockd,
 * about the operation that the record is of. */
enum rg_back_op {
	RG_BACK_NONE = 0,
	RG_BACK_NFS_LOCK,    /* nfs_lock() ended it; nothing was sent */
	RG_BACK_OPEN,	     /* OPEN */
	RG_BACK_CACHED_OPEN, /* an open it had already; nothing was sent */
	RG_BACK_LOCK,	     /* LOCK */
	RG_BACK_NLM_LOCK,    /* NLM LOCK */
	RG_NR_BACK_OPS,
};

#define RG_BACK_MAX 4
struct rg_back {
	__u32 op;     /* enum rg_back_op */
	__u32 status; /* nfsstat4, or positive errno where the NFS client has its own */
	__u64 at_ns;  /* when it was over */
};

#define RG_RECORD_NAME 64
#define RG_RECORD_PATH 128

struct rg_record {
	__u64 time_ns; /* when it was over */
	__u64 duration_ns;
	__u16 op;	  /* enum rg_record_op */
	__u8 side;	  /* enum rg_side */
	__u8 claim;	  /* enum rg_claim */
	__u16 downgrade;  /* enum rg_downgrade */
	__u8 status_kind; /* enum rg_status_kind */
	__u8 how;	  /* see enum rg_record_op */
	__u32 status;
	__u32 facts;
	__u32 netns;
	__u32 generation; /* starts of knfsd that this host saw since the gate was made */
	__u32 tid, tgid;
	__u64 value;		  /* see enum rg_record_op */
	__u32 expected, complete; /* end clients: that may reclaim, that are done */

	/* The peer: an end client, or the original server. */
	__u16 family, port;
	__u16 minorversion; /* NFSv4.x */
	__u16 name_len;	    /* whole length */
	__u8 addr[16];
	__u32 cl_boot, cl_id;	   /* clientid4, first and second half */
	__u64 verifier;		   /* EXCHANGE_ID, SETCLIENTID: as the bytes came */
	char name[RG_RECORD_NAME]; /* co_ownerid, host name, or a process's comm */

	/* The file. */
	__u64 fileid;
	__u64 fsid_major, fsid_minor; /* of the original server */
	__u32 dev;		      /* kernel dev_t */
	__u32 lock_type;	      /* 1 read, 2 write; OPEN: share access */
	__u64 start, length;	      /* bytes; length ~0: to the end */
	__u64 owner_hash;	      /* FNV-1a of the lock owner's or open owner's bytes */
	char path[RG_RECORD_PATH];    /* from the superblock's root; "": not known */

	__u32 n_back;  /* of `back`, and more if RG_FACT_BACK_CUT */
	__u32 reclaim; /* enum rg_reclaim: what the module was told about this LOCK */
	struct rg_back back[RG_BACK_MAX];
};
_Static_assert(sizeof(struct rg_back) == 16, "no holes");
_Static_assert(sizeof(struct rg_record) == 424, "no holes: tracers copy it whole");
_Static_assert(sizeof(struct rg_record) % 8 == 0, "records lie side by side in a ring");

/* nfsstat4, RFC 8881 15.1: those that decide something here. */
#define RG_NFS4ERR_NOTSUPP 10004
#define RG_NFS4ERR_DENIED 10010
#define RG_NFS4ERR_DELAY 10008
#define RG_NFS4ERR_GRACE 10013
#define RG_NFS4ERR_NO_GRACE 10033
#define RG_NFS4ERR_RECLAIM_BAD 10034
#define RG_NFS4ERR_RECLAIM_CONFLICT 10035
/* nlm4_stats, X/Open XNFS. */
#define RG_NLM_GRANTED 0
#define RG_NLM_DENIED 1
#define RG_NLM_DENIED_NOLOCKS 2
#define RG_NLM_BLOCKED 3
#define RG_NLM_DENIED_GRACE 4

static inline __attribute__((always_inline)) int rg_claim_is_reclaim(__u32 claim)
{
	return claim == RG_CLAIM_RECLAIM || claim == RG_CLAIM_DELEGATION_RECLAIM;
}

static inline __attribute__((always_inline)) __u32
rg_downgrade_of_refusal(const struct rg_record *r)
{
	if (r->facts & RG_FACT_CLIENT_REFUSED)
		return RG_DOWNGRADE_REFUSED_BY_CLIENT;
	if (r->facts & RG_FACT_COMPLETE)
		return RG_DOWNGRADE_AFTER_COMPLETE;
	if (r->facts & RG_FACT_NO_RECORD)
		return RG_DOWNGRADE_NO_RECORD;
	if (r->facts & RG_FACT_SKIPPED)
		return RG_DOWNGRADE_GRACE_SKIPPED;
	/* Locks may be reclaimed while any lock manager is in grace, opens only in
	 * knfsd's (fs/nfsd/nfs4state.c nfsd4_lock, nfs4proc.c nfsd4_open). */
	if (r->op == RG_REC_OPEN ? !(r->facts & RG_FACT_KNFSD_GRACE)
				 : !(r->facts & (RG_FACT_KNFSD_GRACE | RG_FACT_LOCKD_GRACE)))
		return RG_DOWNGRADE_GRACE_ENDED;
	return RG_DOWNGRADE_OTHER;
}

/* The original server was told that this host is through before it began. */
static inline __attribute__((always_inline)) __u32 rg_downgrade_of_grace_start(__u32 facts)
{
	return facts & RG_FACT_EARLY_COMPLETE && facts & RG_FACT_CLIENTS_DUE
		       ? RG_DOWNGRADE_PREMATURE_COMPLETE
		       : RG_DOWNGRADE_NONE;
}

/* Size of struct rg_at_work, which is the tracing programs' own (bpf/trace). */
#define RG_AT_WORK_BYTES                                                                           \
	(48 + 256 + RG_BACK_MAX * sizeof(struct rg_back) + sizeof(struct rg_record))

/* What a record says of a downgrade. Pure; total for any bytes in *r. Waiting
 * is none: GRACE and DELAY are asked again, and so is what the caller lacks. */
static inline __attribute__((always_inline)) __u32 rg_downgrade_of(const struct rg_record *r)
{
	if (r->op == RG_REC_GRACE_START)
		return rg_downgrade_of_grace_start(r->facts);
	if (r->op == RG_REC_RECLAIM_COMPLETE && r->side == RG_SIDE_CLIENT)
		return r->status == 0 && r->facts & RG_FACT_KNFSD_GRACE &&
				       r->facts & RG_FACT_CLIENTS_DUE
			       ? RG_DOWNGRADE_PREMATURE_COMPLETE
			       : RG_DOWNGRADE_NONE;
	if (r->op == RG_REC_LOCK && r->side == RG_SIDE_SERVER && r->status_kind == RG_STATUS_NFS4 &&
	    r->status == RG_NFS4ERR_NOTSUPP)
		return r->facts & RG_FACT_SAID ? RG_DOWNGRADE_NONE : RG_DOWNGRADE_LOCKS_UNSUPPORTED;
	if (!rg_claim_is_reclaim(r->claim))
		return RG_DOWNGRADE_NONE;
	if (r->op == RG_REC_NLM_LOCK && r->side == RG_SIDE_SERVER) {
		if (r->status == RG_NLM_GRANTED)
			return r->facts & RG_FACT_NFS ? RG_DOWNGRADE_GRANTED_AS_NEW
						      : RG_DOWNGRADE_NONE;
		return rg_downgrade_of_refusal(r);
	}
	if (r->op == RG_REC_NLM_LOCK) /* `failed to reclaim lock`: not granted, for any reason */
		return r->status == 0 ? RG_DOWNGRADE_NONE
		       : r->status_kind == RG_STATUS_NLM && r->status == RG_NLM_DENIED_GRACE
			       ? RG_DOWNGRADE_ORIGIN_NO_GRACE
			       : RG_DOWNGRADE_ORIGIN_RECLAIM_CONFLICT;
	if (r->op != RG_REC_OPEN && r->op != RG_REC_LOCK)
		return RG_DOWNGRADE_NONE;
	if (r->op == RG_REC_LOCK && r->side == RG_SIDE_SERVER && r->status_kind == RG_STATUS_NFS4) {
		/* It went to the original server as an ordinary LOCK. */
		if (r->reclaim == RG_RECLAIM_UNPROVEN && r->status == 0)
			return RG_DOWNGRADE_GRANTED_AS_NEW;
		if ((r->reclaim == RG_RECLAIM_UNPROVEN || r->reclaim == RG_RECLAIM_PROVEN) &&
		    r->status == RG_NFS4ERR_DENIED)
			return RG_DOWNGRADE_TAKEN;
	}
	if (r->status_kind != RG_STATUS_NFS4 || r->status == 0 || r->status == RG_NFS4ERR_GRACE ||
	    r->status == RG_NFS4ERR_DELAY)
		return RG_DOWNGRADE_NONE;
	if (r->side == RG_SIDE_CLIENT)
		switch (r->status) {
		case RG_NFS4ERR_NO_GRACE:
			return RG_DOWNGRADE_ORIGIN_NO_GRACE;
		case RG_NFS4ERR_RECLAIM_BAD:
			return RG_DOWNGRADE_ORIGIN_RECLAIM_BAD;
		case RG_NFS4ERR_RECLAIM_CONFLICT:
		case RG_NFS4ERR_DENIED:
			return RG_DOWNGRADE_ORIGIN_RECLAIM_CONFLICT;
		default:
			return RG_DOWNGRADE_NONE;
		}
	switch (r->status) {
	case RG_NFS4ERR_NO_GRACE:
	case RG_NFS4ERR_RECLAIM_BAD:
	case RG_NFS4ERR_RECLAIM_CONFLICT:
		return rg_downgrade_of_refusal(r);
	default:
		return RG_DOWNGRADE_NONE;
	}
}

/* ---- what is counted of what is too frequent to be a record ---- */

enum rg_tally {
	RG_TALLY_RECLAIMS_OK = 0, /* OPEN, LOCK, delegation, NLM */
	RG_TALLY_RECLAIMS_REFUSED,
	RG_TALLY_RETAKEN,
	RG_TALLY_OPENS, /* ordinary, granted */
	RG_TALLY_LOCKS,
	RG_TALLY_GRACE, /* told to wait for the end of grace */
	RG_TALLY_DELAY,
	RG_TALLY_DENIED, /* somebody else has the lock */
	RG_TALLY_ERRORS, /* anything else */
	RG_NR_TALLIES,
};

/* Map `flow_clients`, pinned: end clients seen by the tracing programs, by
 * NFSv4 and NLM. LRU: whoever was not seen for longest makes room. */
struct rg_flow_client {
	__u64 first_ns, last_ns; /* seen */
	__u64 exchange_ns;	 /* last EXCHANGE_ID or SETCLIENTID */
	__u64 complete_ns;	 /* RECLAIM_COMPLETE; 0: not since exchange_ns */
	__u64 refused_ns;	 /* last refusal of a reclaim */
	__u32 generation;	 /* the tally is of this start of knfsd */
	__u32 downgrades;
	__u32 tally[RG_NR_TALLIES];
	__u16 family, port;
	__u8 addr[16];
	__u32 cl_boot, cl_id;
	__u16 minorversion; /* RG_NLM_MINOR: NLM */
	__u16 name_len;
	__u32 said; /* 1: that its locks are unsupported, in this generation */
	char name[RG_RECORD_NAME];
};
#define RG_NLM_MINOR 0xffff
_Static_assert(sizeof(struct rg_flow_client) == 184, "pinned layout: see RG_PINS_VERSION");

/* Map `flow_totals`, pinned, per CPU, one element; since the gate was made. */
enum rg_timed {
	RG_TIMED_OPEN = 0, /* ordinary */
	RG_TIMED_LOCK,
	RG_TIMED_OPEN_RECLAIM,
	RG_TIMED_LOCK_RECLAIM,
	RG_TIMED_NLM_LOCK,
	RG_NR_TIMED,
};
/* Bucket i: durations below 2^i microseconds, and not in the one before; the
 * last: all others. */
#define RG_LATENCY_BUCKETS 26

struct rg_flow_totals {
	__u64 records[RG_NR_RECORD_OPS]; /* by op, both sides */
	__u64 downgrades[RG_NR_DOWNGRADES];
	__u64 tally[RG_NR_TALLIES];
	/* Reclaims: [side][op is OPEN, LOCK, delegation, NLM][0 granted, 1 refused, 2 waits] */
	__u64 reclaims[2][4][3];
	__u64 latency[RG_NR_TIMED][RG_LATENCY_BUCKETS];
	__u64 latency_sum_ns[RG_NR_TIMED];
	/* LOCKs of end clients for a re-exported file, by enum rg_lock_protocol: those
	 * that this host's NFS client was asked about, and those that knfsd or lockd
	 * refused without asking it. */
	__u64 locks_forwarded[RG_NR_LOCK_PROTOCOLS], locks_refused[RG_NR_LOCK_PROTOCOLS];
	__u64 failed; /* helpers of the tracing programs that failed */
	__u64 lost;   /* records that a tracer has not, of all tracers */
};

/* Map `flow_storms`, pinned, array by slot: the recovery under way. */
struct rg_flow_storm {
	__u64 net;		  /* nfsd_net of the namespace */
	__u64 grace_ns;		  /* knfsd's grace period, nanoseconds of time */
	__u64 origin_complete_ns; /* this host last sent RECLAIM_COMPLETE */
	__u32 expected;		  /* end clients that may reclaim, as grace started */
	__u32 complete;		  /* of these, those that are done */
};

/* Map `flow_slowest`, pinned, array: the slowest reclaims of a recovery. Map
 * `flow_downgrades`, the last ones: an element is written whole, in turn. */
struct rg_flow_note {
	__u64 time_ns, duration_ns;
	struct rg_client_key client;
	__u64 fileid;
	__u64 start, length;
	__u32 generation;
	__u16 op, downgrade; /* enum rg_record_op, enum rg_downgrade */
	__u16 side, claim;
	__u32 status;
	__u16 status_kind, family;
	__u8 addr[16];
	__u32 pad;
};

/* Map `tracers`, pinned: rings, one a tracer; `tracer_owners` beside it. */
struct rg_tracer {
	__u64 start_ns; /* of the process, as rg_held.start_ns; 0: free */
	__u64 lost;	/* records that did not fit, or were not seen whole */
	__u32 pid;	/* in the initial pid namespace */
	__u32 pad;
};
