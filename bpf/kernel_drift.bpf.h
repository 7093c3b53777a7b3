/* SPDX-License-Identifier: GPL-2.0-only */
/* The only BPF header that knows how kernels differ. Differences that are no types are in
 * include/rg_kernel_drift.h, as user space needs them too. Each entry says what changed and where
 * that was seen; no other file depends on a kernel's version. */
#pragma once

#include "rg_kernel_drift.h"

/* Flag of a thread of io_uring's or vhost's: include/linux/sched.h from 6.12 on; 6.1 has
 * PF_IO_WORKER alone, and this bit unused. */
#define PF_USER_WORKER 0x00004000

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

/* The NFS client's export operations: flags says what knfsd may not do with an
 * NFS mount. Without the member (before 5.11) nothing can be said; `open` tells
 * which bit NOLOCKS is. */
struct export_operations___rg {
	unsigned long flags;
	void *open;
} __attribute__((preserve_access_index));

/* enum rg_regime of NFSv4; operations may be NULL. */
static __always_inline __u32 rg_regime_of_export(const void *operations)
{
	const struct export_operations___rg *e = operations;
	unsigned long flags = 0;

	if (!bpf_core_field_exists(e->flags) || bpf_core_read(&flags, sizeof(flags), &e->flags))
		return RG_REGIME_UNKNOWN;
	return rg_regime_of_flags(flags, bpf_core_field_exists(e->open));
}

/* Calls that NFS clients of a network namespace have sent since the module nfs was loaded:
 * nfs_net.rpcstats, which 6.1.192, 6.12 and 7.2 have (fs/nfs/netns.h). Before that one
 * count stands for all namespaces. 0: none; negative errno: the kernel does not show it. */
struct rpc_stat___rg {
	unsigned int rpccnt;
} __attribute__((preserve_access_index));

struct nfs_net___stats {
	struct rpc_stat___rg rpcstats;
} __attribute__((preserve_access_index));

static __always_inline __s64 rg_nfs_calls(const void *nfs_net)
{
	const struct nfs_net___stats *n = nfs_net;
	unsigned int calls = 0;

	if (!bpf_core_field_exists(n->rpcstats) ||
	    bpf_core_read(&calls, sizeof(calls), &n->rpcstats.rpccnt))
		return -95; /* EOPNOTSUPP */
	return calls;
}

/* Whether nobody holds a network namespace any more: ns_common.count of 6.1 and 6.12, __ns_ref
 * of 7.2 (include/linux/ns_common.h, include/linux/ns/ns_common_types.h). A kernel with neither
 * says no. */
struct refcount___rg {
	int refs;
};

struct ns_common___count {
	struct refcount___rg count;
} __attribute__((preserve_access_index));

struct ns_common___ref {
	struct refcount___rg __ns_ref;
} __attribute__((preserve_access_index));

static __always_inline int rg_net_is_dying(const struct net *net)
{
	const struct ns_common___count *c = (const void *)&net->ns;
	const struct ns_common___ref *r = (const void *)&net->ns;
	int held = 1;

	if (bpf_core_field_exists(c->count))
		bpf_core_read(&held, sizeof(held), &c->count);
	else if (bpf_core_field_exists(r->__ns_ref))
		bpf_core_read(&held, sizeof(held), &r->__ns_ref);
	return held == 0;
}

/* A signal to another task: bpf_send_signal_task(), a kfunc that 6.1 and 6.12 have
 * not and 7.2 has (kernel/trace/bpf_trace.c); a task by its number in the initial pid
 * namespace. PIDTYPE_TGID: to the whole process. */
enum pid_type___rg {
	PIDTYPE_TGID___rg = 1,
};

extern int bpf_send_signal_task(struct task_struct *task, int sig, enum pid_type___rg type,
				__u64 value) __ksym __weak;
extern struct task_struct *bpf_task_from_pid(__s32 pid) __ksym __weak;
extern void bpf_task_release(struct task_struct *p) __ksym __weak;

