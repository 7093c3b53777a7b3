// SPDX-License-Identifier: GPL-2.0-only
#include "load/disarm.h"

#include "base/log.h"
#include "load/answers.h"
#include "load/loader.h"
#include "load/programs.h"
#include "load/protect.h"
#include "pins/freed.h"
#include "pins/gates.h"
#include "pins/held.h"
#include "pins/wrappers.h"

/* All that is attached. The doors' programs are open here: their links will do. */
static void attached(struct rg_programs *programs)
{
	char path[256];

	programs->n = 0;
	for (int i = 0; i < RG_NR_LINKS; i++) {
		bool is_door = i >= RG_LINK_DOOR_LOCK && i <= RG_LINK_LAST_DOOR;

		rg_programs_add(programs, rg_pin_path(path, rg_pin_of_link(i)), !is_door);
	}
	rg_for_each_program (t, RG_TRACE) {
		for (int pin = 0; pin < RG_NR_PROGRAM_PINS; pin++)
			rg_programs_add(programs, rg_program_pin(path, t, pin), true);
	}
	rg_protect_programs(programs);
}

int rg_take_away(struct rg_pins *p, unsigned int *continued)
{
	struct rg_continued done = {.await_sleepers = true};
	struct rg_programs programs;
	int err = 0, result = RG_DONE;

	if (p->map_fd[RG_MAP_HELD] >= 0)
		rg_held_count_sleepers(p, RG_MAX_GATES, &done);
	rg_pins_disown(p);
	if (p->map_fd[RG_MAP_GATES] >= 0 && p->prog_fd[RG_PROG_CONTROL] >= 0) {
		for (__u32 i = 0; i < RG_MAX_GATES; i++) {
			struct rg_control open_gate = {.op = RG_OP_OPEN, .slot = i};

			rg_control(p, &open_gate);
		}
	}
	attached(&programs);
	if (p->map_fd[RG_MAP_HELD] >= 0)
		err = rg_held_continue(p, true, &done);
	/* While it is still written down which process stops itself. */
	if (p->map_fd[RG_MAP_WRAPPERS] >= 0 && p->map_fd[RG_MAP_ABOVE] >= 0)
		rg_wrappers_linger(p, &done);
	if (!rg_pins_remove())
		result = RG_FAILED;
	if (!rg_programs_wait(&programs))
		result = rg_error(RG_FAILED, "programs are still attached: another process holds "
					     "them open; see `bpftool link`");
	/* Who met a closed gate in its last instant. */
	if (p->map_fd[RG_MAP_HELD] >= 0)
		err = rg_held_continue(p, true, &done) ?: err;
	if (p->map_fd[RG_MAP_WRAPPERS] >= 0)
		err = rg_wrappers_continue(p, &done) ?: err;
	if (err || done.failed)
		result = rg_error(RG_FAILED,
				  "held processes could not all be continued: %s; look "
				  "for state T in `ps` and run `kill -CONT`",
				  err ? rg_strerror(err) : "see above");
	*continued = done.continued;
	return result;
}

int rg_disarm(struct rg_pins *p, unsigned int *continued)
{
	struct rg_meta meta = {};
	int err;

	if (p->map_fd[RG_MAP_META] >= 0)
		rg_pins_meta(p, &meta);
	err = rg_take_away(p, continued);
	rg_pins_close(p);
	if (meta.module_ours)
		rg_answers_unload();
	return err;
}
