// SPDX-License-Identifier: GPL-2.0-only
/*
 * Answers the module reexport_guard (kmod/sleep.c) about a thread that sleeps at a door.
 *
 *   fmod_ret/security_reexport_wait    must the thread go on sleeping? did a signal wake it?
 *
 * The module asks from a worker, ten times a second, and from the thread itself. A wrong
 * "no" costs one restart of the system call, as the door decides again.
 */
#include "guard.bpf.h"
#include "../kmod/sleep.h"

/* enum rg_answer, kmod/reexport_guard.h */
#define RG_YES 1
#define RG_NO 2

/* Says whether the reason to hold this thread remains. For stopped threads may_go_on() decides
 * (src/pins/held.c). */
static __always_inline int must_wait(const struct rg_held *h)
{
	struct rg_gate *g = rg_gate_at(h->slot);
	__u32 dev = h->dev;
	struct rg_device *d;

	if (!g || rg_gate_view(g, bpf_ktime_get_boot_ns()).state == RG_STATE_OPEN ||
	    g->policy.action != RG_ACTION_HOLD)
		return 0;
	if (h->slot == RG_CANARY_SLOT)
		return 1;
	if (g->policy.scope < rg_scope_of_door(h->what))
		return 0;
	d = bpf_map_lookup_elem(&devices, &dev);
	return !d || d->class != RG_CLASS_EXEMPT || d->slot != h->slot;
}

/* Delete the record of a call that may end now, since nothing would tell its end. A call that
 * always restarts comes to the door again and keeps the time of its first wait. */
static __always_inline void interrupted(const struct rg_held_key *key, struct rg_held *h,
					int may_end)
{
	if (h->slot != RG_CANARY_SLOT)
		rg_count(RG_COUNT_INTERRUPTED);
	if (may_end) {
		__u32 tid = key->tid;

		bpf_map_delete_elem(&held, key);
		bpf_map_delete_elem(&holding, &tid);
	} else {
		(void)__sync_lock_test_and_set(&h->phase, RG_HELD_WOKEN);
	}
}

SEC("?fmod_ret/security_reexport_wait")
int BPF_PROG(sleep_wait, unsigned int tid, unsigned int how, int ret)
{
	struct rg_held_key key = {.tid = tid};
	struct rg_holding *last;
	struct rg_held *h;

	if (ret) /* another program has answered already */
		return ret;
	last = bpf_map_lookup_elem(&holding, &tid);
	if (!last)
		return RG_NO;
	key.seq = last->seq;
	h = bpf_map_lookup_elem(&held, &key);
	if (!h)
		return RG_NO;
	if (how == RG_WAIT_INTERRUPTED) {
		interrupted(&key, h, (int)last->may_end);
		return RG_NO;
	}
	if (must_wait(h)) {
		(void)__sync_lock_test_and_set(&h->phase, RG_HELD_ASLEEP);
		return RG_YES;
	}
	if (h->slot != RG_CANARY_SLOT)
		rg_count(RG_COUNT_CONTINUED);
	bpf_map_delete_elem(&held, &key);
	return RG_NO;
}
