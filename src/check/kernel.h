/* SPDX-License-Identifier: GPL-2.0-only */
/* Checks whether the programs can run in this kernel, and by which rung. */
#pragma once

#include "check/finding.h"
#include "load/preempt.h"
#include "load/probe.h"

enum rg_module_state {
	RG_MODULE_LOADED = 0, /* or built in */
	RG_MODULE_THERE,      /* `enable` will load it */
	RG_MODULE_BLACKLISTED,
	RG_MODULE_MISSING,
	RG_MODULE_UNKNOWN,
};

struct rg_kernel_facts {
	int bpf_err; /* answer of bpf(2): 0, -EPERM, -ENOSYS, ... */
	/* Root without root's privileges is confined, mostly in a container. `root`: the
	 * effective user id is 0; user_init, seccomp: 1, 0 or a negative errno. */
	bool root;
	int user_init, seccomp;
	struct rg_probe probe;
	int probe_err;
	__u32 left_out, kprobes; /* followers of the enabled set, 1 << enum rg_link */
	/* Whether the kernel loads the doors' programs: 0, a negative errno, or 1: not tried. */
	int load[RG_NR_RUNGS];
	/* Texts of files, each with 0 or the negative errno of reading it. */
	char lsm[512], lockdown[128];
	int lsm_err, lockdown_err;
	struct rg_preempt preempt;
	int bpffs; /* 1, 0, or negative errno */
	/* The module reexport_guard is loaded, and has BTF that programs can attach by: 1, 0, or
	 * -1: unknown. */
	int module, module_types;
	enum rg_module_state nfs, nfsv4, nfsd;
	long long kptr_restrict;
	int kptr_err;
	int pid_init, time_init; /* in the initial namespaces: 1, 0 or a negative errno */
};

/* Gathers the facts. With `load` tries to load programs, which takes seconds on a slow host. */
void rg_kernel_gather(const char *root, bool load, struct rg_kernel_facts *k);
/* Judges the facts. Pure. */
void rg_kernel_check(const struct rg_kernel_facts *k, struct rg_findings *f);
