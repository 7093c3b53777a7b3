// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>

#include "cli/verbs.h"
#include "loader/gates.h"
#include "loader/held.h"

int rg_verb_release(const struct rg_options *o)
{
	struct rg_control c = {.op = RG_OP_OPEN};
	struct rg_continued done = {};
	struct rg_gate gate;
	struct rg_pins p;
	int slot, err = rg_pins_open_enabled(&p, RG_LOCK_EXCLUSIVE);

	if (err)
		return err;
	err = rg_can_continue(&p);
	if (err) {
		rg_pins_close(&p);
		return err;
	}
	slot = rg_gate_named(&p, o, &gate);
	if (slot < 0) {
		rg_pins_close(&p);
		return RG_FAILED;
	}
	c.slot = (__u32)slot;
	err = rg_control(p.control_fd, &c);
	if (err)
		err = rg_error(RG_FAILED, "network namespace %u: cannot be opened: %s", gate.netns,
			       rg_strerror(err));
	else if ((err = rg_held_continue(&p, false, &done)) || done.failed)
		err = rg_error(RG_FAILED,
			       "network namespace %u: open, but not all of the held could be "
			       "continued: %s; run it again",
			       gate.netns, err ? rg_strerror(err) : "see above");
	if (!err) {
		printf("open: network namespace %u, released by hand, %u continued\n", gate.netns,
		       done.continued);
		rg_info("gate of network namespace %u released by hand: %s", gate.netns,
			o->reason ?: "no reason given");
	}
	rg_pins_close(&p);
	return err;
}
