/* SPDX-License-Identifier: GPL-2.0-only */
/* Loading, attaching and pinning the programs. Internal to the loader. */
#pragma once

#include <stddef.h>

#include "loader/pins.h"
#include "loader/traces.h"

struct guard_bpf;

/* The BPF object as it was built in, *n bytes: for who only looks into it. */
const void *rg_load_object(size_t *n);

struct rg_loaded {
	struct guard_bpf *skel;
};

/* Each returns an enum rg_exit and has said what is wrong. What they pinned
 * is the caller's to remove. */

/* Open, load, pin maps, the control program and the doors' programs of one
 * rung; fills in p. max_held: places in the map `held`, 0: RG_MAX_HELD. */
int rg_load(struct rg_pins *p, enum rg_rung rung, __u32 max_held, struct rg_loaded *loaded);
/* Everything but the doors (loader/doors.h). */
int rg_attach_followers(const struct rg_loaded *loaded);
/* Those that only watch (loader/traces.h). */
unsigned int rg_attach_traces(const struct rg_loaded *loaded, rg_meanwhile *meanwhile, void *arg);
/* What is pinned stays. */
void rg_unload(struct rg_loaded *loaded);
