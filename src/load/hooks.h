/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Finds the functions and tracepoints that programs attach to, by the sections of the programs
 * and the kernel's BTF. Most of them are in modules, and libbpf searches all of vmlinux's types
 * first, for each program: for 43 programs that took 34 s in an emulated machine. This room
 * searches the types of each module once.
 */
#pragma once

#include <stdbool.h>

#include <linux/types.h>

#include "load/types.h"

struct bpf_link;
struct bpf_object;
struct bpf_program;
struct btf;

#define RG_MAX_HOOKS 96
#define RG_HOOK_NAME 64

/* Where a program attaches. */
struct rg_hook {
	const char *program, *section; /* the object's own */
	char name[RG_HOOK_NAME];       /* of the function, or btf_trace_NAME */
	__u32 kind;		       /* BTF_KIND_FUNC, BTF_KIND_TYPEDEF */
	int btf_fd;		       /* of the module; 0: vmlinux */
	int btf_id;		       /* 0: not found */
};

struct rg_hooks {
	bool signal_task;	/* a BPF program may signal another task (bpf_send_signal_task) */
	bool lsm_always;	/* an LSM program is run for every call (load/preempt.h) */
	bool returns_have_room; /* a kprobe_multi link sees every return, however many calls
				   are under way */
	/* The program of our sections that libbpf prepared last. After a failed load it is the
	 * refused one, unless that is of another section. NULL: none was prepared. */
	const char *last;
	struct rg_hook at[RG_MAX_HOOKS];
	unsigned int n;
	/* Both names of functions that were renamed, sorted. */
	struct {
		const char *name;
		struct rg_hook *hook;
	} names[2 * RG_MAX_HOOKS];
	unsigned int n_names;
	struct rg_filter filter; /* of `names` */
	bool holds_types;	 /* btf_fd is of rg_types_hold() */
};

/* To be called before the object is opened: sections fentry, fexit, fmod_ret, tp_btf, lsm, kprobe
 * and kretprobe are handled here instead of by libbpf. 0 or a negative errno. */
int rg_hooks_register(void);
/* To be called after the object is opened, which has to outlive the result: finds its hooks in
 * the running kernel. Programs that are loaded from now on are attached by them, until
 * rg_hooks_free(). NULL with errno set: this kernel's types cannot be read. */
struct rg_hooks *rg_hooks_find(const struct bpf_object *obj);
/* To be called after the object is loaded. NULL: nothing. */
void rg_hooks_free(struct rg_hooks *h);

/* The two steps of the above, for BTF from elsewhere. Collects the hooks of the object's programs,
 * none of them found yet: to be freed by rg_hooks_free(); NULL with errno set. */
struct rg_hooks *rg_hooks_of(const struct bpf_object *obj);
/* Finds hooks among the types from id `first` on. btf_fd: of the module; 0: vmlinux. */
void rg_hooks_look(struct rg_hooks *h, const struct btf *btf, __u32 first, int btf_fd);
/* Finds out what else vmlinux has: signal_task, lsm_always, returns_have_room. */
void rg_hooks_look_at_core(struct rg_hooks *h, const struct btf *core);

/* Was the hook of this program found? */
bool rg_hook_is_there(const struct rg_hooks *h, const char *program);

/* The name of this function in newer kernels, or NULL if it was not renamed. */
const char *rg_hook_renamed(const char *function);

/* "nfsd4_lock", of a program in section "fexit/nfsd4_lock". */
const char *rg_hook_function(const struct bpf_program *prog);
/* Is it a kretprobe? */
bool rg_hook_returns(const struct bpf_program *prog);
/* Attach a kprobe or kretprobe to the function of the program `at`, by the name that the
 * function has in this kernel. The link, or NULL with errno set. */
struct bpf_link *rg_hook_kprobe(const struct bpf_program *prog, const struct bpf_program *at,
				bool returns, __u64 cookie);
