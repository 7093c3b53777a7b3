// SPDX-License-Identifier: GPL-2.0-only
/* Adopting an enabled set, keeping its pins, and letting it go. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <bpf/libbpf.h>
#include <systemd/sd-daemon.h>

#include "daemon/daemon.h"
#include "load/programs.h"
#include "load/progs.h"
#include "pins/flows.h"
#include "pins/gates.h"

void rg_daemon_beat(struct rg_daemon *d)
{
	__atomic_store_n(&d->p.live->daemon_pid, (__u32)getpid(), __ATOMIC_RELAXED);
	__atomic_store_n(&d->p.live->heartbeat_ns, rg_now_ns(), __ATOMIC_RELAXED);
	sd_notify(0, "WATCHDOG=1");
}

int rg_daemon_record(void *at, const struct rg_record *r)
{
	struct rg_daemon *d = at;

	rg_recorder_add(&d->recorder, r);
	return 0;
}

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

/* Go on without the recorder, on which no gate depends. */
static void start_recorder(struct rg_daemon *d)
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
static void watch_pins(const struct rg_daemon *d)
{
	inotify_add_watch(d->pins_fd, RG_PIN_DIR,
			  IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_ONLYDIR);
}

int rg_daemon_adopt(struct rg_daemon *d)
{
	int err, alarm;

	d->pinned_ino = pinned_now();
	d->role = rg_role_none;
	watch_pins(d);
	rg_mend_start(&d->mend, &d->p);
	rg_daemon_beat(d);
	alarm = rg_alarm_open(&d->alarm, &d->p, rg_daemon_record, d);
	rg_pins_unlock(&d->p);
	d->ring = ring_buffer__new(d->p.map_fd[RG_MAP_EVENTS], on_event, d, NULL);
	if (!d->ring)
		return rg_error(RG_FAILED, "map events: cannot be read: %s", rg_strerror(errno));
	d->ring_fd = ring_buffer__epoll_fd(d->ring);
	if (rg_daemon_watch_fd(d, d->ring_fd))
		return rg_error(RG_FAILED, "map events: cannot be watched: %s", rg_strerror(errno));
	err = alarm ?: rg_daemon_watch_fd(d, rg_alarm_fd(&d->alarm));
	if (err) /* the gate works without it */
		rg_warn("downgrades will not be said here: no place among the tracers: %s",
			rg_strerror(err));
	d->exports = 0;
	d->passed = rg_progs_passed(&d->p);
	d->said_passed = false;
	rg_keep_start(&d->keep, &d->p);
	rg_lockd_grace_start(&d->lockd_grace, &d->p);
	if (!alarm)
		start_recorder(d);
	rg_metrics_file_start(&d->metrics, &d->p);
	return RG_DONE;
}

void rg_daemon_let_go(struct rg_daemon *d, const char *reason)
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
	if (!rg_recorder_close(&d->recorder, reason, RG_LAST_WRITES_S))
		rg_warn("the recording of the last recovery is not whole: the disk did not take "
			"all of it");
	rg_keep_free(&d->keep);
	rg_pins_close(&d->p);
}

void rg_daemon_mend(struct rg_daemon *d)
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
void rg_daemon_look_at_pins(struct rg_daemon *d)
{
	ino_t now = pinned_now();

	if (now == d->pinned_ino)
		return;
	d->mend_due_ns = 0;
	rg_daemon_mend(d);
	now = pinned_now();
	/* Only a pin was removed: it is put back once the lock is free. */
	if (now == d->pinned_ino || rg_mend_take(&d->mend, &d->p))
		return;
	rg_daemon_let_go(d, "disabled");
	if (!now) {
		rg_info("disabled by another process: nothing left to do");
		d->stop = true;
		return;
	}
	rg_info("enabled anew by another process: adopting");
	d->status = rg_pins_open_enabled(&d->p, RG_LOCK_EXCLUSIVE) ?: rg_daemon_adopt(d);
	d->stop = d->status != RG_DONE;
}
