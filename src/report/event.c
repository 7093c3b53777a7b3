// SPDX-License-Identifier: GPL-2.0-only
/* Turns a parsed line of a recording into a struct. Treats a key whose type differs from
 * docs/events.md as a missing one. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "record/record_names.h"
#include "report/event.h"

#define NS_PER_SEC 1000000000ULL

/* ---- values ---- */

bool rg_list_has(json_object *list, const char *text)
{
	size_t n = list ? json_object_array_length(list) : 0;

	for (size_t i = 0; i < n && i < 32; i++) {
		json_object *o = json_object_array_get_idx(list, i);

		if (json_object_is_type(o, json_type_string) &&
		    strcmp(json_object_get_string(o), text) == 0)
			return true;
	}
	return false;
}

static void text_of(json_object *value, struct rg_text_in *t)
{
	if (!json_object_is_type(value, json_type_string))
		return;
	t->at = json_object_get_string(value);
	t->len = (size_t)json_object_get_string_len(value);
}

static bool number_of(json_object *value, __u64 *n)
{
	if (!json_object_is_type(value, json_type_int))
		return false;
	*n = json_object_get_uint64(value);
	return true;
}

static bool hex_of(json_object *value, __u64 *n)
{
	struct rg_text_in t = {};
	char *end;

	text_of(value, &t);
	if (t.len != 16 || strspn(t.at, "0123456789abcdef") != 16)
		return false;
	*n = strtoull(t.at, &end, 16);
	return true;
}

static bool digits(const char **at, const char *end, int n, int *value)
{
	*value = 0;
	for (int i = 0; i < n; i++, (*at)++) {
		if (*at >= end || **at < '0' || **at > '9')
			return false;
		*value = *value * 10 + (**at - '0');
	}
	return true;
}

/* the form of a time: "2026-11-22T17:30:00" */
static bool second_of(const char **at, const char *end, struct tm *tm)
{
	int *const parts[] = {&tm->tm_year, &tm->tm_mon, &tm->tm_mday,
			      &tm->tm_hour, &tm->tm_min, &tm->tm_sec};
	static const char after[] = "--T::";

	for (int i = 0; i < 6; i++) {
		if (!digits(at, end, i ? 2 : 4, parts[i]))
			return false;
		if (i < 5 && (*at >= end || *(*at)++ != after[i]))
			return false;
	}
	tm->tm_year -= 1900;
	tm->tm_mon--;
	return tm->tm_year >= 70 && tm->tm_year < 400 && tm->tm_mon >= 0 && tm->tm_mon < 12 &&
	       tm->tm_mday >= 1 && tm->tm_mday <= 31 && tm->tm_hour < 24 && tm->tm_min < 60 &&
	       tm->tm_sec <= 60;
}

bool rg_report_time_of(const char *text, size_t len, __u64 *wall_ns)
{
	const char *at = text, *end = text + len;
	__u64 ns = 0, unit = NS_PER_SEC / 10;
	struct tm tm = {};

	if (!second_of(&at, end, &tm))
		return false;
	if (at < end && *at == '.')
		for (at++; at < end && *at >= '0' && *at <= '9'; at++, unit /= 10)
			ns += unit * (__u64)(*at - '0');
	if (end - at != 1 || *at != 'Z')
		return false;
	*wall_ns = (__u64)timegm(&tm) * NS_PER_SEC + ns;
	return true;
}

/* ---- the fields of an event ---- */

enum kind {
	TEXT,
	STATUS,
	STATE,
	NUMBER,
	NUMBER_MARKED,
	OWNER,
	SIDE,
	CLAIM,
	PEER,
	FILE_,
	DOWNGRADE,
	FLAGS,
	KNOWN
};

