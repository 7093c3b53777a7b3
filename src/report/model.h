/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Describes a recovery that was read from a recording. collect.c fills these structs, judge.c
 * completes them, and the renderers read them; the functions here serve all three.
 *
 * Every list has a bound, and elements beyond it are counted (more_...). Texts are printable
 * (rg_clean). Times are nanoseconds of CLOCK_BOOTTIME; 0 means that the event was not seen.
 */
#pragma once

#include "report/event.h"
#include "report/index.h"

/* Bounds of one recovery. */
#define RG_REPORT_KEPT 10000   /* moments of the timeline; downgrades; applications */
#define RG_REPORT_PEERS 4096   /* end clients; original servers */
#define RG_REPORT_LOCKS 262144 /* locks followed from refusal to retaking */
#define RG_REPORT_FILES 65536  /* files with a name */
#define RG_REPORT_GROUNDS 64   /* reasons for downgrades, with their texts */
#define RG_REPORT_POINTS 65536 /* reclaims that the drawing shows, with their times */

struct rg_tries {
	__u64 granted, refused, waited;
};

/* An end client, or an original server. */
struct rg_peer {
	char *addr, *name, *clientid;
	bool name_cut;
	int minor; /* NFSv4.x; -1: NLM */
	__u64 exchange_ns, exchanges, complete_ns, gone_ns;
	char *gone; /* the text that says how it went */
	/* The end client of the same name that came before this one was gone and so replaced it;
	 * -1: none was seen. */
	long gone_by;
	bool restarted; /* it replaced itself, by an EXCHANGE_ID with another verifier */
	struct rg_tries opens, locks;
	__u64 first_reclaim_ns, last_reclaim_ns;
	__u64 first_relock_ns, last_relock_ns; /* LOCKs that took a lock again */
	__u64 first_reopen_ns, last_reopen_ns;
	__u64 retaken_opens, retaken_locks, nograce; /* nograce: original servers */
	__u64 downgrades[RG_NR_DOWNGRADES], other_downgrades;
	__u64 slowest_ns, slowest_at_ns;
	long slowest_file;
	/* Set by finish.c from the locks that were followed. */
	__u64 fates[8]; /* by enum rg_fate */
	__u64 again_unrefused;
	/* Set by order.c for end clients: lock reclaims granted without a lock of the original
	 * server, and delegations given back. */
	__u64 unassured, delegations;
	/* For original servers: an answer to EXCHANGE_ID was recorded with its flags, and one
	 * answer said that the server retains state. */
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

/* Says what became of an end client's lock, as far as the events show. */
enum rg_fate {
	RG_FATE_NONE = 0,
	RG_FATE_RECLAIMED, /* the reclaim was granted */
	RG_FATE_AS_NEW, /* the reclaim was granted as a new lock, by NLM or the module; unproven */
	RG_FATE_AGAIN,	/* an ordinary LOCK took it again */
	RG_FATE_DENIED, /* an ordinary LOCK was denied: another owner had it */
	RG_FATE_NOT_AGAIN,  /* the reclaim was refused, and no LOCK followed */
	RG_FATE_THROWN_OUT, /* taken back, and lost when knfsd expired the end client */
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

/* Counts reclaims over time in a fixed number of buckets, whose width doubles when the time no
 * longer fits. */
#define RG_STORM_BUCKETS 512
enum rg_storm_kind {
	RG_STORM_GRANTED = 0,
	RG_STORM_REFUSED,
	RG_STORM_AGAIN,
	RG_STORM_DENIED, /* a LOCK that should have taken a lock again */
	RG_NR_STORMS,
};
struct rg_storm {
	__u64 first_ns, last_ns, width_ns; /* width 0: no reclaim yet */
	__u64 from_ns;			   /* of bucket 0 */
	__u64 n[RG_NR_STORMS][RG_STORM_BUCKETS], total[RG_NR_STORMS];
};

struct rg_point {
	__u64 ns;
	__u32 client;
	enum rg_storm_kind kind;
};

/* Counts what an original server kept for clients that rebooted. */
struct rg_kept {
	__u64 clients, ranges; /* reboots after which locks were kept, and the ranges kept */
	__u64 retaken;	       /* ranges that their client took back */
	__u64 asked;	       /* requests of others that had to wait or were refused */
	__u64 ended, left;     /* ends of keeping, and ranges not taken back by then */
	__u64 not_kept;	       /* reboots after which nothing was kept */
};

/* Counts violations of the order that draft-cel-nfsv4-state-retention requires (order.c). */
struct rg_order {
	__u64 early; /* original servers sent RECLAIM_COMPLETE before end clients were through */
	__u64 late;  /* original servers first contacted after this host's grace had begun */
	__u64 unassured;   /* lock reclaims granted without a lock of the original server */
	__u64 delegations; /* delegations given back although no state was retained */
	bool proven;	   /* the guard passed a reclaim on as proven */
};

struct rg_moment {
	__u64 ns;
	int side;	   /* enum rg_side; -1: the report added this moment */
	const char *event; /* a constant: the name of the event or of a milestone */
	char *text;
	long client; /* -1: none */
	bool bulk;   /* one of many of its kind, such as one for each end client */
	bool before; /* precedes all events and has no time */
};

struct rg_change { /* a change of the gate's state */
	__u64 ns;
	__u32 state; /* enum rg_state; RG_NR_STATES: a state of another version */
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

struct rg_turned { /* an application that was denied, or passed and was counted (audit) */
	char *comm, *what;
	__u64 tgid, n, first_ns, last_ns;
	bool denied;
};

struct rg_ground { /* a reason for downgrades, and its consequence */
	int side;
	int reason; /* enum rg_downgrade, or -1 */
	char *name, *text, *consequence;
	__u64 n;
};

struct rg_downgraded {
	__u64 ns;
	__u32 op;
	char *status; /* "NFS4ERR_NO_GRACE"; NULL: the downgrade has no status */
	size_t ground;
	long peer, file; /* or -1; peer indexes `clients`, on the client side `origins` */
	__u64 start, length;
	bool has_range;
};

struct rg_loss {			     /* a lock that the ledger names as lost */
	char *client, *type, *reason, *text; /* NULL: not recorded */
	long file;			     /* or -1 */
	__u64 start, length;
};

enum rg_outcome {
	RG_OUTCOME_NOTHING = 0, /* no end client sent a reclaim */
	RG_OUTCOME_GRANTED,	/* every reclaim was granted */
	RG_OUTCOME_AGAIN,     /* every refused lock was taken again, local applications kept out */
	RG_OUTCOME_UNPROVEN,  /* every lock is back, and another owner may have had it in between */
	RG_OUTCOME_UNDECIDED, /* the recording ends before the outcome is known */
	RG_OUTCOME_LOST,
	RG_NR_OUTCOMES,
};

struct rg_judgement {
	enum rg_outcome outcome;
	char **sentences; /* the first is the verdict, the others explain it */
	size_t n, room;
};

enum rg_ended { RG_ENDED_NOT = 0, RG_ENDED_SHUTDOWN, RG_ENDED_START, RG_ENDED_BOOT };

struct rg_recovery {
	__u32 netns;
	bool has_netns, has_header, has_wall;
	bool telling;			/* there is something to report */
	struct rg_report_header header; /* in force when the recovery began; texts are copies */
	__u64 wall_ns, wall_boot_ns;	/* the same instant by both clocks */
	__u64 first_ns, last_ns;
	__u64 events, lost, failures, bad_lines, generation;

