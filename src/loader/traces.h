/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The tracing programs (bpf/trace), among those of the BPF object: one that this
 * kernel has no hook for, or refuses, costs what it would have shown, and not
 * the gate.
 */
#pragma once

#include <stdbool.h>

struct bpf_object;

/* Names of the programs, NULL after the last; each is pinned as "trace_NAME". */
const char *const *rg_trace_names(void);
bool rg_is_trace(const char *program);
/* Is this one attached (pinned)? */
bool rg_trace_is_attached(const char *name);
/* Full path of its pin; path of at least 256 bytes. Returns path. */
char *rg_trace_pin(char *path, const char *name);

/* Before loading: only those whose hook this kernel has and that were not left
 * out, or none at all. */
void rg_traces_choose(const struct bpf_object *obj, bool none);
/* This kernel refused the program: it is left out from now on, with a warning.
 * `err`: what loading said. False if it is no tracing program, or one more than
 * is worth another attempt: then none can be loaded, and that is the warning. */
bool rg_traces_leave_out(const char *program, int err);
/* Attach and pin those that were loaded, and call `meanwhile` after each: there
 * are many. Returns how many are not attached. */
typedef void rg_meanwhile(void *arg);
unsigned int rg_traces_attach(const struct bpf_object *obj, rg_meanwhile *meanwhile, void *arg);
