/* SPDX-License-Identifier: GPL-2.0-only */
/* Keys and values of the other maps, the events, the counters and the control call, shared by
 * kernel programs and user space. All types have a fixed width. */
#pragma once

#include "rg_gate.h"
#include "rg_regime.h"

/* Map `devices`: kernel dev_t (major << 20 | minor) of an NFS superblock. A
 * device that is not in it counts as guarded if its network namespace has a
 * gate. The kernel removes it when the superblock dies: numbers are reused. */
enum rg_class {
	RG_CLASS_NONE = 0, /* not classified; only exempt_ns counts */
	RG_CLASS_GUARDED = 1,
	RG_CLASS_EXEMPT = 2,
};

struct rg_device {
	__u32 slot; /* of the gate */
	__u32 class;
	__u64 exempt_ns; /* when it last was RG_CLASS_EXEMPT, of one that is not; or 0 */
	/* Until then its original server keeps the locks that this host had before it rebooted, as
	 * it said itself (include/rg_kept.h); 0: it did not say so. */
	__u64 kept_until_ns;
};
_Static_assert(sizeof(struct rg_device) == 24, "pinned layout: see RG_PINS_VERSION");

/* Map `held`: one element for each hold. A thread that comes to the closed gate again gets a new
 * seq, so that deleting an element never deletes a later hold. */
struct rg_held_key {
	__u32 tid;
	__u32 seq;
};

enum rg_held_phase {
	RG_HELD_RECORDED = 0, /* SIGSTOP is not sent yet: leave it, look again */
	RG_HELD_STOPPED = 1,  /* SIGSTOP is pending or done: SIGCONT ends it */
	/* On the rung sleep. The module wakes these threads; SIGCONT is never sent. */
	RG_HELD_QUEUED = 2, /* goes to sleep as it returns to user space */
	RG_HELD_ASLEEP = 3,
	RG_HELD_WOKEN = 4, /* a signal or the freezer woke it, and its call is restarted */
	RG_NR_HELD_PHASES,
};

/*
 * The doors: hooks that block callers. One row each, from which everything comes that has to know
 * of all doors:
 *   number   RG_DOOR_number, RG_LINK_DOOR_number and RG_PROG_DOOR_number
 *   name     of the door, of its pins (prog_door_name, link_door_name) and of its programs
 *            (name_lsm, name_fmod_ret)
 *   hook     the kernel's: lsm/hook, fmod_ret/security_hook
 *   scope    the narrowest that blocks calls at this door
 *   when     enum rg_door_when
 * The one that is always attached comes first.
 */
#define RG_DOORS(DOOR)                                                                             \
	DOOR(LOCK, lock, file_lock, RG_SCOPE_LOCKS, RG_DOOR_ALWAYS)                                \
	DOOR(OPEN, open, file_open, RG_SCOPE_OPENS, RG_DOOR_IN_SCOPE)                              \
	/* An open that creates: stopped before the file is there. */                              \
	DOOR(CREATE, create, inode_create, RG_SCOPE_OPENS, RG_DOOR_IN_SCOPE)                       \
	DOOR(ACCESS, access, inode_permission, RG_SCOPE_ACCESS, RG_DOOR_NOT_OPEN)

enum rg_door {
#define RG_DOOR(number, name, hook, scope, when) RG_DOOR_##number,
	RG_DOORS(RG_DOOR)
#undef RG_DOOR
		RG_NR_DOORS,
};

/* When a door is attached. */
enum rg_door_when {
	RG_DOOR_ALWAYS,	  /* as long as the guard is enabled */
	RG_DOOR_IN_SCOPE, /* while some gate has its scope, or a wider one */
	RG_DOOR_NOT_OPEN, /* only while such a gate is not open: its hook is a hot one */
};

/* The narrowest scope that blocks calls at this door. */
static inline __attribute__((always_inline)) __u32 rg_scope_of_door(__u32 door)
{
	/* No switch: the compiler would make a table of it, which BPF programs cannot have. */
#define RG_DOOR(number, name, hook, scope, when) | (__u32)(scope) << 2 * RG_DOOR_##number
	const __u32 scopes = 0 RG_DOORS(RG_DOOR);
#undef RG_DOOR

	return door < RG_NR_DOORS ? scopes >> 2 * door & 3 : RG_SCOPE_OPENS;
}
_Static_assert(RG_NR_SCOPES <= 4 && RG_NR_DOORS <= 16, "a scope has two bits of a word");

