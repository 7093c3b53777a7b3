// SPDX-License-Identifier: GPL-2.0-only
/*
 * Follows the life of knfsd and lockd and records it in the gates, so that a gate opens and closes
 * without any process of ours.
 *
 *   fentry locks_start_grace          a lock manager's grace period starts
 *   fexit  nfs4_state_start_net       knfsd started: in grace, or skipped it
 *   fexit  locks_end_grace            a grace period ended, for any reason
 *   fentry nfs4_state_shutdown_net    knfsd shuts down; before it drops state
 *   fentry nfs_kill_super             an NFS superblock dies, its number is free
 *
 * nfs4_state_start_net() always starts a grace period and then may skip it
 * (fs/nfsd/nfs4state.c). lock_manager.block_opens tells knfsd's from lockd's.
 */
#include "client.bpf.h"
#include "kprobe.bpf.h"

static __always_inline int grace_starts(struct net *net, struct lock_manager *lm, __u32 is_knfsd)
{
	__u64 now_ns = bpf_ktime_get_boot_ns();
	__u32 slot = 0;
	struct rg_gate *g = rg_gate_of_net(net, &slot);

	if (!g)
		return 0;
	rg_managers_add((__u64)lm, slot, is_knfsd);
	g->net = (__u64)net;
	if (is_knfsd) {
		rg_note_let_in(g, now_ns); /* max-hold may have ended */
		/* Do this first: settling an end client of the previous life is too late from
		 * here on. */
		__sync_fetch_and_add(&g->generation, 1);
		rg_clients_take_over(slot);
		g->refused = 0;
		g->awaited = 0;
		g->lease_s = rg_lease_of(lm);
		rg_storm_of(slot, rg_nfsd_net_of(lm));
		g->knfsd_start_ns = now_ns;
		/* Who recovers from here on may need an ordinary LOCK, after lockd's grace. */
		__sync_val_compare_and_swap(&g->lockd, RG_LOCKD_UNNEEDED, RG_LOCKD_GRACE);
		rg_publish(&g->knfsd, RG_KNFSD_STARTING);
		/* From here on a gate closed by hand waits for knfsd. */
		if (g->hand == RG_HAND_CLOSED)
			rg_publish(&g->hand, RG_HAND_OFF);
		rg_emit(RG_EVENT_KNFSD_STARTING, slot, g, now_ns);
	} else {
		rg_nlm_take_over(slot);
		rg_publish(&g->lockd, RG_LOCKD_GRACE);
		rg_emit(RG_EVENT_LOCKD_GRACE_START, slot, g, now_ns);
	}
	return 0;
}

SEC("fentry/locks_start_grace")
int BPF_PROG(grace_start, struct net *net, struct lock_manager *lm)
{
	return grace_starts(net, lm, lm->block_opens);
}

SEC("?kprobe/locks_start_grace")
int kprobe_grace_start(struct pt_regs___rg *regs)
{
	struct lock_manager *lm = (void *)RG_ARG2(regs);
	struct net *net = (void *)RG_ARG1(regs);

	return grace_starts(net, lm, BPF_CORE_READ(lm, block_opens));
}

/* `continues`: this program may continue held threads; a kprobe may not call the kfuncs. */
static __always_inline int knfsd_start_ends(struct net *net, int ret, int continues)
{
	__u64 now_ns = bpf_ktime_get_boot_ns();
	__u32 slot = 0, was;
	struct rg_gate *g;

	g = rg_gate_of_net(net, &slot);
	if (!g)
		return 0;
	was = rg_gate_view(g, now_ns).state;
	if (ret) {
		/* Keep closed_ns: repeated failed starts must not postpone max-hold. */
		rg_publish(&g->knfsd, RG_KNFSD_DOWN);
		rg_emit(RG_EVENT_KNFSD_FAILED, slot, g, now_ns);
		return 0;
	}
	rg_storm_now(slot);
	if (__sync_val_compare_and_swap(&g->knfsd, RG_KNFSD_STARTING, RG_KNFSD_GRACE) ==
	    RG_KNFSD_STARTING)
		rg_emit(RG_EVENT_GRACE_START, slot, g, now_ns);
	if (continues)
		rg_continue_slot(slot, was);
	return 0;
}

SEC("fexit/nfs4_state_start_net")
int BPF_PROG(knfsd_started, struct net *net, int ret)
{
	return knfsd_start_ends(net, ret, 1);
}

SEC("?kretprobe/nfs4_state_start_net")
int kprobe_knfsd_started(struct pt_regs___rg *regs)
{
	struct rg_entered e = {};

	if (!rg_left(RG_RETURN_KNFSD_STARTED, &e))
		return 0;
	return knfsd_start_ends((void *)e.arg[0], (int)RG_RETURNED(regs), 0);
}

