// SPDX-License-Identifier: GPL-2.0-only
#include "metrics/metrics.h"

#include <arpa/inet.h>
#include <string.h>

#include "metrics/exposition.h"
#include "base/names.h"
#include "original/original.h"
#include "record/record_names.h"

/* ---- gates ---- */

/* Returns the value of the label netns. */
struct number {
	char text[24];
};

static const char *number(struct number *buf, __u64 n)
{
	snprintf(buf->text, sizeof(buf->text), "%llu", (unsigned long long)n);
	return buf->text;
}

/* A gate with derived values, for families with one sample for each gate. */
struct at_gate {
	__u32 slot;
	const struct rg_gate *g;
	struct rg_view view;
	struct rg_grace grace;
	struct number netns_buf;
	const char *netns;
};

/* Moves to the next gate after at->slot. Returns false after the last one. */
static bool next_gate(const struct rg_snapshot *s, struct at_gate *at)
{
	do
		at->slot++;
	while (at->slot < RG_MAX_GATES && !rg_snapshot_has(s, at->slot));
	if (at->slot >= RG_MAX_GATES)
		return false;
	at->g = &s->gates[at->slot];
	at->view = rg_gate_view(at->g, s->now_ns);
	at->grace = rg_grace_of(at->g, &s->storms[at->slot], s->now_ns);
	at->netns = number(&at->netns_buf, at->g->netns);
	return true;
}

/* NOLINTNEXTLINE(bugprone-macro-parentheses): a name cannot be in them */
#define for_each_gate(at, s) for (struct at_gate at = {}; next_gate(s, &(at));)

static void write_gate_policy(struct rg_exposition *e, const struct rg_snapshot *s)
{
	for_each_gate (at, s)
		rg_sample(e, 1, "netns", at.netns, "action", rg_action_name(at.g->policy.action),
			  "scope", rg_scope_name(at.g->policy.scope), "release",
			  rg_release_name(at.g->policy.release), "mounts",
			  rg_mount_mode_name(at.g->policy.mount_mode));
}

static void write_gate_state(struct rg_exposition *e, const struct rg_snapshot *s)
{
	for_each_gate (at, s)
		for (__u32 state = 0; state < RG_NR_STATES; state++)
			rg_sample(e, at.view.state == state, "netns", at.netns, "state",
				  rg_state_name(state));
}

static void write_gate_why(struct rg_exposition *e, const struct rg_snapshot *s)
{
	for_each_gate (at, s)
		rg_sample(e, 1, "netns", at.netns, "why", rg_why_key(at.view.why));
}

static void write_gate_in_state(struct rg_exposition *e, const struct rg_snapshot *s)
{
	for_each_gate (at, s)
		rg_sample_seconds(e,
				  s->now_ns > at.view.since_ns ? s->now_ns - at.view.since_ns : 0,
				  "netns", at.netns);
}

static void write_gate_closed(struct rg_exposition *e, const struct rg_snapshot *s)
{
	for_each_gate (at, s)
		rg_sample_seconds(e, rg_closed_for_ns(at.g, s->now_ns), "netns", at.netns);
}

static void write_gate_deadline(struct rg_exposition *e, const struct rg_snapshot *s)
{
	for_each_gate (at, s)
		if (at.view.until_ns > s->now_ns)
			rg_sample_seconds(e, at.view.until_ns - s->now_ns, "netns", at.netns);
}

static void write_gate_max_hold(struct rg_exposition *e, const struct rg_snapshot *s)
{
	for_each_gate (at, s)
		rg_sample(e, at.g->policy.max_hold_s, "netns", at.netns);
}

static void write_gate_settle_timeout(struct rg_exposition *e, const struct rg_snapshot *s)
{
	for_each_gate (at, s)
		rg_sample(e, rg_settle_timeout_ns(at.g) / RG_NS_PER_SEC, "netns", at.netns);
}

/* ---- knfsd, lockd, end clients ---- */

static void write_knfsd_state(struct rg_exposition *e, const struct rg_snapshot *s)
{
	for_each_gate (at, s)
		for (__u32 state = 0; state < RG_NR_KNFSD; state++)
			rg_sample(e, at.g->knfsd == state, "netns", at.netns, "state",
				  rg_knfsd_name(state));
}

static void write_knfsd_starts(struct rg_exposition *e, const struct rg_snapshot *s)
{
	for_each_gate (at, s)
		rg_sample(e, at.g->generation, "netns", at.netns);
}

