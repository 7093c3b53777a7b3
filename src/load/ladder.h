/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How each program of the table is attached. The rungs of this ladder: by fentry, fexit or a typed
 * tracepoint; by a kprobe that replaces it (bpf/kprobe.bpf.h), if the kernel refuses that for a
 * function, lacks its type, or might skip the program there; not at all.
 */
#pragma once

#include "load/programs.h"

struct bpf_object;
struct rg_hooks;

enum rg_how {
	RG_HOW_TYPED = 0,
	RG_HOW_KPROBE,
	RG_HOW_NOT, /* left out */
};

struct rg_ladder {
	int forced;		      /* enum rg_follow, or -1: the best that this kernel takes */
	__u8 how[RG_MAX_PROGRAMS];    /* enum rg_how, by index in rg_programs */
	bool wanted[RG_MAX_PROGRAMS]; /* the programs to load, likewise */
	/* Tracing programs become kprobes where they can, as this kernel may skip typed ones. */
	bool prefer_kprobes;
	bool typed_after_all;	/* that was tried, and refused */
	unsigned int n_refused; /* tracing programs that the kernel refused to load */
};

/* A ladder on which nothing was tried, apart from followers (1 << enum rg_link) that are left out,
 * or kprobes, already. Nothing is wanted. */
struct rg_ladder rg_ladder_at(int forced, __u32 left_out, __u32 kprobes);
/* Wants no program. */
void rg_ladder_want_none(struct rg_ladder *l);
/* Wants the followers in this set as well. */
void rg_ladder_want_followers(struct rg_ladder *l, __u32 links);
/* Wants, or not, all programs of a kind, those of one module only unless `module` is NULL. */
void rg_ladder_want(struct rg_ladder *l, enum rg_program_kind kind, const char *module,
		    bool wanted);

/* The followers that are on this rung: 1 << enum rg_link. A follower that is left out is only
 * among those. */
__u32 rg_ladder_followers(const struct rg_ladder *l, enum rg_how how);
enum rg_how rg_ladder_how(const struct rg_ladder *l, const struct rg_program *program);

/* Before loading: selects the programs to load for what is wanted, of the table and no other. A
 * program whose hook this kernel lacks becomes a kprobe, or is left out. Returns the first
 * needed program that had to be left out, or NULL: none. */
const struct rg_program *rg_ladder_choose(struct rg_ladder *l, const struct bpf_object *obj,
					  const struct rg_hooks *hooks);
/* The kernel refused to load or attach this program, as it is on the ladder, with `err`. Goes
 * one rung down: true, and a message says which. False: the program is needed, or too many
 * tracing programs were refused. */
bool rg_ladder_step_down(struct rg_ladder *l, const struct rg_program *program, int err);

/* Was this program, as it is on the ladder, loaded with the object? */
bool rg_ladder_is_loaded(const struct rg_ladder *l, const struct bpf_object *obj,
			 const struct rg_program *program);
/* Attaches a loaded program as it is on the ladder, and pins its links. 0; a negative errno: the
 * kernel refuses it; a positive errno: the link cannot be pinned. After a failure no link of
 * it is pinned. */
int rg_ladder_attach(const struct rg_ladder *l, const struct bpf_object *obj,
		     const struct rg_program *program);
/* Has the object a kprobe that this program can be replaced by? */
bool rg_ladder_has_kprobe(const struct bpf_object *obj, const struct rg_program *program);
/* Unpins the links of a program, which detaches it. Says what cannot be unpinned. */
void rg_ladder_detach(const struct rg_program *program);
