/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The role of an original server (docs/original.md): what its BPF programs (bpf/original) and
 * user space share. Nothing of this is in the guard's set of a re-export server.
 */
#pragma once

#include "rg_limits.h"
#include "rg_org_choice.h"

#ifndef __bpf__
#include <linux/types.h>
#endif

/* Version of everything that is pinned for this role. */
#define RG_ORG_VERSION 7

/* Clients whose locks are kept at one time. */
#define RG_ORG_KEEPERS 256
/* Kept ranges, of all clients. One more, or one more of a file than the third figure, makes all
 * of that client's file systems wait instead. */
#define RG_ORG_RANGES 131072
#define RG_ORG_FILES 131072
#define RG_ORG_FILE_RANGES 4096
/* Locks of one file that are gone through when a client's state is dropped. */
#define RG_ORG_WALK 262144
/* File systems that are remembered of one client; of more, all file systems count as its. */
#define RG_ORG_DEVS 8
/* Threads of knfsd that are within something that is followed. */
#define RG_ORG_THREADS 4096

/* The time for which a place belongs to the thread that drops a client's state, ns. The end of the
 * drop ends it; a range that is kept keeps the place as well. */
#define RG_ORG_TAKEN_NS 60000000000ULL

/* The longest --keep-for, seconds. */
#define RG_ORG_MAX_KEEP_FOR 3600

enum rg_org_mode {
	RG_ORG_OBSERVE = 0, /* keep the books, and let everybody through */
	RG_ORG_KEEP,	    /* who asks for a range that is kept waits */
	RG_ORG_QUIET,	    /* who asks for any lock of a file system of which something is kept */
	RG_ORG_OFF,	    /* of the configuration alone: `run` does not take this role */
	RG_NR_ORG_MODES,
};

/* A range of bytes, both ends included, as in struct file_lock. Never changed once it is in its
 * chain, but for `used`. */
struct rg_org_range {
	__u64 start, end;
	__u32 keeper; /* index in `keepers` */
	__u32 gen;    /* rg_keeper.gen of then; another one: it is kept no longer */
	__u32 write;  /* 1: F_WRLCK */
	__u32 used;   /* 1; 0: taken back */
	__u32 next;   /* 1 + number of the next range of its cell; 0: it is the last */
	__u32 pad;
};

struct rg_org_range_key {
	__u64 file; /* rg_org_file.id */
	__u64 at;   /* 0, 1, ... */
};

/* Ranges of a file by their size and first byte (rg_org_cells.h). */
struct rg_org_cell_key {
	__u64 file; /* rg_org_file.id */
	__u64 cell;
	__u32 class;
	__u32 pad;
};

struct rg_org_cell {
	__u32 first; /* 1 + number of the first range of its chain; 0: there is none */
	__u32 pad;
};

struct rg_org_file_key {
	__u64 ino;
	__u32 dev;
	__u32 generation; /* of the inode number */
};

struct rg_org_file {
	__u64 id;
	__u64 walked;  /* rg_org_drop.id that went through its locks last */
	__u64 classes; /* a bit for each class of which a range was put in */
	__u32 n;       /* ranges that were ever put in */
	__u32 sole;    /* 1 + place of the keeper that all of them are of; 0: there are none */
};

#define RG_ORG_SEVERAL (~0U) /* rg_org_file.sole: they are of several */

/* A client that rebooted, and whose locks are kept. Times are CLOCK_BOOTTIME, ns. */
struct rg_keeper {
	__u64 until_ns; /* 0: nobody's */
	__u64 since_ns;
	__u64 net;		 /* struct net *, an identity and no more */
	__u32 gen;		 /* goes up whenever the place is given to another one */
	__u32 left;		 /* ranges that are kept still */
	__u32 kept, retaken;	 /* ranges, so far */
	__u32 reboots;		 /* 1, or more: it rebooted again meanwhile */
	__u32 delays;		 /* requests that had to wait for it */
	__u32 overflow;		 /* 1: not all of its ranges are in the table */
	__u32 why;		 /* enum rg_kept_why; not 0: a program ended the keeping, and why */
	__u32 netns;		 /* inode number of its network namespace */
	__u64 asked;		 /* the question that was answered last (rg_kept.h) */
	__u64 told_until_ns;	 /* KEPT_FROM: how much tracers were told; see RG_TOLD_AT_ONCE */
	__u64 taken_until_ns;	 /* the place is given to no other client until then */
	__u32 cl_boot, cl_id;	 /* clientid4 of its new life */
	__u32 overtaken;	 /* 1: somebody else was granted a range of it */
	__u32 n_devs;		 /* more than RG_ORG_DEVS: not all are in `devs` */
	__u32 devs[RG_ORG_DEVS]; /* kernel's dev_t */
	__u32 minorversion;
	__u16 family, name_len; /* AF_INET, AF_INET6; bytes of the name, may be more than fit */
	__u8 addr[16];
	__u8 name[RG_ORG_NAME]; /* co_ownerid, raw bytes */
};