/* Sorted by name for bsearch(). NUMBER_MARKED also stores whether the key was there. */
static const struct field {
	const char *name;
	enum kind kind;
	size_t at, mark;
} fields[] = {
#define AT(member) offsetof(struct rg_entry, member)
	{"asked_flags", FLAGS, AT(asked_flags), 0},
	{"back", FLAGS, AT(back), 0},
	{"boot_ns", NUMBER_MARKED, AT(boot_ns), AT(has_boot_ns)},
	{"claim", CLAIM, 0, 0},
	{"client", PEER, 0, 0},
	{"clients", NUMBER, AT(clients), 0},
	{"comm", TEXT, AT(comm), 0},
	{"complete", NUMBER, AT(complete), 0},
	{"downgrade", DOWNGRADE, 0, 0},
	{"duration_ns", NUMBER_MARKED, AT(duration_ns), AT(has_duration)},
	{"event", KNOWN, 0, 0},
	{"events", NUMBER, AT(events), 0},
	{"expected", NUMBER_MARKED, AT(expected), AT(has_expected)},
	{"facts", FLAGS, AT(facts), 0},
	{"failures", NUMBER, AT(failures), 0},
	{"file", FILE_, 0, 0},
	{"flags", FLAGS, AT(flags), 0},
	{"generation", NUMBER, AT(generation), 0},
	{"grace_s", NUMBER, AT(grace_s), 0},
	{"hand", TEXT, AT(hand), 0},
	{"how", TEXT, AT(how), 0},
	{"keep_for_s", NUMBER, AT(keep_for_s), 0},
	{"kept_for", TEXT, AT(kept_for), 0},
	{"left", NUMBER, AT(left), 0},
	{"length", NUMBER, AT(length), 0},
	{"lost", NUMBER, AT(lost), 0},
	{"lower_bound", KNOWN, 0, 0},
	{"netns", NUMBER_MARKED, AT(netns), AT(has_netns)},
	{"origin", PEER, 0, 0},
	{"overflow", KNOWN, 0, 0},
	{"owner", OWNER, 0, 0},
	{"ranges", NUMBER, AT(ranges), 0},
	{"reason", TEXT, AT(reason), 0},
	{"reclaim", TEXT, AT(reclaim), 0},
	{"reclaim_text", KNOWN, 0, 0},
	{"section", TEXT, AT(section), 0},
	{"side", SIDE, 0, 0},
	{"start", NUMBER_MARKED, AT(start), AT(has_range)},
	{"state", STATE, 0, 0},
	{"status", STATUS, 0, 0},
	{"text", TEXT, AT(text), 0},
	{"tgid", NUMBER, AT(tgid), 0},
	{"tid", NUMBER, AT(tid), 0},
	{"time", TEXT, AT(time), 0},
	{"total", NUMBER, AT(total), 0},
	{"type", TEXT, AT(type), 0},
	{"unnamed", NUMBER, AT(unnamed), 0},
	{"what", TEXT, AT(what), 0},
	{"why", TEXT, AT(why), 0},
#undef AT
};
#define NR_FIELDS (sizeof(fields) / sizeof(fields[0]))

static int by_name(const void *name, const void *at)
{
	return strcmp(name, ((const struct field *)at)->name);
}

static void peer_of(json_object *value, struct rg_entry *e)
{
	__u64 n;

	if (!json_object_is_type(value, json_type_object))
		return;
	e->has_peer = true;
	text_of(json_object_object_get(value, "addr"), &e->addr);
	text_of(json_object_object_get(value, "clientid"), &e->clientid);
	text_of(json_object_object_get(value, "name"), &e->peer_name);
	e->peer_name_cut = json_object_get_boolean(json_object_object_get(value, "truncated"));
	if (number_of(json_object_object_get(value, "minor"), &n) && n < 100)
		e->minor = (int)n;
}

static void file_of(json_object *value, struct rg_entry *e)
{
	if (!json_object_is_type(value, json_type_object))
		return;
	e->has_file = true;
	text_of(json_object_object_get(value, "dev"), &e->dev);
	text_of(json_object_object_get(value, "fsid"), &e->fsid);
	text_of(json_object_object_get(value, "path"), &e->path);
	number_of(json_object_object_get(value, "fileid"), &e->fileid);
	e->path_cut = json_object_get_boolean(json_object_object_get(value, "truncated"));
}

static void downgrade_of(json_object *value, struct rg_entry *e)
{
	if (!json_object_is_type(value, json_type_object))
		return;
	text_of(json_object_object_get(value, "reason"), &e->downgrade_reason);
	text_of(json_object_object_get(value, "text"), &e->downgrade_text);
	text_of(json_object_object_get(value, "consequence"), &e->consequence);
	/* json-c ends a string with a NUL behind its length. */
	e->downgrade = e->downgrade_reason.at ? rg_downgrade_named(e->downgrade_reason.at) : -1;
}

static void claim_of(json_object *value, struct rg_entry *e)
{
	struct rg_text_in t = {};

	text_of(value, &t);
	for (__u32 c = RG_CLAIM_NONE + 1; t.at && c < RG_NR_CLAIMS; c++)
		if (rg_is_text(&t, rg_claim_name(c)))
			e->claim = c;
}

static void side_of(json_object *value, struct rg_entry *e)
{
	struct rg_text_in t = {};

	text_of(value, &t);
	if (t.at)
		e->side = rg_side_of(t.at);
}

/* Takes a number for a value without a name. */
static void status_of(json_object *value, struct rg_entry *e)
{
	text_of(value, &e->status);
	if (json_object_is_type(value, json_type_int)) {
		e->status.at = json_object_get_string(value);
		e->status.len = strlen(e->status.at);
	}
}

