/* SPDX-License-Identifier: GPL-2.0-only */
/* One file a verb, one row a verb in main.c. Each returns an enum rg_exit. */
#pragma once

#include "cli/options.h"
#include "load/loader.h"

struct rg_continued;

int rg_verb_enable(const struct rg_options *o);
int rg_verb_disable(const struct rg_options *o);
int rg_verb_status(const struct rg_options *o);
int rg_verb_release(const struct rg_options *o);
int rg_verb_close(const struct rg_options *o);
int rg_verb_wait(const struct rg_options *o);
int rg_verb_notify(const struct rg_options *o);
/* Starts the child of `run` that does it. only_fd: the daemon's own lock. */
void rg_notify_start(int only_fd);
int rg_verb_run(const struct rg_options *o);
int rg_verb_trace(const struct rg_options *o);
int rg_verb_metrics(const struct rg_options *o);
int rg_verb_top(const struct rg_options *o);
int rg_verb_policy_check(const struct rg_options *o);
int rg_verb_policy_show(const struct rg_options *o);
int rg_verb_policy_reload(const struct rg_options *o);
int rg_verb_modules_release(const struct rg_options *o);
int rg_verb_modules_follow(const struct rg_options *o);
int rg_verb_report(const struct rg_options *o);
int rg_verb_check(const struct rg_options *o);
int rg_verb_setup(const struct rg_options *o);
int rg_verb_rehearse(const struct rg_options *o);
int rg_verb_demo(const struct rg_options *o);

#define RG_TAKES_ARM                                                                               \
	(RG_TAKES_POLICY | RG_TAKES_FORCE | RG_TAKES(RG_OPT_CONFIG) | RG_TAKES(RG_OPT_NETNS))

/* ---- shared by the verbs: wish.c, say.c, gate.c, locks.c ---- */

/* File and options to a wish, all of it checked but for the mounts. The caller
 * frees config, also after a failure. An enum rg_exit; what is wrong is said. */
int rg_arm_request_of(const struct rg_options *o, struct rg_config *config,
		      struct rg_arm_request *wish);
/* Is there a policy, by file or by option? Else `run` adopts what is enabled. */
bool rg_config_is_given(const struct rg_options *o, const struct rg_config *config);
/* Go into --netns, if one was given. */
int rg_enter_netns(const struct rg_options *o);
/* "closed: knfsd is not running", and what is armed, for people; a line each. And
 * what no gate takes away. */
void rg_say_armed(const struct rg_pins *p, const struct rg_arm_request *wish,
		  const struct rg_armed *armed);
/* Arm, say what came of it, and let go of the set. An enum rg_exit. */
int rg_arm_and_say(const struct rg_arm_request *wish);
/* The gate that --netns names, or that of the caller's namespace, of an open set, into
 * *gate. Its slot, or negative: what is wrong is said. */
int rg_gate_named(const struct rg_pins *p, const struct rg_options *o, struct rg_gate *gate);
/* Open the set and have the gate that --netns names (that of the caller's
 * namespace) opened or closed by hand: RG_OP_OPEN, RG_OP_CLOSE. *gate: as it
 * was. done->continued: the processes that slept there; NULL: nobody wants to know. p is open
 * and locked if RG_DONE; the caller closes it. An enum rg_exit; what is wrong is said. */
int rg_gate_ask(const struct rg_options *o, __u32 op, struct rg_pins *p, struct rg_gate *gate,
		struct rg_continued *done);
/* p: rg_pins_open() returned -EPROTO, of another version. 0: what status, release, close and
 * disable need can be read and asked (pins/other.h); -EPROTO, and it was said why not. */
int rg_open_other(struct rg_pins *p);
/* Lock and open the set, of whatever version. An enum rg_exit; what is wrong is said. */
int rg_open_any(struct rg_pins *p, enum rg_lock_mode mode);
/* Can this process continue the held? RG_DONE, or RG_FAILED and said. */
int rg_can_continue(const struct rg_pins *p);
/* Is a daemon alive that continues the held? */
bool rg_daemon_is_alive(const struct rg_pins *p);
/* Locks that local applications hold on guarded mounts: warn of each. */
void rg_warn_of_locks(const struct rg_pins *p);

/* ---- original.c: the verbs with --role original ---- */

/* Is it the role of an original server that is meant? *err: RG_USAGE, said, where options of the
 * two roles are mixed. */
bool rg_is_original(const struct rg_options *o, int *err);
int rg_original_enable(const struct rg_options *o);
int rg_original_disable(void);
/* `run`: take the role, if the configuration says so. An enum rg_exit; what is wrong is said. */
int rg_original_run(const struct rg_config *config);
/* Says what of [original] could not be put into force, before anything is. An enum rg_exit. */
int rg_original_can(const struct rg_config *config);
/* `policy reload`: [original] of the file, where the role is enabled; nothing otherwise. */
int rg_original_reload(const struct rg_config *config);
int rg_original_status(const struct rg_options *o);

/* ---- policy.c ---- */

/* What `policy show` prints: what the kernel has for one gate. */
struct rg_policy_shown {
	__u32 netns;
	__u64 settle_timeout_s; /* with `lease` worked out */
	size_t n_exempt;	/* executables, of the whole host */
	struct rg_config config;
	struct rg_provenance from;
	struct rg_rule *rules; /* of this gate, owned */
	size_t n_rules;
};
void rg_policy_print(FILE *out, const struct rg_policy_shown *shown, bool json);
