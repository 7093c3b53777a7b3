/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The lock (flock(2)) of a directory of pins: it is taken while what is pinned there is looked at
 * or changed, and `disable` removes the directory under those who wait for it.
 */
#pragma once

#include <stdbool.h>

/* How long the lock is waited for, seconds: whoever arms has it until the tracing
 * programs are loaded, which takes some seconds. */
#define RG_LOCK_WAIT_S 120

enum rg_lock_mode {
	RG_LOCK_SHARED,
	RG_LOCK_SHARED_NOW, /* or -EWOULDBLOCK */
	RG_LOCK_EXCLUSIVE,
	RG_LOCK_EXCLUSIVE_NOW, /* or -EWOULDBLOCK */
};

/* Lock the directory, and make it first if `create`. A file descriptor, the lock goes with it;
 * -ENOENT: it does not exist; -ETIMEDOUT: others had the lock for RG_LOCK_WAIT_S; or another
 * negative errno. Not to be called with signals blocked: it waits for others. */
int rg_dir_lock(const char *dir, enum rg_lock_mode mode, bool create);
/* Says that the directory cannot be locked, and which process has the lock. RG_FAILED. */
int rg_dir_lock_failed(const char *dir, int err);
