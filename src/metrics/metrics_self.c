// SPDX-License-Identifier: GPL-2.0-only
/* Writes the metrics of the program itself, of the kernel, and of the role original. */
#include "metrics/metrics_parts.h"

#include "base/names.h"
#include "original/original.h"

/* ---- the program itself ---- */

void rg_write_build(struct rg_exposition *e, const struct rg_snapshot *s)
{
	struct number version = {};

	(void)s;
	rg_sample(e, 1, "version", RG_VERSION, "pins_version", number(&version, RG_PINS_VERSION));
}

void rg_write_enabled(struct rg_exposition *e, const struct rg_snapshot *s)
{
	rg_sample(e, s->enabled);
}

void rg_write_boot(struct rg_exposition *e, const struct rg_snapshot *s)
{
	rg_sample_seconds(e, wall_ns(s, 0));
}

void rg_write_daemon_up(struct rg_exposition *e, const struct rg_snapshot *s)
{
	rg_sample(e, (__u64)rg_is_alive(s->heartbeat_ns, s->now_ns));
}

void rg_write_pins_put_back(struct rg_exposition *e, const struct rg_snapshot *s)
{
	rg_sample(e, s->pins_put_back);
}

/* Leaves it out where nobody asked for it. */
void rg_write_protected(struct rg_exposition *e, const struct rg_snapshot *s)
{
	if (s->protect != RG_PROTECT_OFF)
		rg_sample(e, s->protect == RG_PROTECT_ON);
}

void rg_write_protect_refused(struct rg_exposition *e, const struct rg_snapshot *s)
{
	for (__u32 i = 0; s->protect == RG_PROTECT_ON && i < RG_NR_PROTECT_REFUSALS; i++)
		rg_sample(e, s->protect_refused[i], "what", rg_protect_refusal_name(i));
}

void rg_write_writes_failed(struct rg_exposition *e, const struct rg_snapshot *s)
{
	rg_sample(e, s->writes_failed);
}

void rg_write_disk_waits(struct rg_exposition *e, const struct rg_snapshot *s)
{
	rg_sample_seconds(e, (__u64)s->disk_waits_s * RG_NS_PER_SEC);
}

void rg_write_daemon_heartbeat(struct rg_exposition *e, const struct rg_snapshot *s)
{
	rg_sample_seconds(e, s->heartbeat_ns ? wall_ns(s, s->heartbeat_ns) : 0);
}

static void write_doors(struct rg_exposition *e, __u32 doors)
{
	for (__u32 door = 0; door < RG_NR_DOORS; door++)
		rg_sample(e, !!(doors & 1u << door), "hook", rg_door_name(door));
}

void rg_write_hook_wanted(struct rg_exposition *e, const struct rg_snapshot *s)
{
	write_doors(e, s->doors_wanted);
}

void rg_write_hook_attached(struct rg_exposition *e, const struct rg_snapshot *s)
{
	write_doors(e, s->doors_attached);
}

void rg_write_canary(struct rg_exposition *e, const struct rg_snapshot *s)
{
	rg_sample_seconds(e, s->canary_ns);
}

void rg_write_tracers(struct rg_exposition *e, const struct rg_snapshot *s)
{
	rg_sample(e, s->tracers);
}

void rg_write_lost(struct rg_exposition *e, const struct rg_snapshot *s)
{
	rg_sample(e, s->counters[RG_COUNT_FAIL_RING], "reader", "daemon");
	rg_sample(e, s->totals.lost, "reader", "tracer");
}

void rg_write_failures(struct rg_exposition *e, const struct rg_snapshot *s)
{
	rg_write_counters(e, s, RG_COUNT_FAIL_HELD_UPDATE, RG_COUNT_FAIL_DROPPED, "what");
	rg_sample(e, s->totals.failed, "what", "tracing");
}

void rg_write_prog_skipped(struct rg_exposition *e, const struct rg_snapshot *s)
{
	for (int i = 0; i < s->n_progs; i++)
		rg_sample(e, s->progs[i].skipped, "prog", s->progs[i].name);
}

void rg_write_prog_seconds(struct rg_exposition *e, const struct rg_snapshot *s)
{
	for (int i = 0; i < s->n_progs; i++)
		if (s->progs[i].runs)
			rg_sample_seconds(e, s->progs[i].run_ns, "prog", s->progs[i].name);
}

void rg_write_prog_runs(struct rg_exposition *e, const struct rg_snapshot *s)
{
	for (int i = 0; i < s->n_progs; i++)
		if (s->progs[i].runs)
			rg_sample(e, s->progs[i].runs, "prog", s->progs[i].name);
}

/* ---- the kernel ---- */

void rg_write_lock_regime(struct rg_exposition *e, const struct rg_snapshot *s)
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

/* ---- the role of an original server ---- */

void rg_write_original(struct rg_exposition *e, const struct rg_snapshot *s)
{
	if (s->original.known)
		rg_sample(e, s->original.enabled);
}

void rg_write_original_mode(struct rg_exposition *e, const struct rg_snapshot *s)
{
	if (s->original.known && s->original.enabled)
		rg_sample(e, 1, "mode", rg_org_mode_name(s->original.mode));
}

void rg_write_original_keep_for(struct rg_exposition *e, const struct rg_snapshot *s)
{
	if (s->original.known && s->original.enabled)
		rg_sample_seconds(e, s->original.keep_for_ns);
}

void rg_write_original_clients(struct rg_exposition *e, const struct rg_snapshot *s)
{
	if (s->original.known && s->original.enabled)
		rg_sample(e, s->original.clients);
}

void rg_write_original_ranges(struct rg_exposition *e, const struct rg_snapshot *s)
{
	if (s->original.known && s->original.enabled)
		rg_sample(e, s->original.ranges);
}

void rg_write_original_events(struct rg_exposition *e, const struct rg_snapshot *s)
{
	for (__u32 i = 0; s->original.known && s->original.enabled && i < RG_NR_ORG_COUNTERS; i++)
		rg_sample(e, s->original.counters[i], "event", rg_org_counter_name(i));
}
