// SPDX-License-Identifier: GPL-2.0-only
#include "base/proclocks.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Parses a line such as "1: POSIX  ADVISORY  WRITE 812 00:31:7 0 EOF". */
static bool lock_of_line(const char *line, struct rg_proc_lock *lock)
{
	unsigned int major, minor;
	char kind[16];
	int got;

	if (sscanf(line, "%*d: %15s", kind) != 1 || strcmp(kind, "->") == 0)
		return false;
	got = sscanf(line, "%*d: %*s %*s %*s %u %x:%x:%lu", &lock->pid, &major, &minor, &lock->ino);
	lock->dev = got == 4 ? major << 20 | minor : 0;
	return got == 4;
}

static bool is_kernel_thread(const char *proc, __u32 pid)
{
	char path[PATH_MAX], c;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "%s/%u/cmdline", proc, pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return true; /* lockd's remote owners are no processes of this host */
	n = read(fd, &c, 1);
	close(fd);
	return n <= 0;
}

int rg_proc_locks(const char *proc, rg_proc_lock_fn *tell, void *arg)
{
	char path[PATH_MAX], line[256];
	FILE *f;

	snprintf(path, sizeof(path), "%s/locks", proc);
	f = fopen(path, "re");
	if (!f)
		return -errno;
	while (fgets(line, sizeof(line), f)) {
		struct rg_proc_lock lock;

		if (lock_of_line(line, &lock) && !is_kernel_thread(proc, lock.pid))
			tell(arg, &lock);
	}
	fclose(f);
	return 0;
}
