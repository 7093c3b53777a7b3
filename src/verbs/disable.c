// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdio.h>

#include "cli/verbs.h"
#include "load/replace.h"

int rg_verb_disable(const struct rg_options *o)
{
	unsigned int continued = 0;
	const bool cut_short = rg_replace_was_cut_short();
	struct rg_pins p;
	int err;

	if (o->original)
		return rg_original_disable();
	rg_pins_init(&p);
	err = rg_pins_lock(&p, RG_LOCK_EXCLUSIVE, cut_short);
	if (err == -ENOENT)
		return rg_error(RG_NOT_ENABLED, "not enabled: nothing is pinned in %s", RG_PIN_DIR);
	if (err)
		return rg_pins_lock_failed(err);
	rg_replace_clear(&p);
	err = rg_pins_open(&p);
	if (err == -EPROTO)
		err = rg_open_other(&p);
	if (err == -ENOENT && cut_short) /* there was nothing else */
		err = 0;
	/* Remove nothing of a set that merely cannot be opened. */
	if (err && err != -EBADMSG)
		return rg_pins_say(&p, err);
	if (p.prog_fd[RG_PROG_CONTROL] >= 0 && rg_can_continue(&p)) {
		rg_pins_close(&p);
		return RG_FAILED;
	}
	/* An incomplete set is removed all the same. */
	err = rg_disarm(&p, &continued);
	if (err)
		return err;
	printf("disabled: %u held process%s continued\n", continued, continued == 1 ? "" : "es");
	return RG_DONE;
}
