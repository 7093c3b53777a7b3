// SPDX-License-Identifier: GPL-2.0-only
/*
 * The door for everything that asks for permission on an inode, of scope
 * access. The hottest hook of the VFS: attached only while a gate of this scope
 * is not open (src/pins/doors.c).
 *
 *   rung 1  lsm/inode_permission
 *   rung 2  fmod_ret/security_inode_permission
 *
 * The hook is the last check of inode_permission() (fs/namei.c): before it the NFS client can only
 * have sent ACCESS or GETATTR. stat(2) of a mount's root asks for no permission, so it passes.
 */
#include "door.bpf.h"

SEC("lsm/inode_permission")
int BPF_PROG(access_lsm, struct inode *inode, int mask, int ret)
{
	return rg_at_door(inode, RG_DOOR_ACCESS, ret);
}

SEC("fmod_ret/security_inode_permission")
int BPF_PROG(access_fmod_ret, struct inode *inode, int mask, int ret)
{
	return rg_at_door(inode, RG_DOOR_ACCESS, ret);
}
