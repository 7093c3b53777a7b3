/* SPDX-License-Identifier: GPL-2.0-only */
/* The functions that write the samples of each family; rg_metrics[] lists them. */
#pragma once

#include <stdio.h>

#include "metrics/exposition.h"
#include "metrics/metrics.h"

/* Returns the value of the label netns. */
struct number {
	char text[24];
};

static inline const char *number(struct number *buf, __u64 n)
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
static inline bool next_gate(const struct rg_snapshot *s, struct at_gate *at)
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

/* Converts CLOCK_BOOTTIME to the wall clock. */
static inline __u64 wall_ns(const struct rg_snapshot *s, __u64 boot_ns)
{
	return s->wall_ns + boot_ns > s->now_ns ? s->wall_ns + boot_ns - s->now_ns : 0;
}

typedef void rg_metric_writer(struct rg_exposition *e, const struct rg_snapshot *s);

/* ---- metrics_gates.c ---- */
rg_metric_writer rg_write_gate_policy, rg_write_gate_state, rg_write_gate_why,
	rg_write_gate_in_state, rg_write_gate_closed, rg_write_gate_deadline,
	rg_write_gate_max_hold, rg_write_gate_settle_timeout, rg_write_knfsd_state,
	rg_write_knfsd_starts, rg_write_knfsd_lease, rg_write_grace_active, rg_write_grace_length,
	rg_write_grace_elapsed, rg_write_grace_remaining, rg_write_clients_expected,
	rg_write_clients_reclaimed, rg_write_clients_refused, rg_write_clients_awaited,
	rg_write_ledger_clients, rg_write_ledger_locks, rg_write_awaited_locks,
	rg_write_awaited_locks_expected, rg_write_lost_locks, rg_write_lost_unnamed,
	rg_write_lost_lower_bound, rg_write_origin_no_grace, rg_write_origin_lease,
	rg_write_origin_away, rg_write_origin_in_time;

/* ---- metrics_calls.c ---- */
/* Writes the counters `from` to `to`, with their names as this label. */
void rg_write_counters(struct rg_exposition *e, const struct rg_snapshot *s, __u32 from, __u32 to,
		       const char *label);
rg_metric_writer rg_write_reclaims, rg_write_downgrades, rg_write_nograce, rg_write_unproven,
	rg_write_module_reclaims, rg_write_answers, rg_write_events, rg_write_durations,
	rg_write_holds, rg_write_holds_again, rg_write_denied, rg_write_audited, rg_write_exempted,
	rg_write_released, rg_write_exited, rg_write_fanotify, rg_write_untold,
	rg_write_untold_clients, rg_write_evicted, rg_write_wrappers_stopped,
	rg_write_wrappers_continued, rg_write_continued, rg_write_held, rg_write_held_oldest;

/* ---- metrics_self.c ---- */
rg_metric_writer rg_write_build, rg_write_enabled, rg_write_boot, rg_write_daemon_up,
	rg_write_pins_put_back, rg_write_protected, rg_write_protect_refused,
	rg_write_writes_failed, rg_write_disk_waits, rg_write_daemon_heartbeat,
	rg_write_hook_wanted, rg_write_hook_attached, rg_write_canary, rg_write_tracers,
	rg_write_lost, rg_write_failures, rg_write_prog_skipped, rg_write_prog_seconds,
	rg_write_prog_runs, rg_write_lock_regime, rg_write_original, rg_write_original_mode,
	rg_write_original_keep_for, rg_write_original_clients, rg_write_original_ranges,
	rg_write_original_events;