	__u64 start_ns, failed_ns, shutdown_ns;
	__u64 grace_ns, grace_end_ns, lockd_ns, lockd_end_ns;
	__u64 grace_s, expected, complete;
	bool has_expected, has_complete, skipped, forced;

	struct rg_peer *clients, *origins;
	size_t n_clients, room_clients, n_origins, room_origins;
	struct rg_index client_index, origin_index;
	/* Maps knfsd's clientid4 to an end client: several addresses may be one end client. */
	struct rg_peer_id *ids;
	size_t n_ids, room_ids;
	struct rg_index id_index;
	__u64 more_clients, more_origins;

	struct rg_file *files;
	size_t n_files, room_files;
	struct rg_index file_index;
	__u64 more_files;

	struct rg_locks locks;
	__u64 fates[RG_NR_FATES]; /* of locks with a refused reclaim; DENIED also of others */
	__u64 refused_locks;	  /* locks with a refused reclaim */
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
	__u64 more_changes, gate_open_ns; /* the gate's first opening in this recovery */

	struct rg_app *apps;
	size_t n_apps, room_apps;
	struct rg_index app_index; /* by tid: the last hold of this thread */
	__u64 more_apps, held_now;
	struct rg_turned *turned;
	size_t n_turned, room_turned;
	__u64 more_turned, denied, audited;

	struct rg_ground *grounds;
	size_t n_grounds, room_grounds;
	struct rg_downgraded *downgraded;
	size_t n_downgraded, room_downgraded;
	__u64 more_downgraded, all_downgrades;

	bool has_ledger; /* the recording has the ledger's list of lost locks */
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

/* Makes an empty recovery under a header (NULL: none). The caller frees it (rg_recovery_free). */
struct rg_recovery *rg_recovery_new(const struct rg_report_header *h);
void rg_recovery_free(struct rg_recovery *r);
/* Frees the locks once their fates are counted. */
void rg_locks_free(struct rg_locks *l);
/* Drops the losses that the ledger named so far. */
void rg_losses_clear(struct rg_recovery *r);

/* Adds a moment to the timeline. `bulk`: one of many of its kind, of which fewer are kept. */
void rg_recovery_moment(struct rg_recovery *r, __u64 ns, int side, const char *event, long client,
			bool bulk, const char *fmt, ...) RG_PRINTF(7, 8);

/* Returns the time from which seconds count: knfsd's start, or else the first event. */
__u64 rg_recovery_zero(const struct rg_recovery *r);
double rg_recovery_seconds(const struct rg_recovery *r, __u64 ns);
/* Converts to the wall clock. Returns 0 if the recording has no instant by both clocks. */
__u64 rg_recovery_wall(const struct rg_recovery *r, __u64 ns);
/* Returns the gate's state at a time (enum rg_state), or RG_NR_STATES: not known. */
__u32 rg_recovery_gate_at(const struct rg_recovery *r, __u64 ns);

/* Moves *at to an earlier or a later time. Events may come slightly out of order. */
void rg_earliest(__u64 *at, __u64 ns);
void rg_latest(__u64 *at, __u64 ns);

/* ---- a report of one or more recoveries ---- */

#define RG_REPORT_RECOVERIES 64 /* the last ones are kept */
#define RG_REPORT_COMPLAINTS 20 /* bad lines that are named with their numbers */
#define RG_REPORT_BAD_LINES 5	/* bad lines that are named for one file */

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
	__u64 bad_lines; /* in all files, including those that `complaints` does not name */

	__u64 events, unknown_events, unknown_fields;
	__u64 lost_seen, lost_at_end;
	__u64 failures_seen, failures_at_end; /* runs of tracing programs that failed */
	bool ended;			      /* the last event was `end` */
};

/* Return how many events, and how many runs of tracing programs, the recording lacks. */
__u64 rg_report_lost(const struct rg_report *r);
__u64 rg_report_failures(const struct rg_report *r);
