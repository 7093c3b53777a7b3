/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Finds the functions that programs attach to. Most of them are in modules, and libbpf
 * searches all of vmlinux's types first, for each program: for 43 programs that took 34 s in
 * an emulated machine. This room searches the types of each module once.
 */
#pragma once

#include <stdbool.h>

#include <linux/types.h>

struct bpf_link;
struct bpf_object;
struct bpf_program;

/* The program that keeps arguments for a kretprobe (bpf/kprobe.bpf.c). */
#define RG_KPROBE_ENTERS "kprobe_enters"
/* The kprobe or kretprobe of the same object that can replace this program, or NULL. */
struct bpf_program *rg_hook_stand_in(const struct bpf_object *obj, const char *program);
/* The name of the program that the kprobe `name` replaces; `name` itself if it replaces none. */
const char *rg_hook_stands_for(const char *name);

/* To be called before the object is opened: sections fentry, fexit, fmod_ret, tp_btf, kprobe
 * and kretprobe are handled here instead of by libbpf. 0 or a negative errno. */
int rg_hooks_register(void);
/* To be called after the object is opened and before it is loaded. 0, or a negative errno if
 * this kernel's types cannot be read. */
int rg_hooks_resolve(const struct bpf_object *obj);
/* The modules that have functions we attach to; the last element is NULL. */
extern const char *const rg_hook_modules[];
/* The name of this function in newer kernels, or NULL if it was not renamed. */
const char *rg_hook_renamed(const char *function);
/* Was the hook of this program found? */
bool rg_hook_is_there(const char *program);
/* "nfsd4_lock", of a program in section "fexit/nfsd4_lock". */
const char *rg_hook_function(const struct bpf_program *prog);
/* Is it a kretprobe? */
bool rg_hook_returns(const struct bpf_program *prog);
/* Attach a kprobe or kretprobe to the function of the program `at`, by the name that the
 * function has in this kernel. The link, or NULL with errno set. */
struct bpf_link *rg_hook_kprobe(const struct bpf_program *prog, const struct bpf_program *at,
				bool returns, __u64 cookie);
/* Does this kernel let a BPF program signal another task (bpf_send_signal_task)? */
bool rg_hooks_signal_task(void);
/* Does a kprobe_multi link see every return, however many calls are under way? */
bool rg_hooks_returns_have_room(void);
/* Does this kernel run an LSM program for every call (load/preempt.h)? */
bool rg_hooks_lsm_always(void);
/* The program of our sections that libbpf prepared last. After a failed load it is the refused
 * one, unless that is of another section. NULL: none was prepared. The name belongs to the
 * object. */
const char *rg_hooks_last(void);
/* To be called after the object is loaded: frees what rg_hooks_resolve() found. */
void rg_hooks_free(void);