static void take(const struct field *f, json_object *value, struct rg_entry *e)
{
	char *at = (char *)e + f->at;
	__u64 n;

	switch (f->kind) {
	case TEXT:
		text_of(value, (struct rg_text_in *)at);
		break;
	case STATUS:
		status_of(value, e);
		break;
	case STATE:
		text_of(value, &e->state);
		e->states = json_object_is_type(value, json_type_array) ? value : NULL;
		break;
	case NUMBER:
	case NUMBER_MARKED:
		if (!number_of(value, &n))
			break;
		*(__u64 *)at = n;
		if (f->kind == NUMBER_MARKED)
			*((bool *)((char *)e + f->mark)) = true;
		break;
	case OWNER:
		e->has_owner = hex_of(value, &e->owner);
		break;
	case SIDE:
		side_of(value, e);
		break;
	case CLAIM:
		claim_of(value, e);
		break;
	case PEER:
		peer_of(value, e);
		break;
	case FILE_:
		file_of(value, e);
		break;
	case DOWNGRADE:
		downgrade_of(value, e);
		break;
	case FLAGS:
		*(json_object **)at = json_object_is_type(value, json_type_array) ? value : NULL;
		break;
	case KNOWN:
		break;
	}
}

/* Sorts a status by its name in RFC 8881 or XNFS; takes a bare number for a refusal. */
static enum rg_answer answer_of(const struct rg_entry *e)
{
	static const struct {
		const char *status;
		enum rg_answer answer;
	} known[] = {
		{"NFS4_OK", RG_ANSWER_GRANTED},	      {"OK", RG_ANSWER_GRANTED},
		{"NLM4_GRANTED", RG_ANSWER_GRANTED},  {"NFS4ERR_GRACE", RG_ANSWER_WAIT},
		{"NFS4ERR_DELAY", RG_ANSWER_WAIT},    {"NLM4_BLOCKED", RG_ANSWER_WAIT},
		{"NFS4ERR_DENIED", RG_ANSWER_DENIED}, {"NLM4_DENIED", RG_ANSWER_DENIED},
	};

	if (!e->status.at)
		return RG_ANSWER_NONE;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (rg_is_text(&e->status, known[i].status))
			return known[i].answer;
	/* lockd answers an ordinary lock during grace, which only has to wait, with the status
	 * by which it refuses a late reclaim (fs/lockd/svclock.c, nlmsvc_lock()). */
	if (rg_is_text(&e->status, "NLM4_DENIED_GRACE_PERIOD") && !rg_claim_is_reclaim(e->claim))
		return RG_ANSWER_WAIT;
	return RG_ANSWER_REFUSED;
}

static void kind_of(struct rg_entry *e)
{
	int op = rg_record_op_of(e->name.at);

	e->kind = rg_is_text(&e->name, "header")      ? RG_ENTRY_HEADER
		  : rg_is_text(&e->name, "end")	      ? RG_ENTRY_END
		  : rg_is_text(&e->name, "lost")      ? RG_ENTRY_LOST
		  : rg_is_text(&e->name, "lost-lock") ? RG_ENTRY_LOST_LOCK
		  : op > RG_REC_NONE		      ? RG_ENTRY_RECORD
						      : RG_ENTRY_UNKNOWN;
	e->op = op > RG_REC_NONE ? (__u32)op : RG_REC_NONE;
}

bool rg_entry_of(json_object *line, struct rg_entry *e)
{
	*e = (struct rg_entry){.side = -1, .minor = -1, .length = ~0ULL};
	if (!json_object_is_type(line, json_type_object))
		return false;
	text_of(json_object_object_get(line, "event"), &e->name);
	if (!e->name.at)
		return false;
	kind_of(e);
	if (e->kind == RG_ENTRY_HEADER)
		return true;
	e->overflow = json_object_get_boolean(json_object_object_get(line, "overflow"));
	e->lower_bound = json_object_get_boolean(json_object_object_get(line, "lower_bound"));
	json_object_object_foreach(line, name, value)
	{
		const struct field *f =
			bsearch(name, fields, NR_FIELDS, sizeof(fields[0]), by_name);

		if (f)
			take(f, value, e);
		else
			e->unknown_fields++;
	}
	e->answer = answer_of(e);
	return true;
}

/* ---- the header ---- */

static char *clean_of(json_object *o, const char *key)
{
	struct rg_text_in t = {};

	text_of(json_object_object_get(o, key), &t);
	return t.at ? rg_clean(t.at, t.len) : NULL;
}

static __u64 count_of(json_object *o, const char *key)
{
	__u64 n = 0;

	number_of(json_object_object_get(o, key), &n);
	return n;
}

