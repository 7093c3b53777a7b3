/* SPDX-License-Identifier: GPL-2.0-only */
/* Reads the locks that processes hold from /proc/locks. */
#pragma once

#include <linux/types.h>

struct rg_proc_lock {
	__u32 dev; /* as the kernel has it: major << 20 | minor */
	__u32 pid;
	unsigned long ino;
};

typedef void rg_proc_lock_fn(void *arg, const struct rg_proc_lock *lock);

/* Calls `tell` for each lock that a user process holds, not for waiters and kernel threads.
 * Skips lines that cannot be parsed. proc: "/proc". Returns 0 or a negative errno. */
int rg_proc_locks(const char *proc, rg_proc_lock_fn *tell, void *arg);
