// SPDX-License-Identifier: GPL-2.0-only
/*
 * Follows the locks of NFSv3 end clients that lockd frees without an NLM UNLOCK: an end client's
 * own end leaves the ledger, and end clients whose locks lockd drops as it ends are recorded, so
 * that they can be told.
 *
 *   fentry nlmsvc_is_client             lockd drops a lock as it ends
 *   fentry nlmsvc_free_host_resources   lockd frees all locks of an end client: it has restarted
 *                                       (nlm_host_rebooted), said so (NLM FREE_ALL), or lockd ends
 *
 * When the last user of lockd goes away (knfsd, or an NFSv3 mount), all locks are given back, and
 * no end client is told of it. Two functions do so, and kernels differ in which of them comes
 * first and finds the locks. nlm_shutdown_hosts_net(), fs/lockd/host.c, calls
 * nlmsvc_free_host_resources() for each host (6.12, 7.2, 7.3; 6.1 does not).
 * nlmsvc_invalidate_all(), fs/lockd/svcsubs.c, asks nlmsvc_is_client() about the owner of each
 * lock; on 6.1 `kill -KILL` of lockd has it run as well. Both are followed on every kernel.
 */
#include "client.bpf.h"
#include "kprobe.bpf.h"

struct bpf_map;

/* Records the end client that a host of lockd's is, if it listens for news of restarts. */
static __always_inline int dropped_of(struct nlm_host___rg *host)
{
	struct rg_dropped_key key = {};
	__u16 family = 0;
	__u64 now_ns;

	if (!BPF_CORE_READ_BITFIELD_PROBED(host, h_server) || !BPF_CORE_READ(host, h_nsmhandle) ||
	    !rg_is_monitored(BPF_CORE_READ(host, h_nsmhandle)))
		return 0;
	if (!rg_gate_of_net(BPF_CORE_READ(host, net), &key.slot))
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

/* ---- a lock as lockd ends ---- */

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

/* ---- all locks of an end client ---- */

struct freed_walk {
	__u64 host;
};

static long freed_one(struct bpf_map *map, struct rg_client_file *at, struct rg_client_locks *l,
		      struct freed_walk *w)
{
	if (at->clp != w->host)
		return 0;
	/* lockd frees the locks after this call, and a listing may begin in between, so list
	 * them twice. */
	l->waits = RG_WAITS_FREED;
	__sync_fetch_and_add(&l->changes, 1);
	return 0;
}

static __always_inline int host_freed(void *host)
{
	struct freed_walk w = {.host = (__u64)host};
	struct rg_client_ref *ref;
	struct rg_client_key key;
	struct rg_client *c;

	if (rg_lockd_ends(host))
		return rg_has_nlm_locks(host) ? dropped_of(host) : 0;
	ref = bpf_map_lookup_elem(&client_of, &w.host);
	if (!ref || !ref->key.nlm)
		return 0;
	key = ref->key;
	bpf_for_each_map_elem(&client_files, freed_one, &w, 0);
	c = bpf_map_lookup_elem(&nlm_hosts, &key);
	if (c) {
		c->gone_how = RG_GONE_HOW_RESTARTED;
		c->gone_ns = bpf_ktime_get_boot_ns();
	}
	return 0;
}

SEC("fentry/nlmsvc_free_host_resources")
int BPF_PROG(nlm_freed, void *host)
{
	return host_freed(host);
}

SEC("?kprobe/nlmsvc_free_host_resources")
int kprobe_nlm_freed(struct pt_regs___rg *regs)
{
	return host_freed((void *)RG_ARG1(regs));
}
