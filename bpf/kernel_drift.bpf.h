/* SPDX-License-Identifier: GPL-2.0-only */
/* The one header that knows how kernels differ. Each entry says what changed
 * and where it was seen; nothing else branches on a kernel. */
#pragma once

/* Is knfsd up in this network namespace?
 * nfsd_net.nfsd_net_up is a bool in 6.1 and 6.12 (fs/nfsd/netns.h); 7.2 has it
 * as bit NFSD_NET_UP (5) of nfsd_net.flags. */
struct nfsd_net___bools {
	bool nfsd_net_up;
} __attribute__((preserve_access_index));

struct nfsd_net___flags {
	unsigned long flags;
} __attribute__((preserve_access_index));

#define RG_NFSD_NET_UP_BIT 5

/* 1 yes, 0 no, negative errno if the kernel shows neither field. */
static __always_inline int rg_knfsd_is_up(const void *nfsd_net)
{
	const struct nfsd_net___bools *b = nfsd_net;
	const struct nfsd_net___flags *f = nfsd_net;

	if (bpf_core_field_exists(b->nfsd_net_up))
		return BPF_CORE_READ(b, nfsd_net_up);
	if (bpf_core_field_exists(f->flags))
		return (BPF_CORE_READ(f, flags) >> RG_NFSD_NET_UP_BIT) & 1;
	return -95; /* EOPNOTSUPP */
}

/* The executable of a task; NULL for a kernel thread.
 * mm_struct's fields are within an anonymous struct, which the pinned header
 * does not know. */
struct mm_struct___rg {
	struct file *exe_file;
} __attribute__((preserve_access_index));

static __always_inline struct file *rg_exe_of(struct task_struct *task)
{
	struct mm_struct___rg *mm = (void *)task->mm;

	return mm ? BPF_CORE_READ(mm, exe_file) : NULL;
}

/* The locks of a file: file_lock_context.flc_posix links file_lock.fl_list in
 * 6.1; by 6.12 it links file_lock_core.flc_list (include/linux/filelock.h). */
struct file_lock___flat {
	struct list_head fl_list;
	void *fl_owner;
} __attribute__((preserve_access_index));

struct file_lock_core___rg {
	struct list_head flc_list;
	void *flc_owner;
} __attribute__((preserve_access_index));

/* Owner of the lock that is linked at `at`. */
static __always_inline void *rg_lock_owner(struct list_head *at)
{
	struct file_lock___flat *flat = NULL;
	struct file_lock_core___rg *core = NULL;

	if (bpf_core_field_exists(flat->fl_list)) {
		flat = (void *)at - bpf_core_field_offset(flat->fl_list);
		return BPF_CORE_READ(flat, fl_owner);
	}
	core = (void *)at - bpf_core_field_offset(core->flc_list);
	return BPF_CORE_READ(core, flc_owner);
}

/* System call of the current task, from the registers it came in with. Only
 * x86-64's registers are known here; elsewhere a caller that cannot be told
 * from a blocking one is answered as one. */
#if defined(__TARGET_ARCH_x86)
#define RG_TS_COMPAT 0x0002 /* arch/x86/include/asm/thread_info.h */

#define RG_X32_BIT 0x40000000ULL /* arch/x86/include/uapi/asm/unistd.h */

struct rg_syscall {
	__u64 nr;
	__u64 arg2;
	int compat;
};

static __always_inline int rg_syscall_of(struct task_struct *task, struct rg_syscall *sc)
{
	struct pt_regs *regs = (struct pt_regs *)bpf_task_pt_regs(task);

	if (!regs)
		return -1;
	sc->compat = task->thread_info.status & RG_TS_COMPAT;
	sc->nr = regs->orig_ax & ~RG_X32_BIT;
	sc->arg2 = sc->compat ? regs->cx : regs->si;
	return 0;
}

#define RG_NR_IO_URING_ENTER 426 /* the same number everywhere */
#define RG_NR_FCNTL 72
#define RG_NR_FLOCK 73
#define RG_NR_COMPAT_FCNTL 55
#define RG_NR_COMPAT_FCNTL64 221
#define RG_NR_COMPAT_FLOCK 143
#else
#error "bpf/kernel_drift.bpf.h: tell how system call arguments are found on this architecture"
#endif
