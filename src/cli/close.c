// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>

#include "cli/verbs.h"
#include "loader/gates.h"

int rg_verb_close(const struct rg_options *o)
{
	struct rg_control c = {.op = RG_OP_CLOSE};
	struct rg_gate gate;
	struct rg_pins p;
	int slot, err = rg_pins_open_enabled(&p, RG_LOCK_EXCLUSIVE);

	if (err)
		return err;
	slot = rg_gate_named(&p, o, &gate);
	if (slot < 0) {
		rg_pins_close(&p);
		return RG_FAILED;
	}
	c.slot = (__u32)slot;
	err = rg_control(p.control_fd, &c);
	if (err) {
		err = rg_error(RG_FAILED, "network namespace %u: cannot be closed: %s", gate.netns,
			       rg_strerror(err));
	} else {
		printf("closed: network namespace %u, by hand; opens after %u s at the latest\n",
		       gate.netns, gate.policy.max_hold_s);
		rg_info("gate of network namespace %u closed by hand: %s", gate.netns,
			o->reason ?: "no reason given");
		if (gate.policy.action == RG_ACTION_HOLD && !rg_daemon_is_alive(&p))
			rg_warn("no daemon is running: until `reexport-guard run` is, hold acts as "
				"deny");
	}
	rg_pins_close(&p);
	return err;
}
