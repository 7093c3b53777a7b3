// SPDX-License-Identifier: GPL-2.0-only
/* The daemon. Our programs open and close gates without it. It does what they cannot: continues
 * stopped processes, classifies new mounts, attaches and detaches doors, and keeps on disk what the
 * time after a reboot needs. Everything else is in the pinned maps, so it may die at any moment. */
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <cap-ng.h>
#include <libmount.h>
#include <systemd/sd-daemon.h>

#include "cli/verbs.h"
#include "record/alarm.h"
#include "record/recorder.h"
#include "record/role.h"
#include "load/programs.h"
#include "pins/doors.h"
#include "pins/flows.h"
#include "mounts/classify.h"
#include "mounts/exports.h"
#include "pins/gates.h"
#include "pins/wrappers.h"
#include "state/keep.h"
#include "metrics/metrics_file.h"
#include "metrics/status_line.h"
#include "load/mend.h"
#include "load/modules.h"
#include "base/names.h"
#include "base/netns.h"
#include "state/origin.h"
#include "state/writer.h"
#include "load/progs.h"
#include "policy/exempt.h"
#include "policy/rules.h"
#include "pins/settle.h"

#define ONE_DAEMON "/run/reexport-guard.lock"
/* Report a disk that has not answered for this long. */
#define DISK_WAITS_S 5
/* Longest wait at the end for unfinished writes, seconds. */
#define LAST_WRITES_S 5

struct daemon {
	struct rg_pins p;
	ino_t pinned_ino; /* id of map_meta, by which another set is noticed */
	struct ring_buffer *ring;
	struct libmnt_monitor *mounts;
	int epoll_fd, signal_fd, timer_fd, mounts_fd, ring_fd;
	int pins_fd; /* inotify on the pin directory, for added and removed pins */
	struct rg_mend mend;
	unsigned int writes_failed; /* the last count */
	__u64 mend_due_ns;	    /* when to look at the pins again */
	bool said_gone;		    /* reported that a pin cannot be put back */
	int only_fd;		    /* locked while this daemon runs */
	struct rg_keep keep;
	struct rg_alarm alarm;
	struct rg_role role; /* recorded as well, if it is enabled */
	struct rg_recorder recorder;
	/* When to read the losses of the tracer, and the last result; failures since this daemon
	 * began. */
	__u64 recorder_due_ns, lost, failures, failed_before;
	struct rg_metrics_file metrics;
	__u32 states[RG_MAX_GATES];	     /* the last message in the log */
	__u64 origin_no_grace[RG_MAX_GATES]; /* the last one that was acted upon, ns */
	__u64 exports;			     /* rg_exports_stamp_here() when the rules were made */
	bool classify_due; /* mounts changed while other processes worked on the set */
	bool classified;   /* the held must be looked at again */
	bool stop;
	__u64 count_due_ns; /* when to count end clients' locks again */
	__u64 held_due_ns;  /* when to look for exited held threads again */
	__u64 passed;	    /* number of calls for which no door ran */
	bool said_passed;
	bool said_missed;    /* reported that a start of knfsd went unseen */
	bool said_disk;	     /* reported that a disk does not answer */
	bool said_exempt;    /* reported that new executables cannot be exempted */
	__u64 exempt_due_ns; /* when to look for exempt executables again */
	struct rg_status_line status_line;
	int status; /* enum rg_exit, the daemon's result */
};

/* ---- what it does ---- */

static void beat(struct daemon *d)
{
	__atomic_store_n(&d->p.live->daemon_pid, (__u32)getpid(), __ATOMIC_RELAXED);
	__atomic_store_n(&d->p.live->heartbeat_ns, rg_now_ns(), __ATOMIC_RELAXED);
	sd_notify(0, "WATCHDOG=1");
}