/* Known when the program is loaded: what depends on it is not there for the verifier. */
#define RG_CAN_SIGNAL_TASKS (bpf_send_signal_task && bpf_task_from_pid && bpf_task_release)

/* May it be called here? It asks whether user memory may be touched although it does
 * not touch any, and for x86 that is no in a kernel thread (nmi_uaccess_okay(),
 * arch/x86/mm/tlb.c). */
static __always_inline int rg_may_signal(__u32 is_kthread)
{
#if defined(__TARGET_ARCH_x86)
	return !is_kthread;
#else
	return 1;
#endif
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

/* The credentials of a task. task_struct.cred is marked __rcu, which a compiler writes into
 * the types or does not, so it is declared here without. */
struct kuid___rg {
	__u32 val;
};
struct user_namespace___rg {
	int level; /* 0: the initial one */
} __attribute__((preserve_access_index));
struct cred___rg {
	struct kuid___rg euid;
	struct user_namespace___rg *user_ns;
} __attribute__((preserve_access_index));
struct task_struct___rg_cred {
	struct cred___rg *cred;
} __attribute__((preserve_access_index));

/* Is the current task root of the host, and not of a user namespace of its own? Its cred is
 * replaced as a whole, by itself alone. */
static __always_inline int rg_is_host_root(struct task_struct *task)
{
	struct task_struct___rg_cred *t = (void *)task;
	struct cred___rg *cred = BPF_CORE_READ(t, cred);
	__u32 euid = ~0U;

	if (!cred || bpf_core_read(&euid, sizeof(euid), &cred->euid))
		return 0;
	return !euid && !BPF_CORE_READ(cred, user_ns, level);
}

/* The locks of a file: file_lock_context.flc_posix links file_lock.fl_list in
 * 6.1; by 6.12 it links file_lock_core.flc_list, and what file_lock had is in
 * its member `c` of that type (include/linux/filelock.h). */
struct file_lock___flat {
	struct list_head fl_list;
	void *fl_owner;
	struct file *fl_file;
	unsigned char fl_type;
} __attribute__((preserve_access_index));

struct file_lock_core___rg {
	struct list_head flc_list;
	void *flc_owner;
	struct file *flc_file;
	unsigned char flc_type;
} __attribute__((preserve_access_index));

struct file_lock___core {
	struct file_lock_core___rg c;
} __attribute__((preserve_access_index));

#define RG_OF_LOCK(fl, field)                                                                      \
	({                                                                                         \
		struct file_lock___flat *flat_ = (void *)(fl);                                     \
		struct file_lock___core *core_ = (void *)(fl);                                     \
		bpf_core_field_exists(flat_->fl_##field) ? BPF_CORE_READ(flat_, fl_##field)        \
							 : BPF_CORE_READ(core_, c.flc_##field);    \
	})

/* Of a struct file_lock: its owner, its file, and F_RDLCK or F_WRLCK. */
static __always_inline void *rg_owner_of_lock(void *fl)
{
	return RG_OF_LOCK(fl, owner);
}

static __always_inline struct file *rg_file_of_lock(void *fl)
{
	return RG_OF_LOCK(fl, file);
}

static __always_inline __u32 rg_type_of_lock(void *fl)
{
	return RG_OF_LOCK(fl, type);
}

/* A union in file_lock, of structs without a name, in all. */
struct nfs4_lock_state;

struct file_lock___u {
	union {
		struct {
			struct nfs4_lock_state *owner;
		} nfs4_fl;
	} fl_u;
} __attribute__((preserve_access_index));

static __always_inline struct nfs4_lock_state *rg_nfs4_lock_state_of(void *fl)
{
	struct file_lock___u *u = fl;

	return BPF_CORE_READ(u, fl_u.nfs4_fl.owner);
}

/* The same of nfsd4_lock, where lk_is_new (fs/nfsd/xdr4.h). */
struct nfsd4_lock___v {
	union {
		struct {
			struct xdr_netobj owner;
		} new;
	} v;
} __attribute__((preserve_access_index));

static __always_inline void rg_new_lock_owner(void *lock, struct xdr_netobj *owner)
{
	struct nfsd4_lock___v *l = lock;

	bpf_core_read(owner, sizeof(*owner), &l->v.new.owner);
}

/* NLM LOCK, NLMPROC4_LOCK and _LOCK_MSG (fs/lockd/svc4proc.c). 6.1 and 6.12:
 * __nlm4svc_proc_lock(), of struct nlm_args, and its second argument is the answer.
 * 7.2: nlm4svc_do_lock(), of what XDR decoded, and the answer is rq_resp; lockd's
 * own part of the arguments has the file. */
struct nlm4_bytes___rg {
	__u32 len;
	void *data;
};

struct nlm4_lock___rg {
	struct nlm4_bytes___rg caller_name, oh;
	__u64 l_offset, l_len;
} __attribute__((preserve_access_index));

struct nlm4_lockargs___rg {
	bool exclusive;
	struct nlm4_lock___rg alock;
	bool reclaim;
} __attribute__((preserve_access_index));

struct lockd_lock___rg {
	struct file_lock___flat fl;
} __attribute__((preserve_access_index));

struct nlm4_lockargs_wrapper {
	struct nlm4_lockargs___rg xdrgen;
	struct lockd_lock___rg lock;
} __attribute__((preserve_access_index));

struct nlm4_stat___rg {
	__u32 stat;
} __attribute__((preserve_access_index));

struct nlm4_res___rg {
	struct nlm4_stat___rg stat;
} __attribute__((preserve_access_index));

struct nlm4_res_wrapper {
	struct nlm4_res___rg xdrgen;
} __attribute__((preserve_access_index));

struct svc_rqst___resp {
	void *rq_resp;
} __attribute__((preserve_access_index));

struct rg_nlm_lock {
	void *caller, *owner; /* bytes */
	__u32 caller_len, owner_len;
	__u64 start, length; /* length 0: to the end of the file */
	struct file *file;
	struct nlm_lockowner *holder; /* freed with its last lock */
	__u32 status;		      /* nlm4_stats, of this host's byte order */
	bool write, reclaim;
};

/* Reads who asks for a lock, of which file, and the answer, of a request that ends. */
static __always_inline void rg_nlm_lock_of(struct svc_rqst *rqstp, void *second,
					   struct rg_nlm_lock *l)
{
	void *argp = BPF_CORE_READ(rqstp, rq_argp), *fl;

	if (bpf_core_type_exists(struct nlm4_lockargs_wrapper)) {
		struct svc_rqst___resp *rq = (void *)rqstp;
		struct nlm4_lockargs_wrapper *args = argp;
		struct nlm4_res_wrapper *res = BPF_CORE_READ(rq, rq_resp);

		l->caller = BPF_CORE_READ(args, xdrgen.alock.caller_name.data);
		l->caller_len = BPF_CORE_READ(args, xdrgen.alock.caller_name.len);
		l->reclaim = BPF_CORE_READ(args, xdrgen.reclaim);
		l->status = __builtin_bswap32(BPF_CORE_READ(res, xdrgen.stat.stat));
		fl = argp + bpf_core_field_offset(struct nlm4_lockargs_wrapper, lock.fl);
	} else {
		struct nlm_args *args = argp;
		struct nlm_res *res = second;

		l->caller = BPF_CORE_READ(args, lock.caller);
		l->caller_len = BPF_CORE_READ(args, lock.len);
		l->reclaim = BPF_CORE_READ(args, reclaim);
		l->status = __builtin_bswap32(BPF_CORE_READ(res, status));
		fl = argp + bpf_core_field_offset(struct nlm_args, lock.fl);
	}
	l->file = rg_file_of_lock(fl);
	l->holder = rg_owner_of_lock(fl);
}

/* Reads the rest, which few callers need: the range, its type and its owner. */
static __always_inline void rg_nlm_range_of(struct svc_rqst *rqstp, struct rg_nlm_lock *l)
{
	void *argp = BPF_CORE_READ(rqstp, rq_argp);

	if (bpf_core_type_exists(struct nlm4_lockargs_wrapper)) {
		struct nlm4_lockargs_wrapper *args = argp;

		l->owner = BPF_CORE_READ(args, xdrgen.alock.oh.data);
		l->owner_len = BPF_CORE_READ(args, xdrgen.alock.oh.len);
		l->start = BPF_CORE_READ(args, xdrgen.alock.l_offset);
		l->length = BPF_CORE_READ(args, xdrgen.alock.l_len);
		l->write = BPF_CORE_READ(args, xdrgen.exclusive);
	} else {
		struct nlm_args *args = argp;

		l->owner = BPF_CORE_READ(args, lock.oh.data);
		l->owner_len = BPF_CORE_READ(args, lock.oh.len);
		l->start = BPF_CORE_READ(args, lock.lock_start);
		l->length = BPF_CORE_READ(args, lock.lock_len);
		l->write = rg_type_of_lock(argp +
					   bpf_core_field_offset(struct nlm_args, lock.fl)) != 0;
	}
}

/* Who the lock is of that nlmsvc_unlock() is called for: 6.1 and 6.12 call its argument struct
 * nlm_lock, 7.2 struct lockd_lock, as nlm_lock is what XDR decoded there. */
struct lockd_lock {
	struct file_lock fl;
} __attribute__((preserve_access_index));

static __always_inline struct nlm_lockowner *rg_nlm_holder_of(void *lock)
{
	return rg_owner_of_lock(bpf_core_type_exists(struct lockd_lock)
					? lock + bpf_core_field_offset(struct lockd_lock, fl)
					: lock + bpf_core_field_offset(struct nlm_lock, fl));
}

/* What rpc.statd said of another host; 7.2 has struct nlm_reboot by another name. */
struct lockd_reboot {
	char *mon;
	unsigned int len;
	__u32 state;
} __attribute__((preserve_access_index));

#define RG_OF_REBOOT(info, field)                                                                  \
	(bpf_core_type_exists(struct lockd_reboot)                                                 \
		 ? BPF_CORE_READ((struct lockd_reboot *)(info), field)                             \
		 : BPF_CORE_READ((struct nlm_reboot *)(info), field))

/* The pinned header has not got these fields: the flags of EXCHANGE_ID, of an end client's request
 * and answer, and of the original server's answer to this host. */
struct nfsd4_exchange_id___flags {
	__u32 flags;
} __attribute__((preserve_access_index));

struct nfs_client___flags {
	__u32 cl_exchange_flags;
} __attribute__((preserve_access_index));

/* Another host that lockd deals with (include/linux/lockd/lockd.h), with its bit fields:
 * h_server is set if that host is the client. */
struct nsm_handle___rg {
	unsigned int sm_monitored : 1;
} __attribute__((preserve_access_index));

struct nlm_host___rg {
	struct __kernel_sockaddr_storage h_addr, h_srcaddr;
	unsigned short h_server : 1;
	unsigned long h_expires;
	struct list_head h_lockowners;
	struct nsm_handle___rg *h_nsmhandle;
	struct net *net;
} __attribute__((preserve_access_index));

static __always_inline int rg_is_monitored(struct nsm_handle___rg *nsm)
{
	return (int)BPF_CORE_READ_BITFIELD_PROBED(nsm, sm_monitored);
}

/* Whether lockd frees the locks of a host because lockd itself ends in that network namespace:
 * nlm_shutdown_hosts_net() (fs/lockd/host.c) sets h_expires to the jiffy before. The others who
 * free them, nlm_host_rebooted() and NLM FREE_ALL, have just set it to 300 s from now
 * (nlm_get_host, nlm_alloc_host). */
static __always_inline bool rg_lockd_ends(struct nlm_host___rg *host)
{
	return (long)(BPF_CORE_READ(host, h_expires) - bpf_jiffies64()) < 0;
}

/* Whether a host that is a client here holds or awaits a lock: only these have an nlm_lockowner
 * (fs/lockd/svclock.c, nlmsvc_find_lockowner, nlmsvc_put_lockowner). */
static __always_inline bool rg_has_nlm_locks(struct nlm_host___rg *host)
{
	return BPF_CORE_READ(host, h_lockowners.next) !=
	       (void *)host + bpf_core_field_offset(struct nlm_host___rg, h_lockowners);
}

/* qstr.len is within a union without a name. */
struct qstr___len {
	__u32 len;
} __attribute__((preserve_access_index));

static __always_inline __u32 rg_name_len(struct dentry *dentry)
{
	struct qstr___len *name = (void *)dentry + bpf_core_field_offset(struct dentry, d_name);

	return BPF_CORE_READ(name, len);
}

/* The struct file_lock that is linked at `at`. Where file_lock_core has the list (6.12) it is
 * file_lock's first member. */
static __always_inline struct file_lock *rg_lock_at(struct list_head *at)
{
	struct file_lock___flat *flat = NULL;
	struct file_lock_core___rg *core = NULL;

	return bpf_core_field_exists(flat->fl_list)
		       ? (void *)at - bpf_core_field_offset(flat->fl_list)
		       : (void *)at - bpf_core_field_offset(core->flc_list);
}

/* A dentry of an inode, without a reference: inode.i_dentry links dentry.d_u.d_alias, both
 * in unions. NULL: it has none, or this kernel has them elsewhere. */
struct inode___names {
	struct {
		void *first;
	} i_dentry;
} __attribute__((preserve_access_index));

struct dentry___names {
	union {
		struct {
			void *next;
		} d_alias;
	} d_u;
} __attribute__((preserve_access_index));

static __always_inline struct dentry *rg_dentry_of(struct inode *inode)
{
	struct inode___names *names = (void *)inode;
	struct dentry___names *dentry = NULL;
	void *first;

	if (!bpf_core_field_exists(names->i_dentry) || !bpf_core_field_exists(dentry->d_u.d_alias))
		return NULL;
	first = BPF_CORE_READ(names, i_dentry.first);
	return first ? first - bpf_core_field_offset(dentry->d_u.d_alias) : NULL;
}

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

/* System call of the current task, from the registers it came in with: its
 * number, its first two arguments, and whether `nr` is one of the 32-bit table's.
 * The arguments of all that is asked for (fcntl, flock, kill) are of 32 bits;
 * the upper half of the register is anything. */
struct rg_syscall {
	__u32 nr;
	__u32 arg1;
	__u32 arg2;
	int compat;
};

#if defined(__TARGET_ARCH_x86)

#define RG_TS_COMPAT 0x0002    /* arch/x86/include/asm/thread_info.h */
#define RG_X32_BIT 0x40000000U /* arch/x86/include/uapi/asm/unistd.h */

struct pt_regs___rg {
	unsigned long di, si, dx, bx, cx, ax, orig_ax;
} __attribute__((preserve_access_index));

/* Arguments of a function that is entered, and what one returned. */
#define RG_ARG1(regs) ((regs)->di)
#define RG_ARG2(regs) ((regs)->si)
#define RG_ARG3(regs) ((regs)->dx)
#define RG_RETURNED(regs) ((regs)->ax)

struct thread_info___rg {
	__u32 status;
} __attribute__((preserve_access_index));

struct task_struct___rg {
	struct thread_info___rg thread_info;
} __attribute__((preserve_access_index));

static __always_inline int rg_syscall_of(struct task_struct *task, struct rg_syscall *sc)
{
	struct pt_regs___rg *regs = (void *)bpf_task_pt_regs(task);
	struct task_struct___rg *t = (void *)task;

	if (!regs)
		return -1;
	sc->compat = t->thread_info.status & RG_TS_COMPAT;
	sc->nr = regs->orig_ax & ~RG_X32_BIT;
	sc->arg1 = sc->compat ? regs->bx : regs->di;
	sc->arg2 = sc->compat ? regs->cx : regs->si;
	return 0;
}

#define RG_NR_READ 0
#define RG_NR_READV 19
#define RG_NR_KILL 62
#define RG_NR_FLOCK 73

#elif defined(__TARGET_ARCH_arm64)

/* The processor's own word for the state it was in at the system call, which is
 * what chooses the table (el0t_32_sync_handler, arch/arm64/kernel/entry-common.c). */
#define RG_PSR_MODE32_BIT 0x10 /* arch/arm64/include/uapi/asm/ptrace.h */

/* The registers are within an anonymous union, of structs. The same in 6.1,
 * 6.12 and 7.2. */
struct pt_regs___rg {
	__u64 regs[31];
	__u64 pstate;
	__u64 orig_x0;
	__s32 syscallno; /* -1: none, another exception or a tracer that undid it */
} __attribute__((preserve_access_index));

#define RG_ARG1(regs) ((regs)->regs[0])
#define RG_ARG2(regs) ((regs)->regs[1])
#define RG_ARG3(regs) ((regs)->regs[2])
#define RG_RETURNED(regs) ((regs)->regs[0])

static __always_inline int rg_syscall_of(struct task_struct *task, struct rg_syscall *sc)
{
	struct pt_regs___rg *regs = (void *)bpf_task_pt_regs(task);

	if (!regs)
		return -1;
	sc->compat = regs->pstate & RG_PSR_MODE32_BIT;
	sc->nr = regs->syscallno;
	sc->arg1 = regs->orig_x0; /* x0 is where the result goes */
	sc->arg2 = regs->regs[1]; /* of either table */
	return 0;
}

#define RG_NR_READ 63 /* include/uapi/asm-generic/unistd.h, and the next two */
#define RG_NR_READV 65
#define RG_NR_KILL 129
#define RG_NR_FLOCK 32 /* include/uapi/asm-generic/unistd.h */

#else
#error "bpf/kernel_drift.bpf.h: tell how system call arguments are found on this architecture"
#endif

/* The same number everywhere, and for 32-bit programs of either. */
#define RG_NR_IO_URING_ENTER 426
#define RG_NR_COMPAT_READ 3
#define RG_NR_COMPAT_READV 145
#define RG_NR_COMPAT_FLOCK 143
#define RG_NR_COMPAT_KILL 37

/* FMODE_NONOTIFY of file.f_mode (include/linux/fs.h) is bit 26 in 6.1, and bit 25 since
 * permission events are opted in for when a file is opened (6.14, and Debian's 6.12.118); the
 * other of the two was FMODE_BACKING (6.5), and is FMODE_NONOTIFY_PERM. No BTF has them. */
#define RG_FMODE_NONOTIFY_BITS (1U << 25 | 1U << 26)

/* Does the current thread read events of a fanotify group, which opens the file that one is
 * about (create_fd, fs/notify/fanotify/fanotify_user.c)? Overlayfs opens its layers with the
 * same bits, but not in read(2): its files are open by then. */
static __always_inline int rg_opened_for_fanotify(struct file *file, struct task_struct *task)
{
	struct rg_syscall sc = {};

	if (!(file->f_mode & RG_FMODE_NONOTIFY_BITS) || rg_syscall_of(task, &sc))
		return 0;
	return sc.compat ? sc.nr == RG_NR_COMPAT_READ || sc.nr == RG_NR_COMPAT_READV
			 : sc.nr == RG_NR_READ || sc.nr == RG_NR_READV;
}