static void write_knfsd_lease(struct rg_exposition *e, const struct rg_snapshot *s)
{
	for_each_gate (at, s)
		if (at.g->lease_s)
			rg_sample(e, at.g->lease_s, "netns", at.netns);
}

static void write_grace_active(struct rg_exposition *e, const struct rg_snapshot *s)
{
	for_each_gate (at, s) {
		rg_sample(e, at.grace.active, "netns", at.netns, "manager", "knfsd");
		rg_sample(e, at.g->lockd == RG_LOCKD_GRACE, "netns", at.netns, "manager", "lockd");
	}
}

static void write_grace_length(struct rg_exposition *e, const struct rg_snapshot *s)
{
	for_each_gate (at, s)
		if (at.grace.length_ns)
			rg_sample_seconds(e, at.grace.length_ns, "netns", at.netns);
}

static void write_grace_elapsed(struct rg_exposition *e, const struct rg_snapshot *s)
{
	for_each_gate (at, s)
		rg_sample_seconds(e, at.grace.elapsed_ns, "netns", at.netns);
}

static void write_grace_remaining(struct rg_exposition *e, const struct rg_snapshot *s)
{
	for_each_gate (at, s)
		rg_sample_seconds(e, at.grace.left_ns, "netns", at.netns);
}

static void write_clients_expected(struct rg_exposition *e, const struct rg_snapshot *s)
{
	for_each_gate (at, s)
		rg_sample(e, s->storms[at.slot].expected, "netns", at.netns);
}

static void write_clients_reclaimed(struct rg_exposition *e, const struct rg_snapshot *s)
{
	for_each_gate (at, s)
		rg_sample(e, s->storms[at.slot].complete, "netns", at.netns);
}

static void write_clients_refused(struct rg_exposition *e, const struct rg_snapshot *s)
{
	for_each_gate (at, s)
		rg_sample(e, at.g->refused, "netns", at.netns);
}

static void write_clients_awaited(struct rg_exposition *e, const struct rg_snapshot *s)
{
	for_each_gate (at, s)
		rg_sample(e, at.g->awaited, "netns", at.netns);
}

static void write_ledger_clients(struct rg_exposition *e, const struct rg_snapshot *s)
{
	for_each_gate (at, s) {
		struct rg_ledger_sum sum = rg_ledger_sum_of(s, at.slot);

		for (__u32 state = 0; state < RG_NR_CLIENT_STATES; state++)
			rg_sample(e, sum.in[state], "netns", at.netns, "state",
				  rg_client_state_name(state));
		rg_sample(e, sum.absent, "netns", at.netns, "state", "absent");
	}
}

static void write_ledger_locks(struct rg_exposition *e, const struct rg_snapshot *s)
{
	for_each_gate (at, s)
		rg_sample(e, rg_ledger_sum_of(s, at.slot).locks, "netns", at.netns);
}

static void write_awaited_locks(struct rg_exposition *e, const struct rg_snapshot *s)
{
	for_each_gate (at, s)
		rg_sample(e, rg_ledger_sum_of(s, at.slot).awaited_locks, "netns", at.netns);
}

static void write_awaited_locks_expected(struct rg_exposition *e, const struct rg_snapshot *s)
{
	for_each_gate (at, s)
		rg_sample(e, rg_ledger_sum_of(s, at.slot).awaited_expected, "netns", at.netns);
}

static void write_lost_locks(struct rg_exposition *e, const struct rg_snapshot *s)
{
	for_each_gate (at, s)
		for (__u32 why = RG_LOST_NOT + 1; why < RG_NR_LOST_WHYS && s->lost_known[at.slot];
		     why++)
			rg_sample(e, s->lost[at.slot].why[why], "netns", at.netns, "reason",
				  rg_lost_why_key(why));
}

static void write_lost_unnamed(struct rg_exposition *e, const struct rg_snapshot *s)
{
	for_each_gate (at, s)
		if (s->lost_known[at.slot])
			rg_sample(e, s->lost[at.slot].unnamed, "netns", at.netns);
}

static void write_lost_lower_bound(struct rg_exposition *e, const struct rg_snapshot *s)
{
	for_each_gate (at, s)
		if (s->lost_known[at.slot])
			rg_sample(e, s->lost[at.slot].lower_bound, "netns", at.netns);
}

/* Converts CLOCK_BOOTTIME to the wall clock. */
static __u64 wall_ns(const struct rg_snapshot *s, __u64 boot_ns)
{
	return s->wall_ns + boot_ns > s->now_ns ? s->wall_ns + boot_ns - s->now_ns : 0;
}

