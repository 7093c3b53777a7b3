/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What this kernel has of what the programs hook into, found without loading
 * or attaching anything, and without privileges: from the sections of the BPF
 * object and the kernel's BTF.
 */
#pragma once

#include <stdbool.h>

#include "load/followers.h"
#include "pins/pins.h"

#define RG_MAX_MISSING 96

struct rg_missing_hook {
	char name[64]; /* of the function or tracepoint */
	/* The follower that has it; NULL: only tracing programs do. */
	const struct rg_follower *follower;
	bool is_symbol; /* a function that is there all the same, for a kprobe (filled in by the
			   caller) */
};

struct rg_probe {
	int btf_err;		  /* of the kernel's own BTF: 0 or negative errno */
	__u32 doors[RG_NR_RUNGS]; /* a bit a door, 1 << enum rg_what: its hook is there */
	bool signal_task;	  /* bpf_send_signal_task() is there */
	bool lsm_always;	  /* LSM programs are run for every call (load/preempt.h) */
	bool returns_have_room;	  /* a kprobe_multi link sees every return */
	/* Hooks of the other programs that are not found. */
	struct rg_missing_hook missing[RG_MAX_MISSING];
	unsigned int n_missing;
	/* A module whose BTF is not there: it is not loaded, and they may be in it. NULL:
	 * that of every module is. */
	const char *absent;
};

/* `dir`: /sys/kernel/btf. 0, or negative errno: our own object cannot be read. On
 * p->btf_err the rest is empty. */
int rg_probe_hooks(const char *dir, struct rg_probe *p);

/* Have the kernel take the programs of all doors of this rung, and let go of
 * them. Nothing is attached or pinned. Needs CAP_BPF and CAP_PERFMON. 0, or
 * negative errno. */
int rg_probe_load(enum rg_rung rung);
/* The regime of NFSv4, asked of the kernel by a program that is then let go of. As
 * above. */
int rg_probe_nfs4_locks(enum rg_regime *nfs4);
