// SPDX-License-Identifier: GPL-2.0-only
/*
 * The door for locks, of every scope.
 *
 *   rung 1  lsm/file_lock                  BPF LSM (`bpf` in the lsm list)
 *   rung 2  fmod_ret/security_file_lock    no boot parameter needed
 *
 * The kernel calls the hook for fcntl(2) locks (POSIX and OFD), flock(2) and lease requests. It
 * does not call it for nfsd and lockd, which use vfs_lock_file(), for F_GETLK, and for unlocking at
 * close. `cmd` is the lock type.
 */
#include "door.bpf.h"

#define F_UNLCK 2

SEC("lsm/file_lock")
int BPF_PROG(lock_lsm, struct file *file, unsigned int cmd, int ret)
{
	return cmd == F_UNLCK ? ret : rg_at_door(file->f_inode, RG_DOOR_LOCK, ret);
}

SEC("fmod_ret/security_file_lock")
int BPF_PROG(lock_fmod_ret, struct file *file, unsigned int cmd, int ret)
{
	return cmd == F_UNLCK ? ret : rg_at_door(file->f_inode, RG_DOOR_LOCK, ret);
}
