// SPDX-License-Identifier: GPL-2.0-only
/* Arming: a new set, one that is there, or one that replaces another version's; one rung after the
 * other. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <bpf/btf.h>

#include "base/names.h"
#include "load/answers.h"
#include "load/disarm.h"
#include "load/gate.h"
#include "load/host.h"
#include "load/load.h"
#include "load/loader.h"
#include "load/modules.h"
#include "load/protect.h"
#include "load/prove.h"
#include "load/replace.h"
#include "load/sleep.h"
#include "load/types.h"
#include "pins/doors.h"
#include "pins/gates.h"
#include "pins/held.h"
#include "pins/other.h"
#include "pins/wrappers.h"
#include "policy/exempt.h"

/* Turns of arming: a set that is not whole, and each rung. */
#define MAX_TURNS (2 + RG_NR_RUNGS)

/* ---- arming ---- */

static void beat(struct rg_live *live)
{
	__atomic_store_n(&live->heartbeat_ns, rg_now_ns(), __ATOMIC_RELAXED);
}

/* The gate is armed; programs that only watch come after it, and a daemon does not wait for
 * them. A process of its own, and nobody's child, loads them: it has the privileges for that,
 * and the lock of the pin directory, until they are attached. */
static void watch(const struct rg_loaded *loaded, const struct rg_arm_request *request)
{
	pid_t pid = request->serve ? fork() : -1;

	if (pid > 0) {
		waitpid(pid, NULL, 0);
		return;
	}
	if (!pid && fork())
		_exit(0);
	if (!pid && request->only_fd > 0)
		close(request->only_fd);
	rg_load_traces(loaded);
	rg_protect_cover();
	if (!pid)
		_exit(0);
}

/* The last word: all before it is in the map already. */
static int mark_armed(const struct rg_pins *p, __u32 module, __u64 canary_ns)
{
	struct rg_meta meta;

	if (rg_pins_meta(p, &meta) < 0)
		return rg_error(RG_FAILED, "map meta: cannot be read: %s", rg_strerror(errno));
	meta.armed = 1;
	meta.module = module;
	meta.canary_ns = canary_ns;
	if (rg_pins_set_meta(p, &meta) < 0)
		return rg_error(RG_FAILED, "map meta: cannot be written: %s", rg_strerror(errno));
	return RG_DONE;
}

/* Executables that a set of another version exempts are known by less than this version goes
 * by, and an update brings new ones. */
static void exempt_anew(const struct rg_pins *p, const struct rg_mounts *mounts)
{
	int err = rg_exempt_follow(p, mounts, true);

	if (err < 0)
		rg_warn("exempt programs: not all are known anew: %s; run `reexport-guard policy "
			"reload`",
			rg_strerror(err));
}

/* old: the set in force, which this one is to replace (load/replace.h); NULL: there is none. */
static int arm_fresh(struct rg_plan *plan, enum rg_rung rung, struct rg_pins *p,
		     struct rg_pins *old, struct rg_armed *armed)
{
	const bool as_it_is = plan->request->as_it_is;
	const struct rg_policy *policy = as_it_is ? NULL : &plan->request->config->policy;
	struct rg_meta meta = {.pins_version = RG_PINS_VERSION, .rung = rung};
	struct rg_load_request request = {
		.rung = rung,
		.force_rung = plan->request->force_rung >= 0,
		.max_held = (__u32)plan->request->force_max_held,
		.left_out = plan->request->force_left_out & ~RG_WITHOUT_TRACES,
		.follow = plan->request->force_follow,
		.continues = plan->request->force_continue,
		.module = (__u32)plan->request->config->module,
	};
	struct rg_loaded loaded = {};
	__u32 doors = 0;
	int err;

