/* SPDX-License-Identifier: GPL-2.0-only */
/* One file a verb, one row a verb in main.c. Each returns an enum rg_exit. */
#pragma once

#include "cli/options.h"
#include "loader/loader.h"

int rg_verb_enable(const struct rg_options *o);
int rg_verb_disable(const struct rg_options *o);
int rg_verb_status(const struct rg_options *o);
int rg_verb_release(const struct rg_options *o);
int rg_verb_close(const struct rg_options *o);
int rg_verb_run(const struct rg_options *o);

#define RG_TAKES_WISH                                                                              \
	(RG_TAKES(RG_OPT_MOUNT) | RG_TAKES(RG_OPT_ALL) | RG_TAKES(RG_OPT_ACTION) |                 \
	 RG_TAKES(RG_OPT_RELEASE) | RG_TAKES(RG_OPT_SETTLE_TIME) | RG_TAKES(RG_OPT_MAX_HOLD) |     \
	 RG_TAKES(RG_OPT_NETNS) | RG_TAKES(RG_OPT_FORCE_RUNG))

/* ---- shared by the verbs: wish.c, gate.c, locks.c ---- */

int rg_wish_of(const struct rg_options *o, struct rg_wish *wish);
/* Go into --netns, if one was given. */
int rg_enter_netns(const struct rg_options *o);
/* "closed: knfsd is not running", and what is armed, for people; a line each. */
void rg_say_armed(const struct rg_pins *p, const struct rg_wish *wish,
		  const struct rg_armed *armed);
/* Open the set and have the gate that --netns names (that of the caller's
 * namespace) opened or closed by hand: RG_OP_OPEN, RG_OP_CLOSE. *gate: as it
 * was. p is open and locked if RG_DONE; the caller closes it. An enum rg_exit;
 * what is wrong is said. */
int rg_gate_ask(const struct rg_options *o, __u32 op, struct rg_pins *p, struct rg_gate *gate);
/* Can this process continue the held? RG_DONE, or RG_FAILED and said. */
int rg_can_continue(const struct rg_pins *p);
/* Is a daemon alive that continues the held? */
bool rg_daemon_is_alive(const struct rg_pins *p);
/* Locks that local applications hold on guarded mounts: warn of each. */
void rg_warn_of_locks(const struct rg_pins *p, const struct rg_wish *wish);
