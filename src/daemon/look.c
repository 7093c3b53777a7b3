// SPDX-License-Identifier: GPL-2.0-only
/* One look at every gate, at each heartbeat and event. */
#include <sys/timerfd.h>

#include "base/names.h"
#include "daemon/daemon.h"
#include "load/modules.h"
#include "load/programs.h"
#include "load/progs.h"
#include "pins/doors.h"
#include "pins/flows.h"
#include "pins/gates.h"
#include "pins/settle.h"
#include "pins/wrappers.h"
#include "policy/exempt.h"
#include "state/origin.h"
#include "state/writer.h"

/* Report a disk that has not answered for this long. */
#define DISK_WAITS_S 5

static void beat_meanwhile(void *at)
{
	struct rg_daemon *d = at;

	rg_daemon_beat(d);
	/* Set the heartbeat meanwhile: continuing thousands takes long, and `disable` may wait
	 * for us. */
	rg_mend_take(&d->mend, &d->p);
}

static void say_change(const struct rg_gate *g, const struct rg_view *v, unsigned int continued)
{
	if (v->why == RG_WHY_TIMED_OUT)
		rg_warn("gate of network namespace %u: open (timed out): knfsd was not done within "
			"max-hold (%u s), end clients may lose their locks; %u held continued",
			g->netns, (unsigned int)g->policy.max_hold_s, continued);
	else
		rg_info("gate of network namespace %u: %s: %s; %u held continued", g->netns,
			rg_state_name(v->state), rg_why_text(v->why), continued);
}

/* Attaches and detaches doors. Does not wait for the lock: tries again next time. */
static void adjust_doors(struct rg_daemon *d, const struct rg_gate *gates)
{
	__u32 wanted = rg_doors_wanted(gates, rg_now_ns()), changed;

	if (wanted == rg_doors_attached() || rg_pins_lock(&d->p, RG_LOCK_EXCLUSIVE_NOW, false))
		return;
	rg_doors_adjust(&d->p, &changed);
	rg_pins_unlock(&d->p);
}

/* Warns that nfsd was loaded again without a notice to us, and that this process has dropped the
 * privileges to attach. */
static void look_at_modules(struct rg_daemon *d, const struct rg_gate *gates)
{
	__u32 netns = rg_modules_missed(&d->p);

	if (rg_modules_may_see(&d->p, gates) &&
	    !rg_pins_lock(&d->p, RG_LOCK_EXCLUSIVE_NOW, false)) {
		rg_modules_see_again(&d->p);
		rg_pins_unlock(&d->p);
	}
	if (netns && !d->said_missed)
		rg_warn("gate of network namespace %u: knfsd has started, and what follows it "
			"in " RG_NFSD " is not attached: it opens late, or by max-hold; run "
			"`reexport-guard modules follow`",
			netns);
	d->said_missed = netns != 0;
}

static void handle_origins(struct rg_daemon *d, const struct rg_gate *gates)
{
	for (int i = RG_CANARY_SLOT + 1; i < RG_MAX_GATES; i++) {
		if (!gates[i].netns || gates[i].origin_no_grace_ns == d->origin_no_grace[i])
			continue;
		d->origin_no_grace[i] = gates[i].origin_no_grace_ns;
		rg_origin_no_grace(&gates[i]);
	}
}

/* Reports once that calls passed without a door while a gate was closed. */
static void handle_skipped(struct rg_daemon *d, bool closed)
{
	__u64 passed = rg_progs_passed(&d->p);

	if (closed && passed > d->passed && !d->said_passed) {
		rg_warn("%llu calls of this host's applications were not asked about, as another "
			"thread was preempted within our program: a closed gate may have let them "
			"in; run `reexport-guard check`",
			(unsigned long long)(passed - d->passed));
		d->said_passed = true;
	}
	d->passed = passed;
}

