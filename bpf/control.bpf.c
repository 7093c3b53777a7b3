// SPDX-License-Identifier: GPL-2.0-only
/*
 * What user space wants of a gate, done in the kernel: a process that read a
 * gate and wrote it back could undo what knfsd did in between.
 *
 *   syscall control    run with BPF_PROG_TEST_RUN, struct rg_control
 */
#include "guard.bpf.h"

#define ENOENT 2
#define EINVAL 22
#define ENOSPC 28
#define MAX_LISTED 8 /* managers in grace in one namespace: knfsd's and lockd's */

/* net_generic(): the array starts with the struct (its length is ptr[0]'s
 * place), include/net/netns/generic.h. */
static __always_inline void *generic_of(struct net *net, __u64 id_address)
{
	__u64 gen = (__u64)BPF_CORE_READ(net, gen);
	void *data = NULL;
	__u32 id = 0;

	if (!id_address || bpf_probe_read_kernel(&id, sizeof(id), (void *)id_address) ||
	    bpf_probe_read_kernel(&data, sizeof(data), (void *)(gen + id * sizeof(void *))))
		return NULL;
	return data;
}

/* Is knfsd or lockd of this namespace running, or in grace, already? Events
 * that came since the gate was entered in `gate_of` win. */
static __always_inline int seed(struct net *net, __u32 slot, struct rg_gate *g, __u64 now_ns)
{
	__u64 grace_id = 0, nfsd_id = 0;
	struct list_head *head, *at;
	void *nfsd_net;
	int i;

	if (bpf_kallsyms_lookup_name("grace_net_id", sizeof("grace_net_id"), 0, &grace_id) ||
	    bpf_kallsyms_lookup_name("nfsd_net_id", sizeof("nfsd_net_id"), 0, &nfsd_id))
		return -ENOENT;
	head = generic_of(net, grace_id);
	nfsd_net = generic_of(net, nfsd_id);
	if (!head || !nfsd_net)
		return -EINVAL;

	at = BPF_CORE_READ(head, next);
	for (i = 0; i < MAX_LISTED && at && at != head; i++) {
		struct lock_manager *lm =
			(void *)at - bpf_core_field_offset(struct lock_manager, list);
		__u32 is_knfsd = BPF_CORE_READ(lm, block_opens);

		rg_managers_add((__u64)lm, slot, is_knfsd);
		if (is_knfsd) {
			g->knfsd_start_ns = now_ns;
			__sync_val_compare_and_swap(&g->knfsd, RG_KNFSD_DOWN, RG_KNFSD_GRACE);
		} else {
			g->lockd_start_ns = now_ns;
			__sync_val_compare_and_swap(&g->lockd, RG_LOCKD_NONE, RG_LOCKD_GRACE);
		}
		at = BPF_CORE_READ(at, next);
	}
	if (rg_knfsd_is_up(nfsd_net) > 0) {
		if (!g->knfsd_start_ns)
			g->knfsd_start_ns = now_ns;
		__sync_val_compare_and_swap(&g->knfsd, RG_KNFSD_DOWN, RG_KNFSD_WAS_RUNNING);
	}
	return 0;
}

static __always_inline int arm(struct rg_control *c, struct rg_gate *g, __u64 now_ns)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct net *net = task->nsproxy->net_ns;
	__u32 netns = c->netns, slot = c->slot;
	struct rg_gate fresh = {};
	int err;

	if (slot == RG_CANARY_SLOT) {
		fresh.policy_word = c->policy_word;
		fresh.closed_ns = now_ns;
		*g = fresh;
		return 0;
	}
	if (!netns)
		netns = net->ns.inum;
	if (g->netns == netns) { /* a second enable: no gap, no new facts */
		rg_publish(&g->policy_word, c->policy_word);
		g->all = c->all;
		return 0;
	}
	if (netns != net->ns.inum)
		return -EINVAL;
	fresh.policy_word = c->policy_word;
	fresh.netns = netns;
	fresh.all = c->all;
	fresh.closed_ns = now_ns;
	*g = fresh;
	if (bpf_map_update_elem(&gate_of, &netns, &slot, BPF_ANY)) {
		g->netns = 0;
		return -ENOSPC;
	}
	err = seed(net, slot, g, now_ns);
	if (err) {
		bpf_map_delete_elem(&gate_of, &netns);
		g->netns = 0;
	}
	return err;
}

static __always_inline int by_hand(struct rg_gate *g, __u32 slot, __u32 hand, __u64 now_ns)
{
	if (!g->netns && slot != RG_CANARY_SLOT)
		return -ENOENT;
	g->hand_ns = now_ns;
	rg_publish(&g->hand, hand);
	rg_emit(RG_EVENT_HAND, slot, g, now_ns);
	return 0;
}

SEC("syscall")
int control(struct rg_control *c)
{
	struct task_struct *task = bpf_get_current_task_btf();
	__u64 now_ns = bpf_ktime_get_boot_ns();
	struct rg_gate *g = rg_gate_at(c->slot);

	c->caller = task->tgid;
	c->caller_start_ns = task->group_leader->start_boottime;
	if (!g) {
		c->result = -EINVAL;
		return 0;
	}
	switch (c->op) {
	case RG_OP_ARM:
		c->result = arm(c, g, now_ns);
		break;
	case RG_OP_OPEN:
		c->result = by_hand(g, c->slot, RG_HAND_OPEN, now_ns);
		break;
	case RG_OP_CLOSE:
		c->result = by_hand(g, c->slot, RG_HAND_CLOSED, now_ns);
		break;
	case RG_OP_WHO:
		c->result = 0;
		break;
	default:
		c->result = -EINVAL;
	}
	return 0;
}