struct rg_held {
	__u64 start_ns; /* of the process (thread group leader), CLOCK_BOOTTIME */
	__u64 since_ns;
	__u64 ino;
	__u32 dev;
	__u32 tgid;
	__u16 slot;
	__u16 what;  /* enum rg_door */
	__u32 phase; /* enum rg_held_phase */
	char comm[RG_COMM_SIZE];
};
_Static_assert(sizeof(struct rg_held) == 56, "pinned layout: see RG_PINS_VERSION");

/* Map `holding`, by thread: its last element in `held`, which is deleted when the thread is
 * continued, before it comes to the door again. */
struct rg_holding {
	__u64 since_ns;
	__u64 again_ns; /* a second began in which it was held again `again` times; 0: never */
	__u32 seq;
	__u16 again;
	__u16 may_end; /* 1: a signal ends its call with EINTR, unless it has SA_RESTART */
};
_Static_assert(sizeof(struct rg_holding) == 24, "pinned layout: see RG_PINS_VERSION");

/* Map `above`, by process (tgid): the thread held last among its descendants. It tells whether the
 * process stopped itself because of that hold. */
struct rg_above {
	__u64 start_ns; /* of this process, CLOCK_BOOTTIME */
	__u64 since_ns; /* when that thread was held */
	__u64 held_start_ns;
	__u32 held_tid, held_seq; /* its key in `held` */
	__u32 held_tgid;
	__u32 via; /* tgid of the child of this process that it descends from, or is */
};
_Static_assert(sizeof(struct rg_above) == 40, "pinned layout: see RG_PINS_VERSION");

/* Map `wrappers`, by process (tgid): stopped because the process `held_tgid` was held, and
 * sent neither SIGCONT nor a SIGSTOP of somebody else since then. */
struct rg_wrapper {
	__u64 start_ns; /* of this process, CLOCK_BOOTTIME */
	__u64 since_ns;
	__u64 held_start_ns;
	__u32 held_tgid;
	__u32 by; /* tgid of the sender: the process itself, or sudo in its process group */
	char comm[RG_COMM_SIZE];
};
_Static_assert(sizeof(struct rg_wrapper) == 48, "pinned layout: see RG_PINS_VERSION");

/* What became of telling an NFSv3 end client that lockd dropped its locks. */
enum rg_notice {
	RG_NOTICE_TOLD = 0,   /* its rpc.statd answered */
	RG_NOTICE_UNANSWERED, /* it did not */
	RG_NOTICE_LATE,	      /* lockd's grace period was over: a reclaim would be refused */
	RG_NOTICE_OWN_SERVER, /* this host mounts from it by NFSv3, and would lose its own locks */
	RG_NOTICE_OFF,	      /* notify-nfsv3 = off */
	RG_NOTICE_FAILED,     /* sm-notify is not there, or could not be run */
	RG_NR_NOTICES,
};

/* Map `dropped`: an NFSv3 end client whose locks lockd dropped -> when, CLOCK_BOOTTIME. */
struct rg_dropped_key {
	__u32 slot;
	__u16 family; /* AF_INET or AF_INET6, of both addresses */
	__u16 pad;
	__u8 addr[16];	/* of the end client, in network byte order */
	__u8 local[16]; /* of this host, as the end client knows it */
};
_Static_assert(sizeof(struct rg_dropped_key) == 40, "pinned layout: see RG_PINS_VERSION");

/* Map `live`: words for hot paths, one element. User space writes all but
 * next_seq, nfs_net_id and nfs4_locks. */
