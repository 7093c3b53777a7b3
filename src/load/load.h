/* SPDX-License-Identifier: GPL-2.0-only */
/* Loading, attaching and pinning the programs. Internal to the loader. */
#pragma once

#include <stddef.h>

#include "load/ladder.h"
#include "load/object.h"
#include "load/relocate.h"
#include "pins/pins.h"

struct rg_load_request {
	enum rg_rung rung;
	bool force_rung;	     /* use it although this kernel may skip its programs */
	__u32 max_held;		     /* elements of the map `held`, 0: RG_MAX_HELD */
	__u32 left_out;		     /* followers to leave out, 1 << enum rg_link */
	int follow;		     /* enum rg_follow, or -1: the best that this kernel takes */
	int continues;		     /* enum rg_continue, or -1: in the kernel if possible */
	__u32 module;		     /* enum rg_module_policy */
	enum rg_module module_state; /* RG_MODULE_ANSWERED: it is loaded, and has types */
};

struct rg_loaded {
	struct guard_bpf *skel;
	struct rg_hooks *hooks;
	struct rg_relocate relocate;
	struct rg_ladder ladder;
	enum rg_continue continues;
	enum rg_module module; /* whether the kernel module is used (load/answers.h) */
};

/* Each of these returns an enum rg_exit and says what is wrong. After a failure the caller
 * removes what was pinned. */

/* Open, load, pin maps, the control program and the doors' programs of one
 * rung; fills in p. Tracing programs are not among what is loaded. */
int rg_load(struct rg_pins *p, const struct rg_load_request *request, struct rg_loaded *loaded);
/* Make maps read-only for every process that only kernel programs write. Again: nothing. */
int rg_load_freeze(const struct rg_pins *p);
/* Attach the followers in `links` (1 << enum rg_link) that are not left out. One that cannot be
 * attached steps down (load/ladder.h). */
int rg_attach_followers(struct rg_loaded *loaded, __u32 links);
/* Attach the programs that answer the kernel module. If the kernel refuses, loaded->module says
 * so; that is an error only if the module is required. */
int rg_attach_answers(struct rg_loaded *loaded, const struct rg_load_request *request);
/* Attach and pin the loaded programs of a kind; all or none. 0, or an errno (load/ladder.h), and
 * nothing was said. */
int rg_load_attach(const struct rg_loaded *loaded, enum rg_program_kind kind);
/* Load the detached programs again, with the maps of the set (load/modules.h). */
int rg_load_again(const struct rg_pins *p, const struct rg_meta *meta, struct rg_loaded *loaded);
/* The program that the module asks about sleepers (load/sleep.h), with the maps of the set.
 * 0, or a negative errno, and nothing was said. rg_unload() in any case. */
int rg_load_sleep(const struct rg_pins *p, struct rg_loaded *loaded);
/* Load the tracing programs with the maps of a loaded set, attach and pin them. This takes as long
 * as everything before it. Those that fail are left out, and messages say which. */
void rg_load_traces(const struct rg_loaded *set);
/* Attach and pin the tracing programs that were loaded with a set. */
void rg_attach_traces(struct rg_loaded *loaded);
/* Free the object; what is pinned stays in the kernel, and `ladder` as it is. */
void rg_unload(struct rg_loaded *loaded);
