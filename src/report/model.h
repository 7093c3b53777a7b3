/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A recovery, as a recording tells it: the structs that collect.c fills, judge.c completes and
 * the renderers read, with what all three ask of them.
 *
 * Every list is bounded, and what is above a bound is counted. Texts are printable (rg_clean).
 * Times are nanoseconds of CLOCK_BOOTTIME; 0: not seen.
 */
#pragma once

#include "report/event.h"
#include "report/index.h"

/* Bounds of one recovery. */
#define RG_REPORT_KEPT 10000   /* moments of the timeline; downgrades; applications */
#define RG_REPORT_PEERS 4096   /* end clients; original servers */
#define RG_REPORT_LOCKS 262144 /* followed from refusal to retaking */
#define RG_REPORT_FILES 65536  /* files with a name */
#define RG_REPORT_GROUNDS 64   /* reasons of downgrades, with their words */
#define RG_REPORT_POINTS 65536 /* reclaims with their time, for the drawing */

struct rg_tries {
	__u64 granted, refused, waited;
};

/* An end client, or an original server. */
struct rg_peer {
	char *addr, *name, *clientid;
	bool name_cut;
	int minor; /* NFSv4.x; -1: NLM */
	__u64 exchange_ns, exchanges, complete_ns, gone_ns;
	char *gone; /* how */
	/* By whom: the end client of the same name that came before it was gone, another
	 * one; -1: none was seen. */
	long gone_by;
	bool restarted; /* it was replaced by itself: it had come again with another verifier */
	struct rg_tries opens, locks;
	__u64 first_reclaim_ns, last_reclaim_ns;
	__u64 first_relock_ns, last_relock_ns; /* LOCKs that took a lock again */
	__u64 first_reopen_ns, last_reopen_ns;
	__u64 retaken_opens, retaken_locks, nograce; /* nograce: original servers */
	__u64 downgrades[RG_NR_DOWNGRADES], other_downgrades;
	__u64 slowest_ns, slowest_at_ns;
	long slowest_file;
	/* Of the locks that were followed, finish.c: */
	__u64 fates[8]; /* by enum rg_fate */
	__u64 again_unrefused;
	/* order.c, end clients: lock reclaims granted for which the original server granted none;
	 * delegations given back. */
	__u64 unassured, delegations;
	/* Original servers, by their answers to EXCHANGE_ID: whether one is known with its flags,
	 * and whether one of them said that the server retains state. */
	bool has_retains, retains;
};

struct rg_peer_id {
	char *clientid;
	__u32 peer;
};

struct rg_file {
	char *dev, *fsid, *path;
	__u64 fileid;
	bool path_cut;
};

/* What became of a lock that an end client had, as far as the events show. */
enum rg_fate {
	RG_FATE_NONE = 0,
	RG_FATE_RECLAIMED,  /* granted as what it was */
	RG_FATE_AS_NEW,	    /* granted as a new lock, by NLM or the module; unproven */
	RG_FATE_AGAIN,	    /* taken again by the ordinary way */
	RG_FATE_DENIED,	    /* asked for again, and somebody else had it */
	RG_FATE_NOT_AGAIN,  /* refused, and not asked for again */
	RG_FATE_THROWN_OUT, /* had again, and lost when knfsd let go of the end client */
	RG_NR_FATES,
};

struct rg_lock {
	__u32 client;
	long file;
	__u64 start, length, owner;
	bool has_owner, as_new;
	__u64 granted_ns, refused_ns, again_ns, denied_ns; /* each time, the last */
	__u64 again_took_ns;
};

struct rg_locks {
	struct rg_lock *at;
	size_t n, room;
	struct rg_index index;
	__u64 not_followed;
};

/* Counts by time, of fixed size: twice as coarse whenever the time does not fit. */
#define RG_STORM_BUCKETS 512
enum rg_storm_kind {
	RG_STORM_GRANTED = 0,
	RG_STORM_REFUSED,
	RG_STORM_AGAIN,
	RG_STORM_DENIED, /* asked for again */
	RG_NR_STORMS,
};
struct rg_storm {
	__u64 first_ns, last_ns, width_ns; /* width 0: nothing yet */
	__u64 from_ns;			   /* of bucket 0 */
	__u64 n[RG_NR_STORMS][RG_STORM_BUCKETS], total[RG_NR_STORMS];
};

struct rg_point {
	__u64 ns;
	__u32 client;
	enum rg_storm_kind kind;
};

