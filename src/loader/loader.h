/* SPDX-License-Identifier: GPL-2.0-only */
/* The steps the verbs are made of: arm a gate, take everything away again. */
#pragma once

#include <stdbool.h>

#include "loader/log.h"
#include "loader/mounts.h"
#include "loader/pins.h"

/* What `enable` and `run` are asked for. Strings belong to the caller. */
struct rg_wish {
	struct rg_policy policy;
	bool serve;		   /* the caller continues the held from now on */
	bool all;		   /* every NFS mount of the namespace */
	const char *const *mounts; /* paths, n_mounts of them */
	size_t n_mounts;
	int force_rung; /* enum rg_rung, or -1: the best there is (tests) */
};

struct rg_armed {
	__u32 slot;
	__u32 netns;
	__u32 rung;
	bool adopted; /* it was enabled before: policy changed without a gap */
	__u64 canary_ns;
};

/* Check the wish against the mount table and fill in what the policy will
 * remember. *paths: n_mounts elements, owned by the caller (free). An enum
 * rg_exit; what is wrong is said. */
int rg_wish_check(const struct rg_wish *wish, const struct rg_mounts *mounts,
		  struct rg_path **paths);

/*
 * probe -> open -> choose rungs -> load -> pin -> attach -> canary -> armed,
 * for the network namespace of the caller. Enabled before: the canary first,
 * then the policy. On failure nothing of a first call is left behind; of a
 * later one at most that newly named mounts are guarded already. p is
 * filled in, open and locked; the caller closes it. An enum rg_exit.
 */
int rg_arm(const struct rg_wish *wish, struct rg_pins *p, struct rg_armed *armed);

/* Prove that an open set keeps out and lets go: a canary that is held. An enum
 * rg_exit. */
int rg_prove(const struct rg_pins *p);

/* Open every gate, continue everybody, unpin, and wait until the kernel has
 * let go of the programs. p is open and locked; it is closed by this. An enum
 * rg_exit. */
int rg_disarm(struct rg_pins *p, unsigned int *continued);
