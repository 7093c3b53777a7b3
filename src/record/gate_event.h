/* SPDX-License-Identifier: GPL-2.0-only */
/* Makes the event GATE, which no program in the kernel sends: a tracer compares each gate with
 * the state that it saw last. */
#pragma once

#include <stdbool.h>

#include "rg_gate.h"
#include "rg_records.h"

/* A gate as the last event told it; {}: no event yet. */
struct rg_gate_reported {
	bool there;
	struct rg_view view;
};

/* Compares one gate (netns 0: none) with its last event. Returns true if *r is a new event.
 * Lowers *next_ns to the time at which the gate changes by itself; 0: never. */
bool rg_gate_event(struct rg_gate_reported *last, const struct rg_gate *gate, __u64 now_ns,
		   struct rg_record *r, __u64 *next_ns);
