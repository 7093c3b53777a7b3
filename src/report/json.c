// SPDX-License-Identifier: GPL-2.0-only
/* Writes a report as one JSON object, which docs/report.md describes. */
#include <stdlib.h>

#include "state/budget.h"
#include "record/record_names.h"
#include "report/advice.h"
#include "report/report.h"
#include "report/words.h"
#include "text/json.h"

/* ---- values ---- */

static void put_bool(json_object *o, const char *key, bool is)
{
	rg_json_put(o, key, rg_json_bool(is));
}

/* Adds the name of a file; file < 0: null. */
static void put_file(json_object *o, const char *key, const struct rg_recovery *r, long file)
{
	char *text = file < 0 ? NULL : rg_file_text(r, file);

	if (file >= 0)
		rg_json_need(text);
	rg_json_put_text(o, key, text);
	free(text);
}

/* Writes seconds with the digits of a kernel clock and no more. */
static json_object *decimal(double s)
{
	char text[64];

	snprintf(text, sizeof(text), "%.6f", s);
	return rg_json_decimal(s, text);
}

/* Adds seconds since knfsd's start; null: not seen. */
static void put_at(json_object *o, const char *key, const struct rg_recovery *r, __u64 ns)
{
	rg_json_put(o, key, ns ? decimal(rg_recovery_seconds(r, ns)) : NULL);
}

static void put_wall(json_object *o, const char *key, __u64 wall_ns)
{
	char text[RG_WALL_SIZE];

	rg_json_put_text(o, key, wall_ns ? rg_wall_text(wall_ns, text) : NULL);
}

static void put_tries(json_object *o, const char *key, const struct rg_tries *t)
{
	json_object *tries = rg_json_object();

	rg_json_put_uint(tries, "granted", t->granted);
	rg_json_put_uint(tries, "refused", t->refused);
	rg_json_put_uint(tries, "told_to_wait", t->waited);
	rg_json_put(o, key, tries);
}

static void put_range(json_object *o, __u64 start, __u64 length)
{
	rg_json_put_uint(o, "start", start);
	rg_json_put(o, "length", length == ~0ULL ? NULL : rg_json_uint(length));
}

/* ---- parts of a recovery ---- */

static json_object *verdict(const struct rg_recovery *r)
{
	json_object *o = rg_json_object(), *list = rg_json_array();

	rg_json_put_text(o, "outcome", rg_outcome_name(r->verdict.outcome));
	for (size_t i = 0; i < r->verdict.n; i++)
		rg_json_add_text(list, r->verdict.sentences[i]);
	rg_json_put(o, "sentences", list);
	put_bool(o, "reaches_end", r->reached_end);
	put_bool(o, "lower_bounds", r->lost || r->failures || r->bad_lines || r->header.filtered);
	return o;
}

static json_object *kept(const struct rg_recovery *r)
{
	json_object *o = rg_json_object();

	rg_json_put_uint(o, "times", r->kept.clients);
	rg_json_put_uint(o, "ranges", r->kept.ranges);
	rg_json_put_uint(o, "retaken", r->kept.retaken);
	rg_json_put_uint(o, "asked_by_others", r->kept.asked);
	rg_json_put_uint(o, "ended", r->kept.ended);
	rg_json_put_uint(o, "not_retaken", r->kept.left);
	rg_json_put_uint(o, "not_kept", r->kept.not_kept);
	return o;
}

static json_object *order(const struct rg_recovery *r)
{
	json_object *o = rg_json_object();

	rg_json_put_uint(o, "reclaim_complete_early", r->order.early);
	rg_json_put_uint(o, "late_at_origin", r->order.late);
	rg_json_put_uint(o, "reclaims_unassured", r->order.unassured);
	rg_json_put_uint(o, "delegations_given_back", r->order.delegations);
	return o;
}

