/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The canary: a child process locks a file of its own at a gate of its own
 * (slot 0), and everything happens to it that the policy would do to a local
 * application. Only what it saw is called enabled.
 */
#pragma once

#include "pins/pins.h"

enum rg_canary {
	RG_CANARY_OK = 0,
	RG_CANARY_NOT_FIRED,	 /* the lock was granted at once: the hook is not called */
	RG_CANARY_NOT_CONTINUED, /* it was stopped, and did not come back */
	RG_CANARY_WRONG,	 /* something else: *detail is the errno it saw */
	RG_CANARY_ERROR,	 /* the canary itself could not be run: *detail is the errno */
};

/* *took_ns: from lock to lock granted (or refused). */
enum rg_canary rg_canary_run(const struct rg_pins *p, __u32 what, __u32 action, __u64 *took_ns,
			     int *detail);