static void write_origin_no_grace(struct rg_exposition *e, const struct rg_snapshot *s)
{
	for_each_gate (at, s)
		if (at.g->origin_no_grace_ns)
			rg_sample_seconds(e, wall_ns(s, at.g->origin_no_grace_ns), "netns",
					  at.netns);
}

/* ---- the kernel ---- */

static void write_lock_regime(struct rg_exposition *e, const struct rg_snapshot *s)
{
	static const char *const protocols[RG_NR_LOCK_PROTOCOLS] = {
		[RG_LOCKS_NFS4] = "nfs4",
		[RG_LOCKS_NLM] = "nlm",
	};

	for (__u32 i = 0; i < RG_NR_LOCK_PROTOCOLS; i++)
		for (__u32 regime = 0; regime < RG_NR_REGIMES; regime++)
			rg_sample(e, s->regimes.of[i] == regime, "protocol", protocols[i], "regime",
				  rg_regime_name(regime));
}

/* ---- the recovery ---- */

static void write_reclaims(struct rg_exposition *e, const struct rg_snapshot *s)
{
	static const char *const ops[] = {"open", "lock", "delegation", "nlm-lock"};
	static const char *const results[] = {"granted", "refused", "waits"};

	for (__u32 side = 0; side < 2; side++)
		for (__u32 op = 0; op < 4; op++)
			for (__u32 result = 0; result < 3; result++)
				rg_sample(e, s->totals.reclaims[side][op][result], "side",
					  rg_side_name(side), "op", ops[op], "result",
					  results[result]);
}
_Static_assert(sizeof(((struct rg_flow_totals *)0)->reclaims) == sizeof(__u64[2][4][3]),
	       "a name for each");

static void write_downgrades(struct rg_exposition *e, const struct rg_snapshot *s)
{
	for (__u32 i = RG_DOWNGRADE_NONE + 1; i < RG_NR_DOWNGRADES; i++)
		rg_sample(e, s->totals.downgrades[i], "reason", rg_downgrade_name(i));
}

/* Counts reclaims answered with NFS4ERR_NO_GRACE. */
static void write_nograce(struct rg_exposition *e, const struct rg_snapshot *s)
{
	const __u64 *n = s->totals.downgrades;

	rg_sample(e,
		  n[RG_DOWNGRADE_REFUSED_BY_CLIENT] + n[RG_DOWNGRADE_GRACE_SKIPPED] +
			  n[RG_DOWNGRADE_GRACE_ENDED] + n[RG_DOWNGRADE_AFTER_COMPLETE],
		  "side", rg_side_name(RG_SIDE_SERVER));
	rg_sample(e, n[RG_DOWNGRADE_ORIGIN_NO_GRACE], "side", rg_side_name(RG_SIDE_CLIENT));
}

static void write_unproven(struct rg_exposition *e, const struct rg_snapshot *s)
{
	rg_sample(e, s->totals.downgrades[RG_DOWNGRADE_GRANTED_AS_NEW]);
}

static void write_module_reclaims(struct rg_exposition *e, const struct rg_snapshot *s)
{
	rg_sample(e, s->counters[RG_COUNT_GRANTED_UNPROVEN], "verdict", "granted-unproven");
	rg_sample(e, s->counters[RG_COUNT_GRANTED_PROVEN], "verdict", "granted-proven");
	rg_sample(e, s->counters[RG_COUNT_NOT_GRANTED], "verdict", "not-granted");
	for (__u32 i = RG_RECLAIM_FIRST_NO; i < RG_NR_RECLAIMS; i++)
		rg_sample(e, s->counters[RG_COUNT_RECLAIM + i - 1], "verdict", rg_reclaim_key(i));
}

static void write_answers(struct rg_exposition *e, const struct rg_snapshot *s)
{
	for (__u32 i = 0; i < RG_NR_TALLIES; i++)
		rg_sample(e, s->totals.tally[i], "answer", rg_tally_name(i));
}

static void write_events(struct rg_exposition *e, const struct rg_snapshot *s)
{
	/* Tracers make GATE and LOST, so no program counts them. */
	for (__u32 i = RG_REC_NONE + 1; i < RG_REC_GATE; i++)
		rg_sample(e, s->totals.records[i], "event", rg_record_op_name(i));
}

static void write_durations(struct rg_exposition *e, const struct rg_snapshot *s)
{
	for (__u32 i = 0; i < RG_NR_TIMED; i++)
		rg_sample_histogram(e, s->totals.latency[i], RG_LATENCY_BUCKETS,
				    s->totals.latency_sum_ns[i], "op", rg_timed_name(i));
}

