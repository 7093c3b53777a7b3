/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The table of the BPF programs that are attached to functions and tracepoints, apart from the
 * doors (pins/doors.h): where each one attaches, where its link is pinned, and what is lost
 * without it.
 */
#pragma once

#include <stdbool.h>

#include "pins/pins.h"

/* Modules that programs attach to: knfsd, and this project's own optional module. */
#define RG_NFSD "nfsd"
#define RG_MODULE "reexport_guard"

enum rg_program_kind {
	/* Follows knfsd, end clients or this host's NFS client. Some are needed: without one of
	 * these a gate could block the wrong callers, or nobody, while reporting success, so
	 * nothing is armed. Without one of the others a feature is lost, and a message says
	 * which. */
	RG_FOLLOWER,
	/* Only observes (bpf/trace): without it events are missing from traces, and the gate
	 * works. */
	RG_TRACE,
	/* Answers the kernel module (load/answers.h). */
	RG_ANSWER,
	/* Lets held threads sleep in the kernel (load/sleep.h). */
	RG_SLEEP,
};

struct rg_program {
	const char *name;
	const char *module; /* the module with its function; NULL: vmlinux */
	enum rg_program_kind kind;
	enum rg_link link;   /* RG_NR_LINKS: a tracing program, pinned by its name */
	bool needed;	     /* nothing is armed without it */
	const char *without; /* of a follower: completes "without it ...", for messages */
};

/* The tracing programs, then the followers in the order of attaching, then the rest. The last
 * element has `name` NULL. */
extern const struct rg_program rg_programs[];
/* At most this many. The tracing programs are at most 64. */
#define RG_MAX_PROGRAMS 96

/* Runs the statement for each program of a kind. */
/* NOLINTBEGIN(bugprone-macro-parentheses): a name cannot be in them */
#define rg_for_each_program(program, of)                                                           \
	for (const struct rg_program *program = rg_programs; program->name; program++)             \
		if (program->kind != (of)) {                                                       \
		} else
/* NOLINTEND(bugprone-macro-parentheses) */

static inline unsigned int rg_program_index(const struct rg_program *program)
{
	return (unsigned int)(program - rg_programs);
}

/* The name of the kprobe or kretprobe that can replace a program: "kprobe_NAME". */
#define RG_KPROBE_PREFIX "kprobe_"
/* The program that keeps arguments for a kretprobe (bpf/kprobe.bpf.c). */
#define RG_KPROBE_ENTERS "kprobe_enters"

/* The program of this name, or the one that the kprobe of this name replaces; or NULL. */
const struct rg_program *rg_program_named(const char *name);
/* The follower of this name, or NULL. */
const struct rg_program *rg_follower_named(const char *name);
/* The follower that has this link, as its own or as the one that keeps its arguments; or
 * NULL. */
const struct rg_program *rg_follower_of(int link);

/* The links of a program that may be pinned. */
enum rg_program_pin {
	RG_PIN_TYPED = 0, /* of a tracing program: "trace_NAME" */
	RG_PIN_KPROBE,	  /* "trace_kprobe_NAME" */
	RG_PIN_ENTERS,	  /* "trace_enters_NAME": keeps arguments for a kretprobe */
	RG_NR_PROGRAM_PINS,
};

/* Writes the full path of a pin into path, which has at least 256 bytes. Returns path; NULL: the
 * program has no such link. */
char *rg_program_pin(char *path, const struct rg_program *program, enum rg_program_pin pin);
bool rg_program_is_pinned(const struct rg_program *program, enum rg_program_pin pin);
/* The tracing programs that are not attached in any way: 1 << index in rg_programs. */
__u64 rg_traces_missing(void);

/* A set of followers is a bit mask: 1 << enum rg_link. */

/* The enum rg_follow that all attached followers have in common; RG_NR_FOLLOWS: they differ. */
int rg_followers_each(__u32 left_out, __u32 kprobes);
/* True if refused reclaims are not seen: then `settled` can only wait for its time limit. */
bool rg_followers_blind(__u32 left_out);