	err = rg_answers_prepare(request.module, &request.module_state, &armed->module_ours);
	if (err) {
		plan->module_fails = true;
		return err;
	}
	snprintf(meta.tool_version, sizeof(meta.tool_version), "%s", RG_VERSION);
	err = rg_load(p, &request, &loaded) ?: rg_attach_followers(&loaded, ~0u);
	meta.left_out = rg_ladder_followers(&loaded.ladder, RG_HOW_NOT);
	meta.kprobes = rg_ladder_followers(&loaded.ladder, RG_HOW_KPROBE);
	meta.continues = loaded.continues;
	meta.hold =
		plan->request->force_hold == RG_HOLD_STOP || request.module == RG_MODULE_POLICY_OFF
			? RG_HOLD_STOP
			: RG_HOLD_SLEEP;
	meta.module_ours = armed->module_ours;
	if (!err && rg_pins_set_meta(p, &meta) < 0)
		err = rg_error(RG_FAILED, "map meta: cannot be written: %s", rg_strerror(errno));
	if (old) {
		err = err ?: rg_replace_carry(old, p);
		if (!err)
			exempt_anew(p, &plan->mounts);
	} else {
		err = err ?: rg_load_freeze(p);
		err = err
			      ?: rg_sleep_begin(p, meta.hold,
						plan->request->force_hold == RG_HOLD_SLEEP);
	}
	if (!as_it_is) {
		err = err ?: rg_gate_choose_slot(p, armed);
		err = err ?: rg_gate_arm(p, plan, armed);
	}
	armed->adopted |= as_it_is;
	/* Set the heartbeat before attaching the doors; otherwise the first callers are denied.
	 * The daemon of a set that is replaced ends, and the next one follows at once. */
	if (!err &&
	    (plan->request->serve || (old && rg_is_alive(old->live->heartbeat_ns, rg_now_ns()))))
		beat(p->live);
	err = err ?: rg_gate_doors(p, armed, policy, &doors);
	err = err ?: rg_doors_attach(p, doors);
	/* Only now: sleepers of the old set are woken by it, and come to the new doors. */
	if (old)
		err = err
			      ?: rg_sleep_begin(p, meta.hold,
						plan->request->force_hold == RG_HOLD_SLEEP);
	err = err
		      ?: rg_prove_doors(p, doors, policy ? policy->action : RG_ACTION_HOLD, rung,
					&armed->canary_ns);
	if (!err)
		rg_gate_ask_kept(p, armed);
	if (!err) {
		err = rg_attach_answers(&loaded, &request);
		plan->module_fails = err != 0;
	}
	if (!err)
		rg_protect(p, plan->request->config->protect);
	err = err ?: mark_armed(p, loaded.module, armed->canary_ns);
	armed->rung = rung;
	armed->doors = doors;
	err = err ?: rg_doors_adjust(p, &doors);
	if (old)
		err = err ?: rg_replace_end(old, p);
	if (!err && plan->request->serve)
		beat(p->live);
	if (!err && !(plan->request->force_left_out & RG_WITHOUT_TRACES))
		watch(&loaded, plan->request);
	rg_unload(&loaded);
	return err;
}

/* Are rungs forced that the set has not? */
static bool other_rungs(const struct rg_arm_request *request, const struct rg_meta *meta)
{
	return (request->force_rung >= 0 && (__u32)request->force_rung != meta->rung) ||
	       (request->force_continue >= 0 &&
		(__u32)request->force_continue != meta->continues) ||
	       (request->force_hold >= 0 && (__u32)request->force_hold != meta->hold) ||
	       (request->force_follow >= 0 &&
		rg_followers_each(meta->left_out, meta->kprobes) != request->force_follow);
}

/* The doors first, proven, then the policy: it is never in force without them. */
static int arm_again(struct rg_plan *plan, struct rg_pins *p, struct rg_armed *armed)
{
	const struct rg_arm_request *request = plan->request;
	__u32 there = rg_doors_attached(), doors = 0, changed;
	struct rg_continued done = {};
	struct rg_meta meta;
	int err;

	if (rg_pins_meta(p, &meta) < 0)
		return rg_error(RG_FAILED, "map meta: cannot be read: %s", rg_strerror(errno));
	armed->rung = meta.rung;
	if (other_rungs(request, &meta))
		return rg_error(RG_FAILED, "enabled with other rungs, which `status` shows: run "
					   "`reexport-guard disable` before these are forced");
	if (request->force_max_held || request->force_left_out)
		return rg_error(RG_FAILED, "enabled already: run `reexport-guard disable` before "
					   "other tables or programs are forced");
	if (request->config->module == RG_MODULE_POLICY_REQUIRE &&
	    meta.module != RG_MODULE_ANSWERED)
		return rg_error(RG_CANNOT,
				"kernel module " RG_MODULE ": enabled without it (%s), and module "
				"= require: run `reexport-guard disable` before",
				rg_module_text(meta.module));
	err = rg_modules_follow(p) ?: rg_sleep_begin(p, meta.hold, false);
	err = err ?: rg_gate_choose_slot(p, armed);
	err = err ?: rg_gate_doors(p, armed, &request->config->policy, &doors);
	err = err ?: rg_doors_attach(p, doors & ~there);
	err = err
		      ?: rg_prove_doors(p, doors | there, request->config->policy.action, meta.rung,
					&armed->canary_ns);
	err = err ?: rg_gate_arm(p, plan, armed);
	if (err) {
		rg_doors_detach(doors & ~there);
		return err;
	}
	armed->doors = doors;
	rg_gate_ask_kept(p, armed);
	rg_protect(p, request->config->protect);
	if (request->config->module == RG_MODULE_POLICY_OFF && meta.module == RG_MODULE_ANSWERED) {
		rg_answers_detach();
		rg_sleep_end(p);
		if (rg_pins_meta(p, &meta) == 0) {
			meta.module = RG_MODULE_OFF;
			meta.hold = RG_HOLD_STOP;
		}
		rg_pins_set_meta(p, &meta);
	}
	/* Whom the new policy would not hold goes on, or is denied. */
	if (rg_held_any(p) && rg_held_can_continue(p) == 0) {
		rg_held_continue(p, false, &done);
		rg_wrappers_continue(p, &done);
	}
	return rg_doors_adjust(p, &changed);
}

