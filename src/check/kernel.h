/* SPDX-License-Identifier: GPL-2.0-only */
/* Can the programs run in this kernel, and by which rung? */
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
	int bpf_err; /* what bpf(2) answers: 0, -EPERM, -ENOSYS, ... */
	/* Root that is refused what root may do is confined: in a container, most of the time.
	 * `root`: the effective user id is 0; user_init, seccomp: 1, 0 or negative errno. */
	bool root;
	int user_init, seccomp;
	struct rg_probe probe;
	int probe_err;
	__u32 left_out, kprobes; /* of what is enabled: followers, 1 << enum rg_link */
	/* Whether the kernel takes the doors' programs: 0, negative errno, or 1:
	 * not tried. */
	int load[RG_NR_RUNGS];
	/* Texts of files, and whether they could be read: 0 or negative errno. */
	char lsm[512], lockdown[128];
	int lsm_err, lockdown_err;
	struct rg_preempt preempt;
	int bpffs; /* 1, 0, or negative errno */
	/* Is the module reexport_guard loaded, and has it types that programs can attach by?
	 * 1, 0, or -1: that cannot be seen. */
	int module, module_types;
	enum rg_module_state nfs, nfsv4, nfsd;
	long long kptr_restrict;
	int kptr_err;
	int pid_init, time_init; /* in the initial namespaces: 1, 0, or negative errno */
};

/* `load`: may this process try to load? It takes some seconds on a slow host. */
void rg_kernel_gather(const char *root, bool load, struct rg_kernel_facts *k);
/* Pure. */
void rg_kernel_check(const struct rg_kernel_facts *k, struct rg_findings *f);
