/* SPDX-License-Identifier: GPL-2.0-only */
/* The steps that the verbs are made of: arm a gate, and remove everything from the kernel. */
#pragma once

#include <stdbool.h>

#include "policy/config.h"
#include "base/log.h"
#include "mounts/mounts.h"
#include "pins/pins.h"

/* Without any tracing program: a bit beside those of enum rg_link. */
#define RG_WITHOUT_TRACES (1u << 31)

/* What `enable` and `run` ask for. */
struct rg_arm_request {
	/* Already checked, owned by the caller. The scope is filled in if the user gave none. */
	struct rg_config *config;
	bool serve;	 /* the caller is a daemon: it continues held processes from now on */
	bool only_again; /* fail if nothing is enabled yet */
	/* Take up what is enabled, policy and all; replace it if it is another version's or not
	 * whole. Of the config nothing is used. RG_NOT_ENABLED, and nothing is said: there is
	 * none, or it was never armed and is taken away. */
	bool as_it_is;
	int force_rung;	     /* enum rg_rung, or -1: the best there is (tests) */
	int force_follow;    /* enum rg_follow, or -1 likewise */
	int force_continue;  /* enum rg_continue, or -1 likewise */
	int force_hold;	     /* enum rg_hold, or -1 likewise */
	long force_max_held; /* places for held threads; 0: RG_MAX_HELD (tests) */
	/* Followers to leave out, 1 << enum rg_link, and RG_WITHOUT_TRACES (tests). */
	__u32 force_left_out;
	/* A daemon's descriptor of the lock that prevents a second daemon, or 0. The process that
	 * loads the tracing programs closes its copy. */
	int only_fd;
};

struct rg_armed {
	__u32 slot;
	__u32 netns;
	__u32 rung;
	__u32 doors;	  /* attached, and proven by a canary: 1 << enum rg_door */
	bool module_ours; /* the kernel module was loaded by this call */
	bool adopted;	  /* the gate existed already: its policy was changed without a gap */
	bool replaced;	  /* the set was another version's, or not whole (load/replace.h) */
	__u64 canary_ns;
};

/* Choose the scope if the user gave none: `opens` if this kernel's knfsd gives write
 * delegations (its module has to be loaded), otherwise `locks`. A lock under a write
 * delegation is known to its end client alone, so scope `locks` would not protect it; a local
 * open makes knfsd recall the delegation. */
void rg_scope_choose(struct rg_config *config);

/*
 * probe -> open -> choose rungs -> load -> pin -> attach -> canary -> armed,
 * for the network namespace of the caller. If the set is enabled already: the canary first,
 * then the policy. A first call that fails leaves nothing behind; a later one leaves at most
 * the newly named mounts guarded. p is filled in, open and locked; the caller closes it. An
 * enum rg_exit.
 */
int rg_arm(const struct rg_arm_request *request, struct rg_pins *p, struct rg_armed *armed);

/* Prove that an open set blocks callers and lets them go on: a canary process is held at each
 * of its doors. An enum rg_exit. */
int rg_prove(const struct rg_pins *p);

/* Open every gate, continue all held processes, unpin, and wait until the kernel has freed the
 * programs. p is open and locked, and closed by this function. *continued: held processes. An
 * enum rg_exit. */
int rg_disarm(struct rg_pins *p, unsigned int *continued);
