// SPDX-License-Identifier: GPL-2.0-only
#include "metrics/snapshot.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include <bpf/bpf.h>

#include "pins/doors.h"
#include "pins/gates.h"
#include "pins/listing.h"
#include "load/host.h"
#include "mounts/records.h"
#include "state/lost_file.h"

static void read_clocks(struct rg_snapshot *s)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	s->wall_ns = (__u64)t.tv_sec * RG_NS_PER_SEC + (__u64)t.tv_nsec;
	s->now_ns = rg_now_ns();
}

static int read_meta(const struct rg_pins *p, struct rg_snapshot *s)
{
	struct rg_meta meta;

	if (rg_pins_meta(p, &meta) < 0)
		return -errno;
	s->canary_ns = meta.canary_ns;
	s->module = meta.module;
	memcpy(s->armed_by, meta.tool_version, sizeof(s->armed_by));
	s->armed_by[sizeof(s->armed_by) - 1] = '\0';
	return 0;
}

static int read_storms(const struct rg_pins *p, struct rg_snapshot *s)
{
	int err = 0;

	for (__u32 i = RG_CANARY_SLOT + 1; i < RG_MAX_GATES && !err; i++)
		if (s->gates[i].netns)
			err = rg_flow_storm_read(p, i, &s->storms[i]);
	return err;
}

static __u32 count_tracers(const struct rg_pins *p)
{
	struct rg_tracer t;
	__u32 n = 0;

	for (__u32 i = 0; i < RG_MAX_TRACERS; i++)
		n += bpf_map_lookup_elem(p->map_fd[RG_MAP_TRACER_OWNERS], &i, &t) == 0 &&
		     t.start_ns;
	return n;
}

static int read_flows(const struct rg_pins *p, struct rg_snapshot *s)
{
	int err = rg_flow_clients_read(p, &s->flows);

	if (err)
		return err;
	s->n_slowest = rg_flow_slowest_read(p, s->slowest);
	if (s->n_slowest < 0)
		return s->n_slowest;
	s->n_downgrades = rg_flow_downgrades_read(p, s->downgrades);
	return s->n_downgrades < 0 ? s->n_downgrades : 0;
}

/* What cannot be read is not claimed to be protected. */
static void read_protect(const struct rg_pins *p, struct rg_snapshot *s)
{
	struct rg_protect protect;
	struct rg_meta meta;

	if (rg_pins_meta(p, &meta) < 0)
		return;
	s->protect = meta.protect < RG_NR_PROTECT_STATES ? meta.protect : RG_PROTECT_GONE;
	if (s->protect != RG_PROTECT_ON)
		return;
	if (rg_protect_read(&protect) || !rg_protect_is_whole()) {
		s->protect = RG_PROTECT_GONE;
		return;
	}
	memcpy(s->protect_refused, protect.refused, sizeof(s->protect_refused));
	memcpy(s->protect_path, protect.path, sizeof(s->protect_path));
}

/* Unreadable facts are unknown. */
static void read_lost(const struct rg_pins *p, struct rg_snapshot *s)
{
	char boot_id[RG_BOOT_ID_SIZE];
	struct rg_losts all;
	struct rg_meta meta;

	if (rg_pins_meta(p, &meta) < 0 || rg_boot_id(boot_id))
		return;
	meta.state_dir[sizeof(meta.state_dir) - 1] = '\0';
	if (rg_losts_load(meta.state_dir, rg_state_init_netns(), boot_id, rg_pins_set_id(p),
			  s->gates, &all))
		return;
	for (__u32 i = 0; i < RG_MAX_GATES; i++) {
		if (!all.at[i])
			continue;
		s->lost[i] = rg_lost_sum_of(all.at[i]);
		s->lost_known[i] = true;
	}
	rg_losts_free(&all);
}

