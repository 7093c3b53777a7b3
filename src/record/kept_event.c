// SPDX-License-Identifier: GPL-2.0-only
#include "record/kept_event.h"

#include <string.h>

_Static_assert(RG_RECORD_NAME <= RG_ORG_NAME, "copied whole");

void rg_kept_ended(const struct rg_keeper *k, __u64 ns, __u32 why, struct rg_record *r)
{
	*r = (struct rg_record){.op = RG_REC_KEPT_ENDED,
				.side = RG_SIDE_SERVER,
				.how = (__u8)why,
				.time_ns = ns,
				.netns = k->netns,
				.value = k->left,
				.family = k->family,
				.minorversion = (__u16)k->minorversion,
				.name_len = k->name_len,
				.cl_boot = k->cl_boot,
				.cl_id = k->cl_id};
	memcpy(r->addr, k->addr, sizeof(r->addr));
	memcpy(r->name, k->name, sizeof(r->name));
	if (k->name_len > sizeof(r->name))
		r->facts |= RG_FACT_NAME_CUT;
}

bool rg_kept_over(struct rg_keeper_reported *last, const struct rg_keeper *k, __u64 now_ns,
		  struct rg_record *r)
{
	bool active = rg_keeper_is_active(k, now_ns), over = last->active && last->gen == k->gen &&
							     !active && !k->why && k->until_ns &&
							     k->until_ns <= now_ns;

	*last = (struct rg_keeper_reported){.active = active, .gen = k->gen};
	if (over)
		rg_kept_ended(k, k->until_ns, RG_KEPT_OVER, r);
	return over;
}
