/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The tracing programs (bpf/trace), among those of the BPF object: one that this
 * kernel has no hook for, or refuses, costs what it would have shown, and not
 * the gate.
 *
 * Each is attached by fentry, fexit or a typed tracepoint; where the kernel refuses
 * that at a function, or would skip it, a kprobe stands in (bpf/kprobe.bpf.h).
 */
#pragma once

#include <stdbool.h>

#include <linux/types.h>

struct bpf_object;

struct rg_trace {
	const char *program;
	const char *module; /* that its hook is in, of rg_hook_modules */
};

/* program is NULL after the last. */
extern const struct rg_trace rg_traces[];
/* Of the name of a program, or of the kprobe that stands in for it; NULL: none. */
const struct rg_trace *rg_trace_by(const char *program);

/* What may be pinned of a program. */
enum rg_trace_pin {
	RG_TRACE_TYPED = 0, /* "trace_NAME" */
	RG_TRACE_KPROBE,    /* "trace_kprobe_NAME" */
	RG_TRACE_ENTERS,    /* "trace_enters_NAME": keeps arguments for a kretprobe */
	RG_NR_TRACE_PINS,
};

/* Full path; path of at least 256 bytes. Returns path. */
char *rg_trace_pin(char *path, const struct rg_trace *trace, enum rg_trace_pin pin);
bool rg_trace_is_pinned(const struct rg_trace *trace, enum rg_trace_pin pin);
/* Those that are not attached at all, 1 << place in rg_traces. */
__u64 rg_traces_missing(void);

/* Before loading: those whose hook this kernel has by itself, or by a kprobe, and that
 * were not left out; or none at all. Other programs stay as they are. follow: enum
 * rg_follow, or -1: the best that goes. */
void rg_traces_choose(const struct bpf_object *obj, bool none, int follow);
/* Nothing but these kprobes, 1 << place in rg_traces. */
void rg_traces_choose_kprobes(const struct bpf_object *obj, __u64 traces);
/* This kernel refused to load the program: from now on it is a kprobe, or left out, and it
 * was said which. `err`: what loading said. False if it is no tracing program, or one
 * more than is worth another attempt: then none can be loaded, and that is the warning. */
bool rg_traces_step_down(const char *program, int err, int follow);
/* Attach and pin those that were loaded. Returns those that were refused and are no
 * kprobes, 1 << place in rg_traces. */
__u64 rg_traces_attach(const struct bpf_object *obj);
