/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The module's questions, and its parts.
 *
 * The module decides nothing. It asks a function named security_reexport_...,
 * which fmod_ret programs may answer: check_attach_modify_return()
 * (kernel/bpf/verifier.c) lets them attach to any function of that name. The
 * function itself answers RG_NOBODY, and then the kernel behaves as it does
 * without the module.
 */
#pragma once

#include <linux/moduleparam.h>

struct file;
struct file_lock;
struct super_block;

/* An answer. bpf/module.bpf.c has the same numbers. RG_NOBODY is what a question
 * answers itself: a program that returns 0 has not answered either. */
enum rg_answer {
	RG_NOBODY = 0,
	RG_YES = 1,
	RG_NO = 2,
};

/* How often a question is asked while nobody answers. */
#define RG_TRIES 3

/* May this lock reclaim of knfsd's go to the original server as an ordinary lock?
 * Asked with preemption disabled. Returns an enum rg_answer. */
int security_reexport_reclaim(struct file *file, struct file_lock *fl);

/* May this NFS superblock take locks although EXPORT_OP_NOLOCKS refuses them?
 * Asked with preemption disabled. Returns an enum rg_answer. */
int security_reexport_locks(struct super_block *sb);

/* Must the thread `tid` (of the initial pid namespace), which is held at a door, sleep on?
 * `how` is a RG_WAIT_... of sleep.h. Asked by that thread or by a worker, with no lock that
 * programs know of. Returns an enum rg_answer. */
int security_reexport_wait(unsigned int tid, unsigned int how);

/* A read-only module parameter that shows an atomic_long_t. */
extern const struct kernel_param_ops rg_counter_ops;
#define rg_counter(name, text)                                                                     \
	static atomic_long_t name;                                                                 \
	module_param_cb(name, &rg_counter_ops, &name, 0444);                                       \
	MODULE_PARM_DESC(name, text)

/* Each part starts with 0 or a negative errno. What a part began is undone when its exit
 * function returns: nothing of the module runs for it, or is pointed at, any more. */
int rg_forward_init(void);
void rg_forward_exit(void);
int rg_locks_init(void);
void rg_locks_exit(void);
int rg_sleep_init(void);
void rg_sleep_exit(void);
