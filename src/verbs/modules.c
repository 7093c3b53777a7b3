// SPDX-License-Identifier: GPL-2.0-only
#include "load/modules.h"

#include <stdio.h>

#include "cli/verbs.h"

static int with_set(int (*step)(const struct rg_pins *p), const char *done)
{
	struct rg_pins p;
	int err = rg_pins_open_enabled(&p, RG_LOCK_EXCLUSIVE);

	if (err)
		return err;
	err = step(&p);
	rg_pins_close(&p);
	if (!err)
		printf("%s\n", done);
	return err;
}

int rg_verb_modules_release(const struct rg_options *o)
{
	(void)o;
	return with_set(rg_modules_release, "let go: " RG_NFSD " can be unloaded");
}

int rg_verb_modules_follow(const struct rg_options *o)
{
	(void)o;
	return with_set(rg_modules_follow, "attached: what follows knfsd in " RG_NFSD);
}
