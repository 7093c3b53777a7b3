// SPDX-License-Identifier: GPL-2.0-only
/* Writes the metrics of gates, knfsd, lockd, end clients and original servers. */
#include "metrics/metrics_parts.h"

#include <arpa/inet.h>

#include "base/names.h"

/* ---- gates ---- */

void rg_write_gate_policy(struct rg_exposition *e, const struct rg_snapshot *s)
{
	for_each_gate (at, s)
		rg_sample(e, 1, "netns", at.netns, "action", rg_action_name(at.g->policy.action),
			  "scope", rg_scope_name(at.g->policy.scope), "release",
			  rg_release_name(at.g->policy.release), "mounts",
			  rg_mount_mode_name(at.g->policy.mount_mode));
}

void rg_write_gate_state(struct rg_exposition *e, const struct rg_snapshot *s)
{
	for_each_gate (at, s)
		for (__u32 state = 0; state < RG_NR_STATES; state++)
			rg_sample(e, at.view.state == state, "netns", at.netns, "state",
				  rg_state_name(state));
}

void rg_write_gate_why(struct rg_exposition *e, const struct rg_snapshot *s)
{
	for_each_gate (at, s)
		rg_sample(e, 1, "netns", at.netns, "why", rg_why_key(at.view.why));
}

void rg_write_gate_in_state(struct rg_exposition *e, const struct rg_snapshot *s)
{
	for_each_gate (at, s)
		rg_sample_seconds(e,
				  s->now_ns > at.view.since_ns ? s->now_ns - at.view.since_ns : 0,
				  "netns", at.netns);
}

void rg_write_gate_closed(struct rg_exposition *e, const struct rg_snapshot *s)
{
	for_each_gate (at, s)
		rg_sample_seconds(e, rg_closed_for_ns(at.g, s->now_ns), "netns", at.netns);
}

void rg_write_gate_deadline(struct rg_exposition *e, const struct rg_snapshot *s)
{
	for_each_gate (at, s)
		if (at.view.until_ns > s->now_ns)
			rg_sample_seconds(e, at.view.until_ns - s->now_ns, "netns", at.netns);
}

void rg_write_gate_max_hold(struct rg_exposition *e, const struct rg_snapshot *s)
{
	for_each_gate (at, s)
		rg_sample(e, at.g->policy.max_hold_s, "netns", at.netns);
}

void rg_write_gate_settle_timeout(struct rg_exposition *e, const struct rg_snapshot *s)
{
	for_each_gate (at, s)
		rg_sample(e, rg_settle_timeout_ns(at.g) / RG_NS_PER_SEC, "netns", at.netns);
}

/* ---- knfsd, lockd, end clients ---- */

void rg_write_knfsd_state(struct rg_exposition *e, const struct rg_snapshot *s)
{
	for_each_gate (at, s)
		for (__u32 state = 0; state < RG_NR_KNFSD; state++)
			rg_sample(e, at.g->knfsd == state, "netns", at.netns, "state",
				  rg_knfsd_name(state));
}

void rg_write_knfsd_starts(struct rg_exposition *e, const struct rg_snapshot *s)
{
	for_each_gate (at, s)
		rg_sample(e, at.g->generation, "netns", at.netns);
}

void rg_write_knfsd_lease(struct rg_exposition *e, const struct rg_snapshot *s)
{
	for_each_gate (at, s)
		if (at.g->lease_s)
			rg_sample(e, at.g->lease_s, "netns", at.netns);
}

void rg_write_grace_active(struct rg_exposition *e, const struct rg_snapshot *s)
{
	for_each_gate (at, s) {
		rg_sample(e, at.grace.active, "netns", at.netns, "manager", "knfsd");
		rg_sample(e, rg_lockd_in_grace(at.g), "netns", at.netns, "manager", "lockd");
	}
}

void rg_write_grace_length(struct rg_exposition *e, const struct rg_snapshot *s)
{
	for_each_gate (at, s)
		if (at.grace.length_ns)
			rg_sample_seconds(e, at.grace.length_ns, "netns", at.netns);
}

void rg_write_grace_elapsed(struct rg_exposition *e, const struct rg_snapshot *s)
{
	for_each_gate (at, s)
		rg_sample_seconds(e, at.grace.elapsed_ns, "netns", at.netns);
}

void rg_write_grace_remaining(struct rg_exposition *e, const struct rg_snapshot *s)
{
	for_each_gate (at, s)
		rg_sample_seconds(e, at.grace.left_ns, "netns", at.netns);
}

void rg_write_clients_expected(struct rg_exposition *e, const struct rg_snapshot *s)
{
	for_each_gate (at, s)
		rg_sample(e, s->storms[at.slot].expected, "netns", at.netns);
}

void rg_write_clients_reclaimed(struct rg_exposition *e, const struct rg_snapshot *s)
{
	for_each_gate (at, s)
		rg_sample(e, s->storms[at.slot].complete, "netns", at.netns);
}

