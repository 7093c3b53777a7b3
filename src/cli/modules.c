// SPDX-License-Identifier: GPL-2.0-only
#include "loader/modules.h"

#include <stdio.h>

#include "cli/verbs.h"

int rg_verb_modules_release(const struct rg_options *o)
{
	struct rg_pins p;
	int err = rg_pins_open_enabled(&p, RG_LOCK_EXCLUSIVE);

	(void)o;
	if (err)
		return err;
	err = rg_modules_release(&p);
	rg_pins_close(&p);
	if (!err)
		printf("let go: " RG_NFSD " can be unloaded; gates stay closed until it is back\n");
	return err;
}

int rg_verb_modules_follow(const struct rg_options *o)
{
	struct rg_pins p;
	int err = rg_pins_open_enabled(&p, RG_LOCK_EXCLUSIVE);

	(void)o;
	if (err)
		return err;
	err = rg_modules_follow(&p);
	rg_pins_close(&p);
	if (!err)
		printf("attached: what follows knfsd in " RG_NFSD "\n");
	return err;
}