static json_object *locks(const struct rg_recovery *r)
{
	json_object *o = rg_json_object();

	rg_json_put_uint(o, "refused", r->refused_locks);
	rg_json_put_uint(o, "refused_taken_again", r->again_refused);
	rg_json_put_uint(o, "refused_denied", r->denied_refused);
	rg_json_put_uint(o, "refused_not_taken_again", r->fates[RG_FATE_NOT_AGAIN]);
	rg_json_put_uint(o, "others_taken_again", r->again_unrefused);
	rg_json_put_uint(o, "others_denied", r->denied_unrefused);
	rg_json_put_uint(o, "taken_again_exposed", r->again_exposed);
	rg_json_put_uint(o, "reclaimed", r->fates[RG_FATE_RECLAIMED]);
	rg_json_put_uint(o, "granted_as_new", r->fates[RG_FATE_AS_NEW]);
	rg_json_put_uint(o, "thrown_out", r->fates[RG_FATE_THROWN_OUT]);
	rg_json_put_uint(o, "events_not_followed", r->locks.not_followed);
	return o;
}

static json_object *knfsd(const struct rg_recovery *r)
{
	json_object *o = rg_json_object();

	put_at(o, "starting_s", r, r->start_ns);
	put_at(o, "grace_start_s", r, r->grace_ns);
	put_at(o, "grace_end_s", r, r->grace_end_ns);
	put_bool(o, "grace_skipped", r->skipped);
	put_bool(o, "grace_end_forced", r->forced);
	put_at(o, "lockd_grace_start_s", r, r->lockd_ns);
	put_at(o, "lockd_grace_end_s", r, r->lockd_end_ns);
	put_at(o, "failed_s", r, r->failed_ns);
	put_at(o, "shutdown_s", r, r->shutdown_ns);
	rg_json_put(o, "expected_clients", r->has_expected ? rg_json_uint(r->expected) : NULL);
	rg_json_put(o, "complete_clients", r->has_complete ? rg_json_uint(r->complete) : NULL);
	return o;
}

static json_object *peer(const struct rg_recovery *r, const struct rg_peer *p)
{
	json_object *o = rg_json_object();

	rg_json_put_text(o, "address", p->addr);
	rg_json_put_text(o, "name", p->name);
	put_bool(o, "name_truncated", p->name_cut);
	rg_json_put(o, "minor", p->minor < 0 ? NULL : rg_json_int(p->minor));
	put_at(o, "exchange_id_s", r, p->exchange_ns);
	put_tries(o, "opens", &p->opens);
	put_tries(o, "locks", &p->locks);
	put_at(o, "complete_s", r, p->complete_ns);
	return o;
}

static json_object *client(const struct rg_recovery *r, const struct rg_peer *p)
{
	json_object *o = peer(r, p), *downgrades = rg_json_object();

	rg_json_put_text(o, "clientid", p->clientid);
	put_at(o, "first_reclaim_s", r, p->first_reclaim_ns);
	put_at(o, "last_reclaim_s", r, p->last_reclaim_ns);
	put_at(o, "first_taken_again_s", r, p->first_relock_ns);
	put_at(o, "last_taken_again_s", r, p->last_relock_ns);
	put_at(o, "first_opened_again_s", r, p->first_reopen_ns);
	put_at(o, "last_opened_again_s", r, p->last_reopen_ns);
	rg_json_put_uint(o, "opens_taken_again", p->retaken_opens);
	rg_json_put_uint(o, "locks_taken_again", p->fates[RG_FATE_AGAIN]);
	rg_json_put_uint(o, "locks_not_taken_again", p->fates[RG_FATE_NOT_AGAIN]);
	rg_json_put_uint(o, "locks_denied", p->fates[RG_FATE_DENIED]);
	rg_json_put_uint(o, "locks_thrown_out", p->fates[RG_FATE_THROWN_OUT]);
	rg_json_put_uint(o, "locks_granted_as_new", p->fates[RG_FATE_AS_NEW]);
	for (__u32 d = 1; d < RG_NR_DOWNGRADES; d++)
		if (p->downgrades[d])
			rg_json_put_uint(downgrades, rg_downgrade_name(d), p->downgrades[d]);
	rg_json_put(o, "downgrades", downgrades);
	rg_json_put(o, "slowest_reclaim_s",
		    p->slowest_ns ? decimal((double)p->slowest_ns / 1e9) : NULL);
	put_at(o, "gone_s", r, p->gone_ns);
	rg_json_put_text(o, "gone", p->gone);
	put_bool(o, "restarted", p->restarted);
	rg_json_put(o, "gone_by", p->gone_by < 0 ? NULL : rg_json_int(p->gone_by));
	return o;
}