static void origins_of(json_object *list, struct rg_report_header *h)
{
	size_t n = json_object_is_type(list, json_type_array) ? json_object_array_length(list) : 0;

	if (n > 64)
		n = 64;
	h->origins = rg_zalloc(n + 1, sizeof(*h->origins));
	for (size_t i = 0; i < n; i++) {
		json_object *o = json_object_array_get_idx(list, i), *in_time;
		struct rg_origin_away *a = &h->origins[h->n_origins];

		if (!json_object_is_type(o, json_type_object))
			continue;
		h->n_origins++;
		a->name = clean_of(o, "name");
		a->lease_s = count_of(o, "lease_s");
		a->has_away = number_of(json_object_object_get(o, "away_s"), &a->away_s);
		in_time = json_object_object_get(o, "in_time");
		a->has_in_time = json_object_is_type(in_time, json_type_boolean);
		a->in_time = json_object_get_boolean(in_time);
	}
}

/* The tracing programs that see OPEN and LOCK of end clients (src/load/traces.c). */
static bool sees_reclaims(const char *program)
{
	static const char *const names[] = {"open_begins", "open_ends",	      "lock_begins",
					    "lock_ends",   "nlm_lock_begins", "nlm_lock_ends"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(program, names[i]) == 0)
			return true;
	return false;
}

static void untraced_of(json_object *list, struct rg_report_header *h)
{
	size_t n = json_object_is_type(list, json_type_array) ? json_object_array_length(list) : 0;

	for (size_t i = 0; i < n && i < 64; i++) {
		json_object *o = json_object_array_get_idx(list, i);
		char *name, *longer;

		if (!json_object_is_type(o, json_type_string))
			continue;
		h->blind |= sees_reclaims(json_object_get_string(o));
		name = rg_clean(json_object_get_string(o), (size_t)json_object_get_string_len(o));
		longer = rg_text("%s%s%s", h->untraced ?: "", h->untraced ? " " : "", name);
		free(h->untraced);
		free(name);
		h->untraced = longer;
	}
}

void rg_report_header_of(json_object *line, struct rg_report_header *h)
{
	json_object *policy = json_object_object_get(line, "policy"),
		    *regime = json_object_object_get(line, "regime"),
		    *guard = json_object_object_get(line, "guard");
	struct rg_text_in time = {};

	*h = (struct rg_report_header){};
	h->tool = clean_of(line, "tool");
	h->host = clean_of(line, "host");
	h->kernel = clean_of(line, "kernel");
	h->boot_id = clean_of(line, "boot_id");
	h->no_guard =
		json_object_is_type(guard, json_type_boolean) && !json_object_get_boolean(guard);
	h->filtered = json_object_get_boolean(json_object_object_get(line, "filtered"));
	h->schema = count_of(line, "schema");
	h->boot_ns = count_of(line, "boot_ns");
	h->netns = count_of(line, "netns");
	h->lease_s = count_of(line, "lease_s");
	h->grace_s = count_of(line, "grace_s");
	h->part = count_of(line, "part");
	text_of(json_object_object_get(line, "time"), &time);
	if (time.at)
		rg_report_time_of(time.at, time.len, &h->wall_ns);
	if (json_object_is_type(regime, json_type_object)) {
		h->nfs4_locks = clean_of(regime, "nfs4_locks");
		h->nlm_locks = clean_of(regime, "nlm_locks");
	}
	if (json_object_is_type(policy, json_type_object)) {
		h->release = clean_of(policy, "release");
		h->scope = clean_of(policy, "scope");
		h->action = clean_of(policy, "action");
	}
	origins_of(json_object_object_get(line, "origins"), h);
	untraced_of(json_object_object_get(line, "untraced"), h);
}

void rg_report_header_copy(struct rg_report_header *to, const struct rg_report_header *from)
{
	*to = *from;
	to->tool = rg_copy(from->tool);
	to->host = rg_copy(from->host);
	to->kernel = rg_copy(from->kernel);
	to->boot_id = rg_copy(from->boot_id);
	to->nfs4_locks = rg_copy(from->nfs4_locks);
	to->nlm_locks = rg_copy(from->nlm_locks);
	to->release = rg_copy(from->release);
	to->scope = rg_copy(from->scope);
	to->action = rg_copy(from->action);
	to->untraced = rg_copy(from->untraced);
	to->origins = rg_zalloc(from->n_origins + 1, sizeof(*to->origins));
	for (size_t i = 0; i < from->n_origins; i++) {
		to->origins[i] = from->origins[i];
		to->origins[i].name = rg_copy(from->origins[i].name);
	}
}

void rg_report_header_free(struct rg_report_header *h)
{
	char *const texts[] = {h->tool,	     h->host,	 h->kernel, h->boot_id, h->nfs4_locks,
			       h->nlm_locks, h->release, h->scope,  h->action,	h->untraced};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		free(texts[i]);
	for (size_t i = 0; i < h->n_origins; i++)
		free(h->origins[i].name);
	free(h->origins);
	*h = (struct rg_report_header){};
}