/* Do this only now and then, since there may be thousands. */
static void look_at_held(struct rg_daemon *d, __u64 now_ns)
{
	int err;

	if (now_ns < d->held_due_ns || !rg_held_any(&d->p))
		return;
	d->held_due_ns = now_ns + 5 * RG_HEARTBEAT_NS;
	if (rg_held_can_continue(&d->p))
		return;
	err = rg_held_drop_exited(&d->p);
	if (err)
		rg_warn("records of threads that have ended could not be taken away: %s; trying "
			"again",
			rg_strerror(err));
}

/* Sets when to look again. */
static void set_alarm(struct rg_daemon *d, __u64 at_ns)
{
	struct itimerspec alarm = {};

	/* A timer of 0 would be off. */
	alarm.it_value.tv_sec = (time_t)((at_ns + 1) / RG_NS_PER_SEC);
	alarm.it_value.tv_nsec = (long)((at_ns + 1) % RG_NS_PER_SEC);
	timerfd_settime(d->timer_fd, TFD_TIMER_ABSTIME, &alarm, NULL);
}

/* Report it: the state on disk gets old, but no gate depends on it. */
static void handle_disk(struct rg_daemon *d)
{
	unsigned int waits_s = rg_writer_waits_s(), failed = rg_writer_failed();

	d->p.live->writes_failed += failed - d->writes_failed;
	d->p.live->disk_waits_s = waits_s;
	d->writes_failed = failed;
	if (waits_s >= DISK_WAITS_S && !d->said_disk)
		rg_warn("state and metrics: the disk has not answered for %u s: what is kept for "
			"the "
			"time after a reboot gets out of date; the gates go on",
			waits_s);
	d->said_disk = waits_s >= DISK_WAITS_S;
}

/* Read the losses only once a second, since no kprobe runs during bpf(2) (base/read_map.h). */
static void look_at_recorder(struct rg_daemon *d, const struct rg_gate *gates, __u64 now_ns)
{
	struct rg_flow_totals totals;

	if (now_ns >= d->recorder_due_ns && d->recorder.writer) {
		d->recorder_due_ns = now_ns + RG_NS_PER_SEC;
		d->lost = d->alarm.ring.ring ? rg_tracer_lost(&d->alarm.ring) : 0;
		d->lost += rg_role_lost(&d->role);
		rg_role_look(&d->role, &d->alarm.ring, now_ns, rg_daemon_record, d);
		if (rg_flow_totals_read(&d->p, &totals) == 0)
			d->failures = totals.failed - d->failed_before;
		rg_recorder_untraced(&d->recorder, rg_traces_missing());
	}
	rg_recorder_losses(&d->recorder, &d->keep.follow.losts);
	rg_recorder_look(&d->recorder, gates, now_ns, d->lost, d->failures);
	__atomic_store_n(&d->p.live->recorder, rg_recorder_state(&d->recorder), __ATOMIC_RELAXED);
	__atomic_store_n(&d->p.live->unrecorded, d->recorder.dropped, __ATOMIC_RELAXED);
}

/* Follows updates that replace exempt executables. Does not wait for the lock: tries again next
 * time. */
static void follow_exempt(struct rg_daemon *d, __u64 now_ns)
{
	struct rg_mounts mounts = {};
	int added;

	if (now_ns < d->exempt_due_ns)
		return;
	d->exempt_due_ns = now_ns + 5 * RG_HEARTBEAT_NS;
	added = rg_mounts_read("/proc/self/mountinfo", &mounts);
	added = added ?: rg_exempt_follow(&d->p, &mounts, false);
	if (added > 0 && rg_pins_lock(&d->p, RG_LOCK_EXCLUSIVE_NOW, false) == 0) {
		added = rg_exempt_follow(&d->p, &mounts, true);
		rg_pins_unlock(&d->p);
		if (added > 0)
			rg_info("%d executables that are exempt were replaced or installed: the "
				"new ones are exempt as well",
				added);
	}
	rg_mounts_free(&mounts);
	if (added < 0 && !d->said_exempt)
		rg_warn("exempt programs: those that were replaced cannot be followed: %s; run "
			"`reexport-guard policy reload`",
			rg_strerror(added));
	d->said_exempt = added < 0;
}