struct rg_live {
	__u64 canary_ino; /* inode the canary locks; 0: no canary under way */
	__u64 heartbeat_ns;
	__u32 canary_dev;
	__u32 daemon_pid;
	__u32 next_seq;
	__u32 canary_door;   /* enum rg_door: the one hook that the canary is to meet */
	__u32 nfs_net_id;    /* of net_generic(); written by the control program, as is: */
	__u32 nfs4_locks;    /* enum rg_regime, by the export flags */
	__u32 sleeps;	     /* enum rg_hold: the rung of hold */
	__u32 recorder;	     /* enum rg_recorder_state, of the daemon */
	__u64 unrecorded;    /* records that the daemon had no room for in its recording */
	__u32 pins_put_back; /* pins that somebody removed, and the daemon pinned again */
	__u32 writes_failed; /* files that the daemon could not write */
	__u32 disk_waits_s;  /* for how long its write under way has been waiting for a disk */
	__u32 delegations;   /* enum rg_known: does knfsd give write delegations? Set when armed. */
	__u32 notices[RG_NR_NOTICES]; /* end clients, by what became of telling them */
	/* The process that asks original servers whether they keep this host's locks, and its
	 * LOOKUPs that were answered NFS4ERR_DELAY (state/kept.h). */
	__u32 asker, asker_delays;
};

/* A fact that may not be known. */
enum rg_known {
	RG_KNOWN_NOT = 0,
	RG_KNOWN_NO,
	RG_KNOWN_YES,
};

/* What became of the daemon's recording. */
enum rg_recorder_state {
	RG_RECORDER_OFF = 0, /* record = off, or no daemon has run */
	RG_RECORDER_ON,
	RG_RECORDER_FAILED, /* it cannot be written; the daemon's log says why */
	RG_NR_RECORDER_STATES,
};

/* Map `meta`: written by the loader, one element. */
struct rg_meta {
	__u32 pins_version;
	__u32 armed; /* 1: complete, and the canary saw the hook fire */
	__u32 rung;  /* enum rg_rung */
	__u32 rules; /* elements of `rules` in use */
	__u32 ledger_interval_s;
	__u32 metrics_interval_s;
	__u32 left_out;	     /* followers that this kernel does not take, 1 << enum rg_link */
	__u32 continues;     /* enum rg_continue */
	__u32 let_go;	     /* followers in nfsd, while that is let go of, 1 << enum rg_link */
	__u32 kprobes;	     /* followers that are kprobes, 1 << enum rg_link */
	__u32 hold;	     /* enum rg_hold, the best rung that may be used */
	__u32 module;	     /* enum rg_module */
	__u32 module_policy; /* enum rg_module_policy */
	__u32 module_ours;   /* 1: `enable` loaded it, so `disable` unloads it */
	__u32 record;	     /* 1: the daemon records, */
	__u32 record_mib;    /* MiB in all, about */
	__u32 notify_nfsv3;  /* 1: NFSv3 end clients are told when lockd dropped their locks */
	__u32 protect;	     /* enum rg_protect_state */
	__u64 canary_ns;     /* how long the slowest canary took, from call to call done */
	char tool_version[32];
	char state_dir[RG_PATH_SIZE];	/* of the ledger and the reboot budget */
	char metrics_dir[RG_PATH_SIZE]; /* "": the daemon writes no metrics */
};

/* Is the kernel module wanted? */
enum rg_module_policy {
	RG_MODULE_POLICY_AUTO = 0, /* where it is installed */
	RG_MODULE_POLICY_REQUIRE,  /* arm nothing without it */
	RG_MODULE_POLICY_OFF,
	RG_NR_MODULE_POLICIES,
};

/* Whether the kernel module is used, decided when the set was armed. */
enum rg_module {
	RG_MODULE_OFF = 0,  /* module = off */
	RG_MODULE_ABSENT,   /* not installed for this kernel */
	RG_MODULE_REFUSED,  /* the kernel does not load it */
	RG_MODULE_NO_TYPES, /* it has no types that programs could attach by */
	RG_MODULE_UNUSABLE, /* the kernel refuses the programs that answer it */
	RG_MODULE_ANSWERED, /* in use */
	RG_NR_MODULES,
};

/* How the programs that follow are attached. */
enum rg_follow {
	RG_FOLLOW_FENTRY = 0, /* fentry, fexit, or a typed tracepoint */
	RG_FOLLOW_KPROBE = 1, /* kprobe or kretprobe */
	RG_NR_FOLLOWS,
};

/* Functions whose return is followed, by the link that follows it: RG_LINK_number, pinned as
 * link_name. On the rung kprobe a program keeps their arguments, pinned as link_name_enters. */
