// SPDX-License-Identifier: GPL-2.0-only
/*
 * The administrator ended knfsd's grace period by v4_end_grace.
 *
 *   fexit   nfsd4_force_end_grace        fs/nfsd
 */
#include "trace.bpf.h"

struct net_walk {
	__u64 net;
	__u32 slot;
};

static long find_storm(__u32 i, struct net_walk *walk)
{
	struct rg_flow_storm *storm = rg_storm_at(i);

	if (!storm || storm->net != walk->net)
		return 0;
	walk->slot = i;
	return 1;
}

static __always_inline int grace_end_was_forced(__u64 nn, bool ret)
{
	struct net_walk walk = {.net = nn};
	struct rg_flow_storm *storm;
	struct rg_at_work *w;
	struct rg_record *r;
	struct rg_gate *g;

	if (!ret)
		return 0;
	bpf_loop(RG_MAX_GATES, find_storm, &walk, 0);
	g = rg_gate_at(walk.slot);
	storm = rg_storm_at(walk.slot);
	w = at_work_made();
	if (!walk.slot || !g || !storm || !w)
		return 0;
	r = fresh_record(w, RG_REC_GRACE_END_FORCED, RG_SIDE_SERVER, g, bpf_ktime_get_boot_ns());
	rg_storm_now(walk.slot);
	r->expected = storm->expected;
	r->complete = storm->complete;
	rg_send(r, NULL);
	return 0;
}

SEC("fexit/nfsd4_force_end_grace")
int BPF_PROG(grace_end_forced, struct nfsd_net *nn, bool ret)
{
	return grace_end_was_forced((__u64)nn, ret);
}

SEC("?kretprobe/nfsd4_force_end_grace")
int kprobe_grace_end_forced(struct pt_regs___rg *regs)
{
	struct rg_entered e = {};

	/* The lowest byte of the register holds the bool. */
	return left_here(regs, &e) ? grace_end_was_forced(e.arg[0], (__u8)RG_RETURNED(regs)) : 0;
}
