/* SPDX-License-Identifier: GPL-2.0-only */
/* Keys and values of the other maps, the events, the counters and the control
 * call: what kernel programs and user space share. Fixed width throughout. */
#pragma once

#include "rg_gate.h"

/* Map `devices`: kernel dev_t (major << 20 | minor) of an NFS superblock. A
 * device that is not in it counts as guarded if its network namespace has a
 * gate. The kernel removes it when the superblock dies: numbers are reused. */
enum rg_class {
	RG_CLASS_GUARDED = 1,
	RG_CLASS_EXEMPT = 2,
};

struct rg_device {
	__u32 slot; /* of the gate */
	__u32 class;
};

/* Map `held`: one element a hold. A thread that meets the closed gate again
 * gets a new seq, so whoever deletes an element cannot delete a later one. */
struct rg_held_key {
	__u32 tid;
	__u32 seq;
};

enum rg_held_phase {
	RG_HELD_RECORDED = 0, /* SIGSTOP is not sent yet: leave it, look again */
	RG_HELD_STOPPED = 1,  /* SIGSTOP is pending or done: SIGCONT ends it */
};

enum rg_what {
	RG_WHAT_LOCK = 0,
	RG_NR_WHATS,
};

struct rg_held {
	__u64 start_ns; /* of the process (thread group leader), CLOCK_BOOTTIME */
	__u64 since_ns;
	__u64 ino;
	__u32 dev;
	__u32 tgid;
	__u32 slot;
	__u16 what;  /* enum rg_what */
	__u16 phase; /* enum rg_held_phase */
	char comm[RG_COMM_SIZE];
};
_Static_assert(sizeof(struct rg_held) == 56, "pinned layout: see RG_PINS_VERSION");

/* Map `live`: words for hot paths, one element. User space writes all but
 * next_seq. */
struct rg_live {
	__u64 canary_ino; /* inode the canary locks; 0: no canary under way */
	__u64 heartbeat_ns;
	__u32 canary_dev;
	__u32 daemon_pid;
	__u32 next_seq;
	__u32 pad;
};

/* Map `meta`: written by the loader, one element. */
struct rg_meta {
	__u32 pins_version;
	__u32 armed; /* 1: complete, and the canary saw the hook fire */
	__u32 rung;  /* enum rg_rung */
	__u32 paths; /* elements of `paths` in use */
	__u64 armed_ns;
	__u64 canary_ns; /* how long the canary took, from lock to lock granted */
	char tool_version[32];
};

enum rg_rung {
	RG_RUNG_LSM = 0,
	RG_RUNG_FMOD_RET = 1,
	RG_NR_RUNGS,
};

/* Map `paths`: what the policy guards, so that a daemon that starts later can
 * classify mounts that come later. */
struct rg_path {
	__u32 slot;
	char path[RG_PATH_SIZE];   /* as given, absolute */
	char source[RG_PATH_SIZE]; /* host:/path mounted there at enable; may be empty */
};

/* Map `counters`, per CPU. */
enum rg_counter {
	RG_COUNT_HELD = 0,
	RG_COUNT_HELD_AGAIN, /* continued early by somebody, and held again */
	RG_COUNT_DENIED_POLICY,
	RG_COUNT_DENIED_NO_DAEMON,
	RG_COUNT_DENIED_TABLE_FULL,
	RG_COUNT_DENIED_CANNOT_STOP,
	RG_COUNT_AUDITED,
	RG_COUNT_HELD_EXITED, /* died while held */
	RG_COUNT_CANARY,      /* whatever the canary met: it counts nowhere else */
	RG_COUNT_FAIL_HELD_UPDATE,
	RG_COUNT_FAIL_SIGNAL,
	RG_COUNT_FAIL_REGS,
	RG_COUNT_FAIL_READ,
	RG_COUNT_FAIL_RING,
	RG_COUNT_FAIL_MANAGERS,
	RG_COUNT_RELEASED, /* + enum rg_why: the cause */
	RG_NR_COUNTERS = RG_COUNT_RELEASED + RG_NR_WHYS,
};

/* Ring `events`: knfsd's and lockd's life, wakes the daemon. */
enum rg_event_type {
	RG_EVENT_KNFSD_STARTING = 0,
	RG_EVENT_GRACE_START,
	RG_EVENT_GRACE_SKIPPED,
	RG_EVENT_GRACE_END,
	RG_EVENT_KNFSD_FAILED,
	RG_EVENT_KNFSD_SHUTDOWN,
	RG_EVENT_LOCKD_GRACE_START,
	RG_EVENT_LOCKD_GRACE_END,
	RG_EVENT_HAND,
	RG_NR_EVENTS,
};

struct rg_event {
	__u32 type;
	__u32 slot;
	__u32 netns;
	__u32 generation;
	__u64 time_ns;
};

/* Context of the program `control`, which user space runs with
 * BPF_PROG_TEST_RUN: every write to a gate is made in the kernel. */
enum rg_op {
	RG_OP_ARM = 1,	 /* make or re-make the policy of a gate; seeds a new one */
	RG_OP_OPEN = 2,	 /* by hand */
	RG_OP_CLOSE = 3, /* by hand */
	RG_OP_WHO = 4,	 /* nothing but what is always filled in */
};

struct rg_control {
	__u32 op; /* enum rg_op */
	__u32 slot;
	__u32 netns; /* ARM: 0 is the caller's, which is also where knfsd is looked for */
	__u32 all;
	__u64 policy_word;
	__s32 result;	       /* out: 0 or a negative errno */
	__u32 caller;	       /* out: the caller's pid in the initial pid namespace */
	__u64 caller_start_ns; /* out: when it started, CLOCK_BOOTTIME of the host */
};
