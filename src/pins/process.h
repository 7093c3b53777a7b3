/* SPDX-License-Identifier: GPL-2.0-only */
/* Reads facts about processes from /proc. */
#pragma once

#include <stdbool.h>

#include <linux/types.h>

/* Reads the whole file /proc/PID/NAME: in `status` 65,536 groups of a user may come before
 * ShdPnd. Returns NULL if it cannot be read. Owned by the caller (free). */
char *rg_process_file(__u32 pid, const char *name);

/* Finds out whether this pid still belongs to the process that started at start_ns
 * (rg_held.start_ns). Returns 0 if it does, -ESRCH if it does not, or the negative errno with
 * which /proc could not be read: then it is not known. Needs no memory. */
int rg_process_is(__u32 pid, __u64 start_ns);
/* Reads field 22 of /proc/PID/stat, in clock ticks since boot. Returns 0, -ESRCH without such a
 * process, or another negative errno. */
int rg_process_start_ticks(__u32 pid, __u64 *ticks);
/* Returns the state in /proc/PID/stat: 'T' stopped, 't' stopped by a tracer; 0: it cannot be read.
 */
char rg_process_state(__u32 pid);

/* Parse the text of /proc/PID/stat and of /proc/PID/status. The second one says whether a stop
 * signal to the process, not to a thread of it, is pending. */
__u64 rg_start_ticks_of_stat(const char *stat);
bool rg_stop_is_pending(const char *status);
