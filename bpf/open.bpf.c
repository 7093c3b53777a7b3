// SPDX-License-Identifier: GPL-2.0-only
/*
 * The doors for opens, for scopes opens and access; attached while there is a gate of such a scope.
 *
 *   rung 1  lsm/file_open, lsm/inode_create
 *   rung 2  fmod_ret/security_file_open, fmod_ret/security_inode_create
 *
 * file_open is called after NFSv4's OPEN was sent to the original server (nfs_atomic_open,
 * fs/nfs/dir.c). If that created the file, the restarted call would fail with O_EXCL. Therefore
 * creation has a door of its own: inode_create is called before the OPEN (may_o_create,
 * fs/namei.c).
 */
#include "door.bpf.h"

/* Recognizes the open by which a fanotify listener gets the file that another process is opening
 * and for whose answer that process waits. Holding the listener would hold knfsd, and so every end
 * client. Therefore it passes, and is counted if it would have been kept out. */
static __noinline int count_fanotify(struct inode *inode)
{
	int slot = gate_of_super(inode->i_sb);
	struct rg_gate *g = slot < 0 ? NULL : rg_gate_at((__u32)slot);

	if (g && g->policy.scope >= RG_SCOPE_OPENS &&
	    rg_gate_view(g, bpf_ktime_get_boot_ns()).state != RG_STATE_OPEN)
		rg_count(RG_COUNT_FANOTIFY);
	return 0;
}

static __always_inline int at_open(struct file *file, int ret)
{
	struct inode *inode = file->f_inode;

	switch (rg_concern_of(inode, RG_DOOR_OPEN)) {
	case RG_CONCERN_NFS:
		/* Look at the file's mode here, which spares every other open a load. */
		if (!rg_opened_for_fanotify(file, bpf_get_current_task_btf()))
			return ret ?: kept_out(inode, RG_DOOR_OPEN, 0);
		return ret ?: count_fanotify(inode);
	case RG_CONCERN_CANARY:
		return ret ?: kept_out(inode, RG_DOOR_OPEN, 1);
	default:
		return ret;
	}
}

SEC("lsm/file_open")
int BPF_PROG(open_lsm, struct file *file, int ret)
{
	return at_open(file, ret);
}

SEC("fmod_ret/security_file_open")
int BPF_PROG(open_fmod_ret, struct file *file, int ret)
{
	return at_open(file, ret);
}

SEC("lsm/inode_create")
int BPF_PROG(create_lsm, struct inode *dir, struct dentry *dentry, unsigned int mode, int ret)
{
	return rg_at_door(dir, RG_DOOR_CREATE, ret);
}

SEC("fmod_ret/security_inode_create")
int BPF_PROG(create_fmod_ret, struct inode *dir, struct dentry *dentry, unsigned int mode, int ret)
{
	return rg_at_door(dir, RG_DOOR_CREATE, ret);
}