#define RG_RETURNS(RETURN)                                                                         \
	RETURN(KNFSD_STARTED, knfsd_started)                                                       \
	RETURN(GRACE_END, grace_end)                                                               \
	RETURN(LOCK_DONE, lock_done)                                                               \
	RETURN(UNLOCK_DONE, unlock_done)                                                           \
	RETURN(OPEN_DONE, open_done)                                                               \
	RETURN(NLM_LOCK_DONE, nlm_lock_done)                                                       \
	RETURN(NLM_UNLOCK_DONE, nlm_unlock_done)

enum rg_return {
#define RG_RETURN(number, name) RG_RETURN_##number,
	RG_RETURNS(RG_RETURN)
#undef RG_RETURN
		RG_NR_RETURNS,
};

/* For a tracing program: RG_NR_RETURNS plus its index in rg_programs (src/load/programs.c). Another
 * bit of the cookie: arguments are kept for kernel threads alone, as local applications may stay
 * within the function for any time and would use up all places. */
#define RG_ENTERS_KTHREADS (1ULL << 32)

/* What continues held processes when knfsd opens a gate. */
enum rg_continue {
	RG_CONTINUE_USER = 0,	/* the daemon */
	RG_CONTINUE_KERNEL = 1, /* the BPF program that opens it, if allowed; else the daemon */
	RG_NR_CONTINUES,
};

/* How a thread is held. */
enum rg_hold {
	RG_HOLD_STOP = 0,  /* its process is stopped by SIGSTOP */
	RG_HOLD_SLEEP = 1, /* the thread sleeps in the kernel: the module reexport_guard */
	RG_NR_HOLDS,
};

enum rg_rung {
	RG_RUNG_LSM = 0,
	RG_RUNG_FMOD_RET = 1,
	RG_NR_RUNGS,
};

/* Map `rules`: which mounts a gate guards, so that a daemon that starts later
 * can classify mounts that come later. */
enum rg_rule_kind {
	RG_RULE_MOUNT = 0,   /* the mount at `path`, by place or by source, and those below */
	RG_RULE_EXPORT,	     /* the mount that `path` lies on */
	RG_RULE_EXPORT_TREE, /* the same (crossmnt), and every mount below `path` */
	RG_RULE_EXCEPT,	     /* not the mount that `path` lies on, nor those below `path` */
	RG_NR_RULE_KINDS,
};

struct rg_rule {
	__u32 slot;
	__u32 kind;		   /* enum rg_rule_kind */
	char path[RG_PATH_SIZE];   /* absolute */
	char source[RG_PATH_SIZE]; /* MOUNT: host:/path mounted there at enable; may be empty */
};

/* Map `exempt`: executables that are not kept out of opens and access, by the inode that the
 * kernel has for them (struct file.f_inode of mm->exe_file). */
struct rg_exempt_key {
	__u64 ino;
	__u32 dev;
	__u32 generation; /* of the inode: its number may be used again for another file */
};

struct rg_exempt {
	char path[RG_PATH_SIZE]; /* where it was found; "": it is not looked for again */
};

/* Map `clients`, the ledger: NFSv4 end clients that have locks or were refused a reclaim. The key
 * is what outlives a reboot: the end client's name (co_ownerid). */
struct rg_client_key {
	__u64 name_hash; /* FNV-1a, 64 bits, of the first RG_CLIENT_NAME_HASHED bytes */
	__u32 slot;
	__u32 nlm; /* 1: of the map `nlm_hosts` */
};

enum rg_client_state {
	RG_CLIENT_KNOWN = 0, /* was refused nothing */
	RG_CLIENT_AWAITED,
	RG_CLIENT_SETTLED, /* has its locks again */
	RG_CLIENT_QUIET,   /* took some back, then was quiet for settle-quiet */
	RG_CLIENT_GONE,	   /* expired or destroyed while awaited */
	RG_NR_CLIENT_STATES,
};

#define RG_LOCKS_UNKNOWN 0xffffffffU

