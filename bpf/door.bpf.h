/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Finds the gate of a file and asks it. The doors (lock.bpf.c, open.bpf.c, access.bpf.c) only call
 * rg_at_door().
 */
#pragma once

#include "hold.bpf.h"
#include "super.bpf.h"

#define S_IFMT 0170000 /* include/uapi/linux/stat.h */
#define S_IFIFO 0010000
#define MAX_ERRNO 4095 /* include/linux/err.h */

/* Keep this out of line: nearly every call is for another file system and would save and restore
 * registers for nothing. */
static __noinline int kept_out(struct inode *inode, __u32 what, int is_canary)
{
	struct super_block *sb = inode->i_sb;
	int slot = is_canary ? RG_CANARY_SLOT : gate_of_super(sb);
	struct rg_request q = {};
	int ret;

	if (slot < 0)
		return 0;
	q.ino = inode->i_ino;
	q.server = (__u64)sb->s_fs_info;
	q.dev = sb->s_dev;
	q.what = what;
	q.slot = (__u32)slot;
	q.is_fifo = (inode->i_mode & S_IFMT) == S_IFIFO;
	ret = rg_at_gate(&q);
	/* Tell the verifier of an LSM program the range, which it does not know of a global
	 * function. */
	return ret < 0 && ret >= -MAX_ERRNO ? ret : 0;
}

/* Says whether a request for this inode is ours to decide: it is for a file on NFS, or it is the
 * canary's. Nearly every call is for another file system and ends here. */
enum rg_concern { RG_CONCERN_NONE = 0, RG_CONCERN_NFS, RG_CONCERN_CANARY };

static __always_inline enum rg_concern rg_concern_of(struct inode *inode, __u32 what)
{
	struct super_block *sb = inode->i_sb;

	if (sb->s_magic == NFS_SUPER_MAGIC)
		return RG_CONCERN_NFS;
	if (live.canary_ino && inode->i_ino == live.canary_ino && sb->s_dev == live.canary_dev &&
	    live.canary_door == what)
		return RG_CONCERN_CANARY;
	return RG_CONCERN_NONE;
}

/* Decides about a request for this inode. ret is the answer so far: an error is not ours to
 * change. Returns 0 or the negative errno of the request. */
static __always_inline int rg_at_door(struct inode *inode, __u32 what, int ret)
{
	switch (rg_concern_of(inode, what)) {
	case RG_CONCERN_NFS:
		return ret ?: kept_out(inode, what, 0);
	case RG_CONCERN_CANARY:
		return ret ?: kept_out(inode, what, 1);
	default:
		return ret;
	}
}
