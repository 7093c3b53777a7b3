// SPDX-License-Identifier: GPL-2.0-only
/* Writes a report as one JSON object, which docs/report.md describes. */
#include <stdlib.h>

#include "state/budget.h"
#include "record/record_names.h"
#include "report/advice.h"
#include "report/report.h"
#include "report/words.h"

/* ---- values ---- */

static void put(json_object *o, const char *key, json_object *value)
{
	json_object_object_add(o, key, value);
}

static void put_count(json_object *o, const char *key, __u64 n)
{
	put(o, key, json_object_new_uint64(n));
}

static void put_bool(json_object *o, const char *key, bool is)
{
	put(o, key, json_object_new_boolean(is));
}

static void put_text(json_object *o, const char *key, const char *text)
{
	put(o, key, text ? json_object_new_string(text) : NULL);
}

static void put_owned(json_object *o, const char *key, char *text)
{
	put_text(o, key, text);
	free(text);
}

/* Writes seconds with the digits of a kernel clock and no more. */
static json_object *decimal(double s)
{
	char text[64];

	snprintf(text, sizeof(text), "%.6f", s);
	return json_object_new_double_s(s, text);
}

/* Adds seconds since knfsd's start; null: not seen. */
static void put_at(json_object *o, const char *key, const struct rg_recovery *r, __u64 ns)
{
	put(o, key, ns ? decimal(rg_recovery_seconds(r, ns)) : NULL);
}

static void put_wall(json_object *o, const char *key, __u64 wall_ns)
{
	char text[RG_WALL_SIZE];

	put_text(o, key, wall_ns ? rg_wall_text(wall_ns, text) : NULL);
}

static void put_tries(json_object *o, const char *key, const struct rg_tries *t)
{
	json_object *tries = json_object_new_object();

	put_count(tries, "granted", t->granted);
	put_count(tries, "refused", t->refused);
	put_count(tries, "told_to_wait", t->waited);
	put(o, key, tries);
}

static void put_range(json_object *o, __u64 start, __u64 length)
{
	put_count(o, "start", start);
	put(o, "length", length == ~0ULL ? NULL : json_object_new_uint64(length));
}

/* ---- parts of a recovery ---- */

static json_object *verdict(const struct rg_recovery *r)
{
	json_object *o = json_object_new_object(), *list = json_object_new_array();

	put_text(o, "outcome", rg_outcome_name(r->verdict.outcome));
	for (size_t i = 0; i < r->verdict.n; i++)
		json_object_array_add(list, json_object_new_string(r->verdict.sentences[i]));
	put(o, "sentences", list);
	put_bool(o, "reaches_end", r->reached_end);
	put_bool(o, "lower_bounds", r->lost || r->failures || r->bad_lines || r->header.filtered);
	return o;
}

static json_object *locks(const struct rg_recovery *r)
{
	json_object *o = json_object_new_object();

	put_count(o, "refused", r->refused_locks);
	put_count(o, "refused_taken_again", r->again_refused);
	put_count(o, "refused_denied", r->denied_refused);
	put_count(o, "refused_not_taken_again", r->fates[RG_FATE_NOT_AGAIN]);
	put_count(o, "others_taken_again", r->again_unrefused);
	put_count(o, "others_denied", r->denied_unrefused);
	put_count(o, "taken_again_exposed", r->again_exposed);
	put_count(o, "reclaimed", r->fates[RG_FATE_RECLAIMED]);
	put_count(o, "granted_as_new", r->fates[RG_FATE_AS_NEW]);
	put_count(o, "thrown_out", r->fates[RG_FATE_THROWN_OUT]);
	put_count(o, "events_not_followed", r->locks.not_followed);
	return o;
}

static json_object *knfsd(const struct rg_recovery *r)
{
	json_object *o = json_object_new_object();

	put_at(o, "starting_s", r, r->start_ns);
	put_at(o, "grace_start_s", r, r->grace_ns);
	put_at(o, "grace_end_s", r, r->grace_end_ns);
	put_bool(o, "grace_skipped", r->skipped);
	put_bool(o, "grace_end_forced", r->forced);
	put_at(o, "lockd_grace_start_s", r, r->lockd_ns);
	put_at(o, "lockd_grace_end_s", r, r->lockd_end_ns);
	put_at(o, "failed_s", r, r->failed_ns);
	put_at(o, "shutdown_s", r, r->shutdown_ns);
	put(o, "expected_clients", r->has_expected ? json_object_new_uint64(r->expected) : NULL);
	put(o, "complete_clients", r->has_complete ? json_object_new_uint64(r->complete) : NULL);
	return o;
}