/* ---- local applications ---- */

static void write_holds(struct rg_exposition *e, const struct rg_snapshot *s)
{
	rg_sample(e, s->counters[RG_COUNT_HELD]);
}

static void write_holds_again(struct rg_exposition *e, const struct rg_snapshot *s)
{
	rg_sample(e, s->counters[RG_COUNT_HELD_AGAIN]);
}

static void write_counters(struct rg_exposition *e, const struct rg_snapshot *s, __u32 from,
			   __u32 to, const char *label)
{
	for (__u32 i = from; i <= to; i++)
		rg_sample(e, s->counters[i], label, rg_counter_name(i));
}

static void write_denied(struct rg_exposition *e, const struct rg_snapshot *s)
{
	write_counters(e, s, RG_COUNT_DENIED_POLICY, RG_COUNT_DENIED_CONTINUED, "reason");
}

static void write_audited(struct rg_exposition *e, const struct rg_snapshot *s)
{
	rg_sample(e, s->counters[RG_COUNT_AUDITED]);
}

static void write_exempted(struct rg_exposition *e, const struct rg_snapshot *s)
{
	rg_sample(e, s->counters[RG_COUNT_EXEMPTED]);
}

static void write_released(struct rg_exposition *e, const struct rg_snapshot *s)
{
	for (__u32 why = RG_WHY_GRACE_STARTED; why < RG_NR_WHYS; why++)
		rg_sample(e, s->counters[RG_COUNT_RELEASED + why], "why", rg_why_key(why));
}

static void write_exited(struct rg_exposition *e, const struct rg_snapshot *s)
{
	rg_sample(e, s->counters[RG_COUNT_HELD_EXITED]);
}

static void write_fanotify(struct rg_exposition *e, const struct rg_snapshot *s)
{
	rg_sample(e, s->counters[RG_COUNT_FANOTIFY]);
}

static void write_untold(struct rg_exposition *e, const struct rg_snapshot *s)
{
	rg_sample(e, s->counters[RG_COUNT_UNTOLD]);
}

static void write_wrappers_stopped(struct rg_exposition *e, const struct rg_snapshot *s)
{
	rg_sample(e, s->counters[RG_COUNT_WRAPPER_STOPPED]);
}

static void write_wrappers_continued(struct rg_exposition *e, const struct rg_snapshot *s)
{
	rg_sample(e, s->counters[RG_COUNT_WRAPPER_CONTINUED]);
}

static void write_continued(struct rg_exposition *e, const struct rg_snapshot *s)
{
	rg_sample(e, s->counters[RG_COUNT_CONTINUED]);
}

static void write_held(struct rg_exposition *e, const struct rg_snapshot *s)
{
	for_each_gate (at, s) {
		__u32 n[RG_NR_DOORS] = {};

		for (__u32 i = 0; i < s->held.n; i++)
			if (s->held.values[i].slot == at.slot &&
			    s->held.values[i].what < RG_NR_DOORS)
				n[s->held.values[i].what]++;
		for (__u32 what = 0; what < RG_NR_DOORS; what++)
			rg_sample(e, n[what], "netns", at.netns, "what", rg_door_name(what));
	}
}

