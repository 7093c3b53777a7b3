// SPDX-License-Identifier: GPL-2.0-only
/*
 * The doors for opens, of scopes opens and access; attached while a gate of
 * such a scope is there.
 *
 *   rung 1  lsm/file_open, lsm/inode_create
 *   rung 2  fmod_ret/security_file_open, fmod_ret/security_inode_create
 *
 * file_open comes by after NFSv4's OPEN has gone to the original server
 * (nfs_atomic_open, fs/nfs/dir.c), so a file would be there before its creator
 * is held, and O_EXCL would fail when the call is restarted. inode_create comes
 * by before it (may_o_create, fs/namei.c).
 */
#include "door.bpf.h"

SEC("lsm/file_open")
int BPF_PROG(open_lsm, struct file *file, int ret)
{
	return rg_at_door(file->f_inode, RG_WHAT_OPEN, ret);
}

SEC("fmod_ret/security_file_open")
int BPF_PROG(open_fmod_ret, struct file *file, int ret)
{
	return rg_at_door(file->f_inode, RG_WHAT_OPEN, ret);
}

SEC("lsm/inode_create")
int BPF_PROG(create_lsm, struct inode *dir, struct dentry *dentry, unsigned int mode, int ret)
{
	return rg_at_door(dir, RG_WHAT_CREATE, ret);
}

SEC("fmod_ret/security_inode_create")
int BPF_PROG(create_fmod_ret, struct inode *dir, struct dentry *dentry, unsigned int mode, int ret)
{
	return rg_at_door(dir, RG_WHAT_CREATE, ret);
}
