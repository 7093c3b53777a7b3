/* SPDX-License-Identifier: GPL-2.0-only */
/* One line of a recording as a struct (docs/events.md). */
#pragma once

#include <json-c/json.h>

#include "report/clean.h"
#include "rg_records.h"

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

/* Texts are those of the parsed line. */
struct rg_entry {
	enum rg_entry_kind kind;
	__u32 op;    /* enum rg_record_op */
	int side;    /* enum rg_side, or -1 */
	__u32 claim; /* enum rg_claim */
	enum rg_answer answer;
	__u64 unknown_fields;

	struct rg_text_in name, time, status, how, what, comm, hand, state, why, reason, section,
		reclaim, text;
	__u64 boot_ns, netns, generation, tid, tgid, duration_ns;
	__u64 expected, complete, grace_s, lost, failures, events, total, unnamed, clients;
	__u64 ranges, left, keep_for_s;
	struct rg_text_in kept_for;
	bool lower_bound, overflow;
	bool has_boot_ns, has_netns, has_duration, has_expected;
	json_object *states;		  /* list of texts, or NULL */
	json_object *flags, *asked_flags; /* the same, of EXCHANGE_ID */
	json_object *facts, *back;	  /* lists of texts and of objects, or NULL */

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
	bool no_guard;	/* it was made without a guard: by an original server alone */
	bool blind;	/* one of those is what sees reclaims */
	__u64 schema, boot_ns, wall_ns, netns, lease_s, grace_s, part;
	struct rg_origin_away *origins;
	size_t n_origins;
};

/* What is no object with a word `event` is none: false. */
bool rg_entry_of(json_object *line, struct rg_entry *e);
void rg_report_header_of(json_object *line, struct rg_report_header *h);
/* Copies a header with its texts. */
void rg_report_header_copy(struct rg_report_header *to, const struct rg_report_header *from);
void rg_report_header_free(struct rg_report_header *h);
/* RFC 3339 in UTC, with any number of digits after the second. */
bool rg_report_time_of(const char *text, size_t len, __u64 *wall_ns);

/* Says whether this text is in a list of an entry, of which 32 elements are looked at. list: or
 * NULL. */
bool rg_list_has(json_object *list, const char *text);