/* ---- one rung after the other ---- */

/* Is there a rung below, after this one failed? */
static bool next_rung(const struct rg_plan *plan, int err, int *rung)
{
	const struct rg_arm_request *request = plan->request;
	bool forced = request->force_rung >= 0 || request->force_continue >= 0 ||
		      request->force_follow >= 0 || request->force_hold >= 0;

	if (err != RG_CANNOT || plan->module_fails || forced || *rung + 1 == RG_NR_RUNGS)
		return false;
	rg_warn("rung %s does not serve here: trying %s", rg_rung_name((__u32)*rung),
		rg_rung_name((__u32)*rung + 1));
	++*rung;
	return true;
}

/* Replace the set in force, *p as rg_pins_open() left it; the new one is in *p afterwards.
 * -EPROTO: it cannot be read, so it cannot be replaced, and nothing was done. */
static int replace(struct rg_plan *plan, int rung, struct rg_pins *p, struct rg_armed *armed)
{
	struct rg_pins old = *p;
	struct btf *types = rg_load_types();
	int err = types ? rg_other_open(&old, types) : -ENOMEM;
	unsigned int continued;
	struct rg_meta was = {};

	btf__free(types);
	if (err) {
		*p = old;
		return -EPROTO;
	}
	if (plan->request->as_it_is && rg_pins_meta(&old, &was) == 0) {
		if (was.module_policy < RG_NR_MODULE_POLICIES)
			plan->request->config->module = was.module_policy;
		plan->request->config->protect = was.protect != RG_PROTECT_OFF;
	}
	do {
		err = rg_replace_begin(p);
		if (err)
			break;
		err = arm_fresh(plan, (enum rg_rung)rung, p, &old, armed);
		if (err) {
			rg_take_away(p, &continued);
			rg_pins_close(p);
			if (armed->module_ours)
				rg_answers_unload();
		}
		rg_replace_cancel();
	} while (next_rung(plan, err, &rung));
	armed->replaced = !err;
	rg_pins_close(&old);
	return err;
}

/* The set in force is another version's, or not whole, as rg_pins_open() found. *again: it was
 * taken away, and nothing is there any more. */
static int arm_anew(struct rg_plan *plan, int rung, int found, struct rg_pins *p,
		    struct rg_armed *armed, bool *again)
{
	const char *missing = rg_pins_missing(p);
	unsigned int continued;
	struct rg_meta meta = {};
	bool readable;
	int err = -EPROTO;

	*again = false;
	if (p->map_fd[RG_MAP_META] >= 0)
		rg_pins_meta(p, &meta);
	/* Where the gates are missing, nothing of it is known. */
	readable = found == -EPROTO ||
		   (meta.armed && p->map_fd[RG_MAP_GATES] >= 0 && p->prog_fd[RG_PROG_CONTROL] >= 0);
	if (found == -EPROTO)
		rg_warn("%s: pinned by another version of reexport-guard: replacing it",
			RG_PIN_DIR);
	else
		rg_warn("%s: an earlier set is not whole (%s%s): %s", RG_PIN_DIR,
			missing ?: "it was never armed", missing ? " is missing" : "",
			readable ? "replacing it" : "taken away, arming anew");
	if (plan->request->as_it_is && rg_host_prepare()) {
		rg_pins_close(p);
		return RG_CANNOT;
	}
	if (readable)
		err = replace(plan, rung, p, armed);
	if (err != -EPROTO)
		return err;
	if (found == -EPROTO) {
		rg_pins_close(p);
		return rg_error(RG_FAILED,
				"%s: the set in force cannot be read, so it stays as it is: run "
				"`reexport-guard disable`, then `enable`",
				RG_PIN_DIR);
	}
	rg_take_away(p, &continued);
	rg_pins_close(p);
	*again = true;
	return RG_DONE;
}

