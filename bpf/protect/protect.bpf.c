// SPDX-License-Identifier: GPL-2.0-only
/*
 * Key protect: keeps everybody but our own executable from taking the guard out of the kernel. An
 * object of its own, which is loaded only where the key says yes.
 *
 *   lsm/inode_unlink, inode_rmdir, inode_rename   pins, and the directories that they are in
 *   lsm/sb_umount   the BPF file system, with which all pins would go
 *   lsm/bpf_map     opening a map of ours for writing, by its pin or by its id
 *   lsm/bpf         the commands that write a map, run or replace a program, or detach a link
 *
 * There is no hook for opening a link (6.1 to 7.3), so its commands are refused by the descriptor
 * that they are given. The same is done for maps, of which a descriptor may be older than the
 * protection. Maps can be read, and links and programs looked at, by everybody as before.
 *
 * An LSM program is told last what the programs before it returned. It need not be read: none is
 * called after one that refused (arch/x86/net/bpf_jit_comp.c, invoke_bpf_mod_ret), and where
 * that argument is depends on the kernel (security_bpf() has one more since 6.15).
 */
#undef offsetof
#undef container_of
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>

#include "rg_protect.h"
#include "kernel_drift.bpf.h"

#define EPERM 1
#define BPF_FS_MAGIC 0xcafe4a11 /* include/uapi/linux/magic.h */
#define FMODE_WRITE 2		/* include/linux/fs.h */
#define S_IFMT 0170000
#define S_IFREG 0100000
#define S_IWGRP_OTH 0022

/* include/uapi/linux/bpf.h, enum bpf_cmd and enum bpf_prog_type */
enum {
	MAP_UPDATE_ELEM = 2,
	MAP_DELETE_ELEM = 3,
	PROG_LOAD = 5,
	PROG_TEST_RUN = 10,
	RAW_TRACEPOINT_OPEN = 17,
	MAP_LOOKUP_AND_DELETE_ELEM = 21,
	MAP_FREEZE = 22,
	MAP_LOOKUP_AND_DELETE_BATCH = 25,
	MAP_UPDATE_BATCH = 26,
	MAP_DELETE_BATCH = 27,
	LINK_CREATE = 28,
	LINK_UPDATE = 29,
	LINK_DETACH = 34,
};
#define PROG_TYPE_EXT 28
#define RAW_TRACEPOINT_PROG_FD 8

struct bpf_map {
	__u32 id;
} __attribute__((preserve_access_index));
struct bpf_prog;
struct bpf_prog_aux {
	__u32 id;
	struct bpf_prog *prog;
} __attribute__((preserve_access_index));
struct bpf_prog {
	struct bpf_prog_aux *aux;
} __attribute__((preserve_access_index));
struct bpf_link {
	struct bpf_prog *prog;
} __attribute__((preserve_access_index));
struct vfsmount {
	struct super_block *mnt_sb;
} __attribute__((preserve_access_index));
struct mount {
	struct vfsmount mnt;
	int mnt_id;
} __attribute__((preserve_access_index));
struct path___rg {
	struct dentry *dentry;
} __attribute__((preserve_access_index));
struct file___rg {
	struct path___rg f_path;
	void *private_data;
} __attribute__((preserve_access_index));
struct inode___rg {
	struct kuid___rg i_uid;
} __attribute__((preserve_access_index));

struct rg_protect protect SEC(".data.protect") = {};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, RG_MAX_PROTECTED);
	__type(key, struct rg_protected_key);
	__type(value, __u32);
} protected SEC(".maps");

char LICENSE[] SEC("license") = "GPL";

/* ---- who asks ---- */

static __always_inline void key_of(struct inode *inode, struct rg_exempt_key *key)
{
	key->ino = BPF_CORE_READ(inode, i_ino);
	key->dev = BPF_CORE_READ(inode, i_sb, s_dev);
	key->generation = BPF_CORE_READ(inode, i_generation);
}

static __always_inline int same(const struct rg_exempt_key *a, const struct rg_exempt_key *b)
{
	return a->ino == b->ino && a->dev == b->dev && a->generation == b->generation;
}

/* Returns the length with the final zero of the file's name, which is zeros from there on. */
static __always_inline long name_of(struct dentry *dentry, char name[RG_TRUSTED_NAME])
{
	return bpf_probe_read_kernel_str(name, RG_TRUSTED_NAME, BPF_CORE_READ(dentry, d_name.name));
}

