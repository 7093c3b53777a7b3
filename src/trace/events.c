// SPDX-License-Identifier: GPL-2.0-only
/* Reads what `trace` prints: the records of its ring, changes of gates, lost records and locks. */
#include "trace/parts.h"

#include <stdio.h>
#include <string.h>

#include <bpf/bpf.h>

#include "pins/flows.h"
#include "state/lost_file.h"

/* ---- the clocks, the mounts, the terminal ---- */

/* Read both clocks again, since the wall clock may be set at any time. */
void rg_trace_read_clocks(struct trace *t)
{
	__u64 before_ns = clock_ns(CLOCK_BOOTTIME), wall_ns = clock_ns(CLOCK_REALTIME),
	      after_ns = clock_ns(CLOCK_BOOTTIME);

	t->around.wall_offset_ns = (__s64)(wall_ns - before_ns - (after_ns - before_ns) / 2);
}

void rg_trace_read_mounts(struct trace *t)
{
	struct rg_mounts mounts;

	t->mounts_may_be_read = false;
	if (rg_mounts_read("/proc/self/mountinfo", &mounts))
		return; /* as they were before */
	rg_mountpoints_of(&mounts, &t->mounts);
	rg_mounts_free(&mounts);
}

static void learn_mount(struct trace *t, const struct rg_record *r)
{
	if (t->mounts_may_be_read && r->dev && r->path[0] &&
	    !rg_mountpoint_find(&t->mounts, r->dev))
		rg_trace_read_mounts(t);
}

/* ---- records ---- */

static void emit(struct trace *t, const struct rg_record *r)
{
	char line[RG_RECORD_JSON_MAX];
	size_t n;

	t->recovery |= rg_claim_is_reclaim(r->claim) || r->op == RG_REC_GRACE_START;
	t->downgraded |= rg_record_is_downgrade(r);
	learn_mount(t, r);
	if (!rg_filter_wants(&t->request.filter, r))
		return;
	t->events++;
	t->downgrades += rg_record_is_downgrade(r);
	if (t->to_json || t->recording.open) {
		n = rg_record_json(r, &t->around, &t->json_second, line, sizeof(line));
		rg_trace_write_json(t, line, n);
	}
	if (t->to_text) {
		n = rg_record_text(r, &t->around, &t->style, &t->text_second, line, sizeof(line));
		rg_trace_print(t, line, n);
	}
	if (t->events == t->request.count)
		stop_now(t, "count");
}
_Static_assert(RG_RECORD_TEXT_MAX <= RG_RECORD_JSON_MAX, "one buffer for both");

int rg_trace_on_record(void *arg, const struct rg_record *r)
{
	struct trace *t = arg;

	emit(t, r);
	return t->over || ++t->batch >= BATCH;
}

int rg_trace_on_made(void *arg, const struct rg_record *r)
{
	struct trace *t = arg;

	if (!t->over)
		emit(t, r);
	return 0;
}

void rg_trace_consume(struct trace *t)
{
	int n;

	t->batch = 0;
	if (t->over)
		return;
	n = rg_tracer_consume(&t->ring);
	if (n >= 0)
		return;
	t->status = rg_error(RG_FAILED, "ring of records: cannot be read: %s", rg_strerror(n));
	stop_now(t, NULL);
}

/* Returns how often tracing programs failed since this began (no memory for a thread's storage,
 * a failed helper). An unreadable counter counts as one. */
static __u64 failures_now(const struct trace *t)
{
	struct rg_flow_totals totals;

	if (!t->guard)
		return 0;
	if (rg_flow_totals_read(&t->p, &totals))
		return t->failures ?: 1;
	return totals.failed - t->failed_before;
}

void rg_trace_look_at_lost(struct trace *t)
{
	__u64 lost = rg_tracer_lost(&t->ring) + rg_role_lost(&t->role), failures = failures_now(t),
	      more;
	struct rg_record r = {.op = RG_REC_LOST, .time_ns = rg_now_ns()};

	if (lost <= t->lost && failures <= t->failures)
		return;
	more = failures > t->failures ? failures - t->failures : 0;
	r.value = lost > t->lost ? lost - t->lost : 0;
	r.expected = more > ~0U ? ~0U : (__u32)more;
	t->lost += r.value;
	t->failures += more;
	if (!t->over)
		emit(t, &r);
}

/* ---- gates ---- */

static void look_at_gate(struct trace *t, __u32 slot, __u64 now_ns)
{
	struct rg_gate gate = {};
	struct rg_record r;

	if (bpf_map_lookup_elem(t->p.map_fd[RG_MAP_GATES], &slot, &gate) < 0)
		gate.netns = 0;
	if (rg_gate_event(&t->gates[slot], &gate, now_ns, &r, &t->gates_change_ns) && !t->over)
		emit(t, &r);
}

/* Reads the known gates, and once a second all of them, to find new ones. */
void rg_trace_look_at_gates(struct trace *t, bool all)
{
	__u64 now_ns = rg_now_ns();

	t->gates_change_ns = 0;
	if (!t->guard)
		return;
	for (__u32 slot = RG_CANARY_SLOT + 1; slot < RG_MAX_GATES; slot++)
		if (all || t->gates[slot].there)
			look_at_gate(t, slot, now_ns);
}

/* ---- what was lost ---- */

static void tell_lost(struct trace *t, const struct rg_lost *l, struct rg_lost_reported *last)
{
	struct rg_lost_when when = {.wall_ns = clock_ns(CLOCK_REALTIME), .boot_ns = rg_now_ns()};
	char line[RG_LOST_LINE_MAX];

	if (!rg_lost_is_news(l, last))
		return;
	rg_trace_write_json(t, line, rg_lost_line(l, &when, line, sizeof(line)));
	for (size_t i = 0; i < l->n && !t->over; i++)
		if (l->locks[i].why != RG_LOST_NOT)
			rg_trace_write_json(t, line,
					    rg_lost_lock_line(l, i, &when, line, sizeof(line)));
}

/* Read what the daemon found out and wrote (state/lost.h). */
void rg_trace_look_at_losses(struct trace *t)
{
	struct rg_gate gates[RG_MAX_GATES];
	char path[RG_PATH_SIZE + 16];
	struct rg_losts all;
	struct rg_meta meta;
	struct stat st;

	if (t->over || !t->guard || !(t->to_json || t->recording.open) ||
	    rg_pins_meta(&t->p, &meta) < 0)
		return;
	meta.state_dir[sizeof(meta.state_dir) - 1] = '\0';
	snprintf(path, sizeof(path), "%s/%s", meta.state_dir, RG_LOST_FILE);
	if (stat(path, &st) < 0 ||
	    (st.st_ino == t->lost_file.st_ino && st.st_size == t->lost_file.st_size &&
	     st.st_mtim.tv_sec == t->lost_file.st_mtim.tv_sec &&
	     st.st_mtim.tv_nsec == t->lost_file.st_mtim.tv_nsec))
		return;
	t->lost_file = st;
	if (rg_gates_read(&t->p, gates) ||
	    rg_losts_load(meta.state_dir, t->init_netns, t->boot_id, t->set, gates, &all))
		return;
	for (int slot = 0; slot < RG_MAX_GATES; slot++)
		if (all.at[slot])
			tell_lost(t, all.at[slot], &t->last_lost[slot]);
	rg_losts_free(&all);
}
