/* SPDX-License-Identifier: GPL-2.0-only */
/* Locks that processes hold, by /proc/locks. */
#pragma once

#include <linux/types.h>

struct rg_proc_lock {
	__u32 dev; /* as the kernel has it: major << 20 | minor */
	__u32 pid;
	unsigned long ino;
};

typedef void rg_proc_lock_fn(void *arg, const struct rg_proc_lock *lock);

/* Call `tell` for each lock that a user process holds, not for waiters and kernel threads.
 * proc: "/proc". Lines that cannot be parsed are skipped. 0 or a negative errno. */
int rg_proc_locks(const char *proc, rg_proc_lock_fn *tell, void *arg);
