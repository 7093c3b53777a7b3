// SPDX-License-Identifier: GPL-2.0-only
/*
 * The door for everything that asks for permission on an inode, of scope
 * access. The hottest hook of the VFS: attached only while a gate of this scope
 * is not open (src/pins/doors.c).
 *
 *   rung 1  lsm/inode_permission
 *   rung 2  fmod_ret/security_inode_permission
 *
 * The last check of inode_permission() (fs/namei.c): the NFS client may have
 * sent ACCESS or GETATTR before, nothing else. stat(2) of a mount's root asks
 * for no permission there and passes.
 */
#include "door.bpf.h"

SEC("lsm/inode_permission")
int BPF_PROG(access_lsm, struct inode *inode, int mask, int ret)
{
	return rg_at_door(inode, RG_WHAT_ACCESS, ret);
}

SEC("fmod_ret/security_inode_permission")
int BPF_PROG(access_fmod_ret, struct inode *inode, int mask, int ret)
{
	return rg_at_door(inode, RG_WHAT_ACCESS, ret);
}