static __always_inline int is_at_the_place(struct file *exe, struct dentry *dentry)
{
	struct inode___rg *inode = (void *)BPF_CORE_READ(exe, f_inode);
	__u32 mode = BPF_CORE_READ(exe, f_inode, i_mode);
	struct rg_exempt_key folder = {};
	char name[RG_TRUSTED_NAME] = {};
	__u64 a, b;

	if ((mode & S_IFMT) != S_IFREG || mode & S_IWGRP_OTH || BPF_CORE_READ(inode, i_uid.val))
		return 0;
	key_of(BPF_CORE_READ(dentry, d_parent, d_inode), &folder);
	if (!same(&folder, &protect.folder) || name_of(dentry, name) < 0)
		return 0;
	for (int i = 0; i < RG_TRUSTED_NAME; i += sizeof(a)) {
		__builtin_memcpy(&a, name + i, sizeof(a));
		__builtin_memcpy(&b, protect.name + i, sizeof(b));
		if (a != b)
			return 0;
	}
	return 1;
}

static __always_inline int is_trusted(struct task_struct *task)
{
	struct file *exe = rg_exe_of(task);
	struct file___rg *at = (void *)exe;
	struct rg_exempt_key key = {};

	if (!exe || (__u32)task->tgid == protect.canary_tgid || !rg_is_host_root(task))
		return 0;
	key_of(BPF_CORE_READ(exe, f_inode), &key);
	return same(&key, &protect.exe) || is_at_the_place(exe, BPF_CORE_READ(at, f_path.dentry));
}

/* Trusts the executable of this process, known as is_trusted() sees it. The name decides whether
 * that was possible: it stays empty where it is too long. */
static __always_inline void learn(struct task_struct *task)
{
	struct file *exe = rg_exe_of(task);
	struct file___rg *at = (void *)exe;
	struct dentry *dentry;

	if (!exe)
		return;
	dentry = BPF_CORE_READ(at, f_path.dentry);
	key_of(BPF_CORE_READ(exe, f_inode), &protect.exe);
	key_of(BPF_CORE_READ(dentry, d_parent, d_inode), &protect.folder);
	__builtin_memset(protect.name, 0, sizeof(protect.name));
	if (rg_name_len(dentry) < RG_TRUSTED_NAME)
		name_of(dentry, protect.name);
	protect.learn_tgid = 0;
}

static __always_inline int refuse(enum rg_protect_refusal what)
{
	if (is_trusted(bpf_get_current_task_btf()))
		return 0;
	__sync_fetch_and_add(&protect.refused[what], 1);
	return -EPERM;
}

/* ---- pins ---- */

static __always_inline int is_root(struct dentry *dentry)
{
	return BPF_CORE_READ(dentry, d_parent) == dentry;
}

/* RG_PIN_DIR or RG_PIN_DIR_BESIDE (src/pins/pins.h). */
static __always_inline int is_our_directory(struct dentry *dentry)
{
	char name[RG_TRUSTED_NAME] = {};

	if (!is_root(BPF_CORE_READ(dentry, d_parent)) || name_of(dentry, name) < 0)
		return 0;
	return !bpf_strncmp(name, sizeof(name), "reexport-guard") ||
	       !bpf_strncmp(name, sizeof(name), "reexport-guard-beside");
}

/* Says whether this is a directory of ours, or something in it. */
static __always_inline int is_ours(struct dentry *dentry)
{
	struct super_block *sb = dentry->d_sb;

	return sb->s_magic == BPF_FS_MAGIC && sb->s_dev == protect.bpffs_dev &&
	       (is_our_directory(dentry) || is_our_directory(BPF_CORE_READ(dentry, d_parent)));
}

SEC("lsm/inode_unlink")
int BPF_PROG(protect_unlink, struct inode *dir, struct dentry *dentry)
{
	return is_ours(dentry) ? refuse(RG_REFUSED_UNPIN) : 0;
}

SEC("lsm/inode_rmdir")
int BPF_PROG(protect_rmdir, struct inode *dir, struct dentry *dentry)
{
	return is_ours(dentry) ? refuse(RG_REFUSED_UNPIN) : 0;
}

SEC("lsm/inode_rename")
int BPF_PROG(protect_rename, struct inode *from_dir, struct dentry *from, struct inode *to_dir,
	     struct dentry *to)
{
	return is_ours(from) || is_ours(to) ? refuse(RG_REFUSED_UNPIN) : 0;
}

