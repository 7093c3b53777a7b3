// SPDX-License-Identifier: GPL-2.0-only
#include "pins/process.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/whole_file.h"
#include "rg_limits.h"

/* NGROUPS_MAX groups of ten digits each, and the rest. */
#define MAX_PROC_BYTES (1024 * 1024)

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

__u64 rg_process_start_ticks(__u32 pid)
{
	char *stat = rg_process_file(pid, "stat");
	__u64 ticks = stat ? rg_start_ticks_of_stat(stat) : 0;

	free(stat);
	return ticks;
}

char rg_process_state(__u32 pid)
{
	char *stat = rg_process_file(pid, "stat");
	/* As above, the name may hold ')'. */
	const char *at = stat ? strrchr(stat, ')') : NULL;
	char state = at && at[1] == ' ' ? at[2] : '\0';

	free(stat);
	return state;
}

bool rg_stop_is_pending(const char *status)
{
	const char *at = strstr(status, "\nShdPnd:");
	uint64_t pending;

	if (!at || sscanf(at, "\nShdPnd: %" SCNx64, &pending) != 1)
		return false;
	return pending & (1ULL << (SIGSTOP - 1));
}

bool rg_process_is(__u32 pid, __u64 start_ns)
{
	__u64 per_second = (__u64)sysconf(_SC_CLK_TCK);

	return rg_process_start_ticks(pid) == start_ns / (RG_NS_PER_SEC / per_second);
}
