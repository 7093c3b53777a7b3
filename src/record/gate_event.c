// SPDX-License-Identifier: GPL-2.0-only
#include "record/gate_event.h"

static bool same_view(const struct rg_view *a, const struct rg_view *b)
{
	return a->state == b->state && a->why == b->why && a->since_ns == b->since_ns;
}

bool rg_gate_event(struct rg_gate_reported *last, const struct rg_gate *gate, __u64 now_ns,
		   struct rg_record *r, __u64 *next_ns)
{
	struct rg_view view;

	if (!gate->netns) {
		last->there = false;
		return false;
	}
	view = rg_gate_view(gate, now_ns);
	if (view.until_ns && (!*next_ns || view.until_ns < *next_ns))
		*next_ns = view.until_ns;
	if (last->there && same_view(&last->view, &view))
		return false;
	last->there = true;
	last->view = view;
	*r = (struct rg_record){.op = RG_REC_GATE,
				.side = RG_SIDE_GATE,
				.time_ns = view.since_ns ?: now_ns,
				.netns = gate->netns,
				.generation = gate->generation,
				.value = view.state,
				.how = (__u8)view.why};
	return true;
}
