// SPDX-License-Identifier: GPL-2.0-only
/*
 * Keeps one address from filling the ledger: an end client calls itself what it likes, as often as
 * it likes, and the ledger has room for RG_MAX_CLIENTS names. How many of them came from an address
 * is kept, not counted: no LOCK walks through the ledger, but at most once a second where there is
 * no room.
 *
 * Global functions: see CONTRIBUTING.md.
 */
#include "client.bpf.h"

struct bpf_map;

/* When idle end clients were looked for last, of `clients` and of `nlm_hosts`. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, __u64);
} evicted SEC(".maps");

__noinline int rg_crowd_join(const struct rg_crowd_key *of, int known)
{
	struct rg_crowd_key key;
	__u32 *n, none = 0, most;

	if (!of)
		return 0;
	key = *of;
	most = key.nlm ? RG_MAX_NLM_OF_ADDRESS : RG_MAX_OF_ADDRESS;
	n = bpf_map_lookup_elem(&crowds, &key);
	if (!n) {
		bpf_map_update_elem(&crowds, &key, &none, BPF_NOEXIST);
		n = bpf_map_lookup_elem(&crowds, &key);
		if (!n) { /* the ledger itself still has a limit */
			rg_count(RG_COUNT_FAIL_CLIENTS);
			return 0;
		}
	}
	if (*n >= most && !known)
		return -1;
	__sync_fetch_and_add(n, 1);
	return 0;
}

__noinline int rg_crowd_leave(const struct rg_crowd_key *of)
{
	struct rg_crowd_key key;
	__u32 *n;

	if (!of)
		return 0;
	key = *of;
	n = bpf_map_lookup_elem(&crowds, &key);
	/* 0: the address had made room for others. */
	if (n && *n)
		__sync_fetch_and_add(n, -1);
	return 0;
}

struct evict_walk {
	__u64 before_ns; /* an end client that came after this is not idle */
};

/* The gate does not wait for it, and it has no lock and none to take again. What knfsd let go of
 * has been read by the daemon in this time. */
static __always_inline int is_idle(const struct rg_client *c, __u64 before_ns)
{
	return c->generation && c->state != RG_CLIENT_AWAITED && !c->locks && !c->uncounted &&
	       !c->uncountable && c->gone_ns < before_ns &&
	       (!c->expected || c->expected == RG_LOCKS_UNKNOWN) && c->granted_ns < before_ns &&
	       c->settled_ns < before_ns;
}

static __always_inline void evict(struct bpf_map *map, const struct rg_client_key *at,
				  const struct rg_client *c)
{
	struct rg_client_key key = *at;
	struct rg_crowd_key crowd = {};
	__u32 *n;

	crowd.slot = key.slot;
	crowd.nlm = (__u16)key.nlm;
	rg_crowd_of(c, &crowd);
	/* No call: little is left of the stack here. */
	n = bpf_map_lookup_elem(&crowds, &crowd);
	if (n && *n)
		__sync_fetch_and_add(n, -1);
	bpf_map_delete_elem(map, &key);
	rg_count(RG_COUNT_EVICTED);
}

static long evict_client(struct bpf_map *map, struct rg_client_key *at, struct rg_client *c,
			 struct evict_walk *w)
{
	if (is_idle(c, w->before_ns))
		evict(map, at, c);
	return 0;
}

static long evict_host(struct bpf_map *map, struct rg_client_key *at, struct rg_client *c,
		       struct evict_walk *w)
{
	if (c->generation && c->state == RG_CLIENT_GONE && c->granted_ns < w->before_ns)
		evict(map, at, c);
	return 0;
}

/* Says whether idle end clients may be looked for, and since when they must have been idle. */
static __always_inline int may_evict(__u32 at, struct evict_walk *w)
{
	__u64 now_ns = bpf_ktime_get_boot_ns(), *last = bpf_map_lookup_elem(&evicted, &at);

	if (!last || now_ns < RG_IDLE_NS || now_ns - *last < RG_NS_PER_SEC)
		return 0;
	*last = now_ns;
	w->before_ns = now_ns - RG_IDLE_NS;
	return 1;
}

/* Two functions: of two calls in one the compiler makes one, which may be for either map, and the
 * verifier refuses that. */
__noinline int rg_evict_clients(void)
{
	struct evict_walk w = {};

	if (may_evict(0, &w))
		bpf_for_each_map_elem(&clients, evict_client, &w, 0);
	return 0;
}

__noinline int rg_evict_hosts(void)
{
	struct evict_walk w = {};

	if (may_evict(1, &w))
		bpf_for_each_map_elem(&nlm_hosts, evict_host, &w, 0);
	return 0;
}
