/* SPDX-License-Identifier: GPL-2.0-only */
/* Makes the gate of a network namespace, or changes its policy: one step of arming. */
#pragma once

#include "load/loader.h"
#include "mounts/mounts.h"
#include "policy/rules.h"

/* What the policy comes to once it is checked: nothing of it is in force yet. */
struct rg_plan {
	const struct rg_arm_request *request;
	struct rg_mounts mounts;
	struct rg_rules rules;
	bool module_fails; /* module = require, and it cannot be used: on no rung */
};

/* These return an enum rg_exit, and say what is wrong. */

/* Fills in netns, that of the caller, and slot: that of its gate, or a free one. */
int rg_gate_choose_slot(const struct rg_pins *p, struct rg_armed *armed);
/* Writes what is exempt and what is guarded, then makes the gate or changes its policy, then writes
 * the rules and where the policy came from. Fills in armed->adopted: there was a gate. */
int rg_gate_arm(const struct rg_pins *p, struct rg_plan *plan, struct rg_armed *armed);
/* The doors that the set needs with this policy in the slot, 1 << enum rg_door: more than it has
 * now if the scope is wider. policy NULL: with the policies that it has. */
int rg_gate_doors(const struct rg_pins *p, const struct rg_armed *armed,
		  const struct rg_policy *policy, __u32 *doors);
/* For a new gate whose doors are proven: asks the kernel whether it has blocked everybody since
 * before the first mount. */
void rg_gate_ask_kept(const struct rg_pins *p, const struct rg_armed *armed);