/* A gate goes with its network namespace: the kernel gives the number of it to another one. */
static void end_gates_of_the_gone(const struct rg_pins *p, const struct rg_gate *gates)
{
	for (__u32 i = RG_CANARY_SLOT + 1; i < RG_MAX_GATES; i++) {
		struct rg_control c = {.op = RG_OP_GONE, .slot = i};

		if (gates[i].netns && rg_control(p, &c) > 0)
			rg_info("network namespace %u: is gone, and its gate with it",
				gates[i].netns);
	}
}

void rg_daemon_look(struct rg_daemon *d)
{
	struct rg_gate gates[RG_MAX_GATES];
	__u64 now_ns = rg_now_ns(), next_ns = now_ns + RG_HEARTBEAT_NS;
	struct rg_continued done = {.meanwhile = beat_meanwhile, .arg = d};
	bool open = false, closed = false;
	int err;

	rg_daemon_beat(d);
	/* Set the timer first, so that the daemon looks again whatever fails below. */
	set_alarm(d, next_ns);
	rg_alarm_hear(&d->alarm);
	if (rg_gates_read(&d->p, gates))
		return;
	rg_count_locks_tick(&d->p, gates, now_ns, &d->count_due_ns);
	rg_settle(&d->p, gates, now_ns, &next_ns);
	rg_lockd_grace_tick(&d->lockd_grace, &d->p, gates);
	end_gates_of_the_gone(&d->p, gates);
	if (rg_gates_read(&d->p, gates))
		return;
	now_ns = rg_now_ns();
	for (int i = RG_CANARY_SLOT + 1; i < RG_MAX_GATES; i++) {
		struct rg_view v = rg_gate_view(&gates[i], now_ns);

		if (!gates[i].netns)
			continue;
		open |= v.state == RG_STATE_OPEN;
		closed |= v.state != RG_STATE_OPEN;
		if (v.until_ns && v.until_ns < next_ns)
			next_ns = v.until_ns;
	}
	if ((open || d->classified) && rg_held_any(&d->p)) {
		err = rg_held_continue(&d->p, false, &done);
		if (err)
			rg_warn("held processes could not all be continued: %s; trying again",
				rg_strerror(err));
		rg_daemon_beat(d);
	}
	d->classified = false;
	err = rg_wrappers_continue(&d->p, &done);
	if (err)
		rg_warn("processes that stopped because of a hold could not be read: %s; trying "
			"again",
			rg_strerror(err));
	look_at_held(d, now_ns);
	for (int i = RG_CANARY_SLOT + 1; i < RG_MAX_GATES; i++) {
		struct rg_view v = rg_gate_view(&gates[i], now_ns);
		__u32 shown = gates[i].netns ? 1 + v.state : 0;

		if (shown != d->states[i])
			d->status_line.due_ns = 0;
		if (shown && shown != d->states[i])
			say_change(&gates[i], &v, done.continued);
		d->states[i] = shown;
	}
	if (done.left_stopped)
		rg_info("%u not continued: another process has stopped them as well",
			done.left_stopped);
	adjust_doors(d, gates);
	look_at_modules(d, gates);
	handle_origins(d, gates);
	handle_skipped(d, closed);
	look_at_recorder(d, gates, now_ns);
	handle_disk(d);
	follow_exempt(d, now_ns);
	rg_keep_tick(&d->keep, &d->p, gates, now_ns);
	rg_metrics_file_tick(&d->metrics, &d->p, d->keep.budget, now_ns);
	rg_status_line_tick(&d->status_line, &d->p, now_ns);
	set_alarm(d, next_ns);
}
