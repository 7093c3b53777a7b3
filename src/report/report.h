/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A recovery after the fact, from a recording (docs/events.md).
 *
 *     lines -> events -> recoveries -> verdict -> text, JSON, HTML
 *     read.c   event.c   sections.c    verdict.c  tables.c text.c json.c html.c svg.c
 *                        recovery.c
 *                        locks.c lost.c finish.c
 *
 * Nothing here looks at this host. Whatever a recording holds, and however long it
 * is, what is kept of it is bounded; what is above a bound is counted. Text of a
 * recording is made printable as it comes in (rg_clean), so that whoever writes it
 * out has to care for the form's own characters only.
 *
 * Times are nanoseconds of CLOCK_BOOTTIME; 0: it was not seen.
 */
#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include <json-c/json.h>

#include "base/log.h"
#include "rg_records.h"

/* ---- bounds ---- */

#define RG_REPORT_LINE_MAX (1U << 20) /* bytes; tracers write less than 8,000 */
#define RG_REPORT_TEXT_MAX 256	      /* characters of a name or a path */
/* Of a recovery: */
#define RG_REPORT_KEPT 10000   /* moments of the timeline; downgrades; applications */
#define RG_REPORT_PEERS 4096   /* end clients; original servers */
#define RG_REPORT_LOCKS 262144 /* followed from refusal to retaking */
#define RG_REPORT_FILES 65536  /* files with a name */
#define RG_REPORT_GROUNDS 64   /* reasons of downgrades, with their words */
#define RG_REPORT_POINTS 65536 /* reclaims with their time, for the drawing */
/* Of a report: */
#define RG_REPORT_RECOVERIES 64 /* the last ones */
#define RG_REPORT_COMPLAINTS 20 /* lines that are no event, by number */
#define RG_REPORT_BAD_LINES 5	/* the same, of one file */

/* ---- clean.c: text that comes from elsewhere ---- */

/* UTF-8 that can be shown: no control characters, nothing that changes the direction
 * of writing, none that is invisible, at most RG_REPORT_TEXT_MAX characters; these as
 * \u00XX or \u202e, bytes that are no UTF-8 as \xXX. Owned by the caller; never NULL,
 * as with all of these: without memory the program ends. */
char *rg_clean(const char *text, size_t len);

/* asprintf() that does not fail. */
char *rg_text(const char *fmt, ...) RG_PRINTF(1, 2);
char *rg_vtext(const char *fmt, va_list args) RG_PRINTF(1, 0);
/* At least one place more behind n of them; *room is how many there are. */
void *rg_grow(void *at, size_t n, size_t *room, size_t size);
void *rg_zalloc(size_t n, size_t size);

/* The same of a parsed line; NULL: it is not there. */
struct rg_text_in;
char *rg_clean_in(const struct rg_text_in *t);
char *rg_copy(const char *text); /* of NULL: NULL */
bool rg_same(const char *a, const char *b);

/* ---- index.c: find an element of an array by what it is ---- */

struct rg_index {
	__u32 *slots; /* number of the element, plus 1 */
	size_t cap, n;
};
/* Is element i the one that key means? */
typedef bool (*rg_index_is)(const void *array, __u32 i, const void *key);

/* The element, or -1. */
long rg_index_find(const struct rg_index *x, __u64 hash, rg_index_is is, const void *array,
		   const void *key);
void rg_index_add(struct rg_index *x, __u64 hash, __u32 i, __u64 (*hash_of)(const void *, __u32),
		  const void *array);
void rg_index_free(struct rg_index *x);
__u64 rg_hash(__u64 hash, const void *bytes, size_t n); /* FNV-1a; begin with 0 */

/* ---- event.c: one line as data ---- */

enum rg_entry_kind {
	RG_ENTRY_UNKNOWN = 0, /* of a later version */
	RG_ENTRY_HEADER,
	RG_ENTRY_RECORD, /* op says which */
	RG_ENTRY_END,
	RG_ENTRY_LOST,	    /* what was lost, by the ledger: the sums */
	RG_ENTRY_LOST_LOCK, /* and one lock of it */
};

/* What a reclaim or a LOCK was answered with. */
enum rg_answer {
	RG_ANSWER_NONE = 0, /* it has no status */
	RG_ANSWER_GRANTED,
	RG_ANSWER_WAIT,	   /* ask again: GRACE, DELAY, BLOCKED */
	RG_ANSWER_DENIED,  /* somebody else has it */
	RG_ANSWER_REFUSED, /* anything else */
};

struct rg_text_in { /* of the parsed line, not ended by a 0 */
	const char *at;
	size_t len;
};

/* Texts are those of the parsed line. */
struct rg_entry {
	enum rg_entry_kind kind;
	__u32 op;    /* enum rg_record_op */
	int side;    /* enum rg_side, or -1 */
	__u32 claim; /* enum rg_claim */
	enum rg_answer answer;
	__u64 unknown_fields;

