/* SPDX-License-Identifier: GPL-2.0-only */
/* Each verb has a file or a folder, and a row in verbs/main.c. Each returns an enum rg_exit. */
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

/* ---- shared by the verbs: arm_request.c, say.c, gate.c, locks.c ---- */

/* Makes an arm request from file and options, checked except for the mounts. The caller frees
 * config, also after a failure. Returns an enum rg_exit after reporting what is wrong. */
int rg_arm_request_of(const struct rg_options *o, struct rg_config *config,
		      struct rg_arm_request *request);
/* Says whether file or options have a policy; otherwise `run` adopts what is enabled. */
bool rg_config_is_given(const struct rg_options *o, const struct rg_config *config);
/* Enters the namespace of --netns, if given. */
int rg_enter_netns(const struct rg_options *o);
/* Prints "closed: knfsd is not running", what is armed, and what no gate prevents, one line
 * each. */
void rg_say_armed(const struct rg_pins *p, const struct rg_arm_request *request,
		  const struct rg_armed *armed);
/* Opens the gate in this slot if there is nothing to protect, or takes that back (state/nothing.h),
 * and warns of it. */
void rg_decide_nothing(const struct rg_pins *p, __u32 slot);
/* Arms, reports the result, and closes the set. Returns an enum rg_exit. */
int rg_arm_and_say(const struct rg_arm_request *request);
/* Reads the gate of --netns, or of the caller's namespace, to *gate. Returns its slot, or a
 * negative value after reporting what is wrong. */
int rg_gate_named(const struct rg_pins *p, const struct rg_options *o, struct rg_gate *gate);
/* Opens the set and opens or closes by hand (RG_OP_OPEN, RG_OP_CLOSE) the gate of --netns or of
 * the caller's namespace. *gate: its state before. done->continued: the processes that slept there;
 * done may be NULL. If RG_DONE, p is open and locked, and the caller closes it. Returns an enum
 * rg_exit after reporting what is wrong. */
int rg_gate_ask(const struct rg_options *o, __u32 op, struct rg_pins *p, struct rg_gate *gate,
		struct rg_continued *done);
/* Opens another version's set, for which rg_pins_open() returned -EPROTO. Returns 0: status,
 * release, close and disable can use it (pins/other.h); or -EPROTO after reporting why not. */
int rg_open_other(struct rg_pins *p);
/* Locks and opens the set of any version. Returns an enum rg_exit after reporting what is
 * wrong. */
int rg_open_any(struct rg_pins *p, enum rg_lock_mode mode);
/* Checks that this process can continue the held. Returns RG_DONE, or RG_FAILED after reporting
 * why not. */
int rg_can_continue(const struct rg_pins *p);
/* Says whether a daemon is alive that continues the held. */
bool rg_daemon_is_alive(const struct rg_pins *p);
/* Warns of each lock that a local application holds on a guarded mount. */
void rg_warn_of_locks(const struct rg_pins *p);

/* ---- verbs/original.c: the verbs with --role original ---- */

/* Says whether the options mean the role of an original server. *err: RG_USAGE, reported, if
 * options of both roles are mixed. */
bool rg_is_original(const struct rg_options *o, int *err);
int rg_original_enable(const struct rg_options *o);
int rg_original_disable(void);
/* For `run`: takes the role if the configuration says so. Returns an enum rg_exit after
 * reporting what is wrong. */
int rg_original_run(const struct rg_config *config);
/* Checks [original] before anything is put into force. Returns an enum rg_exit after reporting
 * what is wrong. */
int rg_original_can(const struct rg_config *config);
/* For `policy reload`: applies [original] of the file if the role is enabled. */
int rg_original_reload(const struct rg_config *config);
int rg_original_status(const struct rg_options *o);

/* ---- verbs/policy.c ---- */

/* What `policy show` prints: the policy that the kernel has for one gate. */
struct rg_policy_shown {
	__u32 netns;
	__u64 settle_timeout_s; /* with the value of `lease` */
	size_t n_exempt;	/* exempt executables of the whole host */
	struct rg_config config;
	struct rg_provenance from;
	struct rg_rule *rules; /* rules of this gate, owned */
	size_t n_rules;
};
/* Returns false, and prints nothing, without memory. */
bool rg_policy_print(FILE *out, const struct rg_policy_shown *shown, bool json);
