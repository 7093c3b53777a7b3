// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>
#include <stdlib.h>

#include "cli/verbs.h"
#include "load/host.h"
#include "base/names.h"
#include "base/netns.h"
#include "load/preempt.h"
#include "load/probe.h"
#include "mounts/guarded.h"
#include "policy/rules.h"
#include "text/shown.h"

static int print_mounts(const struct rg_mounts *mounts, const struct rg_rules *rules,
			enum rg_mount_mode which)
{
	bool *guarded = calloc(mounts->n + 1, sizeof(*guarded));

	if (!guarded || rg_mounts_guarded(mounts, rules->at, rules->n, 0, which, guarded)) {
		free(guarded);
		return rg_error(RG_FAILED, "out of memory");
	}
	for (size_t i = 0; i < mounts->n; i++) {
		const struct rg_mount *m = &mounts->at[i];

		rg_say(stdout, "  %-7s %s  %u:%u  %s", guarded[i] ? "guard" : "leave", m->target,
		       m->dev >> 20, m->dev & 0xfffff, m->source);
	}
	free(guarded);
	return RG_DONE;
}

/* Finds the rung that `enable` would take: the kernel is given the programs of its hooks,
 * and lets go of them. Whether an LSM program is called where the list of LSMs cannot be
 * read only the canary finds out. RG_DONE, or RG_CANNOT, said. */
static int find_rung(const char **rung)
{
	int lsm = rg_host_has_bpf_lsm(), err = lsm ? rg_probe_load(RG_RUNG_LSM) : 0;
	struct rg_preempt p = rg_preempt_read();
	char why[128], lsm_why[128];

	if (lsm && !err) {
		*rung = lsm > 0 ? "lsm" : "lsm, if it is there (securityfs is not mounted)";
		return RG_DONE;
	}
	snprintf(lsm_why, sizeof(lsm_why), "%s",
		 lsm ? rg_strerror(err) : "bpf is not in the lsm list");
	if (p.does)
		return rg_error(RG_CANNOT,
				"would not enable: no rung: not lsm (%s), not fmod_ret: %s",
				lsm_why, rg_preempt_why(&p, why, sizeof(why)));
	err = rg_probe_load(RG_RUNG_FMOD_RET);
	if (err)
		return rg_error(RG_CANNOT,
				"would not enable: no rung: not lsm (%s), not fmod_ret (%s)",
				lsm_why, rg_strerror(err));
	*rung = "fmod_ret";
	return RG_DONE;
}

static int dry_run(const struct rg_arm_request *request)
{
	const struct rg_policy *policy = &request->config->policy;
	struct rg_rules rules = {};
	struct rg_mounts mounts;
	const char *rung = NULL;
	int err = rg_host_look() ?: find_rung(&rung);

	if (err)
		return err;
	err = rg_mounts_read("/proc/self/mountinfo", &mounts);
	if (err)
		return rg_error(RG_FAILED, "/proc/self/mountinfo: cannot be read: %s",
				rg_strerror(err));
	rg_mounts_ask_fsids(RG_VOLUMES, &mounts);
	err = rg_rules_make(request->config, &mounts, &rules);
	if (!err) {
		rg_scope_choose(request->config);
		printf("would enable: network namespace %u, action %s, scope %s, release %s\n",
		       rg_netns_self(), rg_action_name(policy->action),
		       rg_scope_name(policy->scope), rg_release_name(policy->release));
		printf("  rung    %s\n", rung);
		err = print_mounts(&mounts, &rules, policy->mount_mode);
	}
	rg_rules_free(&rules);
	rg_mounts_free(&mounts);
	return err;
}

int rg_verb_enable(const struct rg_options *o)
{
	struct rg_config config;
	struct rg_arm_request request;
	int err = RG_DONE;

	if (rg_is_original(o, &err))
		return err ?: rg_original_enable(o);
	if (err)
		return err;
	err = rg_arm_request_of(o, &config, &request) ?: rg_enter_netns(o);
	if (!err)
		err = o->dry_run ? dry_run(&request) : rg_arm_and_say(&request);
	rg_config_free(&config);
	return err;
}