	struct rg_text_in name, time, status, how, what, comm, hand, state, why, reason, section,
		text;
	__u64 boot_ns, netns, generation, tid, tgid, duration_ns;
	__u64 expected, complete, grace_s, lost, failures, events, total, unnamed, clients;
	bool lower_bound;
	bool has_boot_ns, has_netns, has_duration, has_expected;
	json_object *states; /* list of texts, or NULL */

	/* client, origin */
	bool has_peer, peer_name_cut;
	struct rg_text_in addr, clientid, peer_name;
	int minor; /* -1: NLM */

	/* file */
	bool has_file, path_cut;
	struct rg_text_in dev, fsid, path;
	__u64 fileid;

	struct rg_text_in type;
	__u64 start, length; /* length ~0: to the end */
	bool has_range, has_owner;
	__u64 owner;

	int downgrade; /* enum rg_downgrade; -1: one that is not known here */
	struct rg_text_in downgrade_reason, downgrade_text, consequence;
};

struct rg_origin_away {
	char *name;
	__u64 lease_s, away_s;
	bool has_away, has_in_time, in_time;
};

struct rg_report_header {
	char *tool, *host, *kernel, *boot_id;
	char *nfs4_locks, *nlm_locks;	/* "forwarded", "refused", or NULL */
	char *release, *scope, *action; /* NULL: no gate */
	bool filtered;			/* some events are left out by choice */
	char *untraced; /* tracing programs that were not attached, a blank between; or NULL */
	bool blind;	/* one of those is what sees reclaims */
	__u64 schema, boot_ns, wall_ns, netns, lease_s, grace_s, part;
	struct rg_origin_away *origins;
	size_t n_origins;
};

/* What is no object with a word `event` is none: false. */
bool rg_entry_of(json_object *line, struct rg_entry *e);
void rg_report_header_of(json_object *line, struct rg_report_header *h);
void rg_report_header_free(struct rg_report_header *h);
/* RFC 3339 in UTC, with any number of digits after the second. */
bool rg_report_time_of(const char *text, size_t len, __u64 *wall_ns);

/* ---- recovery.c: what is known of one ---- */

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

/* What one event tells of a lock. */
void rg_locks_add(struct rg_locks *l, __u32 client, long file, const struct rg_entry *e);
/* gone_ns: when knfsd let go of the end client and with it of what it had; 0: not so. */
enum rg_fate rg_lock_fate(const struct rg_lock *l, __u64 gone_ns);
void rg_locks_free(struct rg_locks *l);

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
void rg_storm_add(struct rg_storm *s, enum rg_storm_kind kind, __u64 ns);

struct rg_point {
	__u64 ns;
	__u32 client;
	enum rg_storm_kind kind;
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
	bool has_netns;
	struct rg_report_header header; /* the one in force as it began; texts are its own */
	bool has_header;
	bool has_wall;
	__u64 wall_ns, wall_boot_ns; /* an instant by both clocks */
	__u64 first_ns, last_ns;
	__u64 events, lost, failures, bad_lines, generation;
	bool telling; /* there is something to report */

	__u64 start_ns, failed_ns, shutdown_ns;
	__u64 grace_ns, grace_end_ns, lockd_ns, lockd_end_ns;
	bool skipped, forced;
	__u64 grace_s, expected, complete;
	bool has_expected, has_complete;

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

	struct rg_moment *moments;
	size_t n_moments, room_moments;
	__u64 more_moments;

	enum rg_ended ended;
	bool reached_end, begun_before; /* finish.c */
	struct rg_judgement verdict;
};

struct rg_recovery *rg_recovery_new(const struct rg_report_header *h);
void rg_recovery_free(struct rg_recovery *r);
void rg_recovery_add(struct rg_recovery *r, const struct rg_entry *e);
/* A moment of the timeline. */
void rg_recovery_moment(struct rg_recovery *r, __u64 ns, int side, const char *event, long client,
			bool bulk, const char *fmt, ...) RG_PRINTF(7, 8);
/* Seconds are counted from here: knfsd's start, or what was seen of it first. */
__u64 rg_recovery_zero(const struct rg_recovery *r);
double rg_recovery_seconds(const struct rg_recovery *r, __u64 ns);
/* Wall clock; 0: not known. */
__u64 rg_recovery_wall(const struct rg_recovery *r, __u64 ns);
/* "closed", "grace", …: of the gate at that time; RG_NR_STATES: not known. */
__u32 rg_recovery_gate_at(const struct rg_recovery *r, __u64 ns);

void rg_earliest(__u64 *at, __u64 ns);
void rg_latest(__u64 *at, __u64 ns);

/* peers.c: by number, made if need be; -1: none, or there are too many. */
long rg_peer_of(struct rg_recovery *r, const struct rg_entry *e);
long rg_file_of(struct rg_recovery *r, const struct rg_entry *e);

/* reclaims.c: OPEN, LOCK, NLM_LOCK of either side; and what any event has of one. */
void rg_add_server_op(struct rg_recovery *r, const struct rg_entry *e);
void rg_add_client_op(struct rg_recovery *r, const struct rg_entry *e);
void rg_add_downgrade(struct rg_recovery *r, const struct rg_entry *e);

