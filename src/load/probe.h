/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Finds out which functions and tracepoints of our programs this kernel has, from the sections
 * of the BPF object and the kernel's BTF. Nothing is loaded or attached, and no privilege is
 * needed.
 */
#pragma once

#include <stdbool.h>

#include "load/hooks.h"
#include "load/programs.h"
#include "pins/pins.h"

#define RG_MAX_MISSING RG_MAX_HOOKS

struct rg_missing_hook {
	char name[RG_HOOK_NAME]; /* of the function or tracepoint */
	/* The follower that attaches to it; NULL: only tracing programs do. */
	const struct rg_program *follower;
	bool is_symbol; /* the function exists without BTF, so a kprobe can attach (filled in by
			   the caller) */
};

struct rg_probe {
	int btf_err;		  /* of the kernel's own BTF: 0 or negative errno */
	__u32 doors[RG_NR_RUNGS]; /* a bit a door, 1 << enum rg_door: its hook is there */
	bool signal_task;	  /* the kernel has bpf_send_signal_task() */
	bool lsm_always;	  /* LSM programs are run for every call (load/preempt.h) */
	bool returns_have_room;	  /* a kprobe_multi link sees every return */
	/* Functions and tracepoints of the other programs that were not found. */
	struct rg_missing_hook missing[RG_MAX_MISSING];
	unsigned int n_missing;
	/* A module without BTF, so probably not loaded, which may have the missing ones. NULL:
	 * every module's BTF was found. */
	const char *absent;
};

/* `dir`: /sys/kernel/btf. 0, or a negative errno if our own object cannot be read. If
 * p->btf_err is set the rest is empty. */
int rg_probe_hooks(const char *dir, struct rg_probe *p);

/* Try whether the kernel loads the programs of all doors of this rung, and free them again.
 * Nothing is attached or pinned. Needs CAP_BPF and CAP_PERFMON. 0, or a negative errno. */
int rg_probe_load(enum rg_rung rung);
/* Find the regime of NFSv4 by running a program in the kernel, which is freed again. Privileges
 * and result as above. */
int rg_probe_nfs4_locks(enum rg_regime *nfs4);