int rg_snapshot_read(const struct rg_pins *p, int besides, struct rg_snapshot *s)
{
	int err;

	rg_snapshot_none(s);
	s->enabled = true;
	err = read_meta(p, s) ?: rg_gates_read(p, s->gates);
	if (!err && rg_count_locks(p, s->gates)) /* gates may have opened meanwhile */
		err = rg_gates_read(p, s->gates);
	if (!err)
		rg_note_records(p, s->gates);
	err = err ?: read_storms(p, s) ?: rg_flow_totals_read(p, &s->totals);
	err = err ?: rg_clients_read(p, &s->ledger) ?: rg_held_read(p, &s->held);
	if (!err && besides & RG_SNAPSHOT_FLOWS)
		err = read_flows(p, s);
	if (err) {
		rg_snapshot_free(s);
		return err;
	}
	for (__u32 i = 0; i < RG_NR_COUNTERS; i++)
		s->counters[i] = rg_counter_sum(p, i);
	s->regimes = rg_regimes_of(rg_regime_with_module(p->live->nfs4_locks, s->module, s->gates),
				   &s->totals);
	s->tracers = count_tracers(p);
	s->heartbeat_ns = __atomic_load_n(&p->live->heartbeat_ns, __ATOMIC_RELAXED);
	s->daemon_pid = __atomic_load_n(&p->live->daemon_pid, __ATOMIC_RELAXED);
	s->pins_put_back = p->live->pins_put_back;
	s->writes_failed = p->live->writes_failed;
	s->disk_waits_s = p->live->disk_waits_s;
	read_protect(p, s);
	s->sleeps = p->live->sleeps == RG_HOLD_SLEEP;
	s->delegations = p->live->delegations;
	s->starts_at_boot = rg_host_starts_at_boot("");
	s->records_outlive = rg_records_outlive_reboot("");
	s->doors_attached = rg_doors_attached();
	s->doors_wanted = rg_doors_wanted(s->gates, s->now_ns);
	if (besides & RG_SNAPSHOT_LOST)
		read_lost(p, s);
	if (besides & RG_SNAPSHOT_PROGS)
		s->n_progs = rg_progs_read(p, s->progs);
	return 0;
}

void rg_snapshot_none(struct rg_snapshot *s)
{
	memset(s, 0, sizeof(*s));
	read_clocks(s);
}

void rg_snapshot_free(struct rg_snapshot *s)
{
	rg_clients_free(&s->ledger);
	rg_held_free(&s->held);
	rg_flow_clients_free(&s->flows);
}

/* ---- what can be worked out of one ---- */

bool rg_snapshot_has(const struct rg_snapshot *s, __u32 slot)
{
	return slot != RG_CANARY_SLOT && slot < RG_MAX_GATES && s->gates[slot].netns;
}

/* Never return a negative duration for a fact written after the clock was read. */
static __u64 since(__u64 from_ns, __u64 now_ns)
{
	return now_ns > from_ns ? now_ns - from_ns : 0;
}

__u64 rg_closed_for_ns(const struct rg_gate *g, __u64 now_ns)
{
	struct rg_view v = rg_gate_view(g, now_ns);

	if (v.state == RG_STATE_OPEN)
		return 0;
	/* From closed to grace to settling no application was let in, unless max-hold had opened
	 * the gate before knfsd came (rg_view_kept_out()). */
	if (v.state == RG_STATE_CLOSED ||
	    g->knfsd_start_ns >= g->closed_ns + g->policy.max_hold_s * RG_NS_PER_SEC)
		return since(v.state == RG_STATE_CLOSED ? v.since_ns : g->knfsd_start_ns, now_ns);
	return since(g->closed_ns, now_ns);
}

struct rg_grace rg_grace_of(const struct rg_gate *g, const struct rg_flow_storm *storm,
			    __u64 now_ns)
{
	struct rg_grace grace = {.active = g->knfsd == RG_KNFSD_GRACE,
				 .length_ns = storm->grace_ns};

	if (!grace.active)
		return grace;
	grace.elapsed_ns = since(g->knfsd_start_ns, now_ns);
	if (grace.length_ns > grace.elapsed_ns)
		grace.left_ns = grace.length_ns - grace.elapsed_ns;
	return grace;
}

static void sum_up(struct rg_ledger_sum *sum, const struct rg_client *c)
{
	bool counted = rg_client_is_counted(c);

	if (c->state < RG_NR_CLIENT_STATES)
		sum->in[c->state]++;
	if (counted)
		sum->locks += c->locks;
	else if (c->state != RG_CLIENT_GONE)
		sum->uncounted++;
	if (c->state == RG_CLIENT_AWAITED && c->expected != RG_LOCKS_UNKNOWN) {
		sum->awaited_expected += c->expected;
		if (counted)
			sum->awaited_locks += c->locks < c->expected ? c->locks : c->expected;
	}
}

struct rg_ledger_sum rg_ledger_sum_of(const struct rg_snapshot *s, __u32 slot)
{
	struct rg_ledger_sum sum = {};

	for (__u32 i = 0; i < s->ledger.n; i++) {
		if (s->ledger.keys[i].slot != slot)
			continue;
		if (s->ledger.clients[i].generation == rg_client_generation(&s->gates[slot]))
			sum_up(&sum, &s->ledger.clients[i]);
		else
			sum.absent++;
	}
	return sum;
}
