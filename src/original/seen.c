// SPDX-License-Identifier: GPL-2.0-only
#include "original/seen.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "original/original.h"

static void count_kept(struct rg_org_seen *seen, const struct rg_keeper *keepers)
{
	struct timespec now;
	__u64 now_ns;

	clock_gettime(CLOCK_BOOTTIME, &now);
	now_ns = (__u64)now.tv_sec * 1000000000ULL + (__u64)now.tv_nsec;
	for (int i = 0; i < RG_ORG_KEEPERS; i++) {
		if (!rg_keeper_is_active(&keepers[i], now_ns))
			continue;
		seen->clients++;
		seen->ranges += keepers[i].left;
	}
}

static int read_set(struct rg_org_seen *seen, const struct rg_org_set *set)
{
	struct rg_keeper *keepers = calloc(RG_ORG_KEEPERS, sizeof(*keepers));
	int err = keepers ? rg_org_read_keepers(set, keepers) : -ENOMEM;

	if (!err)
		err = rg_org_read_counters(set, seen->counters);
	if (!err)
		count_kept(seen, keepers);
	free(keepers);
	return err;
}

void rg_org_see(struct rg_org_seen *seen)
{
	struct rg_org_set set;
	int err = rg_org_try_open(&set, RG_LOCK_SHARED_NOW);

	memset(seen, 0, sizeof(*seen));
	if (!err) {
		seen->enabled = true;
		seen->mode = set.state->mode;
		seen->keep_for_ns = set.state->keep_for_ns;
		err = read_set(seen, &set);
		rg_org_close(&set);
	}
	seen->known = !err || err == -ENOENT;
}
