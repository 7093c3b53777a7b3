/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The tracing programs (bpf/trace). If this kernel lacks the function of one, or refuses the
 * program, its events are missing from traces; the gate works without it.
 *
 * Each is attached by fentry, fexit or a typed tracepoint. If the kernel refuses that for a
 * function, or might skip the program there, a kprobe replaces it (bpf/kprobe.bpf.h).
 */
#pragma once

#include <stdbool.h>

#include <linux/types.h>

struct bpf_object;

struct rg_trace {
	const char *program;
	const char *module; /* the module with its function, one of rg_hook_modules */
};

/* The last element has `program` NULL. */
extern const struct rg_trace rg_traces[];
/* The element of this program, or of the program that this kprobe replaces; or NULL. */
const struct rg_trace *rg_trace_by(const char *program);

/* The links of a tracing program that may be pinned. */
enum rg_trace_pin {
	RG_TRACE_TYPED = 0, /* "trace_NAME" */
	RG_TRACE_KPROBE,    /* "trace_kprobe_NAME" */
	RG_TRACE_ENTERS,    /* "trace_enters_NAME": keeps arguments for a kretprobe */
	RG_NR_TRACE_PINS,
};

/* Full path; path of at least 256 bytes. Returns path. */
char *rg_trace_pin(char *path, const struct rg_trace *trace, enum rg_trace_pin pin);
bool rg_trace_is_pinned(const struct rg_trace *trace, enum rg_trace_pin pin);
/* The programs that are not attached in any way: 1 << index in rg_traces. */
__u64 rg_traces_missing(void);

/* Before loading: select the tracing programs, or their kprobes, whose function this kernel has
 * and that were not left out; with `none`, no tracing program. Other programs of the object
 * are not changed. follow: enum rg_follow, or -1: the best that this kernel takes. */
void rg_traces_choose(const struct bpf_object *obj, bool none, int follow);
/* Select only the kprobes of these programs, 1 << index in rg_traces. */
void rg_traces_choose_kprobes(const struct bpf_object *obj, __u64 traces);
/* The kernel refused to load this program with `err`: use its kprobe from now on, or leave it
 * out; a message says which. False if it is no tracing program, or if too many were refused
 * to try again: then no tracing program is loaded, and a warning says so. */
bool rg_traces_step_down(const char *program, int err, int follow);
/* Attach and pin the loaded ones. Returns those that were refused and are not kprobes yet,
 * 1 << index in rg_traces. */
__u64 rg_traces_attach(const struct bpf_object *obj);