static json_object *origin(const struct rg_recovery *r, const struct rg_peer *p)
{
	json_object *o = peer(r, p);

	rg_json_put_uint(o, "anew", p->nograce);
	rg_json_put(o, "retains_state", p->has_retains ? rg_json_bool(p->retains) : NULL);
	return o;
}

static json_object *moments(const struct rg_recovery *r)
{
	json_object *list = rg_json_array();

	for (size_t i = 0; i < r->n_moments; i++) {
		const struct rg_moment *m = &r->moments[i];
		json_object *o = rg_json_object();

		put_at(o, "s", r, m->before ? 0 : m->ns);
		rg_json_put_text(o, "side", m->side < 0 ? NULL : rg_side_name((__u32)m->side));
		rg_json_put_text(o, "event", m->event);
		rg_json_put_text(o, "text", m->text);
		rg_json_put(o, "client", m->client < 0 ? NULL : rg_json_int(m->client));
		rg_json_add(list, o);
	}
	return list;
}

static json_object *gate(const struct rg_recovery *r)
{
	json_object *o = rg_json_object(), *list = rg_json_array();

	rg_json_put_text(o, "release", r->header.release);
	rg_json_put_text(o, "scope", r->header.scope);
	rg_json_put_text(o, "action", r->header.action);
	for (size_t i = 0; i < r->n_changes; i++) {
		json_object *c = rg_json_object();

		put_at(c, "s", r, r->changes[i].ns);
		rg_json_put_text(c, "state", r->changes[i].state_name);
		rg_json_put_text(c, "why", r->changes[i].why);
		rg_json_add(list, c);
	}
	rg_json_put(o, "states", list);
	return o;
}

static json_object *downgraded(const struct rg_recovery *r)
{
	json_object *list = rg_json_array();

	for (size_t i = 0; i < r->n_downgraded; i++) {
		const struct rg_downgraded *d = &r->downgraded[i];
		const struct rg_ground *g = &r->grounds[d->ground];
		json_object *o = rg_json_object();

		put_at(o, "s", r, d->ns);
		rg_json_put_text(o, "side", g->side < 0 ? NULL : rg_side_name((__u32)g->side));
		rg_json_put_text(o, "event", rg_record_op_name(d->op));
		rg_json_put_text(o, "reason", g->name);
		rg_json_put(o, g->side == RG_SIDE_CLIENT ? "origin" : "client",
			    d->peer < 0 ? NULL : rg_json_int(d->peer));
		rg_json_put_text(o, "status", d->status);
		put_file(o, "file", r, d->file);
		if (d->has_range)
			put_range(o, d->start, d->length);
		rg_json_add(list, o);
	}
	return list;
}

/* Adds what the recording host's ledger says was lost; null: the recording does not say. */
static json_object *ledger(const struct rg_recovery *r)
{
	json_object *o = rg_json_object(), *list = rg_json_array();

	rg_json_put_uint(o, "total", r->lost_total);
	rg_json_put_uint(o, "unnamed", r->lost_unnamed);
	rg_json_put_uint(o, "clients", r->lost_clients);
	put_bool(o, "lower_bound", r->lost_lower_bound);
	rg_json_put_text(o, "text", r->lost_text);
	for (size_t i = 0; i < r->n_losses; i++) {
		const struct rg_loss *l = &r->losses[i];
		json_object *lock = rg_json_object();

		rg_json_put_text(lock, "client", l->client);
		put_file(lock, "file", r, l->file);
		rg_json_put_text(lock, "type", l->type);
		put_range(lock, l->start, l->length);
		rg_json_put_text(lock, "reason", l->reason);
		rg_json_add(list, lock);
	}
	rg_json_put(o, "locks", list);
	rg_json_put_uint(o, "left_out", r->more_losses);
	if (r->has_ledger)
		return o;
	json_object_put(o);
	return NULL;
}

