// SPDX-License-Identifier: GPL-2.0-only
/*
 * Records the NFSv3 end clients whose locks lockd drops, so that they can be told.
 *
 *   fentry nlmsvc_is_client    lockd drops a lock of this host
 *
 * When the last user of lockd on this host goes away (knfsd, or an NFSv3 mount), its thread
 * gives all locks back: nlmsvc_invalidate_all(), fs/lockd/svcsubs.c, which asks this function
 * about the owner of each. On 6.1 `kill -KILL` of lockd does so as well. No end client is told
 * of it. From 6.12 on the locks are dropped before that, elsewhere (docs/kernel.md): there it
 * meets none.
 */
#include "client.bpf.h"
#include "kprobe.bpf.h"

static __always_inline int dropped_of(void *at)
{
	struct nlm_host___rg *host = at;
	struct rg_dropped_key key = {};
	__u16 family = 0;
	__u64 now_ns;

	/* Only a host that is a client here, and that listens for news of restarts. */
	if (!BPF_CORE_READ_BITFIELD_PROBED(host, h_server) || !BPF_CORE_READ(host, h_nsmhandle) ||
	    !rg_is_monitored(BPF_CORE_READ(host, h_nsmhandle)))
		return 0;
	if (!rg_gate_of_netns(BPF_CORE_READ(host, net, ns.inum), &key.slot))
		return 0;
	rg_read_address(&host->h_addr, &key.family, NULL, key.addr);
	rg_read_address(&host->h_srcaddr, &family, NULL, key.local);
	if (!key.family || family != key.family) {
		rg_count(RG_COUNT_FAIL_READ);
		return 0;
	}
	now_ns = bpf_ktime_get_boot_ns();
	if (bpf_map_update_elem(&dropped, &key, &now_ns, BPF_ANY))
		rg_count(RG_COUNT_FAIL_DROPPED);
	return 0;
}

SEC("fentry/nlmsvc_is_client")
int BPF_PROG(lock_dropped, void *host)
{
	return dropped_of(host);
}

SEC("?kprobe/nlmsvc_is_client")
int kprobe_lock_dropped(struct pt_regs___rg *regs)
{
	return dropped_of((void *)RG_ARG1(regs));
}
