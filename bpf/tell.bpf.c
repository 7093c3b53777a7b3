// SPDX-License-Identifier: GPL-2.0-only
/* Tells tracers what happened to a gate, or at one. */
#include "guard.bpf.h"

__noinline int rg_tell(const struct rg_gate_event *t)
{
	struct rg_flow_totals *totals = rg_totals();
	__u64 task = bpf_get_current_pid_tgid();

	if (!t)
		return 0;
	if (totals && t->op < RG_NR_RECORD_OPS)
		totals->records[t->op]++;
	if (totals && t->downgrade < RG_NR_DOWNGRADES)
		totals->downgrades[t->downgrade]++;
	if (t->untold)
		return 0;
	for (__u32 i = 0; i < RG_MAX_TRACERS; i++) {
		__u32 at = i;
		void *ring = bpf_map_lookup_elem(&tracers, &at);
		struct rg_record *r;

		if (!ring)
			continue;
		r = bpf_ringbuf_reserve(ring, sizeof(*r), 0);
		if (!r) {
			rg_tracer_lost_one(at);
			continue;
		}
		__builtin_memset(r, 0, sizeof(*r));
		r->time_ns = t->time_ns;
		r->duration_ns = t->duration_ns;
		r->op = (__u16)t->op;
		r->side = (__u8)t->side;
		r->facts = t->facts;
		r->netns = t->netns;
		r->generation = t->generation;
		r->tid = (__u32)task;
		r->tgid = (__u32)(task >> 32);
		r->value = t->value;
		r->dev = t->dev;
		r->fileid = t->ino;
		r->status = t->err;
		r->status_kind = t->err ? RG_STATUS_ERRNO : RG_STATUS_NONE;
		r->expected = t->expected;
		r->complete = t->complete;
		if (t->of_task)
			bpf_get_current_comm(r->name, RG_COMM_SIZE);
		r->downgrade = (__u16)t->downgrade;
		bpf_ringbuf_submit(r, 0);
	}
	return 0;
}