static json_object *reasons(const struct rg_recovery *r)
{
	json_object *list = rg_json_array();

	for (size_t i = 0; i < r->n_grounds; i++) {
		const struct rg_ground *g = &r->grounds[i];
		json_object *o = rg_json_object();

		rg_json_put_text(o, "reason", g->name);
		rg_json_put_text(o, "side", g->side < 0 ? NULL : rg_side_name((__u32)g->side));
		rg_json_put_uint(o, "times", g->n);
		rg_json_put_text(o, "text", g->text);
		rg_json_put_text(o, "consequence", g->consequence);
		rg_json_add(list, o);
	}
	return list;
}

static json_object *held(const struct rg_recovery *r)
{
	json_object *list = rg_json_array();

	for (size_t i = 0; i < r->n_apps; i++) {
		const struct rg_app *a = &r->apps[i];
		json_object *o = rg_json_object();

		rg_json_put_text(o, "comm", a->comm);
		rg_json_put_uint(o, "tid", a->tid);
		rg_json_put_uint(o, "tgid", a->tgid);
		rg_json_put_text(o, "what", a->what);
		put_file(o, "file", r, a->file);
		put_at(o, "held_s", r, a->held_ns);
		put_at(o, "continued_s", r, a->continued_ns);
		rg_json_put(o, "waited_s", a->done ? decimal((double)a->waited_ns / 1e9) : NULL);
		rg_json_add(list, o);
	}
	return list;
}

static json_object *turned(const struct rg_recovery *r, bool denied)
{
	json_object *list = rg_json_array();

	for (size_t i = 0; i < r->n_turned; i++) {
		const struct rg_turned *t = &r->turned[i];
		json_object *o;

		if (t->denied != denied)
			continue;
		o = rg_json_object();
		rg_json_put_text(o, "comm", t->comm);
		rg_json_put_uint(o, "tgid", t->tgid);
		rg_json_put_text(o, "what", t->what);
		rg_json_put_uint(o, "times", t->n);
		put_at(o, "first_s", r, t->first_ns);
		put_at(o, "last_s", r, t->last_ns);
		rg_json_add(list, o);
	}
	return list;
}

/* Adds how many elements the lists had no room for. */
static json_object *left_out(const struct rg_recovery *r)
{
	json_object *o = rg_json_object();

	rg_json_put_uint(o, "timeline", r->more_moments);
	rg_json_put_uint(o, "downgrades", r->more_downgraded);
	rg_json_put_uint(o, "held", r->more_apps);
	rg_json_put_uint(o, "turned_away", r->more_turned);
	rg_json_put_uint(o, "client_events", r->more_clients);
	rg_json_put_uint(o, "gate_states", r->more_changes);
	return o;
}

static json_object *advice(const struct rg_recovery *r)
{
	json_object *list = rg_json_array();
	size_t n;
	struct rg_advice *a = rg_advice_of(r, &n);

	for (size_t i = 0; i < n; i++) {
		const struct rg_peer *p = a[i].client < 0 ? NULL : &r->clients[a[i].client];
		json_object *o = rg_json_object();

		rg_json_put_text(o, "address", p ? p->addr : NULL);
		rg_json_put_text(o, "name", p ? p->name : NULL);
		rg_json_put_text(o, "text", a[i].text);
		rg_json_add(list, o);
	}
	rg_advice_free(a, n);
	return list;
}

