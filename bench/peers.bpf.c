// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the doors are measured against, on the same hooks: programs that do
 * nothing, which is what the mechanism costs, and programs that make the same
 * check as most tools would write it, by BPF_CORE_READ, and count.
 */
#undef offsetof
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>

#define NFS_SUPER_MAGIC 0x6969 /* include/uapi/linux/magic.h */

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} seen SEC(".maps");

static __always_inline int look_at(struct inode *inode)
{
	__u32 zero = 0;
	__u64 *n;

	if (BPF_CORE_READ(inode, i_sb, s_magic) != NFS_SUPER_MAGIC)
		return 0;
	n = bpf_map_lookup_elem(&seen, &zero);
	if (n)
		(*n)++;
	return 0;
}

SEC("lsm/file_lock")
int BPF_PROG(empty_lock, struct file *file, unsigned int cmd, int ret)
{
	return ret;
}

SEC("lsm/file_open")
int BPF_PROG(empty_open, struct file *file, int ret)
{
	return ret;
}

SEC("lsm/inode_create")
int BPF_PROG(empty_create, struct inode *dir, struct dentry *dentry, unsigned int mode, int ret)
{
	return ret;
}

SEC("lsm/inode_permission")
int BPF_PROG(empty_access, struct inode *inode, int mask, int ret)
{
	return ret;
}

SEC("lsm/file_lock")
int BPF_PROG(core_lock, struct file *file, unsigned int cmd, int ret)
{
	return ret ?: look_at(BPF_CORE_READ(file, f_inode));
}

SEC("lsm/file_open")
int BPF_PROG(core_open, struct file *file, int ret)
{
	return ret ?: look_at(BPF_CORE_READ(file, f_inode));
}

SEC("lsm/inode_create")
int BPF_PROG(core_create, struct inode *dir, struct dentry *dentry, unsigned int mode, int ret)
{
	return ret ?: look_at(dir);
}

SEC("lsm/inode_permission")
int BPF_PROG(core_access, struct inode *inode, int mask, int ret)
{
	return ret ?: look_at(inode);
}

char LICENSE[] SEC("license") = "GPL";