static json_object *peer(const struct rg_recovery *r, const struct rg_peer *p)
{
	json_object *o = json_object_new_object();

	put_text(o, "address", p->addr);
	put_text(o, "name", p->name);
	put_bool(o, "name_truncated", p->name_cut);
	put(o, "minor", p->minor < 0 ? NULL : json_object_new_int(p->minor));
	put_at(o, "exchange_id_s", r, p->exchange_ns);
	put_tries(o, "opens", &p->opens);
	put_tries(o, "locks", &p->locks);
	put_at(o, "complete_s", r, p->complete_ns);
	return o;
}

static json_object *client(const struct rg_recovery *r, const struct rg_peer *p)
{
	json_object *o = peer(r, p), *downgrades = json_object_new_object();

	put_text(o, "clientid", p->clientid);
	put_at(o, "first_reclaim_s", r, p->first_reclaim_ns);
	put_at(o, "last_reclaim_s", r, p->last_reclaim_ns);
	put_at(o, "first_taken_again_s", r, p->first_relock_ns);
	put_at(o, "last_taken_again_s", r, p->last_relock_ns);
	put_at(o, "first_opened_again_s", r, p->first_reopen_ns);
	put_at(o, "last_opened_again_s", r, p->last_reopen_ns);
	put_count(o, "opens_taken_again", p->retaken_opens);
	put_count(o, "locks_taken_again", p->fates[RG_FATE_AGAIN]);
	put_count(o, "locks_not_taken_again", p->fates[RG_FATE_NOT_AGAIN]);
	put_count(o, "locks_denied", p->fates[RG_FATE_DENIED]);
	put_count(o, "locks_thrown_out", p->fates[RG_FATE_THROWN_OUT]);
	put_count(o, "locks_granted_as_new", p->fates[RG_FATE_AS_NEW]);
	for (__u32 d = 1; d < RG_NR_DOWNGRADES; d++)
		if (p->downgrades[d])
			put_count(downgrades, rg_downgrade_name(d), p->downgrades[d]);
	put(o, "downgrades", downgrades);
	put(o, "slowest_reclaim_s", p->slowest_ns ? decimal((double)p->slowest_ns / 1e9) : NULL);
	put_at(o, "gone_s", r, p->gone_ns);
	put_text(o, "gone", p->gone);
	put_bool(o, "restarted", p->restarted);
	put(o, "gone_by", p->gone_by < 0 ? NULL : json_object_new_int64(p->gone_by));
	return o;
}

static json_object *origin(const struct rg_recovery *r, const struct rg_peer *p)
{
	json_object *o = peer(r, p);

	put_count(o, "anew", p->nograce);
	return o;
}

static json_object *moments(const struct rg_recovery *r)
{
	json_object *list = json_object_new_array();

	for (size_t i = 0; i < r->n_moments; i++) {
		const struct rg_moment *m = &r->moments[i];
		json_object *o = json_object_new_object();

		put_at(o, "s", r, m->before ? 0 : m->ns);
		put_text(o, "side", m->side < 0 ? NULL : rg_side_name((__u32)m->side));
		put_text(o, "event", m->event);
		put_text(o, "text", m->text);
		put(o, "client", m->client < 0 ? NULL : json_object_new_int64(m->client));
		json_object_array_add(list, o);
	}
	return list;
}

static json_object *gate(const struct rg_recovery *r)
{
	json_object *o = json_object_new_object(), *list = json_object_new_array();

	put_text(o, "release", r->header.release);
	put_text(o, "scope", r->header.scope);
	put_text(o, "action", r->header.action);
	for (size_t i = 0; i < r->n_changes; i++) {
		json_object *c = json_object_new_object();

		put_at(c, "s", r, r->changes[i].ns);
		put_text(c, "state", r->changes[i].state_name);
		put_text(c, "why", r->changes[i].why);
		json_object_array_add(list, c);
	}
	put(o, "states", list);
	return o;
}

static json_object *downgraded(const struct rg_recovery *r)
{
	json_object *list = json_object_new_array();

	for (size_t i = 0; i < r->n_downgraded; i++) {
		const struct rg_downgraded *d = &r->downgraded[i];
		const struct rg_ground *g = &r->grounds[d->ground];
		json_object *o = json_object_new_object();

		put_at(o, "s", r, d->ns);
		put_text(o, "side", g->side < 0 ? NULL : rg_side_name((__u32)g->side));
		put_text(o, "event", rg_record_op_name(d->op));
		put_text(o, "reason", g->name);
		put(o, g->side == RG_SIDE_CLIENT ? "origin" : "client",
		    d->peer < 0 ? NULL : json_object_new_int64(d->peer));
		put_text(o, "status", d->status);
		put_owned(o, "file", d->file < 0 ? NULL : rg_file_text(r, d->file));
		if (d->has_range)
			put_range(o, d->start, d->length);
		json_object_array_add(list, o);
	}
	return list;
}

