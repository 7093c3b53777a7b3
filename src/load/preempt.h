/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Does the kernel preempt its own threads? A BPF program with a guard against recursion
 * (bpf_prog.active, kernel/bpf/trampoline.c) is skipped for a thread that calls it while
 * another thread is preempted within it: a gate that relies on such a program lets that call in.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define RG_PREEMPT_MODES "/sys/kernel/debug/sched/preempt"
#define RG_KERNEL_BUILD "/proc/sys/kernel/version"

struct rg_preempt {
	int does;	/* 1, 0, or -1: unknown */
	char modes[64]; /* the text of RG_PREEMPT_MODES, "none voluntary (full)"; "": not read */
};

/*
 * Decide by the modes, if the kernel offers a choice of them; otherwise by its build ("#1 SMP
 * PREEMPT_DYNAMIC ...": init/Makefile). Either text may be "". Pure.
 */
struct rg_preempt rg_preempt_of(const char *modes, const char *build);

/* The same for this host. debugfs is mounted for the reading if necessary; without the right to
 * mount it, only the build decides. */
struct rg_preempt rg_preempt_read(void);

/* "this kernel preempts its own threads (preempt=full)", for one that does or may. Pure.
 * Returns buf. */
char *rg_preempt_why(const struct rg_preempt *p, char *buf, size_t size);
/* What to do so that a gate can close reliably. lsm_always: this kernel's LSM programs have no
 * such guard. Pure. */
const char *rg_preempt_remedy(const struct rg_preempt *p, bool lsm_always);