/* What every program looks at first, and what user space says. */
struct rg_org_state {
	__u64 word;	/* until when anything may be kept, ns; 0: nothing is */
	__u64 last_id;	/* of files and drops */
	__u32 marks;	/* threads that are marked */
	__u32 dropping; /* threads that drop a rebooted client's state */
	__u32 sweeping; /* the table is being emptied */
	__u32 ranges;	/* that were put in since the table was empty */
	__u64 keep_for_ns;
	__u32 mode;	 /* enum rg_org_mode */
	__u32 version;	 /* RG_ORG_VERSION, once all is attached */
	__u64 since_ns;	 /* when it was enabled */
	__u32 chosen;	 /* which of the two counts */
	__u32 zero;	 /* always: a number that the verifier does not know */
	__u32 overflows; /* 1: not all ranges of some client are in the table */
	__u32 pad;
	/* The one that does not count is written, and then made to count. */
	struct rg_org_choice choice[2];
};

enum rg_org_counter {
	RG_ORG_REBOOTS = 0,	/* clients whose state was dropped since they rebooted */
	RG_ORG_KEPT,		/* ranges */
	RG_ORG_KEPT_DELEGATION, /* whole files among them, as the client had a delegation */
	RG_ORG_RETAKEN,		/* ranges */
	RG_ORG_DONE,		/* clients that took back everything */
	RG_ORG_DELAYED_LOCK,	/* answered NFS4ERR_DELAY */
	RG_ORG_DELAYED_LOCKT,
	RG_ORG_DELAYED_OPEN,
	RG_ORG_ANSWERED,      /* questions of re-export servers, with yes (rg_kept.h) */
	RG_ORG_THROUGH,	      /* clients that said they are through: let go of */
	RG_ORG_NOT_ROOT,      /* such words and questions that were not root's: without effect */
	RG_ORG_REFUSED_LOCAL, /* local applications */
	RG_ORG_REFUSED_LEASE, /* delegations that knfsd would have given */
	RG_ORG_OBSERVED,      /* would have waited; mode observe */
	RG_ORG_TOO_LATE,      /* clients that rebooted after their lease: nothing is kept */
	RG_ORG_NO_CLIENT,     /* clients that rebooted, and that no pattern chooses */
	RG_ORG_NO_EXPORT,     /* lock owners and delegations on file systems that are not chosen */
	RG_ORG_ENDED,	      /* clients that went while something was kept: let go of */
	RG_ORG_SHUTDOWN,      /* clients whose locks were let go of as knfsd shut down */
	RG_ORG_OVERTAKEN,     /* others were granted a range that was kept by then */
	RG_ORG_OVERFLOW,      /* clients that all of their file systems wait for */
	RG_ORG_UNTOLD,	      /* requests that had to wait and were not told to tracers: too many */
	RG_ORG_FAIL_KEEPERS,  /* no place for one more client: nothing of it is kept */
	RG_ORG_FAIL_RANGES,   /* no place for one more range */
	RG_ORG_FAIL_WALK,     /* a file's locks changed while they were gone through */
	RG_ORG_FAIL_MARK,     /* a thread could not be marked: its request went through */
	RG_ORG_FAIL_READ,     /* something of the kernel's could not be read */
	RG_NR_ORG_COUNTERS,
};

/* Is something of it kept still? */
static inline int rg_keeper_is_active(const struct rg_keeper *k, __u64 now_ns)
{
	return k->until_ns > now_ns && (k->left || k->overflow);
}
