// SPDX-License-Identifier: GPL-2.0-only
/* Prints the metrics once. The daemon writes the same to a file. */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/verbs.h"
#include "metrics/metrics.h"

/* Reads the daemon's file and reports what is wrong with it. Returns NULL if it cannot be
 * read. */
static struct rg_budget *read_budget(const struct rg_pins *p)
{
	struct rg_budget *b = calloc(1, sizeof(*b));
	char boot_id[RG_BOOT_ID_SIZE];
	struct rg_meta meta;

	if (!b || rg_pins_meta(p, &meta) < 0) {
		free(b);
		return NULL;
	}
	meta.state_dir[sizeof(meta.state_dir) - 1] = '\0';
	if (rg_budget_load(meta.state_dir, rg_state_init_netns(), b) == 0 &&
	    rg_boot_id(boot_id) == 0)
		rg_budget_begin(b, boot_id);
	return b;
}

static int collect(const struct rg_pins *p, struct rg_snapshot *s)
{
	int err = rg_snapshot_read(p, RG_SNAPSHOT_PROGS | RG_SNAPSHOT_LOST, s);

	if (err)
		return rg_error(RG_FAILED, "%s: the maps cannot be read: %s", RG_PIN_DIR,
				rg_strerror(err));
	return RG_DONE;
}

int rg_verb_metrics(const struct rg_options *o)
{
	struct rg_snapshot *s = calloc(1, sizeof(*s));
	struct rg_budget *budget = NULL;
	struct rg_org_seen original;
	struct rg_pins p;
	bool alone;
	int err;

	if (!s)
		return rg_error(RG_FAILED, "metrics: out of memory");
	rg_org_see(&original);
	/* A host that is only an original server has no guard to report. */
	alone = original.enabled && access(RG_PIN_DIR, F_OK) < 0 && errno == ENOENT;
	err = alone ? RG_DONE : rg_pins_open_enabled(&p, RG_LOCK_SHARED);
	if (err || alone) {
		rg_snapshot_none(s);
	} else {
		budget = read_budget(&p);
		err = collect(&p, s);
		s->budget = budget;
		rg_pins_close(&p);
	}
	s->original = original;
	/* Unreadable maps do not mean that nothing is enabled. */
	if (!err || !s->enabled)
		rg_metrics_write(stdout, s, (enum rg_metrics_format)o->format);
	rg_snapshot_free(s);
	free(budget);
	free(s);
	return err;
}