struct rg_client {
	__u64 refused_ns; /* first refusal since knfsd started */
	__u64 granted_ns; /* last lock granted since knfsd started, or open, while awaited; at
			   * first when this knfsd granted it something, or refused it */
	__u64 settled_ns;
	__u32 generation; /* rg_client_generation(); 0: not seen by this knfsd, and only
			   * `expected`, the name and the address count */
	__u32 state;	  /* enum rg_client_state */
	__u32 locks;	  /* how many it holds, by the last count */
	__u32 expected;	  /* how many it held when knfsd stopped, or RG_LOCKS_UNKNOWN */
	__u32 refusals;
	__u32 cl_boot, cl_id; /* clientid4, as in /proc/fs/nfsd/clients */
	__u16 family;	      /* of addr: AF_INET, AF_INET6, or 0 */
	__u16 port;
	__u8 addr[16];	/* network order */
	__u16 name_len; /* whole length; more than RG_CLIENT_NAME: cut off */
	__u16 minorversion;
	__u32 uncounted;   /* files of which `locks` is older than the last LOCK or LOCKU */
	__u32 uncountable; /* files whose locks cannot be counted; RG_NO_ROOM: one was not noted */
	__u32 granted;	   /* LOCKs of `uncounted` files since these were last counted */
	/* knfsd let go of it, since knfsd started, and of so many locks with it. */
	__u64 gone_ns; /* 0: it has not */
	__u32 gone_locks;
	__u32 gone_how; /* enum rg_gone_how */
	/* Files of which the last LOCK or LOCKU had not been listed (RG_OP_LIST) as knfsd went
	 * away: which ranges of them it held is not known for sure. */
	__u32 unlisted;
	__u32 recorded; /* enum rg_known: has knfsd written a record of it, by which it may reclaim
			 * after the next start? As it was at the last RG_OP_RECORDS */
	char name[RG_CLIENT_NAME];
};
#define RG_NO_ROOM 0x80000000U

/* Why knfsd let go of an end client, as its tracepoints say. */
enum rg_gone_how {
	RG_GONE_HOW_UNKNOWN = 0, /* the tracing programs are not attached */
	RG_GONE_HOW_EXPIRED,	 /* its lease ran out */
	RG_GONE_HOW_ADMIN,	 /* an administrator did it */
	RG_GONE_HOW_REPLACED,	 /* another one came with the same name */
	RG_GONE_HOW_RESTARTED,	 /* it came again itself, with another verifier */
	RG_GONE_HOW_ENDED,	 /* it said so itself, or never confirmed */
	RG_NR_GONE_HOWS,
};

/*
 * Map `nlm_hosts`: NFSv3 end clients that lockd gave locks to or refused a reclaim. Its key is made
 * of their address (16 bytes) and the first RG_CLIENT_NAME bytes of the name that they call
 * themselves in NLM LOCK (caller_name), as many hosts call themselves localhost. Its value is a
 * struct rg_client, of which these members are used: `generation`; `state`, RG_CLIENT_KNOWN while
 * lockd has a struct nlm_host of it that was granted a lock, or else RG_CLIENT_GONE; `granted_ns`,
 * when it came or was gone; `refusals`, which are NLM LOCKs with `reclaim` set; `cl_id`, the
 * nlm4_stats of the last of these; `unlisted`; `gone_ns` with `gone_how`, when lockd freed all
 * locks of it because it had restarted or said so (nlmsvc_free_host_resources, fs/lockd/svcsubs.c);
 * address and name. `minorversion` is RG_NLM_MINOR and `expected` RG_LOCKS_UNKNOWN.
 */

/* Map `crowds`: an address -> the number of elements of `clients`, or of `nlm_hosts`, whose end
 * clients came from it since knfsd, or lockd, started. */
struct rg_crowd_key {
	__u32 slot;
	__u16 family;
	__u16 nlm;     /* 1: of `nlm_hosts` */
	__u8 addr[16]; /* network order; of IPv6 the first 8 bytes */
};
_Static_assert(sizeof(struct rg_crowd_key) == 24, "pinned layout: see RG_PINS_VERSION");

/* rg_client.generation of an end client that was seen by this knfsd. */
static inline __attribute__((always_inline)) __u32 rg_client_generation(const struct rg_gate *g)
{
	return g->generation + 1;
}

/* The generation for a knfsd whose start was not seen: it ran when the gate was made. */
#define RG_GENERATION_PARTIAL 1

/* Is the number of its locks known? `locks` may be read between two writes. */
static inline __attribute__((always_inline)) int rg_client_is_counted(const struct rg_client *c)
{
	return !c->uncountable && (__s32)c->locks >= 0;
}

