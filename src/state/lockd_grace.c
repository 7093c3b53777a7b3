// SPDX-License-Identifier: GPL-2.0-only
#include "state/lockd_grace.h"

#include <errno.h>

#include "base/log.h"

void rg_lockd_grace_start(struct rg_lockd_grace *l, const struct rg_pins *p)
{
	struct rg_meta meta;

	l->seen = rg_pins_meta(p, &meta) == 0 && rg_statd_complements(&meta);
	l->says = l->seen ? rg_statd_look("", rg_statd_booted(), &l->hosts) : RG_STATD_UNKNOWN;
}

/* Says whether no NFSv3 end client had a lock when the last boot ended. Original servers are
 * mounted in the course of the boot. */
static bool had_no_lock(const struct rg_lockd_grace *l)
{
	struct rg_mounts mounts = {};
	bool none;

	if (l->says != RG_STATD_SOME)
		return l->says == RG_STATD_NONE;
	none = rg_mounts_read("/proc/self/mountinfo", &mounts) == 0 &&
	       rg_statd_are_servers(&l->hosts, &mounts);
	rg_mounts_free(&mounts);
	return none;
}

static bool is_back(const struct rg_client *c, const struct rg_gate *g)
{
	if (c->state != RG_CLIENT_KNOWN || c->gone_ns || !c->expected)
		return true;
	return c->expected != RG_LOCKS_UNKNOWN && c->generation == rg_client_generation(g) &&
	       rg_client_is_counted(c) && c->locks >= c->expected;
}

bool rg_lockd_grace_all_are_back(const struct rg_awaited *list, const struct rg_gate *g, __u32 slot)
{
	for (__u32 i = 0; i < list->n; i++)
		if (list->keys[i].slot == slot && !is_back(&list->clients[i], g))
			return false;
	return true;
}

static bool all_are_back(const struct rg_pins *p, const struct rg_gate *g, __u32 slot)
{
	struct rg_awaited list;
	bool back;

	if (rg_all_clients_read(p, &list))
		return false;
	back = rg_lockd_grace_all_are_back(&list, g, slot);
	rg_clients_free(&list);
	return back;
}

void rg_lockd_grace_tick(struct rg_lockd_grace *l, const struct rg_pins *p,
			 const struct rg_gate *gates)
{
	int slot = l->says == RG_STATD_UNKNOWN ? -1 : rg_gate_here(p);
	struct rg_control c = {.op = RG_OP_NO_NLM, .slot = (__u32)slot};
	const struct rg_gate *g;
	int err;

	if (slot < 0)
		return;
	g = &gates[slot];
	/* The records are of the last boot: they tell of knfsd's first start. */
	if (g->generation != 1 || !rg_lockd_is_unneeded(g, g->policy) || !had_no_lock(l) ||
	    !all_are_back(p, g, (__u32)slot))
		return;
	err = rg_control(p, &c);
	if (!err)
		rg_info("gate of network namespace %u: does not wait for lockd's grace period: no "
			"NFSv3 end client had a lock before the boot, and every NFSv4 one is "
			"through",
			g->netns);
	else if (err != -EAGAIN && !l->failed)
		rg_warn("gate of network namespace %u: lockd's grace period is waited for, though "
			"nobody needs it: %s",
			g->netns, rg_strerror(err));
	l->failed = err && err != -EAGAIN;
}
