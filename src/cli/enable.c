// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>
#include <stdlib.h>

#include "cli/verbs.h"
#include "load/host.h"
#include "base/names.h"
#include "base/netns.h"
#include "load/preempt.h"
#include "policy/rules.h"

static int print_mounts(const struct rg_mounts *mounts, const struct rg_rules *rules,
			enum rg_which which)
{
	bool *guarded = calloc(mounts->n + 1, sizeof(*guarded));

	if (!guarded || rg_mounts_guarded(mounts, rules->at, rules->n, 0, which, guarded)) {
		free(guarded);
		return rg_error(RG_FAILED, "out of memory");
	}
	for (size_t i = 0; i < mounts->n; i++) {
		const struct rg_mount *m = &mounts->at[i];

		printf("  %-7s %s  %u:%u  %s\n", guarded[i] ? "guard" : "leave", m->target,
		       m->dev >> 20, m->dev & 0xfffff, m->source);
	}
	free(guarded);
	return RG_DONE;
}

static void print_rung(void)
{
	int lsm = rg_host_has_bpf_lsm();
	struct rg_preempt p = rg_preempt_read();
	char why[128];

	if (lsm > 0)
		printf("  rung    lsm\n");
	else if (p.does)
		printf("  rung    %s, not fmod_ret: %s\n",
		       lsm < 0 ? "lsm, if it is there" : "none (bpf is not in the lsm list)",
		       rg_preempt_why(&p, why, sizeof(why)));
	else
		printf("  rung    %s\n", lsm < 0 ? "lsm or fmod_ret (securityfs is not mounted)"
						 : "fmod_ret (bpf is not in the lsm list)");
}

static int dry_run(const struct rg_wish *wish)
{
	const struct rg_policy *policy = &wish->config->policy;
	struct rg_rules rules = {};
	struct rg_mounts mounts;
	int err = rg_mounts_read("/proc/self/mountinfo", &mounts);

	if (err)
		return rg_error(RG_FAILED, "/proc/self/mountinfo: cannot be read: %s",
				rg_strerror(err));
	err = rg_rules_make(wish->config, &mounts, &rules);
	if (!err) {
		rg_scope_choose(wish->config);
		printf("would enable: network namespace %u, action %s, scope %s, release %s\n",
		       rg_netns_self(), rg_action_name(policy->action),
		       rg_scope_name(policy->scope), rg_release_name(policy->release));
		print_rung();
		err = print_mounts(&mounts, &rules, policy->which);
	}
	rg_rules_free(&rules);
	rg_mounts_free(&mounts);
	return err;
}

int rg_verb_enable(const struct rg_options *o)
{
	struct rg_config config;
	struct rg_wish wish;
	int err = rg_wish_of(o, &config, &wish) ?: rg_enter_netns(o);

	if (!err)
		err = o->dry_run ? dry_run(&wish) : rg_arm_and_say(&wish);
	rg_config_free(&config);
	return err;
}