void rg_write_clients_refused(struct rg_exposition *e, const struct rg_snapshot *s)
{
	for_each_gate (at, s)
		rg_sample(e, at.g->refused, "netns", at.netns);
}

void rg_write_clients_awaited(struct rg_exposition *e, const struct rg_snapshot *s)
{
	for_each_gate (at, s)
		rg_sample(e, at.g->awaited, "netns", at.netns);
}

void rg_write_ledger_clients(struct rg_exposition *e, const struct rg_snapshot *s)
{
	for_each_gate (at, s) {
		struct rg_ledger_sum sum = rg_ledger_sum_of(s, at.slot);

		for (__u32 state = 0; state < RG_NR_CLIENT_STATES; state++)
			rg_sample(e, sum.in[state], "netns", at.netns, "state",
				  rg_client_state_name(state));
		rg_sample(e, sum.absent, "netns", at.netns, "state", "absent");
	}
}

void rg_write_ledger_locks(struct rg_exposition *e, const struct rg_snapshot *s)
{
	for_each_gate (at, s)
		rg_sample(e, rg_ledger_sum_of(s, at.slot).locks, "netns", at.netns);
}

void rg_write_awaited_locks(struct rg_exposition *e, const struct rg_snapshot *s)
{
	for_each_gate (at, s)
		rg_sample(e, rg_ledger_sum_of(s, at.slot).awaited_locks, "netns", at.netns);
}

void rg_write_awaited_locks_expected(struct rg_exposition *e, const struct rg_snapshot *s)
{
	for_each_gate (at, s)
		rg_sample(e, rg_ledger_sum_of(s, at.slot).awaited_expected, "netns", at.netns);
}

void rg_write_lost_locks(struct rg_exposition *e, const struct rg_snapshot *s)
{
	for_each_gate (at, s)
		for (__u32 why = RG_LOST_NOT + 1; why < RG_NR_LOST_WHYS && s->lost_known[at.slot];
		     why++)
			rg_sample(e, s->lost[at.slot].why[why], "netns", at.netns, "reason",
				  rg_lost_why_key(why));
}

void rg_write_lost_unnamed(struct rg_exposition *e, const struct rg_snapshot *s)
{
	for_each_gate (at, s)
		if (s->lost_known[at.slot])
			rg_sample(e, s->lost[at.slot].unnamed, "netns", at.netns);
}

void rg_write_lost_lower_bound(struct rg_exposition *e, const struct rg_snapshot *s)
{
	for_each_gate (at, s)
		if (s->lost_known[at.slot])
			rg_sample(e, s->lost[at.slot].lower_bound, "netns", at.netns);
}

void rg_write_origin_no_grace(struct rg_exposition *e, const struct rg_snapshot *s)
{
	for_each_gate (at, s)
		if (at.g->origin_no_grace_ns)
			rg_sample_seconds(e, wall_ns(s, at.g->origin_no_grace_ns), "netns",
					  at.netns);
}

/* ---- original servers ---- */

/* Writes the labels that identify an original server (budget.h). */
struct origin {
	struct number netns, minorversion;
	char address[INET6_ADDRSTRLEN];
	const char *name;
};
#define ORIGIN(o)                                                                                  \
	"netns", (o).netns.text, "origin", (o).name, "address", (o).address, "minorversion",       \
		(o).minorversion.text

static struct origin origin_of(const struct rg_budget_server *server)
{
	struct origin o = {.name = server->name};

	number(&o.netns, server->netns);
	number(&o.minorversion, server->minorversion);
	if (server->family)
		inet_ntop(server->family, server->addr, o.address, sizeof(o.address));
	return o;
}

void rg_write_origin_lease(struct rg_exposition *e, const struct rg_snapshot *s)
{
	for (size_t i = 0; s->budget && i < s->budget->n; i++) {
		const struct rg_budget_server *at = &s->budget->at[i];
		struct origin o = origin_of(at);

		rg_sample(e, at->lease_s ?: at->before.lease_s, ORIGIN(o));
	}
}

void rg_write_origin_away(struct rg_exposition *e, const struct rg_snapshot *s)
{
	for (size_t i = 0; s->budget && i < s->budget->n; i++) {
		struct rg_budget_view v = rg_budget_view(&s->budget->at[i], s->wall_ns);
		struct origin o = origin_of(&s->budget->at[i]);

		if (v.verdict != RG_BUDGET_UNKNOWN)
			rg_sample(e, v.away_s, ORIGIN(o));
	}
}

void rg_write_origin_in_time(struct rg_exposition *e, const struct rg_snapshot *s)
{
	for (size_t i = 0; s->budget && i < s->budget->n; i++) {
		struct rg_budget_view v = rg_budget_view(&s->budget->at[i], s->wall_ns);
		struct origin o = origin_of(&s->budget->at[i]);

		if (v.verdict == RG_BUDGET_IN_TIME || v.verdict == RG_BUDGET_LATE)
			rg_sample(e, v.verdict == RG_BUDGET_IN_TIME, ORIGIN(o));
	}
}