/* apps.c */
void rg_add_gate(struct rg_recovery *r, const struct rg_entry *e);
void rg_add_held(struct rg_recovery *r, const struct rg_entry *e);
void rg_add_continued(struct rg_recovery *r, const struct rg_entry *e);
void rg_add_turned(struct rg_recovery *r, const struct rg_entry *e); /* denied, audited */

/* lost.c: the sums, of which each replaces what came before; then its locks. */
void rg_add_lost(struct rg_recovery *r, const struct rg_entry *e);
void rg_add_lost_lock(struct rg_recovery *r, const struct rg_entry *e);
void rg_lost_forget(struct rg_recovery *r);

/* finish.c: nothing more will come. Works out fates, milestones and the verdict,
 * and sorts. */
void rg_recovery_finish(struct rg_recovery *r);
/* verdict.c */
void rg_recovery_judge(struct rg_recovery *r);
const char *rg_outcome_name(enum rg_outcome outcome); /* "lost" */

/* ---- sections.c: a report, of one or more recoveries ---- */

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

void rg_report_init(struct rg_report *r);
void rg_report_free(struct rg_report *r);
/* One parsed line; false: it is no event. */
bool rg_report_line(struct rg_report *r, json_object *line);
/* A line, or a file (line 0), that could not be read. */
void rg_report_complain(struct rg_report *r, const char *file, __u64 line, const char *fmt, ...)
	RG_PRINTF(4, 5);
/* Leave out all recoveries but the last one; they are counted as dropped. */
void rg_report_keep_last(struct rg_report *r);
/* No more lines. */
void rg_report_finish(struct rg_report *r);
__u64 rg_report_lost(const struct rg_report *r);
__u64 rg_report_failures(const struct rg_report *r);

/* read.c: all of these files, `-`: standard input, in the order in which they were
 * written. Complaints are said as well. False: nothing could be opened. */
bool rg_report_read(struct rg_report *r, char *const *files, size_t n);

/* ---- tables.c: what text and HTML show side by side ---- */

enum rg_tone { RG_TONE_NONE = 0, RG_TONE_GOOD, RG_TONE_WARN, RG_TONE_BAD };

struct rg_table {
	char *title, *note; /* note: or NULL */
	const char *heads[16];
	bool right[16];
	size_t columns;
	char **cells; /* "" where there is nothing to say */
	size_t n_cells, room_cells;
	enum rg_tone *tones; /* one a row */
	size_t room_tones;
};

/* All of a recovery, in order; free with rg_tables_free(). Those without rows are
 * left out. */
struct rg_table *rg_tables_of(const struct rg_recovery *r, size_t *n);
void rg_tables_free(struct rg_table *t, size_t n);
/* "+1.234": seconds since knfsd's start. As snprintf(). */
int rg_seconds_cell(const struct rg_recovery *r, __u64 ns, char *out, size_t size);
/* "10.77.2.2 Linux NFSv4.2 cli"; "path" or "fileid N on 0:45"; "bytes 0 to 9": owned. */
char *rg_peer_text(const struct rg_peer *p);
char *rg_file_text(const struct rg_recovery *r, long file);
char *rg_range_text(__u64 start, __u64 length);
const char *rg_protocol_text(const struct rg_peer *p, char buf[32]);
const char *rg_zero_text(const struct rg_recovery *r); /* "seconds since knfsd's start" */
/* "1 lock", "2 locks": `one` takes an s. */
char *rg_count_text(__u64 n, const char *one);
/* advice.c: what is to be done about an end client (client; -1: on this host). */
struct rg_advice {
	long client;
	char *text; /* without a full stop */
};
/* In the order of end clients; free with rg_advice_free(). n 0: rg_advice_nothing() says so
 * in a sentence. */
struct rg_advice *rg_advice_of(const struct rg_recovery *r, size_t *n);
void rg_advice_free(struct rg_advice *a, size_t n);
const char *rg_advice_nothing(const struct rg_recovery *r);
/* What is to be known about the recording itself; a sentence each, owned. */
char **rg_report_notes(const struct rg_report *r, size_t *n);
char *rg_recovery_title(const struct rg_recovery *r);
char *rg_recovery_place(const struct rg_recovery *r); /* gate and network namespace */

/* ---- text.c, json.c, html.c, svg.c ---- */

void rg_report_text(const struct rg_report *r, FILE *out);
#define RG_REPORT_SCHEMA 1
json_object *rg_report_json(const struct rg_report *r);
void rg_report_html(const struct rg_report *r, FILE *out);
/* Text as it has to be between tags and in attributes. */
void rg_html_escape(FILE *out, const char *text);
/* Drawings of a recovery; `id` is a number of its own in the document. */
void rg_svg_timeline(const struct rg_recovery *r, size_t id, FILE *out);
void rg_svg_storm(const struct rg_recovery *r, size_t id, FILE *out);
