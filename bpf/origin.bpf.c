// SPDX-License-Identifier: GPL-2.0-only
/*
 * This host's own recovery from a restart of the original server.
 *
 *   fentry nfs4_recovery_handle_error    NO_GRACE: the original server refuses
 *                                        this host's own reclaims
 *
 * fs/nfs/nfs4state.c calls it with the result of a round of reclaims.
 */
#include "kprobe.bpf.h"

#define NFS4ERR_NO_GRACE 10033

static __always_inline int recovery_ends(struct nfs_client *clp, int error)
{
	__u64 now_ns = bpf_ktime_get_boot_ns();
	struct rg_gate *g;
	__u32 slot = 0;

	if (error != -NFS4ERR_NO_GRACE)
		return 0;
	g = rg_gate_of_net(BPF_CORE_READ(clp, cl_net), &slot);
	if (!g)
		return 0;
	g->origin_no_grace_ns = now_ns;
	rg_emit(RG_EVENT_ORIGIN_NO_GRACE, slot, g, now_ns);
	return 0;
}

SEC("fentry/nfs4_recovery_handle_error")
int BPF_PROG(origin_error, struct nfs_client *clp, int error)
{
	return recovery_ends(clp, error);
}

SEC("?kprobe/nfs4_recovery_handle_error")
int kprobe_origin_error(struct pt_regs___rg *regs)
{
	return recovery_ends((void *)RG_ARG1(regs), (int)RG_ARG2(regs));
}