static void write_held_oldest(struct rg_exposition *e, const struct rg_snapshot *s)
{
	for_each_gate (at, s) {
		__u64 first_ns = s->now_ns;

		for (__u32 i = 0; i < s->held.n; i++)
			if (s->held.values[i].slot == at.slot &&
			    s->held.values[i].since_ns < first_ns)
				first_ns = s->held.values[i].since_ns;
		rg_sample_seconds(e, s->now_ns - first_ns, "netns", at.netns);
	}
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

static void write_origin_lease(struct rg_exposition *e, const struct rg_snapshot *s)
{
	for (size_t i = 0; s->budget && i < s->budget->n; i++) {
		const struct rg_budget_server *at = &s->budget->at[i];
		struct origin o = origin_of(at);

		rg_sample(e, at->lease_s ?: at->before.lease_s, ORIGIN(o));
	}
}

static void write_origin_away(struct rg_exposition *e, const struct rg_snapshot *s)
{
	for (size_t i = 0; s->budget && i < s->budget->n; i++) {
		struct rg_budget_view v = rg_budget_view(&s->budget->at[i], s->wall_ns);
		struct origin o = origin_of(&s->budget->at[i]);

		if (v.verdict != RG_BUDGET_UNKNOWN)
			rg_sample(e, v.away_s, ORIGIN(o));
	}
}

static void write_origin_in_time(struct rg_exposition *e, const struct rg_snapshot *s)
{
	for (size_t i = 0; s->budget && i < s->budget->n; i++) {
		struct rg_budget_view v = rg_budget_view(&s->budget->at[i], s->wall_ns);
		struct origin o = origin_of(&s->budget->at[i]);

		if (v.verdict == RG_BUDGET_IN_TIME || v.verdict == RG_BUDGET_LATE)
			rg_sample(e, v.verdict == RG_BUDGET_IN_TIME, ORIGIN(o));
	}
}

/* ---- the program itself ---- */

static void write_build(struct rg_exposition *e, const struct rg_snapshot *s)
{
	struct number version = {};

	(void)s;
	rg_sample(e, 1, "version", RG_VERSION, "pins_version", number(&version, RG_PINS_VERSION));
}

static void write_enabled(struct rg_exposition *e, const struct rg_snapshot *s)
{
	rg_sample(e, s->enabled);
}

static void write_boot(struct rg_exposition *e, const struct rg_snapshot *s)
{
	rg_sample_seconds(e, wall_ns(s, 0));
}

static void write_daemon_up(struct rg_exposition *e, const struct rg_snapshot *s)
{
	rg_sample(e, (__u64)rg_is_alive(s->heartbeat_ns, s->now_ns));
}

static void write_pins_put_back(struct rg_exposition *e, const struct rg_snapshot *s)
{
	rg_sample(e, s->pins_put_back);
}

/* Leaves it out where nobody asked for it. */
static void write_protected(struct rg_exposition *e, const struct rg_snapshot *s)
{
	if (s->protect != RG_PROTECT_OFF)
		rg_sample(e, s->protect == RG_PROTECT_ON);
}

static void write_protect_refused(struct rg_exposition *e, const struct rg_snapshot *s)
{
	for (__u32 i = 0; s->protect == RG_PROTECT_ON && i < RG_NR_PROTECT_REFUSALS; i++)
		rg_sample(e, s->protect_refused[i], "what", rg_protect_refusal_name(i));
}

static void write_writes_failed(struct rg_exposition *e, const struct rg_snapshot *s)
{
	rg_sample(e, s->writes_failed);
}

static void write_disk_waits(struct rg_exposition *e, const struct rg_snapshot *s)
{
	rg_sample_seconds(e, (__u64)s->disk_waits_s * RG_NS_PER_SEC);
}

static void write_daemon_heartbeat(struct rg_exposition *e, const struct rg_snapshot *s)
{
	rg_sample_seconds(e, s->heartbeat_ns ? wall_ns(s, s->heartbeat_ns) : 0);
}

static void write_doors(struct rg_exposition *e, __u32 doors)
{
	for (__u32 what = 0; what < RG_NR_DOORS; what++)
		rg_sample(e, !!(doors & 1u << what), "hook", rg_door_name(what));
}

static void write_hook_wanted(struct rg_exposition *e, const struct rg_snapshot *s)
{
	write_doors(e, s->doors_wanted);
}

static void write_hook_attached(struct rg_exposition *e, const struct rg_snapshot *s)
{
	write_doors(e, s->doors_attached);
}

static void write_canary(struct rg_exposition *e, const struct rg_snapshot *s)
{
	rg_sample_seconds(e, s->canary_ns);
}

static void write_tracers(struct rg_exposition *e, const struct rg_snapshot *s)
{
	rg_sample(e, s->tracers);
}

static void write_lost(struct rg_exposition *e, const struct rg_snapshot *s)
{
	rg_sample(e, s->counters[RG_COUNT_FAIL_RING], "reader", "daemon");
	rg_sample(e, s->totals.lost, "reader", "tracer");
}

static void write_failures(struct rg_exposition *e, const struct rg_snapshot *s)
{
	write_counters(e, s, RG_COUNT_FAIL_HELD_UPDATE, RG_COUNT_FAIL_DROPPED, "what");
	rg_sample(e, s->totals.failed, "what", "tracing");
}

static void write_prog_skipped(struct rg_exposition *e, const struct rg_snapshot *s)
{
	for (int i = 0; i < s->n_progs; i++)
		rg_sample(e, s->progs[i].skipped, "prog", s->progs[i].name);
}

static void write_prog_seconds(struct rg_exposition *e, const struct rg_snapshot *s)
{
	for (int i = 0; i < s->n_progs; i++)
		if (s->progs[i].runs)
			rg_sample_seconds(e, s->progs[i].run_ns, "prog", s->progs[i].name);
}

static void write_prog_runs(struct rg_exposition *e, const struct rg_snapshot *s)
{
	for (int i = 0; i < s->n_progs; i++)
		if (s->progs[i].runs)
			rg_sample(e, s->progs[i].runs, "prog", s->progs[i].name);
}

/* ---- the role of an original server ---- */

static void write_original(struct rg_exposition *e, const struct rg_snapshot *s)
{
	if (s->original.known)
		rg_sample(e, s->original.enabled);
}

static void write_original_mode(struct rg_exposition *e, const struct rg_snapshot *s)
{
	if (s->original.known && s->original.enabled)
		rg_sample(e, 1, "mode", rg_org_mode_name(s->original.mode));
}

static void write_original_keep_for(struct rg_exposition *e, const struct rg_snapshot *s)
{
	if (s->original.known && s->original.enabled)
		rg_sample_seconds(e, s->original.keep_for_ns);
}

static void write_original_clients(struct rg_exposition *e, const struct rg_snapshot *s)
{
	if (s->original.known && s->original.enabled)
		rg_sample(e, s->original.clients);
}

static void write_original_ranges(struct rg_exposition *e, const struct rg_snapshot *s)
{
	if (s->original.known && s->original.enabled)
		rg_sample(e, s->original.ranges);
}

static void write_original_events(struct rg_exposition *e, const struct rg_snapshot *s)
{
	for (__u32 i = 0; s->original.known && s->original.enabled && i < RG_NR_ORG_COUNTERS; i++)
		rg_sample(e, s->original.counters[i], "event", rg_org_counter_name(i));
}

/* ---- all of them ---- */

#define GAUGE RG_METRIC_GAUGE, NULL
#define SECONDS RG_METRIC_GAUGE, "seconds"
#define COUNTER RG_METRIC_COUNTER, NULL
#define INFO RG_METRIC_INFO, NULL

/* The first families exist whether the guard is enabled or not. */
#define ALWAYS 8

const struct rg_metric rg_metrics[] = {
	{"build", INFO, "version, pins_version", "Version of the program that wrote this",
	 write_build},
	{"enabled", GAUGE, "",
	 "1: the guard's programs are pinned; 0: none is, and what there is of gates is missing",
	 write_enabled},
	{"original_enabled", GAUGE, "",
	 "1: locks are kept for clients that reboot (role original); missing: not known",
	 write_original},
	{"original_mode", INFO, "mode", "What waits while something is kept", write_original_mode},
	{"original_keep_for_seconds", SECONDS, "", "keep-for of the role original",
	 write_original_keep_for},
	{"original_clients", GAUGE, "", "Clients that rebooted, and of which something is kept",
	 write_original_clients},
	{"original_ranges", GAUGE, "", "Ranges that are kept of them", write_original_ranges},
	{"original_events", COUNTER, "event",
	 "What became of clients that rebooted and of who asked for their locks, by the counters "
	 "of "
	 "`status --role original`",
	 write_original_events},
	{"boot_timestamp_seconds", SECONDS, "",
	 "When this host was started, by the wall clock; no counter is older", write_boot},
	{"daemon_up", GAUGE, "", "1: the daemon is alive and continues the held", write_daemon_up},
	{"daemon_heartbeat_timestamp_seconds", SECONDS, "",
	 "When the daemon last renewed its heartbeat, by the wall clock; 0: it ended or never was",
	 write_daemon_heartbeat},
	{"pins_put_back", COUNTER, "",
	 "Pins that somebody removed or replaced, and the daemon pinned again",
	 write_pins_put_back},
	{"protected", GAUGE, "",
	 "protect = yes: 1: it is in force; 0: it is not possible; missing: protect = no",
	 write_protected},
	{"protect_refused", COUNTER, "what",
	 "What others than our executable tried at our pins, maps, programs and links, and were "
	 "refused",
	 write_protect_refused},
	{"writes_failed", COUNTER, "", "Files that the daemon could not write",
	 write_writes_failed},
	{"disk_waits_seconds", SECONDS, "",
	 "For how long the write of the daemon's that is under way has been waiting for a disk",
	 write_disk_waits},
	{"hook_wanted", GAUGE, "hook", "1: some gate's scope needs this hook now",
	 write_hook_wanted},
	{"hook_attached", GAUGE, "hook", "1: this hook is attached", write_hook_attached},
	{"canary_duration_seconds", SECONDS, "", "How long the slowest canary took at arming",
	 write_canary},

	{"gate_policy", INFO, "netns, action, scope, release, mounts", "The policy of the gate",
	 write_gate_policy},
	{"gate_state", GAUGE, "netns, state",
	 "1: the gate is in this state; local applications are kept out in all but open",
	 write_gate_state},
	{"gate_why", INFO, "netns, why", "Why the gate is in its state", write_gate_why},
	{"gate_in_state_seconds", SECONDS, "netns", "For how long it has been in it",
	 write_gate_in_state},
	{"gate_closed_seconds", SECONDS, "netns",
	 "For how long local applications have been kept out; 0: the gate is open",
	 write_gate_closed},
	{"gate_deadline_seconds", SECONDS, "netns",
	 "Until time alone opens the gate; missing if it will not", write_gate_deadline},
	{"gate_max_hold_seconds", SECONDS, "netns", "max-hold of the policy", write_gate_max_hold},
	{"gate_settle_timeout_seconds", SECONDS, "netns",
	 "settle-timeout of the policy, `lease` worked out", write_gate_settle_timeout},

	{"knfsd_state", GAUGE, "netns, state", "1: knfsd is in this state", write_knfsd_state},
	{"knfsd_starts", COUNTER, "netns", "Starts of knfsd seen", write_knfsd_starts},
	{"knfsd_lease_seconds", SECONDS, "netns", "knfsd's lease; missing until it has started",
	 write_knfsd_lease},
	{"grace_active", GAUGE, "netns, manager", "1: this lock manager is in its grace period",
	 write_grace_active},
	{"grace_length_seconds", SECONDS, "netns",
	 "knfsd's grace period as it was told; it takes up to twice as long while end clients "
	 "reclaim. Missing if it is not known",
	 write_grace_length},
	{"grace_elapsed_seconds", SECONDS, "netns",
	 "Since knfsd's grace period started; 0: it is in none", write_grace_elapsed},
	{"grace_remaining_seconds", SECONDS, "netns",
	 "What is left of grace_length_seconds; 0: over, or not known", write_grace_remaining},
	{"clients_expected", GAUGE, "netns",
	 "End clients that could reclaim as knfsd's last grace period started",
	 write_clients_expected},
	{"clients_reclaimed", GAUGE, "netns", "Of these, those that were done with reclaiming",
	 write_clients_reclaimed},
	{"clients_refused", GAUGE, "netns",
	 "End clients that were refused a reclaim since knfsd started", write_clients_refused},
	{"clients_awaited", GAUGE, "netns", "Of these, those that are not done",
	 write_clients_awaited},
	{"ledger_clients", GAUGE, "netns, state",
	 "End clients by NFSv4 in the ledger; absent: not seen since knfsd started",
	 write_ledger_clients},
	{"ledger_locks", GAUGE, "netns", "Locks that the end clients in the ledger hold",
	 write_ledger_locks},
	{"awaited_locks", GAUGE, "netns",
	 "Locks that awaited end clients have again, of awaited_locks_expected",
	 write_awaited_locks},
	{"awaited_locks_expected", GAUGE, "netns",
	 "Locks that awaited end clients had, as far as it is known", write_awaited_locks_expected},
	{"lost_locks", GAUGE, "netns, reason",
	 "Locks by NFSv4 that were held before knfsd last started and are not held any more; "
	 "missing: no recovery was followed",
	 write_lost_locks},
	{"lost_locks_unnamed", GAUGE, "netns", "Of these, those of which the ledger had no range",
	 write_lost_unnamed},
	{"lost_locks_lower_bound", GAUGE, "netns",
	 "1: more may be lost than lost_locks says, as the ledger was not up to date",
	 write_lost_lower_bound},
	{"origin_no_grace_timestamp_seconds", SECONDS, "netns",
	 "When an original server last answered this host's own reclaim with NO_GRACE; missing: "
	 "never",
	 write_origin_no_grace},

	{"lock_regime", GAUGE, "protocol, regime",
	 "1: this is what the kernel does with end clients' locks through a re-export",
	 write_lock_regime},

	{"reclaims", COUNTER, "side, op, result",
	 "Reclaims; side server: of end clients, client: of this host at original servers",
	 write_reclaims},
	{"downgrades", COUNTER, "reason", "Reclaims that ended as something weaker",
	 write_downgrades},
	{"nograce_downgrades", COUNTER, "side", "Those of them answered with NFS4ERR_NO_GRACE",
	 write_nograce},
	{"unproven_reclaims", COUNTER, "",
	 "Reclaims granted as new locks, by NLM or with the kernel module: nothing proves that "
	 "nobody held them meanwhile",
	 write_unproven},
	{"module_reclaims", COUNTER, "verdict",
	 "Lock reclaims that the kernel module asked about: how those were answered that were "
	 "passed on, and why the others were not",
	 write_module_reclaims},
	{"answers", COUNTER, "answer", "Operations of end clients by how they were answered",
	 write_answers},
	{"events", COUNTER, "event", "Events seen by the tracing programs, both sides",
	 write_events},
	{"operation_duration_seconds", RG_METRIC_HISTOGRAM, "seconds", "op",
	 "How long OPEN and LOCK of end clients took", write_durations},

	{"holds", COUNTER, "", "Calls of local applications that were held", write_holds},
	{"holds_again", COUNTER, "", "Held threads that came by while the gate was still closed",
	 write_holds_again},
	{"held_threads", GAUGE, "netns, what", "Threads that are held now", write_held},
	{"held_oldest_seconds", SECONDS, "netns",
	 "For how long the first of them has been held; 0: none is", write_held_oldest},
	{"denied", COUNTER, "reason", "Calls of local applications that were denied", write_denied},
	{"audited", COUNTER, "", "Calls that passed a closed gate under audit", write_audited},
	{"exempted", COUNTER, "", "Calls that passed a closed gate, by exempt executables",
	 write_exempted},
	{"released", COUNTER, "why", "Held threads that passed, by why the gate was open",
	 write_released},
	{"held_exited", COUNTER, "", "Threads that ended while held, or before they asked again",
	 write_exited},
	{"fanotify_opens", COUNTER, "",
	 "Opens at a closed gate by which a fanotify listener was handed a file: they passed",
	 write_fanotify},
	{"untold", COUNTER, "",
	 "Calls that were denied or audited and not told to tracers, as their process had too many",
	 write_untold},
	{"wrappers_stopped", COUNTER, "",
	 "Processes that stopped because the program that they run was held, such as sudo and su",
	 write_wrappers_stopped},
	{"wrappers_continued", COUNTER, "",
	 "Processes that had stopped because of a hold and were continued, by whomever",
	 write_wrappers_continued},
	{"continued_by_kernel", COUNTER, "",
	 "Held threads that the kernel itself continued as knfsd opened their gate",
	 write_continued},

	{"origin_lease_seconds", SECONDS, "netns, origin, address, minorversion",
	 "Lease of an original server", write_origin_lease},
	{"origin_away_seconds", SECONDS, "netns, origin, address, minorversion",
	 "How long this host renewed no lease there over its last reboot; missing if not known",
	 write_origin_away},
	{"origin_in_time", GAUGE, "netns, origin, address, minorversion",
	 "1: that was within the lease; 0: it was not; missing if not known", write_origin_in_time},

	{"tracers", GAUGE, "", "Tracers that have a ring of records", write_tracers},
	{"events_lost", COUNTER, "reader",
	 "Events and records that did not fit into a ring, or were not seen whole", write_lost},
	{"failures", COUNTER, "what", "What the kernel programs could not do", write_failures},
	{"prog_skipped", COUNTER, "prog",
	 "Calls that a program was not run for, as another thread was preempted within it; from "
	 "the daemon, of the hooks alone",
	 write_prog_skipped},
	{"prog_run_seconds", RG_METRIC_COUNTER, "seconds", "prog",
	 "Time spent in a program; only with kernel.bpf_stats_enabled=1; from the daemon, of the "
	 "hooks alone",
	 write_prog_seconds},
	{"prog_runs", COUNTER, "prog", "Runs of a program that were timed", write_prog_runs},
};
const size_t rg_n_metrics = sizeof(rg_metrics) / sizeof(rg_metrics[0]);

int rg_metrics_format_of(const char *name)
{
	static const char *const names[RG_NR_METRICS_FORMATS] = {
		[RG_METRICS_OPENMETRICS] = "openmetrics",
		[RG_METRICS_PROMETHEUS] = "prometheus",
	};

	for (int i = 0; i < RG_NR_METRICS_FORMATS; i++)
		if (strcmp(names[i], name) == 0)
			return i;
	return -1;
}

void rg_metrics_write(FILE *out, const struct rg_snapshot *s, enum rg_metrics_format format)
{
	struct rg_exposition e = {.out = out, .format = format};

	for (size_t i = 0; i < (s->enabled ? rg_n_metrics : ALWAYS); i++) {
		rg_exposition_begin(&e, &rg_metrics[i]);
		rg_metrics[i].write(&e, s);
	}
	rg_exposition_end(&e);
}
