/* SPDX-License-Identifier: GPL-2.0-only */
/* Finds the gate that guards an NFS superblock. */
#pragma once

#include "guard.bpf.h"

/* Returns the slot of the gate that guards the superblock of this device, whose struct nfs_server
 * is at the address `server`; negative: none. */
static __always_inline int gate_of_dev(__u32 dev, __u64 server)
{
	struct rg_device guarded = {.class = RG_CLASS_GUARDED}, *d;
	struct rg_gate *g;
	struct net *net;
	__u32 slot = 0;

	d = bpf_map_lookup_elem(&devices, &dev);
	if (d && d->class == RG_CLASS_GUARDED)
		return (int)d->slot;

	/* Use the gate of the superblock's own network namespace if it is not classified, or
	 * exempt from another gate. */
	net = BPF_CORE_READ((struct nfs_server *)server, nfs_client, cl_net);
	if (!net)
		rg_count(RG_COUNT_FAIL_READ);
	g = rg_gate_of_net(net, &slot);
	if (!g || (d && d->class == RG_CLASS_EXEMPT && d->slot == slot))
		return -1;
	/* Remember the slot for the next call. */
	if ((!d || d->class == RG_CLASS_NONE) && g->policy.mount_mode == RG_MOUNT_MODE_ALL) {
		guarded.slot = slot;
		guarded.exempt_ns = d ? d->exempt_ns : 0;
		bpf_map_update_elem(&devices, &dev, &guarded, BPF_ANY);
	}
	return (int)slot;
}

/* The same. s_fs_info is a void pointer, so the loads from it are probed. */
static __always_inline int gate_of_super(struct super_block *sb)
{
	return gate_of_dev(sb->s_dev, (__u64)sb->s_fs_info);
}
