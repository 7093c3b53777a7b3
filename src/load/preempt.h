/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Does the kernel preempt its own threads? A program with a guard against recursion
 * (bpf_prog.active, kernel/bpf/trampoline.c) is not run for a thread that comes by while
 * another one is preempted within it: a gate that asks such a program lets that call in.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define RG_PREEMPT_MODES "/sys/kernel/debug/sched/preempt"
#define RG_KERNEL_BUILD "/proc/sys/kernel/version"

struct rg_preempt {
	int does;	/* 1, 0, or -1: nobody can tell */
	char modes[64]; /* as RG_PREEMPT_MODES has them, "none voluntary (full)"; "": not read */
};

/*
 * By the modes, where a kernel has a choice of them; else by how it was built ("#1 SMP
 * PREEMPT_DYNAMIC ...": init/Makefile). Either may be "". Pure.
 */
struct rg_preempt rg_preempt_of(const char *modes, const char *build);

/* Of this host. debugfs need not be mounted; whoever may not mount it, where it is not, is
 * told by the build alone. */
struct rg_preempt rg_preempt_read(void);

/* "this kernel preempts its own threads (preempt=full)", of one that does or may.
 * Pure. Returns buf. */
char *rg_preempt_why(const struct rg_preempt *p, char *buf, size_t size);
/* How a gate could be closed all the same. lsm_always: LSM programs have no guard here.
 * Pure. */
const char *rg_preempt_remedy(const struct rg_preempt *p, bool lsm_always);
