// SPDX-License-Identifier: GPL-2.0-only
/*
 * An NFS superblock takes locks again where EXPORT_OP_NOLOCKS refuses them.
 *
 * knfsd and lockd look for that flag in sb->s_export_op->flags. A kprobe at
 * exportfs_decode_fh_raw() (fs/exportfs/expfs.c), which knfsd calls for each file
 * handle that an end client sends, asks whether the superblock may take locks.
 * If so its s_export_op points to a copy of NFS's operations without the flag.
 * If that is no longer so, it points to NFS's own again. So nothing has to be
 * told of mounts, or when the guard is taken out.
 *
 * The copy is no part of the module, and is not freed once a superblock had it:
 * knfsd keeps the pointer while it sleeps within exportfs_decode_fh_raw(), and
 * nobody can tell when the last thread is through.
 */
#include <linux/atomic.h>
#include <linux/kprobes.h>
#include <linux/magic.h>
#include <linux/module.h>
#include <linux/mount.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

#include "compat.h"
#include "reexport_guard.h"

#if RG_MAY_REFUSE_LOCKS

rg_counter(allowed, "times that a superblock was made to take locks");
rg_counter(restored, "times that a superblock was given its own operations again");

/* fs/nfs/nfs.h; exported. */
extern struct file_system_type nfs_fs_type, nfs4_fs_type;

rg_question int security_reexport_locks(struct super_block *sb)
{
	return RG_NOBODY;
}

static DEFINE_RAW_SPINLOCK(swapping);
static struct export_operations *copy;
static const struct export_operations *original; /* NULL: no superblock had the copy yet */

static void allow(struct super_block *sb)
{
	const struct export_operations *ops;

	raw_spin_lock(&swapping);
	ops = READ_ONCE(sb->s_export_op);
	if (!original && ops != copy) {
		*copy = *ops;
		copy->flags &= ~EXPORT_OP_NOLOCKS;
		original = ops;
	}
	if (ops == original) {
		/* Its contents before the pointer to it. */
		smp_store_release(&sb->s_export_op, copy);
		atomic_long_inc(&allowed);
	}
	raw_spin_unlock(&swapping);
}

static void restore(struct super_block *sb)
{
	raw_spin_lock(&swapping);
	if (READ_ONCE(sb->s_export_op) == copy) {
		WRITE_ONCE(sb->s_export_op, original);
		atomic_long_inc(&restored);
	}
	raw_spin_unlock(&swapping);
}

static int at_decode(struct kprobe *probe, struct pt_regs *regs)
{
	struct super_block *sb = ((struct vfsmount *)regs_get_kernel_argument(regs, 0))->mnt_sb;
	const struct export_operations *ops = READ_ONCE(sb->s_export_op);
	int answer = RG_NOBODY;

	if (sb->s_magic != NFS_SUPER_MAGIC || !ops ||
	    (ops != copy && !(ops->flags & EXPORT_OP_NOLOCKS)))
		return 0;
	for (int i = 0; i < RG_TRIES && answer == RG_NOBODY; i++)
		answer = security_reexport_locks(sb);
	if (answer == RG_YES && ops != copy)
		allow(sb);
	else if (answer != RG_YES && ops == copy)
		restore(sb);
	return 0;
}

/* By address: the module depends on exportfs, which cannot go before it. */
static struct kprobe probe = {
	.addr = (kprobe_opcode_t *)exportfs_decode_fh_raw,
	.pre_handler = at_decode,
};

static void restore_one(struct super_block *sb, void *unused)
{
	restore(sb);
}

int __init rg_locks_init(void)
{
	int err;

	copy = kzalloc(sizeof(*copy), GFP_KERNEL);
	if (!copy)
		return -ENOMEM;
	err = register_kprobe(&probe);
	if (err)
		kfree(copy);
	return err;
}

void rg_locks_exit(void)
{
	unregister_kprobe(
		&probe); /* waits for handlers: no superblock gets the copy from here on */
	if (!original) {
		kfree(copy);
		return;
	}
	/* Under s_umount of each, which keeps it there. One that is being unmounted is left out: it
	 * keeps the copy, which stays. */
	iterate_supers_type(&nfs_fs_type, restore_one, NULL);
	iterate_supers_type(&nfs4_fs_type, restore_one, NULL);
}

#else

int __init rg_locks_init(void)
{
	return 0;
}

void rg_locks_exit(void)
{
}

#endif
