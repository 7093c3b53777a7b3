// SPDX-License-Identifier: GPL-2.0-only
/* The loop, and its end. */
#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include <bpf/libbpf.h>
#include <libmount.h>
#include <systemd/sd-daemon.h>

#include "daemon/daemon.h"
#include "pins/gates.h"
#include "state/writer.h"

static void on_signal(struct rg_daemon *d)
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
		if (!rg_daemon_classify(d))
			rg_info("reloaded: mounts classified anew");
		sd_notify(0, "READY=1");
	}
}

static void pins_changed(struct rg_daemon *d)
{
	char events[4096] __attribute__((aligned(__alignof__(struct inotify_event))));

	while (read(d->pins_fd, events, sizeof(events)) > 0)
		d->mend_due_ns = 0;
}

static void loop(struct rg_daemon *d)
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
				pins_changed(d);
			} else if (fd == d->mounts_fd) {
				while (mnt_monitor_next_change(d->mounts, NULL, NULL) == 0)
					;
				rg_daemon_classify(d);
			} else if (d->ring) {
				ring_buffer__consume(d->ring);
			}
		}
		if (!look_again)
			continue;
		rg_daemon_mend(d);
		rg_daemon_look_at_pins(d);
		if (!d->stop && (d->classify_due || rg_daemon_exports_changed(d)))
			rg_daemon_classify(d);
		if (!d->stop)
			rg_daemon_look(d);
	}
}

/* Says whether a service manager has told this process to end while it was arming, as its time to
 * start was over: status 0 would have it not started again (Restart= of the unit), and leave a
 * closed gate without a daemon. */
static bool is_late(void)
{
	sigset_t pending;

	return getenv("NOTIFY_SOCKET") && sigpending(&pending) == 0 &&
	       sigismember(&pending, SIGTERM) == 1;
}

void rg_daemon_serve(struct rg_daemon *d)
{
	/* Start the thread after dropping capabilities, of which each thread has its own. */
	if (rg_writer_start())
		rg_warn("no thread for writing files: the daemon waits for the disk itself");
	/* Give back the memory of the kernel's types, which are not needed any more. */
	malloc_trim(0);
	rg_daemon_classify(d);
	rg_daemon_look(d);
	if (is_late()) {
		d->status = rg_error(RG_FAILED, "run: told to end before it was ready; gates stay "
						"as they are");
	} else {
		sd_notify(0, "READY=1");
		rg_info("ready: pid %d", getpid());
		loop(d);
	}
	sd_notify(0, "STOPPING=1");
	rg_status_line_end();
}

static unsigned int count_held(const struct rg_pins *p)
{
	struct rg_held_list list;
	unsigned int n;

	if (rg_held_read(p, &list))
		return 0;
	n = list.n;
	rg_held_free(&list);
	return n;
}

void rg_daemon_end(struct rg_daemon *d, bool served)
{
	struct rg_gate gates[RG_MAX_GATES];
	unsigned int held = 0;

	if (d->p.live) {
		/* Clear the heartbeat, so that hold acts as deny at once. */
		__atomic_store_n(&d->p.live->heartbeat_ns, 0, __ATOMIC_RELAXED);
		if (served && rg_gates_read(&d->p, gates) == 0)
			rg_keep_end(&d->keep, &d->p, gates);
		held = count_held(&d->p);
	}
	if (served) {
		rg_metrics_file_end(&d->metrics, d->p.live ? &d->p : NULL, d->keep.budget);
		if (!rg_writer_stop(RG_LAST_WRITES_S))
			rg_warn("state and metrics: the disk does not answer: not all was written");
		rg_info("stopped; gates stay as they are");
	}
	if (held)
		rg_warn("%u held threads wait for the next `reexport-guard run` or `release`",
			held);
	rg_daemon_let_go(d, "signal");
	rg_metrics_file_free(&d->metrics);
	mnt_unref_monitor(d->mounts);
}