static json_object *recovery(const struct rg_recovery *r)
{
	json_object *o = rg_json_object(), *list;

	rg_json_put(o, "verdict", verdict(r));
	put_wall(o, "zero", rg_recovery_wall(r, rg_recovery_zero(r)));
	rg_json_put(o, "netns", r->has_netns ? rg_json_uint(r->netns) : NULL);
	rg_json_put_text(o, "boot_id", r->header.boot_id);
	rg_json_put_uint(o, "events", r->events);
	rg_json_put_uint(o, "lost_events", r->lost);
	rg_json_put_uint(o, "tracing_failures", r->failures);
	rg_json_put_uint(o, "bad_lines", r->bad_lines);
	rg_json_put(o, "knfsd", knfsd(r));
	rg_json_put(o, "gate", gate(r));
	put_tries(o, "open_reclaims", &r->opens);
	put_tries(o, "lock_reclaims", &r->lock_tries);
	rg_json_put_uint(o, "opens_taken_again", r->reopened);
	rg_json_put(o, "locks", locks(r));
	list = rg_json_array();
	for (size_t i = 0; i < r->n_clients; i++)
		rg_json_add(list, client(r, &r->clients[i]));
	rg_json_put(o, "clients", list);
	list = rg_json_array();
	for (size_t i = 0; i < r->n_origins; i++)
		rg_json_add(list, origin(r, &r->origins[i]));
	rg_json_put(o, "origins", list);
	rg_json_put(o, "ledger", ledger(r));
	rg_json_put_uint(o, "locks_given_up", r->locks_given_up);
	rg_json_put(o, "kept", kept(r));
	rg_json_put(o, "order", order(r));
	rg_json_put(o, "reasons", reasons(r));
	rg_json_put(o, "downgrades", downgraded(r));
	rg_json_put(o, "held", held(r));
	rg_json_put(o, "denied", turned(r, true));
	rg_json_put(o, "audited", turned(r, false));
	rg_json_put(o, "timeline", moments(r));
	rg_json_put(o, "left_out", left_out(r));
	rg_json_put(o, "advice", advice(r));
	return o;
}

/* ---- the recording ---- */

static json_object *files(const struct rg_report *r)
{
	json_object *list = rg_json_array();

	for (size_t i = 0; i < r->n_inputs; i++) {
		const struct rg_input *in = &r->inputs[i];
		json_object *o = rg_json_object();

		rg_json_put_text(o, "name", in->name);
		rg_json_put_uint(o, "bytes", in->bytes);
		rg_json_put_uint(o, "lines", in->lines);
		rg_json_put_uint(o, "events", in->events);
		put_bool(o, "header", in->has_header);
		rg_json_add(list, o);
	}
	return list;
}

static json_object *complaints(const struct rg_report *r)
{
	json_object *list = rg_json_array();

	for (size_t i = 0; i < r->n_complaints; i++) {
		const struct rg_complaint *c = &r->complaints[i];
		json_object *o = rg_json_object();

		rg_json_put_text(o, "file", c->file);
		rg_json_put(o, "line", c->line ? rg_json_uint(c->line) : NULL);
		rg_json_put_text(o, "text", c->text);
		rg_json_add(list, o);
	}
	return list;
}

static json_object *recording(const struct rg_report *r)
{
	json_object *o = rg_json_object(), *list = rg_json_array();
	size_t n;
	char **notes = rg_report_notes(r, &n);

	rg_json_put_text(o, "host", r->header.host);
	rg_json_put_text(o, "kernel", r->header.kernel);
	rg_json_put_text(o, "tool", r->header.tool);
	rg_json_put(o, "files", files(r));
	rg_json_put_uint(o, "events", r->events);
	rg_json_put_uint(o, "unknown_events", r->unknown_events);
	rg_json_put_uint(o, "unknown_fields", r->unknown_fields);
	rg_json_put_uint(o, "lost_events", rg_report_lost(r));
	rg_json_put_uint(o, "tracing_failures", rg_report_failures(r));
	rg_json_put_uint(o, "bad_lines", r->bad_lines);
	rg_json_put(o, "complaints", complaints(r));
	put_bool(o, "ended", r->ended);
	for (size_t i = 0; i < n; i++) {
		rg_json_add_text(list, notes[i]);
		free(notes[i]);
	}
	free(notes);
	rg_json_put(o, "notes", list);
	return o;
}

json_object *rg_report_json(const struct rg_report *r)
{
	json_object *o = rg_json_object(), *list = rg_json_array();

	rg_json_put(o, "schema", rg_json_int(RG_REPORT_SCHEMA));
	rg_json_put_text(o, "version", RG_VERSION);
	rg_json_put(o, "recording", recording(r));
	for (size_t i = 0; i < r->n; i++)
		rg_json_add(list, recovery(r->at[i]));
	rg_json_put(o, "recoveries", list);
	rg_json_put_uint(o, "recoveries_left_out", r->dropped);
	return o;
}
