// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>
#include <stdlib.h>

#include "cli/verbs.h"
#include "loader/host.h"
#include "loader/names.h"
#include "loader/netns.h"

static int dry_run(const struct rg_wish *wish)
{
	struct rg_path *paths = NULL;
	struct rg_mounts mounts;
	int err = rg_mounts_read("/proc/self/mountinfo", &mounts);

	if (err)
		return rg_error(RG_FAILED, "/proc/self/mountinfo: cannot be read: %s",
				rg_strerror(err));
	err = rg_wish_check(wish, &mounts, &paths);
	if (!err) {
		int lsm = rg_host_has_bpf_lsm();

		printf("would enable: network namespace %u, action %s, release %s\n",
		       rg_netns_self(), rg_action_name(wish->policy.action),
		       rg_release_name(wish->policy.release));
		printf("  hook    %s\n", lsm > 0 ? "BPF LSM file_lock"
					 : lsm == 0
						 ? "fmod_ret security_file_lock (bpf is not in "
						   "the lsm list)"
						 : "BPF LSM file_lock or fmod_ret (securityfs is "
						   "not mounted)");
		for (size_t i = 0; i < wish->n_mounts; i++)
			paths[i].slot = 1;
		for (size_t i = 0; i < mounts.n; i++) {
			const struct rg_mount *m = &mounts.at[i];
			bool guarded =
				wish->all || rg_mount_is_guarded(m, paths, wish->n_mounts, 1);

			printf("  %-7s %s  %u:%u  %s\n", guarded ? "guard" : "leave", m->target,
			       m->dev >> 20, m->dev & 0xfffff, m->source);
		}
	}
	free(paths);
	rg_mounts_free(&mounts);
	return err;
}

int rg_verb_enable(const struct rg_options *o)
{
	struct rg_armed armed;
	struct rg_wish wish;
	struct rg_pins p;
	int err = rg_wish_of(o, &wish) ?: rg_enter_netns(o);

	if (err)
		return err;
	if (o->dry_run)
		return dry_run(&wish);
	err = rg_arm(&wish, &p, &armed);
	if (err)
		return err;
	rg_say_armed(&p, &wish, &armed);
	rg_warn_of_locks(&p, &wish);
	rg_pins_close(&p);
	return RG_DONE;
}
