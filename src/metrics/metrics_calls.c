// SPDX-License-Identifier: GPL-2.0-only
/* Writes the metrics of the recovery and of calls by local applications. */
#include "metrics/metrics_parts.h"

#include "base/names.h"
#include "record/record_names.h"

/* ---- the recovery ---- */

void rg_write_reclaims(struct rg_exposition *e, const struct rg_snapshot *s)
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

void rg_write_downgrades(struct rg_exposition *e, const struct rg_snapshot *s)
{
	for (__u32 i = RG_DOWNGRADE_NONE + 1; i < RG_NR_DOWNGRADES; i++)
		rg_sample(e, s->totals.downgrades[i], "reason", rg_downgrade_name(i));
}

/* Counts reclaims answered with NFS4ERR_NO_GRACE. */
void rg_write_nograce(struct rg_exposition *e, const struct rg_snapshot *s)
{
	const __u64 *n = s->totals.downgrades;

	rg_sample(e,
		  n[RG_DOWNGRADE_REFUSED_BY_CLIENT] + n[RG_DOWNGRADE_GRACE_SKIPPED] +
			  n[RG_DOWNGRADE_GRACE_ENDED] + n[RG_DOWNGRADE_AFTER_COMPLETE],
		  "side", rg_side_name(RG_SIDE_SERVER));
	rg_sample(e, n[RG_DOWNGRADE_ORIGIN_NO_GRACE], "side", rg_side_name(RG_SIDE_CLIENT));
}

void rg_write_unproven(struct rg_exposition *e, const struct rg_snapshot *s)
{
	rg_sample(e, s->totals.downgrades[RG_DOWNGRADE_GRANTED_AS_NEW]);
}

void rg_write_module_reclaims(struct rg_exposition *e, const struct rg_snapshot *s)
{
	rg_sample(e, s->counters[RG_COUNT_GRANTED_UNPROVEN], "verdict", "granted-unproven");
	rg_sample(e, s->counters[RG_COUNT_GRANTED_PROVEN], "verdict", "granted-proven");
	rg_sample(e, s->counters[RG_COUNT_NOT_GRANTED], "verdict", "not-granted");
	for (__u32 i = RG_RECLAIM_FIRST_NO; i < RG_NR_RECLAIMS; i++)
		rg_sample(e, s->counters[RG_COUNT_RECLAIM + i - 1], "verdict", rg_reclaim_key(i));
}

void rg_write_answers(struct rg_exposition *e, const struct rg_snapshot *s)
{
	for (__u32 i = 0; i < RG_NR_TALLIES; i++)
		rg_sample(e, s->totals.tally[i], "answer", rg_tally_name(i));
}

void rg_write_events(struct rg_exposition *e, const struct rg_snapshot *s)
{
	/* Tracers make GATE and LOST, so no program counts them. */
	for (__u32 i = RG_REC_NONE + 1; i < RG_REC_GATE; i++)
		rg_sample(e, s->totals.records[i], "event", rg_record_op_name(i));
}

void rg_write_durations(struct rg_exposition *e, const struct rg_snapshot *s)
{
	for (__u32 i = 0; i < RG_NR_TIMED; i++)
		rg_sample_histogram(e, s->totals.latency[i], RG_LATENCY_BUCKETS,
				    s->totals.latency_sum_ns[i], "op", rg_timed_name(i));
}

/* ---- local applications ---- */

void rg_write_holds(struct rg_exposition *e, const struct rg_snapshot *s)
{
	rg_sample(e, s->counters[RG_COUNT_HELD]);
}

void rg_write_holds_again(struct rg_exposition *e, const struct rg_snapshot *s)
{
	rg_sample(e, s->counters[RG_COUNT_HELD_AGAIN]);
}

void rg_write_counters(struct rg_exposition *e, const struct rg_snapshot *s, __u32 from, __u32 to,
		       const char *label)
{
	for (__u32 i = from; i <= to; i++)
		rg_sample(e, s->counters[i], label, rg_counter_name(i));
}

void rg_write_denied(struct rg_exposition *e, const struct rg_snapshot *s)
{
	rg_write_counters(e, s, RG_COUNT_DENIED_POLICY, RG_COUNT_DENIED_CONTINUED, "reason");
}

void rg_write_audited(struct rg_exposition *e, const struct rg_snapshot *s)
{
	rg_sample(e, s->counters[RG_COUNT_AUDITED]);
}

void rg_write_exempted(struct rg_exposition *e, const struct rg_snapshot *s)
{
	rg_sample(e, s->counters[RG_COUNT_EXEMPTED]);
}

void rg_write_released(struct rg_exposition *e, const struct rg_snapshot *s)
{
	for (__u32 why = RG_WHY_GRACE_STARTED; why < RG_NR_WHYS; why++)
		rg_sample(e, s->counters[RG_COUNT_RELEASED + why], "why", rg_why_key(why));
}

void rg_write_exited(struct rg_exposition *e, const struct rg_snapshot *s)
{
	rg_sample(e, s->counters[RG_COUNT_HELD_EXITED]);
}

void rg_write_fanotify(struct rg_exposition *e, const struct rg_snapshot *s)
{
	rg_sample(e, s->counters[RG_COUNT_FANOTIFY]);
}

void rg_write_untold(struct rg_exposition *e, const struct rg_snapshot *s)
{
	rg_sample(e, s->counters[RG_COUNT_UNTOLD]);
}

void rg_write_untold_clients(struct rg_exposition *e, const struct rg_snapshot *s)
{
	rg_sample(e, s->counters[RG_COUNT_UNTOLD_CLIENTS]);
}

void rg_write_evicted(struct rg_exposition *e, const struct rg_snapshot *s)
{
	rg_sample(e, s->counters[RG_COUNT_EVICTED]);
}

void rg_write_wrappers_stopped(struct rg_exposition *e, const struct rg_snapshot *s)
{
	rg_sample(e, s->counters[RG_COUNT_WRAPPER_STOPPED]);
}

void rg_write_wrappers_continued(struct rg_exposition *e, const struct rg_snapshot *s)
{
	rg_sample(e, s->counters[RG_COUNT_WRAPPER_CONTINUED]);
}

void rg_write_continued(struct rg_exposition *e, const struct rg_snapshot *s)
{
	rg_sample(e, s->counters[RG_COUNT_CONTINUED]);
}

void rg_write_held(struct rg_exposition *e, const struct rg_snapshot *s)
{
	for_each_gate (at, s) {
		__u32 n[RG_NR_DOORS] = {};

		for (__u32 i = 0; i < s->held.n; i++)
			if (s->held.values[i].slot == at.slot &&
			    s->held.values[i].what < RG_NR_DOORS)
				n[s->held.values[i].what]++;
		for (__u32 door = 0; door < RG_NR_DOORS; door++)
			rg_sample(e, n[door], "netns", at.netns, "what", rg_door_name(door));
	}
}

void rg_write_held_oldest(struct rg_exposition *e, const struct rg_snapshot *s)
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
