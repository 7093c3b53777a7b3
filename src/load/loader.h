/* SPDX-License-Identifier: GPL-2.0-only */
/* The steps the verbs are made of: arm a gate, take everything away again. */
#pragma once

#include <stdbool.h>

#include "policy/config.h"
#include "base/log.h"
#include "mounts/mounts.h"
#include "pins/pins.h"

/* No tracing program at all: a bit beside those of enum rg_link. */
#define RG_WITHOUT_TRACES (1u << 31)

/* What `enable` and `run` are asked for. */
struct rg_wish {
	/* Checked; the caller's. The scope is filled in where nobody said one. */
	struct rg_config *config;
	bool serve;	     /* the caller continues the held from now on */
	bool only_again;     /* only where it is enabled already */
	int force_rung;	     /* enum rg_rung, or -1: the best there is (tests) */
	int force_follow;    /* enum rg_follow, or -1 likewise */
	int force_continue;  /* enum rg_continue, or -1 likewise */
	int force_hold;	     /* enum rg_hold, or -1 likewise */
	long force_max_held; /* places for held threads; 0: RG_MAX_HELD (tests) */
	/* Followers to do without, 1 << enum rg_link, and RG_WITHOUT_TRACES (tests). */
	__u32 force_left_out;
	/* Of a daemon: the descriptor that keeps others from being started, or 0. The process
	 * that loads the tracing programs must not keep it open. */
	int only_fd;
};

struct rg_armed {
	__u32 slot;
	__u32 netns;
	__u32 rung;
	__u32 doors;	  /* attached and proven, 1 << enum rg_what */
	bool module_ours; /* the kernel module was loaded for it */
	bool adopted;	  /* the gate was there before: policy changed without a gap */
	__u64 canary_ns;
};

/* Where nobody said which scope: opens if this kernel's knfsd hands out write
 * delegations (its module has to be loaded). A lock under one is known to its end
 * client alone, so scope locks does not protect it; a local open has it recalled. */
void rg_scope_choose(struct rg_config *config);

/*
 * probe -> open -> choose rungs -> load -> pin -> attach -> canary -> armed,
 * for the network namespace of the caller. Enabled before: the canary first,
 * then the policy. On failure nothing of a first call is left behind; of a
 * later one at most that newly named mounts are guarded already. p is
 * filled in, open and locked; the caller closes it. An enum rg_exit.
 */
int rg_arm(const struct rg_wish *wish, struct rg_pins *p, struct rg_armed *armed);

/* Prove that an open set keeps out and lets go: a canary that is held at each of
 * its doors. An enum rg_exit. */
int rg_prove(const struct rg_pins *p);

/* Attach and detach the doors that come and go, as the gates are now
 * (pins/doors.h). *changed: those that did. The directory is locked
 * exclusively. An enum rg_exit. */
int rg_doors_adjust(const struct rg_pins *p, __u32 *changed);

/* Open every gate, continue everybody, unpin, and wait until the kernel has
 * let go of the programs. p is open and locked; it is closed by this. An enum
 * rg_exit. */
int rg_disarm(struct rg_pins *p, unsigned int *continued);