SEC("lsm/sb_umount")
int BPF_PROG(protect_umount, struct vfsmount *mnt, int flags)
{
	struct mount *m = (void *)mnt - bpf_core_field_offset(struct mount, mnt);

	if (mnt->mnt_sb->s_magic != BPF_FS_MAGIC || mnt->mnt_sb->s_dev != protect.bpffs_dev ||
	    (__u32)BPF_CORE_READ(m, mnt_id) != protect.mount_id)
		return 0;
	return refuse(RG_REFUSED_UMOUNT);
}

/* ---- bpf(2) ---- */

static __always_inline int is_protected(enum rg_protected_kind kind, __u32 id)
{
	struct rg_protected_key key = {.kind = kind, .id = id};

	return bpf_map_lookup_elem(&protected, &key) != NULL;
}

SEC("lsm/bpf_map")
int BPF_PROG(protect_map, struct bpf_map *map, __u32 mode)
{
	if (!(mode & FMODE_WRITE) || !is_protected(RG_PROTECTED_MAP, map->id))
		return 0;
	return refuse(RG_REFUSED_WRITE);
}

/* Returns what the descriptor in a bpf(2) attribute leads to: a map, a program or a link, which the
 * command has yet to check. NULL: nothing. */
static __always_inline void *object_of(struct task_struct *task, void *attr, __u32 offset)
{
	struct fdtable *table = BPF_CORE_READ(task, files, fdt);
	struct file **at = BPF_CORE_READ(table, fd);
	struct file *file = NULL;
	struct file___rg *f;
	__u32 fd = ~0U;

	if (bpf_probe_read_kernel(&fd, sizeof(fd), attr + offset) ||
	    fd >= BPF_CORE_READ(table, max_fds) ||
	    bpf_probe_read_kernel(&file, sizeof(file), at + fd) || !file)
		return NULL;
	f = (void *)file;
	return BPF_CORE_READ(f, private_data);
}

static __always_inline int is_our_map(void *object)
{
	struct bpf_map *map = object;

	return map && is_protected(RG_PROTECTED_MAP, BPF_CORE_READ(map, id));
}

/* A program leads back to itself, so nothing else is taken for one. */
static __always_inline int is_our_program(void *object)
{
	struct bpf_prog *prog = object;

	return prog && BPF_CORE_READ(prog, aux, prog) == prog &&
	       is_protected(RG_PROTECTED_PROG, BPF_CORE_READ(prog, aux, id));
}

static __always_inline int is_our_link(void *object)
{
	struct bpf_link *link = object;

	return link && is_our_program(BPF_CORE_READ(link, prog));
}

SEC("lsm/bpf")
int BPF_PROG(protect_bpf, int cmd, void *attr, __u32 size)
{
	struct task_struct *task = bpf_get_current_task_btf();
	__u32 type = 0;

	if (protect.learn_tgid && (__u32)task->tgid == protect.learn_tgid)
		learn(task);
	switch (cmd) {
	case MAP_UPDATE_ELEM:
	case MAP_DELETE_ELEM:
	case MAP_LOOKUP_AND_DELETE_ELEM:
	case MAP_FREEZE:
		return is_our_map(object_of(task, attr, 0)) ? refuse(RG_REFUSED_WRITE) : 0;
	case MAP_LOOKUP_AND_DELETE_BATCH:
	case MAP_UPDATE_BATCH:
	case MAP_DELETE_BATCH:
		return is_our_map(object_of(task, attr, RG_ATTR_BATCH_MAP_FD))
			       ? refuse(RG_REFUSED_WRITE)
			       : 0;
	case PROG_TEST_RUN:
		return is_our_program(object_of(task, attr, 0)) ? refuse(RG_REFUSED_RUN) : 0;
	case RAW_TRACEPOINT_OPEN:
		return is_our_program(object_of(task, attr, RAW_TRACEPOINT_PROG_FD))
			       ? refuse(RG_REFUSED_RUN)
			       : 0;
	case LINK_CREATE:
		return is_our_program(object_of(task, attr, 0)) ||
				       is_our_program(object_of(task, attr, RG_ATTR_TARGET_FD))
			       ? refuse(RG_REFUSED_RUN)
			       : 0;
	case PROG_LOAD:
		bpf_probe_read_kernel(&type, sizeof(type), attr);
		if (type != PROG_TYPE_EXT ||
		    !is_our_program(object_of(task, attr, RG_ATTR_ATTACH_PROG_FD)))
			return 0;
		return refuse(RG_REFUSED_RUN);
	case LINK_UPDATE:
	case LINK_DETACH:
		return is_our_link(object_of(task, attr, 0)) ? refuse(RG_REFUSED_DETACH) : 0;
	default:
		return 0;
	}
}