static void beat_meanwhile(void *at)
{
	struct daemon *d = at;

	beat(d);
	/* Set the heartbeat meanwhile: continuing thousands takes long, and `disable` may wait
	 * for us. */
	rg_mend_heed(&d->mend, &d->p);
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
static void adjust_doors(struct daemon *d, const struct rg_gate *gates)
{
	__u32 wanted = rg_doors_wanted(gates, rg_now_ns()), changed;

	if (wanted == rg_doors_attached() || rg_pins_lock(&d->p, RG_LOCK_EXCLUSIVE_NOW, false))
		return;
	rg_doors_adjust(&d->p, &changed);
	rg_pins_unlock(&d->p);
}

/* Warns that nfsd was loaded again without a notice to us, and that this process has dropped the
 * privileges to attach. */
static void look_at_modules(struct daemon *d, const struct rg_gate *gates)
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

static void handle_origins(struct daemon *d, const struct rg_gate *gates)
{
	for (int i = RG_CANARY_SLOT + 1; i < RG_MAX_GATES; i++) {
		if (!gates[i].netns || gates[i].origin_no_grace_ns == d->origin_no_grace[i])
			continue;
		d->origin_no_grace[i] = gates[i].origin_no_grace_ns;
		rg_origin_no_grace(&gates[i]);
	}
}

/* Reports once that calls passed without a door while a gate was closed. */
static void handle_skipped(struct daemon *d, bool closed)
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
static void look_at_held(struct daemon *d, __u64 now_ns)
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
static void set_alarm(struct daemon *d, __u64 at_ns)
{
	struct itimerspec alarm = {};

	/* A timer of 0 would be off. */
	alarm.it_value.tv_sec = (time_t)((at_ns + 1) / RG_NS_PER_SEC);
	alarm.it_value.tv_nsec = (long)((at_ns + 1) % RG_NS_PER_SEC);
	timerfd_settime(d->timer_fd, TFD_TIMER_ABSTIME, &alarm, NULL);
}

/* Report it: the state on disk gets old, but no gate depends on it. */
static void handle_disk(struct daemon *d)
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

static int record(void *arg, const struct rg_record *r)
{
	rg_recorder_add(arg, r);
	return 0;
}

/* Read the losses only once a second, since no kprobe runs during bpf(2) (base/read_map.h). */
static void look_at_recorder(struct daemon *d, const struct rg_gate *gates, __u64 now_ns)
{
	struct rg_flow_totals totals;

	if (now_ns >= d->recorder_due_ns && d->recorder.writer) {
		d->recorder_due_ns = now_ns + RG_NS_PER_SEC;
		d->lost = d->alarm.ring.ring ? rg_tracer_lost(&d->alarm.ring) : 0;
		d->lost += rg_role_lost(&d->role);
		rg_role_look(&d->role, &d->alarm.ring, now_ns, record, &d->recorder);
		if (rg_flow_totals_read(&d->p, &totals) == 0)
			d->failures = totals.failed - d->failed_before;
	}
	rg_recorder_losses(&d->recorder, &d->keep.follow.losts);
	rg_recorder_look(&d->recorder, gates, now_ns, d->lost, d->failures);
	__atomic_store_n(&d->p.live->recorder, rg_recorder_state(&d->recorder), __ATOMIC_RELAXED);
	__atomic_store_n(&d->p.live->unrecorded, d->recorder.dropped, __ATOMIC_RELAXED);
}

/* Follows updates that replace exempt executables. Does not wait for the lock: tries again next
 * time. */
static void follow_exempt(struct daemon *d, __u64 now_ns)
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

/* Looks at every gate: continues the held, logs changes, and sets the timer for the next change
 * that comes by time. */
static void look(struct daemon *d)
{
	struct rg_gate gates[RG_MAX_GATES];
	__u64 now_ns = rg_now_ns(), next_ns = now_ns + RG_HEARTBEAT_NS;
	struct rg_continued done = {.meanwhile = beat_meanwhile, .arg = d};
	bool open = false, closed = false;
	int err;

	beat(d);
	/* Set the timer first, so that the daemon looks again whatever fails below. */
	set_alarm(d, next_ns);
	rg_alarm_hear(&d->alarm);
	if (rg_gates_read(&d->p, gates))
		return;
	rg_count_locks_tick(&d->p, gates, now_ns, &d->count_due_ns);
	rg_settle(&d->p, gates, now_ns, &next_ns);
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
		beat(d);
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

/* Makes the rules again after a change of the exports. */
static int refresh_rules(struct daemon *d, struct rg_rules *rules, __u32 slot, __u64 stamp)
{
	int err = rg_rules_refresh(rules, slot);

	/* Try again only after another change: it would fail each second. */
	d->exports = stamp;
	if (err)
		rg_warn("exports: not all could be read: %s; what was exported before stays "
			"guarded",
			rg_strerror(err));
	return rg_rules_write(&d->p, rules, slot);
}

/* Classifies mounts after a change of mounts or exports, for the gate of this network namespace
 * only: the mount table does not show others. */
static int classify(struct daemon *d)
{
	struct rg_mounts mounts = {};
	struct rg_rules rules = {};
	struct rg_gate gate;
	/* Do not wait for the lock: `enable` may hold it longer than a heartbeat lasts. */
	int slot, err = rg_pins_lock(&d->p, RG_LOCK_EXCLUSIVE_NOW, false);
	__u64 stamp;
	__u32 at;

	d->classify_due = err != 0;
	if (err)
		return err;
	slot = rg_gate_slot(&d->p, rg_netns_self());
	at = (__u32)slot;
	if (slot >= 0 && bpf_map_lookup_elem(d->p.map_fd[RG_MAP_GATES], &at, &gate) == 0) {
		err = rg_rules_of(&d->p, at, &rules);
		err = err ?: rg_mounts_read("/proc/self/mountinfo", &mounts);
		/* Apply the present rules first, since exportfs may take long. */
		err = err
			      ?: rg_classify(&d->p, &mounts, rules.at, rules.n, at,
					     gate.policy.mount_mode);
		stamp = rg_exports_stamp_here();
		if (!err && gate.policy.mount_mode == RG_MOUNT_MODE_EXPORTS &&
		    stamp != d->exports) {
			err = refresh_rules(d, &rules, at, stamp);
			err = err
				      ?: rg_classify(&d->p, &mounts, rules.at, rules.n, at,
						     gate.policy.mount_mode);
		}
		if (!err)
			rg_recorder_mounts(&d->recorder, &mounts);
		rg_mounts_free(&mounts);
		rg_rules_free(&rules);
	}
	rg_pins_unlock(&d->p);
	d->classified = true;
	if (err)
		rg_warn("mounts could not be classified: %s; new ones stay guarded",
			rg_strerror(err));
	return err;
}

/* Says whether a gate here goes by exports that have changed since its rules were made. */
static bool exports_changed(const struct daemon *d)
{
	int slot = rg_gate_slot(&d->p, rg_netns_self());
	__u32 at = (__u32)slot;
	struct rg_gate gate;

	return slot >= 0 && bpf_map_lookup_elem(d->p.map_fd[RG_MAP_GATES], &at, &gate) == 0 &&
	       gate.policy.mount_mode == RG_MOUNT_MODE_EXPORTS &&
	       rg_exports_stamp_here() != d->exports;
}

/* ---- adopting ---- */

static int on_event(void *ctx, void *data, size_t size)
{
	(void)ctx;
	(void)data;
	(void)size;
	return 0; /* events only wake the daemon; the gates have the facts */
}

static ino_t pinned_now(void)
{
	struct stat st;
	char path[256];

	return stat(rg_pin_path(path, rg_pin_of_map(RG_MAP_META)), &st) == 0 ? st.st_ino : 0;
}

static int watch_fd(struct daemon *d, int fd)
{
	struct epoll_event e = {.events = EPOLLIN, .data.fd = fd};

	return epoll_ctl(d->epoll_fd, EPOLL_CTL_ADD, fd, &e) < 0 ? -errno : 0;
}

/* Go on without the recorder, on which no gate depends. */
static void start_recorder(struct daemon *d)
{
	char file[RG_PATH_SIZE + sizeof(RG_RECORDER_FILE) + 1];
	struct rg_flow_totals totals;
	struct rg_header header = {};
	struct rg_meta meta;

	d->recorder_due_ns = d->lost = d->failures = d->failed_before = 0;
	if (rg_pins_meta(&d->p, &meta) || !meta.record)
		return;
	meta.state_dir[sizeof(meta.state_dir) - 1] = '\0';
	snprintf(file, sizeof(file), "%s/%s", meta.state_dir, RG_RECORDER_FILE);
	rg_header_fill(&header, &d->p);
	header.untraced = rg_traces_missing();
	if (rg_flow_totals_read(&d->p, &totals) == 0)
		d->failed_before = totals.failed;
	if (rg_recorder_open(&d->recorder, file, (__u64)meta.record_mib << 20, &header))
		rg_warn("nothing is recorded for `report`: out of memory");
}

/* Without inotify the daemon looks at the directory each second. */
static void watch_pins(const struct daemon *d)
{
	inotify_add_watch(d->pins_fd, RG_PIN_DIR,
			  IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_ONLYDIR);
}

/* p stays open and locked until the daemon has its place among the tracers. */
static int adopt(struct daemon *d)
{
	int err, alarm;

	d->pinned_ino = pinned_now();
	d->role = rg_role_none;
	watch_pins(d);
	rg_mend_start(&d->mend, &d->p);
	beat(d);
	alarm = rg_alarm_open(&d->alarm, &d->p, record, &d->recorder);
	rg_pins_unlock(&d->p);
	d->ring = ring_buffer__new(d->p.map_fd[RG_MAP_EVENTS], on_event, d, NULL);
	if (!d->ring)
		return rg_error(RG_FAILED, "map events: cannot be read: %s", rg_strerror(errno));
	d->ring_fd = ring_buffer__epoll_fd(d->ring);
	if (watch_fd(d, d->ring_fd))
		return rg_error(RG_FAILED, "map events: cannot be watched: %s", rg_strerror(errno));
	err = alarm ?: watch_fd(d, rg_alarm_fd(&d->alarm));
	if (err) /* the gate works without it */
		rg_warn("downgrades will not be said here: no place among the tracers: %s",
			rg_strerror(err));
	d->exports = 0;
	d->passed = rg_progs_passed(&d->p);
	d->said_passed = false;
	rg_keep_start(&d->keep, &d->p);
	if (!alarm)
		start_recorder(d);
	rg_metrics_file_start(&d->metrics, &d->p);
	return RG_DONE;
}

static void let_go(struct daemon *d, const char *reason)
{
	/* Do this first: `disable` waits for it. */
	rg_mend_end(&d->mend);
	if (d->ring) {
		epoll_ctl(d->epoll_fd, EPOLL_CTL_DEL, d->ring_fd, NULL);
		ring_buffer__free(d->ring);
	}
	d->ring = NULL;
	if (rg_alarm_fd(&d->alarm) >= 0)
		epoll_ctl(d->epoll_fd, EPOLL_CTL_DEL, rg_alarm_fd(&d->alarm), NULL);
	rg_alarm_hear(&d->alarm);
	rg_role_leave(&d->role);
	rg_alarm_close(&d->alarm);
	if (!rg_recorder_close(&d->recorder, reason, LAST_WRITES_S))
		rg_warn("the recording of the last recovery is not whole: the disk did not take "
			"all of it");
	rg_keep_free(&d->keep);
	rg_pins_close(&d->p);
}

/* Puts back pins that were removed or replaced by others than our verbs. */
static void mend(struct daemon *d)
{
	__u64 now_ns = rg_now_ns();
	struct rg_mended done;

	if (now_ns < d->mend_due_ns)
		return;
	d->mend_due_ns = now_ns + RG_HEARTBEAT_NS;
	done = rg_mend(&d->mend, &d->p);
	if (done.n) {
		rg_warn("%s/%s: somebody removed or replaced it, and %u pins in all: pinned again; "
			"the programs were attached all the time, so no caller passed",
			RG_PIN_DIR, done.first, done.n);
		d->pinned_ino = d->mend.maps[RG_MAP_META];
		watch_pins(d);
	}
	if (done.failed && !d->said_gone)
		rg_warn("%s/%s: somebody removed or replaced it, and it cannot be pinned again: "
			"%s; "
			"it is attached as long as this daemon runs; run `reexport-guard enable`",
			RG_PIN_DIR, done.failed, rg_strerror(done.err));
	d->said_gone = done.failed != NULL;
}

/* The set was disabled, or disabled and enabled again. */
static void look_at_pins(struct daemon *d)
{
	ino_t now = pinned_now();

	if (now == d->pinned_ino)
		return;
	d->mend_due_ns = 0;
	mend(d);
	now = pinned_now();
	/* Only a pin was removed: it is put back once the lock is free. */
	if (now == d->pinned_ino || rg_mend_heed(&d->mend, &d->p))
		return;
	let_go(d, "disabled");
	if (!now) {
		rg_info("disabled by another process: nothing left to do");
		d->stop = true;
		return;
	}
	rg_info("enabled anew by another process: adopting");
	d->status = rg_pins_open_enabled(&d->p, RG_LOCK_EXCLUSIVE) ?: adopt(d);
	d->stop = d->status != RG_DONE;
}

/* ---- the loop ---- */

static void on_signal(struct daemon *d)
{
	struct signalfd_siginfo info;
	struct timespec now;

	while (read(d->signal_fd, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo != SIGHUP) {
			d->stop = true;
			continue;
		}
		clock_gettime(CLOCK_MONOTONIC, &now);
		sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%llu",
			   (unsigned long long)now.tv_sec * 1000000 +
				   (unsigned long long)now.tv_nsec / 1000);
		if (!classify(d))
			rg_info("reloaded: mounts classified anew");
		sd_notify(0, "READY=1");
	}
}

static void heed_pins(struct daemon *d)
{
	char events[4096] __attribute__((aligned(__alignof__(struct inotify_event))));

	while (read(d->pins_fd, events, sizeof(events)) > 0)
		d->mend_due_ns = 0;
}

static void serve(struct daemon *d)
{
	while (!d->stop) {
		struct epoll_event events[4];
		uint64_t expired;
		int n = epoll_wait(d->epoll_fd, events, 4, -1);
		bool look_again = false;

		if (n < 0 && errno != EINTR) {
			d->status = rg_error(RG_FAILED, "epoll_wait: %s", rg_strerror(errno));
			return;
		}
		for (int i = 0; i < n; i++) {
			int fd = events[i].data.fd;

			if (fd == rg_alarm_fd(&d->alarm)) { /* there may be a storm of records */
				rg_alarm_hear(&d->alarm);
				continue;
			}
			look_again = true;
			if (fd == d->signal_fd) {
				on_signal(d);
			} else if (fd == d->timer_fd) {
				if (read(fd, &expired, sizeof(expired)) < 0 && errno != EAGAIN)
					rg_warn("timer: %s", rg_strerror(errno));
			} else if (fd == d->pins_fd) {
				heed_pins(d);
			} else if (fd == d->mounts_fd) {
				while (mnt_monitor_next_change(d->mounts, NULL, NULL) == 0)
					;
				classify(d);
			} else if (d->ring) {
				ring_buffer__consume(d->ring);
			}
		}
		if (!look_again)
			continue;
		mend(d);
		look_at_pins(d);
		if (!d->stop && (d->classify_due || exports_changed(d)))
			classify(d);
		if (!d->stop)
			look(d);
	}
}

static int set_up(struct daemon *d)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	d->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	d->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	d->timer_fd = timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK);
	d->mounts = mnt_new_monitor();
	if (d->epoll_fd < 0 || d->signal_fd < 0 || d->timer_fd < 0 || !d->mounts ||
	    mnt_monitor_enable_kernel(d->mounts, 1) < 0)
		return rg_error(RG_FAILED, "cannot set up: %s", rg_strerror(errno));
	d->pins_fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	d->mounts_fd = mnt_monitor_get_fd(d->mounts);
	if (d->mounts_fd < 0 || watch_fd(d, d->signal_fd) || watch_fd(d, d->timer_fd) ||
	    watch_fd(d, d->mounts_fd) || d->pins_fd < 0 || watch_fd(d, d->pins_fd))
		return rg_error(RG_FAILED, "cannot set up: %s", rg_strerror(errno));
	return RG_DONE;
}

