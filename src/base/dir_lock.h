/* SPDX-License-Identifier: GPL-2.0-only */
/* The lock (flock(2)) of a directory of pins. Processes hold it while they read or change the
 * pins, and `disable` removes the directory while others wait for it. */
#pragma once

#include <stdbool.h>

/* Longest wait for the lock in seconds: arming holds it until the tracing programs are loaded,
 * which takes seconds. */
#define RG_LOCK_WAIT_S 120

enum rg_lock_mode {
	RG_LOCK_SHARED,
	RG_LOCK_SHARED_NOW, /* or -EWOULDBLOCK */
	RG_LOCK_EXCLUSIVE,
	RG_LOCK_EXCLUSIVE_NOW, /* or -EWOULDBLOCK */
};

/* Locks the directory, after making it if `create`. Returns a file descriptor, which holds the
 * lock; -ENOENT: it does not exist; -ETIMEDOUT: others held the lock for RG_LOCK_WAIT_S; or another
 * negative errno. Waits for others, so do not call it with signals blocked. */
int rg_dir_lock(const char *dir, enum rg_lock_mode mode, bool create);
/* Reports that the directory cannot be locked, and which process has the lock. Returns
 * RG_FAILED. */
int rg_dir_lock_failed(const char *dir, int err);