static __always_inline int grace_ends(struct lock_manager *lm, int continues)
{
	__u64 now_ns = bpf_ktime_get_boot_ns(), key = (__u64)lm;
	struct rg_manager *found = bpf_map_lookup_elem(&managers, &key), m;
	struct rg_gate *g;
	__u32 was;

	/* The manager is not ours, or has ended already: the kernel may call this twice. */
	if (!found)
		return 0;
	m = *found;
	bpf_map_delete_elem(&managers, &key);
	g = rg_gate_at(m.slot);
	if (!g)
		return 0;
	was = rg_gate_view(g, now_ns).state;
	if (!m.is_knfsd) {
		/* An end that nobody waited for changes nothing at the gate. */
		if (g->lockd != RG_LOCKD_UNNEEDED)
			g->lockd_end_ns = now_ns;
		rg_publish(&g->lockd, RG_LOCKD_OVER);
		rg_emit(RG_EVENT_LOCKD_GRACE_END, m.slot, g, now_ns);
		if (continues)
			rg_continue_slot(m.slot, was);
		return 0;
	}
	g->knfsd_end_ns = now_ns;
	rg_storm_now(m.slot);
	/* At shutdown the gate is closed already and stays closed. */
	if (__sync_val_compare_and_swap(&g->knfsd, RG_KNFSD_STARTING, RG_KNFSD_SKIPPED) ==
	    RG_KNFSD_STARTING)
		rg_emit(RG_EVENT_GRACE_SKIPPED, m.slot, g, now_ns);
	else if (__sync_val_compare_and_swap(&g->knfsd, RG_KNFSD_GRACE, RG_KNFSD_OVER) ==
		 RG_KNFSD_GRACE)
		rg_emit(RG_EVENT_GRACE_END, m.slot, g, now_ns);
	if (continues)
		rg_continue_slot(m.slot, was);
	return 0;
}

SEC("fexit/locks_end_grace")
int BPF_PROG(grace_end, struct lock_manager *lm)
{
	return grace_ends(lm, 1);
}

SEC("?kretprobe/locks_end_grace")
int kprobe_grace_end(struct pt_regs___rg *regs)
{
	struct rg_entered e = {};

	return rg_left(RG_RETURN_GRACE_END, &e) ? grace_ends((void *)e.arg[0], 0) : 0;
}

/* List them before knfsd releases the end clients' locks at the original server. */
static __always_inline int knfsd_stops(struct net *net)
{
	__u64 now_ns = bpf_ktime_get_boot_ns();
	struct rg_gate *g;
	__u32 slot = 0;

	g = rg_gate_of_net(net, &slot);
	if (!g)
		return 0;
	/* After its grace period the counts up to now are what end clients may reclaim next
	 * time. Before that, some end clients may not have come back yet. */
	if (g->knfsd >= RG_KNFSD_SKIPPED) {
		g->kept_ns = now_ns;
		rg_publish(&g->let_in, rg_is_rehearsed(g, now_ns) ? 1ULL << RG_RECLAIM_AUDITED : 0);
	} else {
		rg_note_let_in(g, now_ns);
	}
	g->closed_ns = now_ns;
	rg_publish(&g->knfsd, RG_KNFSD_DOWN);
	if (g->hand != RG_HAND_NOTHING)
		rg_publish(&g->hand, RG_HAND_OFF);
	rg_emit(RG_EVENT_KNFSD_SHUTDOWN, slot, g, now_ns);
	/* This is the last chance: knfsd's threads are gone, and the locks still exist. */
	rg_count_uncounted(slot, 0, RG_MAX_FILE_LOCKS);
	rg_list_last(slot, g->generation);
	return 0;
}

SEC("fentry/nfs4_state_shutdown_net")
int BPF_PROG(knfsd_stop, struct net *net)
{
	return knfsd_stops(net);
}

SEC("?kprobe/nfs4_state_shutdown_net")
int kprobe_knfsd_stop(struct pt_regs___rg *regs)
{
	return knfsd_stops((void *)RG_ARG1(regs));
}

static __always_inline int forget_super(__u32 dev)
{
	bpf_map_delete_elem(&devices, &dev);
	return 0;
}

SEC("fentry/nfs_kill_super")
int BPF_PROG(super_gone, struct super_block *sb)
{
	return forget_super(sb->s_dev);
}

SEC("?kprobe/nfs_kill_super")
int kprobe_super_gone(struct pt_regs___rg *regs)
{
	struct super_block *sb = (void *)RG_ARG1(regs);

	return forget_super(BPF_CORE_READ(sb, s_dev));
}
