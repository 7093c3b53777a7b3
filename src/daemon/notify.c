// SPDX-License-Identifier: GPL-2.0-only
/* What waits for other hosts, in processes of their own, which need more privileges than the daemon
 * keeps:
 *
 *   the verb notify   tells NFSv3 end clients that lockd dropped their locks. A child of `run`, or
 *                     a unit of its own, since the daemon's unit has no sockets
 *   rg-asker          asks original servers whether they keep this host's locks. A child of `run`.
 *                     Tells them as well when its end clients are through
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "base/netns.h"
#include "cli/verbs.h"
#include "daemon/daemon.h"
#include "pins/pins.h"
#include "state/kept.h"
#include "state/notify.h"

#define LOOK_US 500000

/* Allows one process in each network namespace: waits until another one ends. */
static int be_the_only_one(void)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/run/reexport-guard-notify.%u.lock", rg_netns_self());
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	return flock(fd, LOCK_EX) < 0 ? -errno : 0;
}

/* Close what is not read here: `disable` waits until the programs are gone. */
static void keep_what_is_read(struct rg_pins *p)
{
	for (int i = 0; i < RG_NR_PROGS; i++) {
		if (p->prog_fd[i] >= 0)
			close(p->prog_fd[i]);
		p->prog_fd[i] = -1;
	}
}

/* Opens the set that is pinned now. Returns false if there is none. */
static bool open_set(struct rg_pins *p)
{
	bool open;

	if (p->live && rg_pins_are_current(p))
		return true;
	rg_pins_close(p);
	rg_pins_init(p);
	open = rg_pins_lock(p, RG_LOCK_SHARED, false) == 0 && rg_pins_open(p) == 0 && p->live;
	if (open) {
		rg_pins_unlock(p);
		keep_what_is_read(p);
	} else {
		rg_pins_close(p);
	}
	return open;
}

/* Runs until a signal ends the process. */
static void look_for_ever(void (*look)(const struct rg_pins *p))
{
	struct rg_pins p;

	rg_pins_init(&p);
	for (;;) {
		if (open_set(&p))
			look(&p);
		usleep(LOOK_US);
	}
}

int rg_verb_notify(const struct rg_options *o)
{
	int err;

	(void)o;
	err = be_the_only_one();
	if (err)
		return rg_error(RG_FAILED, "/run: the lock of `notify` cannot be taken: %s",
				rg_strerror(err));
	look_for_ever(rg_notify_look);
	return RG_DONE;
}

/* Makes this process a child that ends with the daemon. */
static void be_the_child(pid_t parent, int only_fd, const char *name)
{
	/* Close the daemon's own lock, which must not outlive the daemon. */
	close(only_fd);
	prctl(PR_SET_NAME, name);
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != parent)
		_exit(RG_FAILED);
}

void rg_notify_start(int only_fd)
{
	pid_t parent = getpid(), child;
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0) /* in our unit, where the unit `reexport-guard-notify` does it */
		return;
	close(fd);
	child = fork();
	if (child == 0) {
		be_the_child(parent, only_fd, "rg-notify");
		if (be_the_only_one())
			_exit(RG_FAILED);
		look_for_ever(rg_notify_look);
	}
	if (child < 0)
		rg_warn("no process for telling NFSv3 end clients: %s; run `reexport-guard "
			"notify`",
			rg_strerror(errno));
}

void rg_asker_start(int only_fd)
{
	pid_t parent = getpid(), child = fork();

	if (child == 0) {
		be_the_child(parent, only_fd, "rg-asker");
		look_for_ever(rg_kept_look);
	}
	if (child < 0)
		rg_warn("no process for asking original servers: original-keeps does nothing: %s",
			rg_strerror(errno));
}
