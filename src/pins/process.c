// SPDX-License-Identifier: GPL-2.0-only
#include "pins/process.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/whole_file.h"
#include "rg_limits.h"

/* NGROUPS_MAX groups of ten digits each, and the rest. */
#define MAX_PROC_BYTES (1024UL * 1024)

char *rg_process_file(__u32 pid, const char *name)
{
	char path[64], *text;

	snprintf(path, sizeof(path), "/proc/%u/%s", pid, name);
	return rg_read_whole(path, MAX_PROC_BYTES, &text, NULL) ? NULL : text;
}

__u64 rg_start_ticks_of_stat(const char *stat)
{
	/* The name may hold ')' and spaces, so look for the last ')'. */
	const char *at = strrchr(stat, ')');
	uint64_t ticks = 0;
	int field = 2;

	if (!at)
		return 0;
	for (at++; *at; at++) {
		if (*at != ' ')
			continue;
		if (++field == 22) {
			if (sscanf(at, "%" SCNu64, &ticks) != 1)
				return 0;
			return ticks;
		}
	}
	return 0;
}

/* Reads /proc/PID/stat, whose first 22 fields are shorter than this. */
#define STAT_BYTES 1024

static int read_stat(__u32 pid, char stat[STAT_BYTES])
{
	char path[64];
	ssize_t n;
	int fd, err;

	snprintf(path, sizeof(path), "/proc/%u/stat", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? -ESRCH : -errno;
	n = read(fd, stat, STAT_BYTES - 1);
	err = n < 0 ? -errno : 0;
	close(fd);
	stat[err ? 0 : n] = '\0';
	return err;
}

int rg_process_start_ticks(__u32 pid, __u64 *ticks)
{
	char stat[STAT_BYTES];
	int err = read_stat(pid, stat);

	*ticks = err ? 0 : rg_start_ticks_of_stat(stat);
	return err ?: (*ticks ? 0 : -EPROTO);
}

char rg_process_state(__u32 pid)
{
	char stat[STAT_BYTES];
	/* As above, the name may hold ')'. */
	const char *at = read_stat(pid, stat) ? NULL : strrchr(stat, ')');

	if (!at || at[1] != ' ')
		return '\0';
	return at[2];
}

bool rg_stop_is_pending(const char *status)
{
	const char *at = strstr(status, "\nShdPnd:");
	uint64_t pending;

	if (!at || sscanf(at, "\nShdPnd: %" SCNx64, &pending) != 1)
		return false;
	return pending & (1ULL << (SIGSTOP - 1));
}

int rg_process_is(__u32 pid, __u64 start_ns)
{
	__u64 per_second = (__u64)sysconf(_SC_CLK_TCK), ticks;
	int err = rg_process_start_ticks(pid, &ticks);

	if (err)
		return err;
	return ticks == start_ns / (RG_NS_PER_SEC / per_second) ? 0 : -ESRCH;
}