/* What an original server kept for clients that rebooted. */
struct rg_kept {
	__u64 clients, ranges; /* times that something was kept, and ranges of all of them */
	__u64 retaken,
		asked;	   /* ranges taken back; requests of others that waited or were refused */
	__u64 ended, left; /* times that it ended, and ranges that were not taken back by then */
	__u64 not_kept;	   /* clients that rebooted, and nothing was kept */
};

/* What was out of the order that draft-cel-nfsv4-state-retention asks for (order.c). */
struct rg_order {
	__u64 early; /* original servers told RECLAIM_COMPLETE before end clients were through */
	__u64 late;  /* original servers that this host came to after its own grace had begun */
	__u64 unassured;   /* lock reclaims granted without one at the original server */
	__u64 delegations; /* given back, though nothing was retained */
	bool proven;	   /* the guard passed a reclaim on as proven */
};

struct rg_moment {
	__u64 ns;
	int side;	   /* enum rg_side, or -1: of the report */
	const char *event; /* a constant: name of the event, or of a milestone */
	char *text;
	long client; /* -1: none */
	bool bulk;   /* one of many of a kind: an end client's, an application's */
	bool before; /* before anything; has no time of its own */
};

struct rg_change { /* of the gate */
	__u64 ns;
	__u32 state; /* enum rg_state; RG_NR_STATES: one that is not known here */
	char *state_name, *why;
	bool carried; /* from the recovery before */
};

struct rg_app {
	__u64 tid, tgid;
	char *comm, *what;
	long file;
	__u64 held_ns, continued_ns, waited_ns; /* continued 0: not seen */
	bool done;
};

struct rg_turned { /* who was denied, or passed and was counted */
	char *comm, *what;
	__u64 tgid, n, first_ns, last_ns;
	bool denied;
};

struct rg_ground { /* what a downgrade was, and whom it hits */
	int side;
	int reason; /* enum rg_downgrade, or -1 */
	char *name, *text, *consequence;
	__u64 n;
};

struct rg_downgraded {
	__u64 ns;
	__u32 op;
	char *status; /* "NFS4ERR_NO_GRACE"; NULL: it has none */
	size_t ground;
	long peer, file; /* or -1; the peer is of `clients`, or of `origins` on the client side */
	__u64 start, length;
	bool has_range;
};

struct rg_loss {			     /* a lock that is lost, by the ledger */
	char *client, *type, *reason, *text; /* NULL: it is not there */
	long file;			     /* or -1 */
	__u64 start, length;
};

enum rg_outcome {
	RG_OUTCOME_NOTHING = 0, /* nobody reclaimed */
	RG_OUTCOME_GRANTED,	/* every reclaim was */
	RG_OUTCOME_AGAIN,    /* all that was refused was taken again, local applications kept out */
	RG_OUTCOME_UNPROVEN, /* they have their locks, and somebody may have had them in between */
	RG_OUTCOME_UNDECIDED, /* the recording ends before it is decided */
	RG_OUTCOME_LOST,
	RG_NR_OUTCOMES,
};

struct rg_judgement {
	enum rg_outcome outcome;
	char **sentences; /* the first is the one */
	size_t n, room;
};

enum rg_ended { RG_ENDED_NOT = 0, RG_ENDED_SHUTDOWN, RG_ENDED_START, RG_ENDED_BOOT };

struct rg_recovery {
	__u32 netns;
	bool has_netns, has_header, has_wall;
	bool telling;			/* there is something to report */
	struct rg_report_header header; /* the one in force as it began; texts are its own */
	__u64 wall_ns, wall_boot_ns;	/* an instant by both clocks */
	__u64 first_ns, last_ns;
	__u64 events, lost, failures, bad_lines, generation;

	__u64 start_ns, failed_ns, shutdown_ns;
	__u64 grace_ns, grace_end_ns, lockd_ns, lockd_end_ns;
	__u64 grace_s, expected, complete;
	bool has_expected, has_complete, skipped, forced;

	struct rg_peer *clients, *origins;
	size_t n_clients, room_clients, n_origins, room_origins;
	struct rg_index client_index, origin_index;
	/* clientid4 of knfsd to end client: one that comes by several addresses is one. */
	struct rg_peer_id *ids;
	size_t n_ids, room_ids;
	struct rg_index id_index;
	__u64 more_clients, more_origins;

	struct rg_file *files;
	size_t n_files, room_files;
	struct rg_index file_index;
	__u64 more_files;

	struct rg_locks locks;
	__u64 fates[RG_NR_FATES]; /* of those that were refused themselves, and DENIED of others */
	__u64 refused_locks;	  /* that were refused a reclaim */
	__u64 again_refused, again_unrefused, denied_refused, denied_unrefused;
	__u64 again_exposed; /* taken again after the gate had been open */
	__u64 clients_refused, clients_again, clients_lost, clients_denied, clients_losing,
		clients_as_new, clients_thrown_out;
	__u64 v4_refused, v3_refused; /* reclaims, by protocol */
	struct rg_tries opens, lock_tries, origin_opens, origin_locks;
	__u64 reopened, origin_nograce, locks_given_up;

