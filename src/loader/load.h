/* SPDX-License-Identifier: GPL-2.0-only */
/* Loading, attaching and pinning the programs. Internal to the loader. */
#pragma once

#include "loader/pins.h"

struct guard_bpf;

struct rg_loaded {
	struct guard_bpf *skel;
	enum rg_rung rung;
};

/* Each returns an enum rg_exit and has said what is wrong. What they pinned
 * is the caller's to remove. */

/* Open, load and pin maps and the control program; fills in p. */
int rg_load(struct rg_pins *p, enum rg_rung rung, struct rg_loaded *loaded);
/* Everything but the door. */
int rg_attach_followers(const struct rg_loaded *loaded);
int rg_attach_lock(const struct rg_loaded *loaded);
/* What is pinned stays. */
void rg_unload(struct rg_loaded *loaded);
