/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where the programs attach. Most of our hooks are in modules, and libbpf looks
 * for each of them through all of vmlinux first: 43 programs took 34 s of an
 * emulated machine's time that way. Here the types of the modules are gone
 * through once.
 */
#pragma once

#include <stdbool.h>

#include <linux/types.h>

struct bpf_link;
struct bpf_object;
struct bpf_program;

/* The program that keeps arguments for a kretprobe (bpf/kprobe.bpf.c). */
#define RG_KPROBE_ENTERS "kprobe_enters"
/* The kprobe or kretprobe that stands in for this program, of the same object; NULL: none. */
struct bpf_program *rg_hook_stand_in(const struct bpf_object *obj, const char *program);
/* The program that one of this name stands in for; `name` itself: it is no stand-in. */
const char *rg_hook_stands_for(const char *name);

/* Before the object is opened: its sections fentry, fexit, tp_btf, kprobe
 * and kretprobe are ours. */
int rg_hooks_register(void);
/* After it is opened, and before it is loaded. 0, or a negative errno: this
 * kernel's types cannot be read. */
int rg_hooks_resolve(const struct bpf_object *obj);
/* Modules that hooks are in; NULL after the last. */
extern const char *const rg_hook_modules[];
/* By what name newer kernels have this function; NULL: by the same. */
const char *rg_hook_renamed(const char *function);
/* Was the hook of this program found? */
bool rg_hook_is_there(const char *program);
/* "nfsd4_lock", of a program in section "fexit/nfsd4_lock". */
const char *rg_hook_function(const struct bpf_program *prog);
/* Is it a kretprobe? */
bool rg_hook_returns(const struct bpf_program *prog);
/* Attach by kprobe or kretprobe at the function of `at`, by the name that it has here.
 * NULL: errno says why not. */
struct bpf_link *rg_hook_kprobe(const struct bpf_program *prog, const struct bpf_program *at,
				bool returns, __u64 cookie);
/* Can a program of this kernel signal another task? */
bool rg_hooks_signal_task(void);
/* Does a kprobe_multi link see every return, however many calls are under way? */
bool rg_hooks_returns_have_room(void);
/* Are LSM programs run for every call (load/preempt.h)? */
bool rg_hooks_lsm_always(void);
/* Of our sections, the program that was about to be loaded last: where loading
 * failed, the one that was refused, unless it is of another section. The caller
 * may keep the name no longer than the object. NULL: none was. */
const char *rg_hooks_last(void);
/* After it is loaded. */
void rg_hooks_free(void);
