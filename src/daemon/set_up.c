// SPDX-License-Identifier: GPL-2.0-only
/* What the process of the daemon needs before it serves a set. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>

#include <cap-ng.h>
#include <libmount.h>

#include "daemon/daemon.h"

#define ONE_DAEMON "/run/reexport-guard.lock"

void rg_daemon_init(struct rg_daemon *d, size_t max_ranges)
{
	*d = (struct rg_daemon){.ring_fd = -1};
	rg_pins_init(&d->p);
	rg_mend_init(&d->mend);
	rg_metrics_file_init(&d->metrics);
	d->keep.max_ranges = max_ranges;
}

int rg_daemon_watch_fd(struct rg_daemon *d, int fd)
{
	struct epoll_event e = {.events = EPOLLIN, .data.fd = fd};

	return epoll_ctl(d->epoll_fd, EPOLL_CTL_ADD, fd, &e) < 0 ? -errno : 0;
}

int rg_daemon_be_the_only_one(struct rg_daemon *d)
{
	d->only_fd = open(ONE_DAEMON, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (d->only_fd < 0)
		return rg_error(RG_FAILED, "%s: %s", ONE_DAEMON, rg_strerror(errno));
	if (flock(d->only_fd, LOCK_EX | LOCK_NB) < 0)
		return rg_error(RG_FAILED, "another `reexport-guard run` is running (%s is locked)",
				ONE_DAEMON);
	return RG_DONE; /* keep the lock until this process ends */
}

int rg_daemon_set_up(struct rg_daemon *d)
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
	if (d->mounts_fd < 0 || rg_daemon_watch_fd(d, d->signal_fd) ||
	    rg_daemon_watch_fd(d, d->timer_fd) || rg_daemon_watch_fd(d, d->mounts_fd) ||
	    d->pins_fd < 0 || rg_daemon_watch_fd(d, d->pins_fd))
		return rg_error(RG_FAILED, "cannot set up: %s", rg_strerror(errno));
	return RG_DONE;
}

int rg_daemon_drop_capabilities(void)
{
	capng_clear(CAPNG_SELECT_BOTH);
	if (capng_updatev(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED, CAP_KILL, CAP_BPF,
			  CAP_PERFMON, CAP_SYS_PTRACE, -1) < 0 ||
	    capng_apply(CAPNG_SELECT_BOTH) < 0)
		return rg_error(RG_FAILED, "capabilities: cannot be dropped: %s",
				rg_strerror(errno));
	return RG_DONE;
}
