/* SPDX-License-Identifier: GPL-2.0-only */
/* Shared by the programs of bpf/protect and user space: what is protected (key protect), whom the
 * programs trust, and what they refused. */
#pragma once

#include "rg_maps.h"

/* Room in the map `protected`: our maps, and the programs of all links. */
#define RG_MAX_PROTECTED 512
/* Greatest length of the executable's name, with the final zero. */
#define RG_TRUSTED_NAME 64

/* Where bpf(2) expects these descriptors in union bpf_attr (include/uapi/linux/bpf.h). Most
 * commands have theirs first. src/load/protect.c compares them with the build machine's header. */
#define RG_ATTR_BATCH_MAP_FD 36
#define RG_ATTR_TARGET_FD 4
#define RG_ATTR_ATTACH_PROG_FD 112

enum rg_protected_kind {
	RG_PROTECTED_MAP = 0,
	RG_PROTECTED_PROG, /* and every link of this program */
};

/* Map `protected`: the kernel's ids of our maps and programs. The value is not used. */
struct rg_protected_key {
	__u32 kind; /* enum rg_protected_kind */
	__u32 id;
};

enum rg_protect_refusal {
	RG_REFUSED_UNPIN = 0, /* unlink, rmdir, or rename in our directories */
	RG_REFUSED_WRITE,     /* a map opened for writing, or written by a descriptor got earlier */
	RG_REFUSED_RUN,	      /* a program run, attached once more, or replaced (freplace) */
	RG_REFUSED_DETACH,    /* a link detached, or given another program */
	RG_REFUSED_UMOUNT,    /* the BPF file system */
	RG_NR_PROTECT_REFUSALS,
};

/* Map `protect` (.data.protect). User space writes all but `trusted` without its path, and
 * `refused`. */
struct rg_protect {
	__u32 learn_tgid;  /* of a process whose executable is to be trusted from its next bpf(2)
			    * on, which makes this 0 */
	__u32 canary_tgid; /* of a process that is refused as everybody else; 0: none */
	__u32 bpffs_dev;   /* kernel dev_t of the BPF file system with our pins */
	__u32 mount_id;	   /* of the mount of it that must stay */
	__u64 refused[RG_NR_PROTECT_REFUSALS];
	/* The executable: its file, or a file of root's with this name in this directory, which
	 * is what an update puts there. */
	struct rg_exempt_key exe;
	struct rg_exempt_key folder;
	char name[RG_TRUSTED_NAME]; /* zeros to its end */
	char path[RG_PATH_SIZE];    /* to be shown */
};

/* rg_meta.protect: what came of key protect. */
enum rg_protect_state {
	RG_PROTECT_OFF = 0,   /* protect = no */
	RG_PROTECT_ON,	      /* in force, and a canary was refused */
	RG_PROTECT_NO_LSM,    /* BPF LSM is not active */
	RG_PROTECT_REFUSED,   /* the kernel does not take the programs */
	RG_PROTECT_NOT_ASKED, /* they are attached, and a canary was not refused */
	RG_PROTECT_NAMELESS,  /* the executable cannot be known by its name */
	RG_PROTECT_GONE,      /* it was on, and a pin of it is missing; never in rg_meta */
	RG_NR_PROTECT_STATES,
};
