// SPDX-License-Identifier: GPL-2.0-only
#include "load/canary.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pins/gates.h"
#include "pins/held.h"
#include "mounts/mounts.h"

#define CANARY_DEADLINE_NS (10 * RG_NS_PER_SEC)
#define ASLEEP_US 20000 /* a call that is not held has mostly ended by then */

/* bpffs refuses names with a dot before, and the rest after, the hook. */
#define NOT_THERE RG_PIN_DIR "/canary"

/* What a door is there for, once. 0 or errno. */
static int call_once(__u32 door, int memfd)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 1};
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", memfd);
	switch (door) {
	case RG_DOOR_LOCK:
		return fcntl(memfd, F_SETLK, &lock) == 0 ? 0 : errno;
	case RG_DOOR_ACCESS:
		return access(path, R_OK) == 0 ? 0 : errno;
	case RG_DOOR_CREATE:
		fd = open(NOT_THERE, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
		break;
	default:
		fd = open(path, O_RDONLY | O_CLOEXEC);
	}
	if (fd < 0)
		return errno;
	close(fd);
	return 0;
}

/* The inode that the door is asked about. */
static int canary_inode(__u32 door, int memfd, struct stat *st)
{
	return (door == RG_DOOR_CREATE ? stat(RG_PIN_DIR, st) : fstat(memfd, st)) < 0 ? errno : 0;
}

/* Wait for the child to stop or end. False: it did neither in time. */
static bool wait_child(pid_t child, int *status, __u64 deadline_ns)
{
	while (waitpid(child, status, WNOHANG | WUNTRACED) != child) {
		if (rg_now_ns() > deadline_ns)
			return false;
		usleep(500);
	}
	return true;
}

/* Wait for the child to be held. Where the held sleep it neither stops nor ends, and only
 * its door says so. False: it was not held; *status says what it did, or it did nothing in
 * time (-1). */
static bool wait_held(const struct rg_pins *p, pid_t child, int *status, __u64 canaries,
		      __u64 deadline_ns)
{
	*status = -1;
	if (p->live->sleeps != RG_HOLD_SLEEP) {
		if (!wait_child(child, status, deadline_ns))
			*status = -1;
		return *status != -1 && WIFSTOPPED(*status);
	}
	while (rg_counter_sum(p, RG_COUNT_CANARY) == canaries) {
		if (waitpid(child, status, WNOHANG | WUNTRACED) == child)
			return false;
		if (rg_now_ns() > deadline_ns)
			return false;
		usleep(500);
	}
	/* If it is not asleep it ends: with the restart errno, say. */
	usleep(ASLEEP_US);
	return waitpid(child, status, WNOHANG | WUNTRACED) != child;
}

/* usual: what the call ends with when no canary is about. */
static enum rg_canary watch(const struct rg_pins *p, pid_t child, __u32 action, __u64 canaries,
			    int usual, int *detail)
{
	struct rg_control open_gate = {.op = RG_OP_OPEN, .slot = RG_CANARY_SLOT};
	__u64 deadline_ns = rg_now_ns() + CANARY_DEADLINE_NS;
	struct rg_continued done = {};
	int status, saw;

	if (action == RG_ACTION_HOLD && wait_held(p, child, &status, canaries, deadline_ns)) {
		*detail = -rg_control(p, &open_gate);
		if (*detail)
			return RG_CANARY_ERROR;
		*detail = -rg_held_continue(p, false, &done);
		if (*detail)
			return RG_CANARY_ERROR;
		if (!wait_child(child, &status, deadline_ns) || WIFSTOPPED(status))
			return RG_CANARY_NOT_CONTINUED;
		*detail = WIFEXITED(status) ? WEXITSTATUS(status) : EINTR;
		return *detail != usual ? RG_CANARY_WRONG : RG_CANARY_OK;
	}
	if (action == RG_ACTION_HOLD ? status == -1 : !wait_child(child, &status, deadline_ns))
		return RG_CANARY_NOT_CONTINUED;
	if (WIFSTOPPED(status))
		return RG_CANARY_WRONG;
	saw = WIFEXITED(status) ? WEXITSTATUS(status) : EINTR;
	*detail = saw;
	switch (action) {
	case RG_ACTION_DENY:
		return saw == EAGAIN  ? RG_CANARY_OK
		       : saw == usual ? RG_CANARY_NOT_FIRED
				      : RG_CANARY_WRONG;
	case RG_ACTION_AUDIT:
		if (saw != usual)
			return RG_CANARY_WRONG;
		return rg_counter_sum(p, RG_COUNT_CANARY) > canaries ? RG_CANARY_OK
								     : RG_CANARY_NOT_FIRED;
	default:
		return saw != usual ? RG_CANARY_WRONG : RG_CANARY_NOT_FIRED;
	}
}

/* The child. It ends with its parent, which may be killed while this is held: it has the parent's
 * locks open, and nobody else would continue it. PR_SET_PDEATHSIG is of no use once the parent is
 * gone. */
static int sing(pid_t parent, __u32 door, int memfd)
{
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
		return errno;
	return getppid() == parent ? call_once(door, memfd) : ESRCH;
}

enum rg_canary rg_canary_run(const struct rg_pins *p, __u32 door, __u32 action, __u64 *took_ns,
			     int *detail)
{
	struct rg_control arm = {.op = RG_OP_ARM, .slot = RG_CANARY_SLOT};
	struct rg_gate gate = {.policy = {.action = (__u8)action & 3,
					  .release = RG_RELEASE_GRACE_START,
					  .max_hold_s = RG_DEFAULT_MAX_HOLD}};
	__u64 canaries = rg_counter_sum(p, RG_COUNT_CANARY), start_ns;
	enum rg_canary result = RG_CANARY_ERROR;
	int status, usual, fd = memfd_create("reexport-guard-canary", MFD_CLOEXEC);
	struct stat st;
	pid_t parent = getpid(), child;

	*took_ns = 0;
	if (fd < 0) {
		*detail = errno;
		return result;
	}
	*detail = canary_inode(door, fd, &st);
	if (*detail)
		goto out;
	usual = door == RG_DOOR_CREATE ? call_once(door, fd) : 0;
	arm.policy_word = gate.policy_word;
	*detail = -rg_control(p, &arm);
	if (*detail)
		goto out;
	p->live->canary_dev = rg_kernel_dev(st.st_dev);
	p->live->canary_door = door;
	__atomic_store_n(&p->live->canary_ino, st.st_ino, __ATOMIC_SEQ_CST);

	start_ns = rg_now_ns();
	child = fork();
	if (child < 0) {
		*detail = errno;
	} else if (child == 0) {
		_exit(sing(parent, door, fd));
	} else {
		result = watch(p, child, action, canaries, usual, detail);
		*took_ns = rg_now_ns() - start_ns;
		if (waitpid(child, &status, WNOHANG) == 0) {
			kill(child, SIGKILL);
			waitpid(child, &status, 0);
		}
	}
	__atomic_store_n(&p->live->canary_ino, 0, __ATOMIC_SEQ_CST);
out:
	close(fd);
	return result;
}