static int be_the_only_one(struct daemon *d)
{
	d->only_fd = open(ONE_DAEMON, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (d->only_fd < 0)
		return rg_error(RG_FAILED, "%s: %s", ONE_DAEMON, rg_strerror(errno));
	if (flock(d->only_fd, LOCK_EX | LOCK_NB) < 0)
		return rg_error(RG_FAILED, "another `reexport-guard run` is running (%s is locked)",
				ONE_DAEMON);
	return RG_DONE; /* keep the lock until this process ends */
}

/* Keep the capabilities to signal others' processes, to use maps, and to read /proc files
 * (hidepid). */
static int drop_capabilities(void)
{
	capng_clear(CAPNG_SELECT_BOTH);
	if (capng_updatev(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED, CAP_KILL, CAP_BPF,
			  CAP_PERFMON, CAP_SYS_PTRACE, -1) < 0 ||
	    capng_apply(CAPNG_SELECT_BOTH) < 0)
		return rg_error(RG_FAILED, "capabilities: cannot be dropped: %s",
				rg_strerror(errno));
	return RG_DONE;
}

static int arm(struct daemon *d, struct rg_arm_request *wish)
{
	struct rg_armed armed;
	int err;

	wish->serve = true;
	wish->only_fd = d->only_fd;
	err = rg_arm(wish, &d->p, &armed);
	if (err)
		return err;
	beat(d);
	if (!wish->as_it_is) {
		rg_decide_nothing(&d->p, armed.slot);
		rg_say_armed(&d->p, wish, &armed);
	} else if (armed.replaced) {
		printf("set replaced: its gates, their policies and the held processes are "
		       "unchanged\n");
	}
	fflush(stdout);
	return RG_DONE;
}

/* Note the option for `policy show`, with the gate of this network namespace. */
static int tell_provenance(const struct rg_pins *p)
{
	int found = rg_gate_slot(p, rg_netns_self());
	__u32 slot = (__u32)found;
	struct rg_provenance from;

	if (found < 0)
		return RG_DONE;
	if (bpf_map_lookup_elem(p->map_fd[RG_MAP_PROVENANCE], &slot, &from) == 0) {
		from.line[RG_KEY_METRICS_DIR] = RG_FROM_COMMAND_LINE;
		if (bpf_map_update_elem(p->map_fd[RG_MAP_PROVENANCE], &slot, &from, BPF_ANY) == 0)
			return RG_DONE;
	}
	return rg_error(RG_FAILED, "map provenance: cannot be written: %s", rg_strerror(errno));
}

/* The directory of metrics is no policy: write it to the set, which stays unchanged
 * otherwise. */
static int tell_metrics_dir(const struct rg_pins *p, const struct rg_options *o,
			    const struct rg_config *config)
{
	struct rg_meta meta;

	if (!(o->given & RG_TAKES(RG_KEY_METRICS_DIR)))
		return RG_DONE;
	if (rg_pins_meta(p, &meta) == 0) {
		memcpy(meta.metrics_dir, config->metrics_dir, sizeof(meta.metrics_dir));
		if (rg_pins_set_meta(p, &meta) == 0)
			return tell_provenance(p);
	}
	return rg_error(RG_FAILED, "map meta: cannot be written: %s", rg_strerror(errno));
}

/* Adopts the enabled set after a canary has shown that it works, or replaces one of another
 * version. Returns RG_NOT_ENABLED, without a message, if nothing is enabled. */
static int serve_what_is_enabled(struct daemon *d, struct rg_config *config)
{
	struct rg_arm_request wish = {
		.config = config,
		.as_it_is = true,
		.force_rung = -1,
		.force_follow = -1,
		.force_continue = -1,
		.force_hold = -1,
	};

	return arm(d, &wish);
}

/* Handles a mistake in file or options, which was reported: serves an enabled set by its old
 * policy, since held processes need a daemon. Returns RG_USAGE, after which the unit does not
 * restart, if nothing is enabled. */
static int take_up_in_spite(struct daemon *d, struct rg_config *config)
{
	int err = serve_what_is_enabled(d, config);

	if (err == RG_NOT_ENABLED)
		return RG_USAGE;
	if (!err)
		rg_error(RG_FAILED,
			 "run: what is enabled is served by the policy that it has; correct the "
			 "configuration, then run `reexport-guard policy reload`");
	return err;
}

/* Without a policy serves the enabled set, or arms with the defaults. */
static int take_up(struct daemon *d, const struct rg_options *o)
{
	struct rg_config config;
	struct rg_arm_request wish;
	int err = rg_arm_request_of(o, &config, &wish);

	if (err) {
		err = take_up_in_spite(d, &config);
	} else if (rg_config_is_given(o, &config)) {
		err = arm(d, &wish);
	} else {
		err = serve_what_is_enabled(d, &config);
		if (!err)
			err = tell_metrics_dir(&d->p, o, &config);
		else if (err == RG_NOT_ENABLED)
			err = arm(d, &wish);
	}
	/* End if the gate cannot be armed, but go on without the role of an original server. */
	if (!err && rg_original_run(&config))
		rg_warn("role original: not taken, for the reason above; the gates go on");
	rg_config_free(&config);
	return err;
}

int rg_verb_run(const struct rg_options *o)
{
	struct daemon d = {.ring_fd = -1};
	unsigned int held = 0;
	int err;

	rg_pins_init(&d.p);
	rg_mend_init(&d.mend);
	rg_metrics_file_init(&d.metrics);
	d.keep.max_ranges = (size_t)o->force_max_ranges;
	err = rg_enter_netns(o) ?: be_the_only_one(&d);
	/* Do this first: it needs capabilities that this process drops. */
	if (!err)
		rg_notify_start(d.only_fd);
	err = err ?: set_up(&d);
	err = err ?: take_up(&d, o);
	err = err ?: adopt(&d);
	err = err ?: drop_capabilities();
	if (!err) {
		/* Start the thread after dropping capabilities, of which each thread has its
		 * own. */
		if (rg_writer_start())
			rg_warn("no thread for writing files: the daemon waits for the disk "
				"itself");
		/* Give back the memory of the kernel's types, which are not needed any more. */
		malloc_trim(0);
		classify(&d);
		look(&d);
		sd_notify(0, "READY=1");
		rg_info("ready: pid %d", getpid());
		serve(&d);
		sd_notify(0, "STOPPING=1");
		rg_status_line_end();
	}
	if (d.p.live) {
		struct rg_gate gates[RG_MAX_GATES];
		struct rg_held_list list;

		/* Clear the heartbeat, so that hold acts as deny at once. */
		__atomic_store_n(&d.p.live->heartbeat_ns, 0, __ATOMIC_RELAXED);
		if (!err && rg_gates_read(&d.p, gates) == 0)
			rg_keep_end(&d.keep, &d.p, gates);
		if (rg_held_read(&d.p, &list) == 0) {
			held = list.n;
			rg_held_free(&list);
		}
	}
	if (!err) {
		rg_metrics_file_end(&d.metrics, d.p.live ? &d.p : NULL, d.keep.budget);
		if (!rg_writer_stop(LAST_WRITES_S))
			rg_warn("state and metrics: the disk does not answer: not all was written");
		rg_info("stopped; gates stay as they are");
	}
	if (held)
		rg_warn("%u held threads wait for the next `reexport-guard run` or `release`",
			held);
	let_go(&d, "signal");
	rg_metrics_file_free(&d.metrics);
	mnt_unref_monitor(d.mounts);
	return err ? err : d.status;
}
