/* SPDX-License-Identifier: GPL-2.0-only */
/* Plays a recording back: what `top` would have shown at each moment. */
#pragma once

#include "metrics/snapshot.h"
#include "record/record.h"

/* Greatest number of end clients and of held threads that are shown. */
#define RG_REPLAY_MOST 64

/* Owned by the caller (rg_replay_free). */
struct rg_replay {
	struct rg_snapshot now;
	__u64 wall_offset_ns; /* CLOCK_REALTIME less CLOCK_BOOTTIME of the recording */
};

/* Begins with a gate of this policy in the network namespace of the recording. Returns 0 or
 * -ENOMEM. */
int rg_replay_begin(struct rg_replay *r, __u32 netns, struct rg_policy policy, __u64 boot_ns);
/* Applies the next event. An event that `top` does not show changes nothing. */
void rg_replay_add(struct rg_replay *replay, const struct rg_record *r);
/* Sets the clock of the following screens. */
void rg_replay_at(struct rg_replay *r, __u64 boot_ns);
void rg_replay_free(struct rg_replay *r);
