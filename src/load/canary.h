/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The canary: a child process that locks a file of its own at a gate of its own (slot 0), so
 * that everything happens to it that would happen to a local application. Only what a canary
 * has seen to work is reported as enabled.
 */
#pragma once

#include "pins/pins.h"

enum rg_canary {
	RG_CANARY_OK = 0,
	RG_CANARY_NOT_FIRED,	 /* the lock was granted at once: the hook is not called */
	RG_CANARY_NOT_CONTINUED, /* it was held, and did not go on */
	RG_CANARY_WRONG,	 /* another outcome: *detail is the errno of its call */
	RG_CANARY_ERROR,	 /* the canary itself could not be run: *detail is the errno */
};

/* *took_ns: from its call to the answer, granted or refused. */
enum rg_canary rg_canary_run(const struct rg_pins *p, __u32 door, __u32 action, __u64 *took_ns,
			     int *detail);