/* Adds what the recording host's ledger says was lost; null: the recording does not say. */
static json_object *ledger(const struct rg_recovery *r)
{
	json_object *o = json_object_new_object(), *list = json_object_new_array();

	put_count(o, "total", r->lost_total);
	put_count(o, "unnamed", r->lost_unnamed);
	put_count(o, "clients", r->lost_clients);
	put_bool(o, "lower_bound", r->lost_lower_bound);
	put_text(o, "text", r->lost_text);
	for (size_t i = 0; i < r->n_losses; i++) {
		const struct rg_loss *l = &r->losses[i];
		json_object *lock = json_object_new_object();

		put_text(lock, "client", l->client);
		put_owned(lock, "file", l->file < 0 ? NULL : rg_file_text(r, l->file));
		put_text(lock, "type", l->type);
		put_range(lock, l->start, l->length);
		put_text(lock, "reason", l->reason);
		json_object_array_add(list, lock);
	}
	put(o, "locks", list);
	put_count(o, "left_out", r->more_losses);
	if (r->has_ledger)
		return o;
	json_object_put(o);
	return NULL;
}

static json_object *reasons(const struct rg_recovery *r)
{
	json_object *list = json_object_new_array();

	for (size_t i = 0; i < r->n_grounds; i++) {
		const struct rg_ground *g = &r->grounds[i];
		json_object *o = json_object_new_object();

		put_text(o, "reason", g->name);
		put_text(o, "side", g->side < 0 ? NULL : rg_side_name((__u32)g->side));
		put_count(o, "times", g->n);
		put_text(o, "text", g->text);
		put_text(o, "consequence", g->consequence);
		json_object_array_add(list, o);
	}
	return list;
}

static json_object *held(const struct rg_recovery *r)
{
	json_object *list = json_object_new_array();

	for (size_t i = 0; i < r->n_apps; i++) {
		const struct rg_app *a = &r->apps[i];
		json_object *o = json_object_new_object();

		put_text(o, "comm", a->comm);
		put_count(o, "tid", a->tid);
		put_count(o, "tgid", a->tgid);
		put_text(o, "what", a->what);
		put_owned(o, "file", a->file < 0 ? NULL : rg_file_text(r, a->file));
		put_at(o, "held_s", r, a->held_ns);
		put_at(o, "continued_s", r, a->continued_ns);
		put(o, "waited_s", a->done ? decimal((double)a->waited_ns / 1e9) : NULL);
		json_object_array_add(list, o);
	}
	return list;
}

static json_object *turned(const struct rg_recovery *r, bool denied)
{
	json_object *list = json_object_new_array();

	for (size_t i = 0; i < r->n_turned; i++) {
		const struct rg_turned *t = &r->turned[i];
		json_object *o;

		if (t->denied != denied)
			continue;
		o = json_object_new_object();
		put_text(o, "comm", t->comm);
		put_count(o, "tgid", t->tgid);
		put_text(o, "what", t->what);
		put_count(o, "times", t->n);
		put_at(o, "first_s", r, t->first_ns);
		put_at(o, "last_s", r, t->last_ns);
		json_object_array_add(list, o);
	}
	return list;
}

/* Adds how many elements the lists had no room for. */
static json_object *left_out(const struct rg_recovery *r)
{
	json_object *o = json_object_new_object();

	put_count(o, "timeline", r->more_moments);
	put_count(o, "downgrades", r->more_downgraded);
	put_count(o, "held", r->more_apps);
	put_count(o, "turned_away", r->more_turned);
	put_count(o, "client_events", r->more_clients);
	put_count(o, "gate_states", r->more_changes);
	return o;
}

static json_object *advice(const struct rg_recovery *r)
{
	json_object *list = json_object_new_array();
	size_t n;
	struct rg_advice *a = rg_advice_of(r, &n);

	for (size_t i = 0; i < n; i++) {
		const struct rg_peer *p = a[i].client < 0 ? NULL : &r->clients[a[i].client];
		json_object *o = json_object_new_object();

		put_text(o, "address", p ? p->addr : NULL);
		put_text(o, "name", p ? p->name : NULL);
		put_text(o, "text", a[i].text);
		json_object_array_add(list, o);
	}
	rg_advice_free(a, n);
	return list;
}