/* The number of locks that an end client is expected to take again after the next start of knfsd,
 * which the ledger on disk keeps. RG_LOCKS_UNKNOWN: the count may be too low. */
static inline __attribute__((always_inline)) __u32 rg_client_carried(const struct rg_client *c)
{
	if (!c->generation)
		return c->expected;
	if (c->generation == RG_GENERATION_PARTIAL || c->uncountable)
		return RG_LOCKS_UNKNOWN;
	if (c->state == RG_CLIENT_AWAITED && c->expected == RG_LOCKS_UNKNOWN)
		return RG_LOCKS_UNKNOWN;
	/* Not done with its recovery yet. */
	if ((c->state == RG_CLIENT_AWAITED || c->state == RG_CLIENT_KNOWN) &&
	    c->expected != RG_LOCKS_UNKNOWN && ((__s32)c->locks < 0 || c->expected > c->locks))
		return c->expected;
	return rg_client_is_counted(c) ? c->locks : RG_LOCKS_UNKNOWN;
}

/* When an awaited end client counts as done although it has fewer locks than the ledger says, ns;
 * 0: not yet, as it has taken no lock again since the grace periods. During grace periods only
 * other reclaims are granted. */
static inline __attribute__((always_inline)) __u64 rg_client_quiet_at(const struct rg_client *c,
								      const struct rg_gate *g)
{
	__u64 from_ns = c->granted_ns;

	if (c->state != RG_CLIENT_AWAITED || c->generation != rg_client_generation(g) ||
	    g->knfsd <= RG_KNFSD_GRACE || rg_lockd_in_grace(g) || from_ns <= c->refused_ns ||
	    from_ns <= g->knfsd_end_ns)
		return 0;
	/* Ordinary LOCKs had to wait for lockd's grace as well. */
	if (g->lockd_end_ns > from_ns)
		from_ns = g->lockd_end_ns;
	return from_ns + g->policy.settle_quiet_s * RG_NS_PER_SEC;
}
_Static_assert(sizeof(struct rg_client) == 240, "pinned layout: see RG_PINS_VERSION");

/* Maps `listed_files` and `listed`, filled in by RG_OP_LIST: files with end clients' locks in
 * which a LOCK or LOCKU was granted since they were last listed, and all locks of NFSv4 end
 * clients in them. Mapped by user space, which only reads. */
struct rg_listed_file {
	__u64 fileid;
	__u64 fsid_major, fsid_minor; /* of the original server */
	__u32 dev;		      /* kernel dev_t */
	__u32 flags;		      /* RG_LISTED_... */
	__u32 from, n;		      /* of `listed`: its locks */
	char path[RG_LISTED_PATH];    /* from the superblock's root; "": not known */
	char server[RG_SERVER_NAME];  /* host name that it was mounted by; "": not NFS */
};
#define RG_LISTED_NFS (1U << 0)	     /* the file is on an NFS mount */
#define RG_LISTED_CUT (1U << 1)	     /* it has more locks than RG_MAX_RANGES */
#define RG_LISTED_PATH_CUT (1U << 2) /* `path` lacks its beginning */

struct rg_listed {
	__u64 name_hash;     /* of the end client */
	__u64 owner;	     /* FNV-1a of the lock owner's first RG_LISTED_OWNER bytes */
	__u64 start, length; /* bytes; length ~0: to the end */
	__u32 type;	     /* 1 read, 2 write; 0: no lock, `start` LOCKUs were granted */
	__u32 file;	     /* place in `listed_files` */
};
#define RG_LISTED_OWNER 64
/* Size of struct rg_listing, which is the kernel programs' own (bpf/guard.bpf.h). */
#define RG_LISTING_BYTES (56 + RG_CLIENT_FILE_BYTES + RG_CLIENT_NAME_HASHED)
_Static_assert(sizeof(struct rg_listed_file) == 232, "pinned layout: see RG_PINS_VERSION");
_Static_assert(sizeof(struct rg_listed) == 40, "pinned layout: see RG_PINS_VERSION");

/* Map `servers`: original servers of a gate's namespace, filled in by
 * RG_OP_SERVERS. Key: address of the struct nfs_client. */