/* The policy of the set in force stays. */
static int take_up(struct rg_plan *plan, struct rg_pins *p, struct rg_armed *armed)
{
	if (!plan->request->as_it_is)
		return arm_again(plan, p, armed);
	armed->adopted = true;
	rg_protect_again(p);
	return rg_prove(p);
}

/* One rung after the other, until the canary proves one. The lock is given
 * back where a set was taken away, so each turn looks anew at what is there. */
static int arm_or_adopt(struct rg_plan *plan, struct rg_pins *p, struct rg_armed *armed,
			const sigset_t *before)
{
	const struct rg_arm_request *request = plan->request;
	const bool only_again = request->only_again || request->as_it_is;
	int rung = request->force_rung >= 0 ? request->force_rung : RG_RUNG_LSM, err;
	unsigned int continued;
	sigset_t all;

	sigfillset(&all);
	if (request->force_rung < 0 && rg_host_has_bpf_lsm() == 0)
		rung = RG_RUNG_FMOD_RET;
	for (int turn = 0; turn < MAX_TURNS; turn++) {
		bool again;

		rg_pins_init(p);
		/* Half an arming is worse than a late Ctrl-C; waiting for others is not. */
		sigprocmask(SIG_SETMASK, before, NULL);
		err = rg_pins_lock(p, RG_LOCK_EXCLUSIVE, true);
		if (err)
			return rg_pins_lock_failed(err);
		sigprocmask(SIG_BLOCK, &all, NULL);
		rg_replace_clear(p);
		err = rg_pins_open(p);
		if (err == 0)
			return take_up(plan, p, armed);
		/* Of a set that only cannot be opened nothing is taken away. */
		if (err != -ENOENT && err != -EBADMSG && err != -EPROTO)
			return rg_pins_say(p, err);
		/* `policy reload` is no reason to replace programs. */
		if (err == -EPROTO && request->only_again)
			return rg_pins_say(p, err);
		if (err != -ENOENT) {
			err = arm_anew(plan, rung, err, p, armed, &again);
			if (!again)
				return err;
			continue;
		}
		if (only_again) {
			rg_pins_close(p);
			if (request->as_it_is)
				return RG_NOT_ENABLED;
			return rg_error(RG_NOT_ENABLED, "not enabled: nothing is pinned in %s",
					RG_PIN_DIR);
		}
		err = arm_fresh(plan, (enum rg_rung)rung, p, NULL, armed);
		if (!err)
			return RG_DONE;
		rg_take_away(p, &continued);
		rg_pins_close(p);
		if (armed->module_ours)
			rg_answers_unload();
		if (!next_rung(plan, err, &rung))
			return err;
	}
	return rg_error(RG_FAILED,
			"%s: what is pinned there cannot be taken away, see above: remove it by "
			"hand",
			RG_PIN_DIR);
}

void rg_scope_choose(struct rg_config *config)
{
	if (!rg_config_says(config, RG_KEY_SCOPE) && rg_host_write_delegations() == 1)
		config->policy.scope = RG_SCOPE_OPENS;
}

/* For the verdict, which cannot read the kernel's types each time. */
static void note_delegations(const struct rg_pins *p)
{
	int gives = rg_host_write_delegations();

	p->live->delegations = gives < 0 ? RG_KNOWN_NOT : gives ? RG_KNOWN_YES : RG_KNOWN_NO;
}

int rg_arm(const struct rg_arm_request *request, struct rg_pins *p, struct rg_armed *armed)
{
	struct rg_plan plan = {.request = request};
	sigset_t before;
	int err;

	memset(armed, 0, sizeof(*armed));
	rg_pins_init(p);
	rg_types_keep();
	err = rg_mounts_read("/proc/self/mountinfo", &plan.mounts);
	if (err) {
		err = rg_error(RG_FAILED, "/proc/self/mountinfo: cannot be read: %s",
			       rg_strerror(err));
		goto out;
	}
	rg_mounts_ask_fsids(RG_VOLUMES, &plan.mounts);
	/* A set that stays as it is has its rules, and what it needs of the host. */
	if (!request->as_it_is)
		err = rg_rules_make(request->config, &plan.mounts, &plan.rules)
			      ?: rg_host_prepare();
	if (err)
		goto out;
	rg_scope_choose(request->config);

	sigprocmask(SIG_BLOCK, NULL, &before);
	err = arm_or_adopt(&plan, p, armed, &before);
	if (err)
		rg_pins_close(p);
	else
		note_delegations(p);
	sigprocmask(SIG_SETMASK, &before, NULL);
out:
	rg_types_forget();
	rg_rules_free(&plan.rules);
	rg_mounts_free(&plan.mounts);
	return err;
}