	struct rg_storm storm;
	struct rg_point *points;
	size_t n_points, room_points;
	__u64 more_points;

	struct rg_change *changes;
	size_t n_changes, room_changes;
	__u64 more_changes, gate_open_ns; /* first opened after it began */

	struct rg_app *apps;
	size_t n_apps, room_apps;
	struct rg_index app_index; /* by tid: the last one */
	__u64 more_apps, held_now;
	struct rg_turned *turned;
	size_t n_turned, room_turned;
	__u64 more_turned, denied, audited;

	struct rg_ground *grounds;
	size_t n_grounds, room_grounds;
	struct rg_downgraded *downgraded;
	size_t n_downgraded, room_downgraded;
	__u64 more_downgraded, all_downgrades;

	bool has_ledger; /* the recording has what was lost, by the ledger */
	__u64 lost_total, lost_unnamed, lost_clients;
	bool lost_lower_bound;
	char *lost_text;
	struct rg_loss *losses;
	size_t n_losses, room_losses;
	__u64 more_losses;

	struct rg_kept kept;
	struct rg_order order;

	struct rg_moment *moments;
	size_t n_moments, room_moments;
	__u64 more_moments;

	enum rg_ended ended;
	bool reached_end, begun_before; /* finish.c */
	struct rg_judgement verdict;
};

/* Owned by the caller (rg_recovery_free). h: the header in force; NULL: none. */
struct rg_recovery *rg_recovery_new(const struct rg_report_header *h);
void rg_recovery_free(struct rg_recovery *r);
/* Frees the locks once their fates are counted. */
void rg_locks_free(struct rg_locks *l);
/* Drops the losses that the ledger named so far. */
void rg_losses_clear(struct rg_recovery *r);

/* Adds a moment to the timeline. `bulk`: one of many of its kind, of which fewer are kept. */
void rg_recovery_moment(struct rg_recovery *r, __u64 ns, int side, const char *event, long client,
			bool bulk, const char *fmt, ...) RG_PRINTF(7, 8);

/* Returns the time from which seconds count: knfsd's start, or the first thing seen of it. */
__u64 rg_recovery_zero(const struct rg_recovery *r);
double rg_recovery_seconds(const struct rg_recovery *r, __u64 ns);
/* Converts to the wall clock. Returns 0 where that is not known. */
__u64 rg_recovery_wall(const struct rg_recovery *r, __u64 ns);
/* Returns the gate's state at a time (enum rg_state), or RG_NR_STATES: not known. */
__u32 rg_recovery_gate_at(const struct rg_recovery *r, __u64 ns);

/* Moves *at to an earlier or a later time. Events may come slightly out of order. */
void rg_earliest(__u64 *at, __u64 ns);
void rg_latest(__u64 *at, __u64 ns);

/* ---- a report of one or more recoveries ---- */

#define RG_REPORT_RECOVERIES 64 /* the last ones are kept */
#define RG_REPORT_COMPLAINTS 20 /* lines that are no event, with their numbers */
#define RG_REPORT_BAD_LINES 5	/* the same, of one file */

struct rg_complaint {
	char *file, *text; /* "line 812: truncated; what precedes it is reported" */
	__u64 line;	   /* 0: the file as a whole */
};

struct rg_input { /* a file of the recording */
	char *name;
	__u64 lines, events, bytes, bad_lines;
	bool has_header;
};

struct rg_report {
	struct rg_recovery **at; /* finished, in order */
	size_t n, room;
	__u64 dropped;		   /* recoveries before these */
	struct rg_recovery **open; /* one a network namespace */
	size_t n_open, room_open;

	struct rg_report_header header; /* the last one */
	bool has_header;
	__u64 last_ns;

	struct rg_input *inputs;
	size_t n_inputs, room_inputs;
	struct rg_complaint *complaints;
	size_t n_complaints, room_complaints;
	__u64 bad_lines; /* of all files, also those that are not in complaints */

	__u64 events, unknown_events, unknown_fields;
	__u64 lost_seen, lost_at_end;
	__u64 failures_seen, failures_at_end; /* times that a tracing program failed */
	bool ended;			      /* the last thing was `end` */
};

/* Return how many events, and how many runs of tracing programs, the recording lacks. */
__u64 rg_report_lost(const struct rg_report *r);
__u64 rg_report_failures(const struct rg_report *r);
