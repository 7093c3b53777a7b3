/* SPDX-License-Identifier: GPL-2.0-only */
/* The event GATE, which no program in the kernel tells: a tracer makes it up when it sees
 * that a gate is in another state than the last time it looked. */
#pragma once

#include <stdbool.h>

#include "rg_gate.h"
#include "rg_records.h"

/* A gate as it was last told; {}: not yet. */
struct rg_gate_told {
	bool there;
	struct rg_view view;
};

/* Compares one gate (netns 0: none) with what was told of it. True: *r is to be told now.
 * *next_ns is lowered to when time alone will change the gate; 0: never. */
bool rg_gate_event(struct rg_gate_told *told, const struct rg_gate *gate, __u64 now_ns,
		   struct rg_record *r, __u64 *next_ns);
