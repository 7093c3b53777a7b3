// SPDX-License-Identifier: GPL-2.0-only
/*
 * Answers the kernel module (kmod/) if it is loaded.
 *
 *   fmod_ret  security_reexport_reclaim   is a lock reclaim passed on as an ordinary lock?
 *   fmod_ret  security_reexport_locks     may a superblock take locks although the kernel
 *                                         refuses them through a re-export?
 *
 * The module disables preemption around both, so no other thread can be within them on the same
 * processor, and they are never skipped.
 */
#include "super.bpf.h"
#include "trace/trace.bpf.h"

/* enum rg_answer of kmod/reexport_guard.h. */
#define RG_YES 1
#define RG_NO 2

/* Returns the superblock's gate, when the mount was last found unguarded, and until when its
 * original server keeps this host's locks. NULL: no gate guards it. */
static __always_inline struct rg_gate *guarding(struct super_block *sb, __u64 *exempt_ns,
						__u64 *kept_until_ns)
{
	__u32 dev = sb->s_dev;
	struct rg_device *d;
	int slot;

	if (sb->s_magic != NFS_SUPER_MAGIC)
		return NULL;
	slot = gate_of_super(sb);
	if (slot < 0)
		return NULL;
	d = bpf_map_lookup_elem(&devices, &dev);
	*exempt_ns = d ? d->exempt_ns : 0;
	*kept_until_ns = d ? d->kept_until_ns : 0;
	return rg_gate_at((__u32)slot);
}

SEC("?fmod_ret/security_reexport_reclaim")
int BPF_PROG(answer_reclaim, struct file *file, struct file_lock *fl, int ret)
{
	__u32 thread = (__u32)bpf_get_current_pid_tgid(), verdict = RG_RECLAIM_NO_GATE;
	struct rg_at_work *w = at_work_here();
	__u64 exempt_ns = 0, kept_until_ns = 0;
	struct rg_gate *g = guarding(file->f_inode->i_sb, &exempt_ns, &kept_until_ns);

	if (g)
		verdict = rg_reclaim_of(g, bpf_ktime_get_boot_ns(), exempt_ns, kept_until_ns);
	rg_count(RG_COUNT_RECLAIM + verdict - RG_RECLAIM_UNPROVEN);
	if (bpf_map_update_elem(&reclaiming, &thread, &verdict, BPF_ANY))
		rg_count(RG_COUNT_FAIL_RECLAIMING);
	if (w)
		w->reclaim = verdict;
	return verdict < RG_RECLAIM_FIRST_NO ? RG_YES : RG_NO;
}

/* Allow locks only on guarded mounts whose reclaims would be forwarded: an end client without
 * locks has nothing to reclaim. */
SEC("?fmod_ret/security_reexport_locks")
int BPF_PROG(answer_locks, struct super_block *sb, int ret)
{
	__u64 exempt_ns = 0, kept_until_ns = 0;
	struct rg_gate *g = guarding(sb, &exempt_ns, &kept_until_ns);
	struct rg_gate_word at = {};

	if (!g)
		return RG_NO;
	at.word = g->policy_word;
	return at.policy.forward == RG_FORWARD_NEVER ? RG_NO : RG_YES;
}
