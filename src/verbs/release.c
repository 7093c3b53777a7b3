// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>

#include "cli/verbs.h"
#include "pins/doors.h"
#include "pins/wrappers.h"

int rg_verb_release(const struct rg_options *o)
{
	struct rg_continued done = {.await_sleepers = true};
	struct rg_gate gate;
	struct rg_pins p;
	__u32 changed;
	int err = rg_gate_ask(o, RG_OP_OPEN, &p, &gate, &done);

	if (err)
		return err;
	err = rg_held_continue(&p, false, &done);
	/* Wake the daemon, if there is one. */
	if (rg_daemon_is_alive(&p))
		err = err ?: rg_wrappers_continue(&p, &done);
	else
		rg_wrappers_linger(&p, &done);
	/* Whoever has the lock adjusts the doors, or the daemon does. The doors of another set,
	 * enabled meanwhile, are not ours to adjust. */
	if ((p.dir_fd >= 0 || rg_pins_lock(&p, RG_LOCK_EXCLUSIVE_NOW, false) == 0) &&
	    rg_pins_are_current(&p))
		rg_doors_adjust(&p, &changed);
	rg_pins_close(&p);
	if (err || done.failed)
		return rg_error(RG_FAILED,
				"network namespace %u: open, but not all of the held could be "
				"continued: %s; run it again",
				gate.netns, err ? rg_strerror(err) : "see above");
	printf("open: network namespace %u, released by hand, %u continued\n", gate.netns,
	       done.continued);
	rg_info("gate of network namespace %u released by hand: %s", gate.netns,
		o->reason ?: "no reason given");
	return RG_DONE;
}
