// SPDX-License-Identifier: GPL-2.0-only
/*
 * A lock reclaim of knfsd's on an NFS file goes on as an ordinary lock.
 *
 * nfs_lock() (fs/nfs/file.c) begins by refusing FL_RECLAIM with -ENOGRACE. knfsd
 * has made its own checks before it calls it (nfsd4_lock, fs/nfsd/nfs4state.c),
 * so that flag in a kernel thread is an end client's reclaim within knfsd's
 * grace period. A kprobe at the entry takes the flag away where a program says
 * so.
 *
 * A kprobe rather than a function in nfs_lock's place: its handler does not
 * sleep, so no thread can be in the module when that is unloaded. And as it runs
 * with preemption disabled no other thread is within the program that answers
 * on this processor, which is what makes a kernel skip a program.
 */
#include <linux/atomic.h>
#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/sched.h>

#include "compat.h"
#include "reexport_guard.h"

rg_counter(forwarded, "lock reclaims that went on as ordinary locks");
rg_counter(refused, "lock reclaims that a program refused");
rg_counter(unanswered, "lock reclaims that no program answered for, and the kernel refused");

/* fs/nfs/internal.h; exported. */
int nfs_lock(struct file *filp, int cmd, struct file_lock *fl);

rg_question int security_reexport_reclaim(struct file *file, struct file_lock *fl)
{
	return RG_NOBODY;
}

static int at_nfs_lock(struct kprobe *probe, struct pt_regs *regs)
{
	struct file *file = (struct file *)regs_get_kernel_argument(regs, 0);
	struct file_lock *fl = (struct file_lock *)regs_get_kernel_argument(regs, 2);
	int answer = RG_NOBODY;

	if (!(current->flags & PF_KTHREAD) || !(rg_lock_flags(fl) & FL_RECLAIM))
		return 0;
	for (int i = 0; i < RG_TRIES && answer == RG_NOBODY; i++)
		answer = security_reexport_reclaim(file, fl);
	switch (answer) {
	case RG_YES:
		rg_lock_flags(fl) &= ~FL_RECLAIM;
		atomic_long_inc(&forwarded);
		break;
	case RG_NOBODY:
		atomic_long_inc(&unanswered);
		break;
	default:
		atomic_long_inc(&refused);
	}
	return 0;
}

/* By address: the module depends on nfs, which cannot go before it. */
static struct kprobe probe = {
	.addr = (kprobe_opcode_t *)nfs_lock,
	.pre_handler = at_nfs_lock,
};

int __init rg_forward_init(void)
{
	return register_kprobe(&probe);
}

void rg_forward_exit(void)
{
	unregister_kprobe(&probe); /* waits for handlers */
}
