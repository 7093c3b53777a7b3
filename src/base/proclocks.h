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

/* Tell each lock (not who waits for one) of a process that is no kernel thread.
 * proc: "/proc". Lines that are none are passed over. 0 or negative errno. */
int rg_proc_locks(const char *proc, rg_proc_lock_fn *tell, void *arg);
