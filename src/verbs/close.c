// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>

#include "cli/verbs.h"
#include "pins/doors.h"

int rg_verb_close(const struct rg_options *o)
{
	struct rg_gate gate;
	struct rg_pins p;
	__u32 changed;
	int err = rg_gate_ask(o, RG_OP_CLOSE, &p, &gate, NULL);

	if (err)
		return err;
	err = rg_doors_adjust(&p, &changed);
	printf("closed: network namespace %u, by hand; opens after %u s at the latest\n",
	       gate.netns, (unsigned int)gate.policy.max_hold_s);
	rg_info("gate of network namespace %u closed by hand: %s", gate.netns,
		o->reason ?: "no reason given");
	if (gate.policy.action == RG_ACTION_HOLD && p.live->sleeps != RG_HOLD_SLEEP &&
	    !rg_daemon_is_alive(&p))
		rg_warn("no daemon is running: until `reexport-guard run` is, hold acts as deny");
	rg_pins_close(&p);
	return err;
}
