/* SPDX-License-Identifier: GPL-2.0-only */
/* Loading, attaching and pinning the programs. Internal to the loader. */
#pragma once

#include <stddef.h>

#include "load/followers.h"
#include "pins/pins.h"
#include "load/traces.h"

struct guard_bpf;

/* The BPF object as it was built in, *n bytes: for who only looks into it. */
const void *rg_load_object(size_t *n);
/* Its types: what this version has in its maps. The caller frees it (btf__free). NULL:
 * errno says why. */
struct btf;
struct btf *rg_load_types(void);

struct rg_load_wish {
	enum rg_rung rung;
	bool force_rung;	     /* although calls may pass it unasked */
	__u32 max_held;		     /* places in the map `held`, 0: RG_MAX_HELD */
	__u32 left_out;		     /* followers that are not wanted, 1 << enum rg_link */
	int follow;		     /* enum rg_follow, or -1: the best that goes */
	int continues;		     /* enum rg_continue, or -1: in the kernel if it can */
	__u32 module;		     /* enum rg_module_wish */
	enum rg_module module_state; /* RG_MODULE_ANSWERED: it is loaded, and has types */
};

struct rg_loaded {
	struct guard_bpf *skel;
	struct rg_following following;
	enum rg_continue continues;
	enum rg_module module; /* what became of the kernel module (load/answers.h) */
};

/* Each returns an enum rg_exit and has said what is wrong. What they pinned
 * is the caller's to remove. */

/* Open, load, pin maps, the control program and the doors' programs of one
 * rung; fills in p. Tracing programs are not among what is loaded. */
int rg_load(struct rg_pins *p, const struct rg_load_wish *wish, struct rg_loaded *loaded);
/* Those whose link is in `links`, 1 << enum rg_link, and that are not left out. What
 * cannot be attached steps down (load/followers.h). */
int rg_attach_followers(struct rg_loaded *loaded, __u32 links);
/* The kernel module's questions. Where the kernel refuses, loaded->module says so; an error
 * only if it is required. */
int rg_attach_answers(struct rg_loaded *loaded, const struct rg_load_wish *wish);
/* What was let go of, with the maps of the set (load/modules.h). */
int rg_load_again(const struct rg_pins *p, const struct rg_meta *meta, struct rg_loaded *loaded);
/* The program that the module asks about sleepers (load/sleep.h), with the maps of the set.
 * 0, or a negative errno, and nothing was said. rg_unload() in any case. */
int rg_load_sleep(const struct rg_pins *p, struct rg_loaded *loaded);
/* Those that only watch (load/traces.h), with the maps of a set that was loaded: load them,
 * which takes as long as all else, attach and pin them. As many as go; of others it was said. */
void rg_load_traces(const struct rg_loaded *set);
/* Those that were loaded with a set. */
void rg_attach_traces(const struct rg_loaded *loaded);
/* What is pinned stays. */
void rg_unload(struct rg_loaded *loaded);