struct rg_server {
	__u64 seen_ns;
	__u64 lease_jiffies; /* 0: no lease yet */
	__u64 age_jiffies;   /* since the last renewal */
	__u32 slot;
	__u16 family;
	__u16 minorversion;
	__u8 addr[16];
	char name[RG_SERVER_NAME];
};
_Static_assert(sizeof(struct rg_server) == 112, "pinned layout: see RG_PINS_VERSION");

/* Map `counters`, per CPU. */
enum rg_counter {
	RG_COUNT_HELD = 0,
	RG_COUNT_HELD_AGAIN, /* continued early by another process, and held again */
	RG_COUNT_DENIED_POLICY,
	RG_COUNT_DENIED_NO_DAEMON,
	RG_COUNT_DENIED_TABLE_FULL,
	RG_COUNT_DENIED_CANNOT_STOP,
	RG_COUNT_DENIED_IO_URING,  /* no system call that could be restarted */
	RG_COUNT_DENIED_CONTINUED, /* continued by another process too often: RG_MAX_HELD_AGAIN */
	RG_COUNT_AUDITED,
	RG_COUNT_EXEMPTED,    /* executables that are exempt, at a closed gate */
	RG_COUNT_HELD_EXITED, /* died while held */
	/* Lock reclaims that the module asked about: + enum rg_reclaim - 1. */
	RG_COUNT_RECLAIM,
	RG_COUNT_RECLAIM_LAST = RG_COUNT_RECLAIM + RG_NR_RECLAIMS - 2,
	/* How the original server answered those that were passed on. */
	RG_COUNT_GRANTED_UNPROVEN,
	RG_COUNT_GRANTED_PROVEN,
	RG_COUNT_NOT_GRANTED,
	RG_COUNT_INTERRUPTED,	    /* sleeping threads that a signal or the freezer woke */
	RG_COUNT_CONTINUED,	    /* threads that were held and the kernel itself continued */
	RG_COUNT_WRAPPER_STOPPED,   /* processes that stopped because of a hold */
	RG_COUNT_WRAPPER_CONTINUED, /* of these, those that were sent SIGCONT, by anybody */
	RG_COUNT_UNTOLD,	    /* denied or audited, and not told to tracers: too many */
	RG_COUNT_UNTOLD_CLIENTS,    /* comings and goings of end clients of an address, likewise */
	RG_COUNT_EVICTED,  /* end clients without locks that made room in the ledger for others */
	RG_COUNT_FANOTIFY, /* opens by which a fanotify listener is told, at a closed gate */
	RG_COUNT_CANARY,   /* calls of canaries, which count nowhere else */
	RG_COUNT_FAIL_HELD_UPDATE,
	RG_COUNT_FAIL_SIGNAL,
	RG_COUNT_FAIL_SLEEP, /* threads that the module did not put to sleep: stopped, or denied */
	RG_COUNT_FAIL_REGS,
	RG_COUNT_FAIL_READ,
	RG_COUNT_FAIL_RING,
	RG_COUNT_FAIL_MANAGERS,
	RG_COUNT_FAIL_CLIENTS,	  /* the ledger is full, or an end client's name unreadable */
	RG_COUNT_FAIL_LEDGER,	  /* locks that could not be counted */
	RG_COUNT_FAIL_CONTINUE,	  /* left to user space */
	RG_COUNT_FAIL_KPROBE,	  /* an entry or a return that was not seen */
	RG_COUNT_FAIL_RECLAIMING, /* how a reclaim was answered is not counted */
	RG_COUNT_FAIL_SERVERS,	  /* more original servers than there is room for */
	RG_COUNT_FAIL_WRAPPERS,	  /* a process that stopped because of a hold may stay stopped */
	RG_COUNT_FAIL_TOLD,	  /* no room to note how much tracers were told of a process */
	RG_COUNT_FAIL_CROWDED, /* an end client left out of the ledger: its address has too many */
	RG_COUNT_FAIL_SAME_HASH, /* likewise: another one's name has the same hash */
	RG_COUNT_FAIL_DROPPED,	 /* no room for an NFSv3 end client that is to be told */
	RG_COUNT_RELEASED,	 /* + enum rg_why: the cause */
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
	RG_EVENT_REFUSED,	  /* an end client was refused a reclaim, for the first time */
	RG_EVENT_CLIENT_SETTLED,  /* an awaited end client is awaited no longer */
	RG_EVENT_ORIGIN_NO_GRACE, /* an original server refused this host's own reclaim */
	RG_EVENT_LOCKD_UNNEEDED,  /* nobody has to wait for lockd's grace period */
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
	RG_OP_ARM = 1,	     /* make or re-make the policy of a gate; seeds a new one */
	RG_OP_OPEN = 2,	     /* by hand */
	RG_OP_CLOSE = 3,     /* by hand */
	RG_OP_WHO = 4,	     /* nothing but what is always filled in */
	RG_OP_SETTLE = 5,    /* end client `client`: no longer awaited, if it is quiet */
	RG_OP_SERVERS = 6,   /* fill in the map `servers` for this slot's namespace */
	RG_OP_EXEMPT = 7,    /* out: `exempt`, of the caller's descriptor `fd` */
	RG_OP_FORGET = 8,    /* end client `client`, if it has not come back */
	RG_OP_EXITED = 11,   /* thread `held` has ended, and nobody saw it: its record goes */
	RG_OP_SEED = 10,     /* of a gate that was without followers: has knfsd started? */
	RG_OP_KEPT = 13,     /* the doors are there: was NFS in use before them? */
	RG_OP_REGIME = 9,    /* nothing but `result`: enum rg_regime, by the export flags */
	RG_OP_COUNT = 12,    /* count the locks that LOCKs and LOCKUs have left uncounted */
	RG_OP_REHEARSE = 16, /* begin or renew a rehearsal (policy_word not 0), or end it (0) */
	RG_OP_RECORDS = 15,  /* bring rg_client.recorded up to date */
	RG_OP_CARRY = 17,    /* of a gate whose facts another set had: who is it, and the rest */
	RG_OP_NOTHING = 18,  /* there is nothing to protect (policy_word not 0), or there is (0) */
	RG_OP_GONE = 20,     /* is its namespace gone? Then so is the gate, and result is 1 */
	RG_OP_NO_NLM = 19,   /* no NFSv3 end client has a lock to reclaim in lockd's grace period */
	RG_OP_LIST = 14, /* fill in the maps `listed_files` and `listed`; fd: enum rg_listing_of */
};

