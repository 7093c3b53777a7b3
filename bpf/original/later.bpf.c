// SPDX-License-Identifier: GPL-2.0-only
/*
 * Not now.
 *
 *   lsm cred_prepare   in a marked thread of knfsd it fails, so that prepare_creds() does, in
 *                      nfsd_setuser() (fs/nfsd/auth.c), which every operation on a file comes by:
 *                      -ENOMEM is NFS4ERR_DELAY to the client, and it comes again by itself
 *   lsm file_lock      local applications of this host; and, where knfsd asks for its delegations
 * by it (6.1), delegations of a file of which something is kept
 */
#include "original/ranges.bpf.h"
#include "rg_org_asked.h"

#define ENOMEM 12
#define EAGAIN 11
#define ENOLCK 37
#define F_RDLCK 0
#define PF_KTHREAD 0x00200000
/* Commands of fcntl(2): uapi/asm-generic/fcntl.h, and compat's. */
#define F_SETLK 6
#define F_SETLKW 7
#define F_SETLK64 13
#define F_SETLKW64 14
#define F_OFD_SETLK 37
#define F_OFD_SETLKW 38

SEC("lsm/cred_prepare")
int BPF_PROG(org_cred_prepare, void *new, void *old, int gfp, int ret)
{
	struct rg_org_mark *m;
	__u64 tid;

	if (ret || !org.marks)
		return ret;
	tid = bpf_get_current_pid_tgid();
	m = bpf_map_lookup_elem(&marked, &tid);
	return m && m->until_ns > bpf_ktime_get_boot_ns() ? -ENOMEM : 0;
}

struct file___org {
	__s64 f_pos;
} __attribute__((preserve_access_index));

struct inode___size {
	__s64 i_size;
} __attribute__((preserve_access_index));

/* The bytes that somebody asks for, both included. */
struct asked {
	__u64 start, end;
};

/* Tells that a local application, or knfsd for a delegation, asked in vain. err: the errno; 0: it
 * went through (mode observe). */
static __always_inline void tell_refused(const struct search *s, const struct rg_org_file_key *key,
					 int knfsd, int err)
{
	struct rg_org_event e = {.op = RG_REC_KEPT_FROM,
				 .keeper = s->found,
				 .how = knfsd ? RG_KEPT_FROM_DELEGATION : RG_KEPT_FROM_LOCK,
				 .start = s->w.start,
				 .end = s->w.end,
				 .ino = key->ino,
				 .dev = key->dev,
				 .status = (__u32)err};

	e.status_kind = err ? RG_STATUS_ERRNO : RG_STATUS_NONE;
	e.side = knfsd ? RG_SIDE_SERVER : RG_SIDE_GATE;
	e.lock_type = s->write ? 2 : 1;
	org_tell(&e);
}

/* errno, or 0: it does not ask for a lock on bytes (flock(2) and leases are none of a kept
 * range's business on a local file system). */
static __always_inline int refusal(struct task_struct *task)
{
	struct rg_syscall sc = {};

	if (rg_syscall_of(task, &sc)) {
		org_count(RG_ORG_FAIL_READ);
		return ENOLCK;
	}
	if (sc.nr == (sc.compat ? RG_NR_COMPAT_FLOCK : RG_NR_FLOCK))
		return 0;
	switch (sc.arg2) {
	case F_SETLKW:
	case F_OFD_SETLKW:
		return ENOLCK;
	case F_SETLKW64:
		return sc.compat ? ENOLCK : 0;
	case F_SETLK:
	case F_OFD_SETLK:
		return EAGAIN;
	case F_SETLK64:
		return sc.compat ? EAGAIN : 0;
	default:
		return 0;
	}
}

/* Finds the bytes that fcntl(2) asks for. The hook is not told, so they are read again from the
 * program's memory, as the system call did a moment ago. Where they cannot be read, or a 32-bit
 * program asks, that is the whole file: too much is refused, never too little. A program that
 * changes them meanwhile deceives itself: it might as well not lock at all. */
static __always_inline void read_range(struct asked *asked, struct task_struct *task,
				       struct file *file)
{
	struct pt_regs___rg *regs = (void *)bpf_task_pt_regs(task);
	struct inode___size *inode = (void *)file->f_inode;
	struct file___org *f = (void *)file;
	struct rg_org_flock fl = {};
	struct rg_syscall sc = {};
	__u64 start, end;

	if (!regs || rg_syscall_of(task, &sc) || sc.compat)
		return;
	if (bpf_probe_read_user(&fl, sizeof(fl), (void *)RG_ARG3(regs))) {
		org_count(RG_ORG_FAIL_READ);
		return;
	}
	if (rg_org_asked_range(&fl, f->f_pos, BPF_CORE_READ(inode, i_size), &start, &end))
		return;
	asked->start = start;
	asked->end = end;
}

SEC("lsm/file_lock")
int BPF_PROG(org_file_lock, struct file *file, unsigned int cmd, int ret)
{
	struct search s = {.write = cmd != F_RDLCK, .own = NO_KEEPER};
	struct asked asked = {.end = OFFSET_MAX};
	struct rg_org_file_key key = {};
	struct task_struct *task;
	struct rg_org_file *kept;
	int err = 0, knfsd;

	if (ret || !org.word || cmd == F_UNLCK)
		return ret;
	s.now_ns = bpf_ktime_get_boot_ns();
	if (org.word <= s.now_ns)
		return 0;
	file_key_of(file->f_inode, &key);
	kept = bpf_map_lookup_elem(&kept_files, &key);
	if (!kept)
		return 0;
	task = bpf_get_current_task_btf();
	knfsd = !!(task->flags & PF_KTHREAD);
	if (!knfsd) {
		err = refusal(task);
		if (!err)
			return 0;
		read_range(&asked, task, file);
	}
	search_file(&s, kept, asked.start, asked.end);
	if (s.found == NO_KEEPER)
		return 0;
	if (org.mode == RG_ORG_OBSERVE) {
		org_count(RG_ORG_OBSERVED);
		tell_refused(&s, &key, knfsd, 0);
		return 0;
	}
	tell_refused(&s, &key, knfsd, knfsd ? EAGAIN : err);
	org_count(knfsd ? RG_ORG_REFUSED_LEASE : RG_ORG_REFUSED_LOCAL);
	/* Constants: the verifier of 6.12 and later wants to know what a hook returns. */
	return knfsd || err == EAGAIN ? -EAGAIN : -ENOLCK;
}
