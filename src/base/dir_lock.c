// SPDX-License-Identifier: GPL-2.0-only
#include "base/dir_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/log.h"

/* Time between two attempts to lock the directory. */
#define LOCK_PAUSE_US 50000

/* Tries once. Returns 0; -EWOULDBLOCK; or -ESTALE: `disable` has removed the directory. */
static int try_lock(const char *dir, int fd, bool shared)
{
	struct stat held, there;

	if (flock(fd, (shared ? LOCK_SH : LOCK_EX) | LOCK_NB) < 0)
		return errno == EINTR ? -EWOULDBLOCK : -errno;
	if (fstat(fd, &held) < 0 || stat(dir, &there) < 0 || held.st_ino != there.st_ino)
		return -ESTALE;
	return 0;
}

int rg_dir_lock(const char *dir, enum rg_lock_mode mode, bool create)
{
	const bool shared = mode == RG_LOCK_SHARED || mode == RG_LOCK_SHARED_NOW;
	const bool now = mode == RG_LOCK_SHARED_NOW || mode == RG_LOCK_EXCLUSIVE_NOW;

	for (int tries = 0; tries < RG_LOCK_WAIT_S * 1000000 / LOCK_PAUSE_US; tries++) {
		int fd, err;

		if (create && mkdir(dir, 0700) < 0 && errno != EEXIST)
			return -errno;
		fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (fd < 0 && (errno != ENOENT || !create))
			return -errno;
		err = fd < 0 ? -ESTALE : try_lock(dir, fd, shared);
		if (!err)
			return fd;
		if (fd >= 0)
			close(fd);
		if (now || (err != -EWOULDBLOCK && err != -ESTALE))
			return err;
		usleep(LOCK_PAUSE_US);
	}
	return -ETIMEDOUT;
}

/* Returns the process that has the lock, from /proc/locks; 0: none, or unknown. */
static pid_t lock_holder(const char *dir)
{
	unsigned int dev_major, dev_minor;
	char line[256], kind[16];
	unsigned long ino;
	struct stat st;
	pid_t holder = 0;
	FILE *f;
	int pid;

	if (stat(dir, &st) < 0)
		return 0;
	f = fopen("/proc/locks", "re");
	if (!f)
		return 0;
	/* 1: FLOCK  ADVISORY  WRITE 1234 00:2b:5678 0 EOF */
	while (!holder && fgets(line, sizeof(line), f))
		if (sscanf(line, "%*d: %15s %*s %*s %d %x:%x:%lu", kind, &pid, &dev_major,
			   &dev_minor, &ino) == 5 &&
		    strcmp(kind, "FLOCK") == 0 && dev_major == major(st.st_dev) &&
		    dev_minor == minor(st.st_dev) && ino == st.st_ino && pid > 0)
			holder = pid;
	fclose(f);
	return holder;
}

int rg_dir_lock_failed(const char *dir, int err)
{
	pid_t holder = err == -ETIMEDOUT ? lock_holder(dir) : 0;
	char path[64], comm[64] = "";
	FILE *f;

	if (err != -ETIMEDOUT)
		return rg_error(RG_FAILED, "%s: cannot be locked: %s%s", dir, rg_strerror(err),
				err == -EACCES || err == -EPERM ? ": run as root" : "");
	if (!holder)
		return rg_error(RG_FAILED, "%s: somebody else has it locked for %d s; try again",
				dir, RG_LOCK_WAIT_S);
	snprintf(path, sizeof(path), "/proc/%d/comm", holder);
	f = fopen(path, "re");
	if (f) {
		if (!fgets(comm, sizeof(comm), f))
			comm[0] = '\0';
		fclose(f);
	}
	comm[strcspn(comm, "\n")] = '\0';
	/* Clean the name, which any process can choose. */
	for (char *c = comm; *c; c++)
		if (*c < ' ' || *c > '~')
			*c = '?';
	return rg_error(RG_FAILED,
			"%s: process %d (%s) has it locked for %d s: try again, or end that "
			"process if it hangs",
			dir, holder, comm, RG_LOCK_WAIT_S);
}