/* What RG_OP_LIST is to do. */
enum rg_listing_of {
	RG_LIST_CHANGED = 0, /* list the files in which something changed */
	RG_LIST_ANEW,	     /* list all files */
	RG_LIST_READ,	     /* the last listing was read: the maps may be written again */
};

struct rg_control {
	__u32 op; /* enum rg_op */
	__u32 slot;
	__u32 netns; /* ARM: 0 is the caller's, which is also where knfsd is looked for */
	__s32 fd;
	__u64 policy_word;
	struct rg_client_key client;
	struct rg_exempt_key exempt;
	struct rg_held_key held; /* EXITED */
	__s32 result;		 /* out: 0 or a negative errno */
	__u32 caller;		 /* out: the caller's pid in the initial pid namespace */
	__u64 caller_start_ns;	 /* out: when it started, CLOCK_BOOTTIME of the host */
	__u64 jiffies;		 /* out: SERVERS: jiffies_64, and CLOCK_MONOTONIC with it */
	__u64 mono_ns;
	/* out: LIST: what is in the two maps, of which gate (`slot`) and start of knfsd, and
	 * how many pairs of an end client and a file were left for the next time; `last`: it
	 * was listed as knfsd went away. */
	__u32 listed_files, listed, left, generation, last, pad;
};

/* Map `provenance`, one element a slot: where the values of a gate's policy
 * came from, by enum rg_key, and what the kernel has no use for. */
#define RG_PROVENANCE_KEYS 32
/* A bit: from the command line; the rest is the line of the file that some of
 * it came from as well, or 0. Without the bit 0 is a default. */
#define RG_FROM_COMMAND_LINE 0x80000000U

struct rg_provenance {
	char file[RG_PATH_SIZE]; /* absolute; "": none was read */
	__u32 line[RG_PROVENANCE_KEYS];
	__u32 exempt_defaults;
	__u32 pad;
};
_Static_assert(sizeof(struct rg_provenance) == RG_PATH_SIZE + 4 * RG_PROVENANCE_KEYS + 8,
	       "pinned layout: see RG_PINS_VERSION");