static json_object *recovery(const struct rg_recovery *r)
{
	json_object *o = json_object_new_object(), *list;

	put(o, "verdict", verdict(r));
	put_wall(o, "zero", rg_recovery_wall(r, rg_recovery_zero(r)));
	put(o, "netns", r->has_netns ? json_object_new_uint64(r->netns) : NULL);
	put_text(o, "boot_id", r->header.boot_id);
	put_count(o, "events", r->events);
	put_count(o, "lost_events", r->lost);
	put_count(o, "tracing_failures", r->failures);
	put_count(o, "bad_lines", r->bad_lines);
	put(o, "knfsd", knfsd(r));
	put(o, "gate", gate(r));
	put_tries(o, "open_reclaims", &r->opens);
	put_tries(o, "lock_reclaims", &r->lock_tries);
	put_count(o, "opens_taken_again", r->reopened);
	put(o, "locks", locks(r));
	list = json_object_new_array();
	for (size_t i = 0; i < r->n_clients; i++)
		json_object_array_add(list, client(r, &r->clients[i]));
	put(o, "clients", list);
	list = json_object_new_array();
	for (size_t i = 0; i < r->n_origins; i++)
		json_object_array_add(list, origin(r, &r->origins[i]));
	put(o, "origins", list);
	put(o, "ledger", ledger(r));
	put_count(o, "locks_given_up", r->locks_given_up);
	put(o, "reasons", reasons(r));
	put(o, "downgrades", downgraded(r));
	put(o, "held", held(r));
	put(o, "denied", turned(r, true));
	put(o, "audited", turned(r, false));
	put(o, "timeline", moments(r));
	put(o, "left_out", left_out(r));
	put(o, "advice", advice(r));
	return o;
}

/* ---- the recording ---- */

static json_object *files(const struct rg_report *r)
{
	json_object *list = json_object_new_array();

	for (size_t i = 0; i < r->n_inputs; i++) {
		const struct rg_input *in = &r->inputs[i];
		json_object *o = json_object_new_object();

		put_text(o, "name", in->name);
		put_count(o, "bytes", in->bytes);
		put_count(o, "lines", in->lines);
		put_count(o, "events", in->events);
		put_bool(o, "header", in->has_header);
		json_object_array_add(list, o);
	}
	return list;
}

static json_object *complaints(const struct rg_report *r)
{
	json_object *list = json_object_new_array();

	for (size_t i = 0; i < r->n_complaints; i++) {
		const struct rg_complaint *c = &r->complaints[i];
		json_object *o = json_object_new_object();

		put_text(o, "file", c->file);
		put(o, "line", c->line ? json_object_new_uint64(c->line) : NULL);
		put_text(o, "text", c->text);
		json_object_array_add(list, o);
	}
	return list;
}

static json_object *recording(const struct rg_report *r)
{
	json_object *o = json_object_new_object(), *list = json_object_new_array();
	size_t n;
	char **notes = rg_report_notes(r, &n);

	put_text(o, "host", r->header.host);
	put_text(o, "kernel", r->header.kernel);
	put_text(o, "tool", r->header.tool);
	put(o, "files", files(r));
	put_count(o, "events", r->events);
	put_count(o, "unknown_events", r->unknown_events);
	put_count(o, "unknown_fields", r->unknown_fields);
	put_count(o, "lost_events", rg_report_lost(r));
	put_count(o, "tracing_failures", rg_report_failures(r));
	put_count(o, "bad_lines", r->bad_lines);
	put(o, "complaints", complaints(r));
	put_bool(o, "ended", r->ended);
	for (size_t i = 0; i < n; i++) {
		json_object_array_add(list, json_object_new_string(notes[i]));
		free(notes[i]);
	}
	free(notes);
	put(o, "notes", list);
	return o;
}

json_object *rg_report_json(const struct rg_report *r)
{
	json_object *o = json_object_new_object(), *list = json_object_new_array();

	put(o, "schema", json_object_new_int(RG_REPORT_SCHEMA));
	put_text(o, "version", RG_VERSION);
	put(o, "recording", recording(r));
	for (size_t i = 0; i < r->n; i++)
		json_object_array_add(list, recovery(r->at[i]));
	put(o, "recoveries", list);
	put_count(o, "recoveries_left_out", r->dropped);
	return o;
}
