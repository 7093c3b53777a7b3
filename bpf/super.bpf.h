/* SPDX-License-Identifier: GPL-2.0-only */
/* Finds the gate that guards an NFS superblock. */
#pragma once

#include "guard.bpf.h"

/* Returns the slot of the gate that guards the superblock of this device, whose struct nfs_server
 * is at the address `server`; negative: none. */
static __always_inline int gate_of_dev(__u32 dev, __u64 server)
{
	struct rg_device guarded = {.class = RG_CLASS_GUARDED}, *d;
	__u32 netns = 0, *slot;
	struct rg_gate *g;

	d = bpf_map_lookup_elem(&devices, &dev);
	if (d && d->class == RG_CLASS_GUARDED)
		return (int)d->slot;

	/* Use the gate of the superblock's own network namespace if it is not classified, or
	 * exempt from another gate. */
	netns = BPF_CORE_READ((struct nfs_server *)server, nfs_client, cl_net, ns.inum);
	if (!netns)
		rg_count(RG_COUNT_FAIL_READ);
	slot = bpf_map_lookup_elem(&gate_of, &netns);
	if (!slot || (d && d->class == RG_CLASS_EXEMPT && d->slot == *slot))
		return -1;
	g = rg_gate_at(*slot);
	/* Remember the slot for the next call. */
	if ((!d || d->class == RG_CLASS_NONE) && g && g->policy.mount_mode == RG_MOUNT_MODE_ALL) {
		guarded.slot = *slot;
		guarded.exempt_ns = d ? d->exempt_ns : 0;
		bpf_map_update_elem(&devices, &dev, &guarded, BPF_ANY);
	}
	return (int)*slot;
}

/* The same. s_fs_info is a void pointer, so the loads from it are probed. */
static __always_inline int gate_of_super(struct super_block *sb)
{
	return gate_of_dev(sb->s_dev, (__u64)sb->s_fs_info);
}
