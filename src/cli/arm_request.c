// SPDX-License-Identifier: GPL-2.0-only
/* Makes the arm request of enable and run from file and options, and reports the result. */
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/verbs.h"
#include "base/netns.h"

static void hear(const char *mistake)
{
	rg_error(RG_FAILED, "%s", mistake);
}

int rg_arm_request_of(const struct rg_options *o, struct rg_config *config,
		      struct rg_arm_request *request)
{
	const char *file = o->config ?: RG_CONFIG_FILE;
	int n, err;

	rg_config_init(config);
	memset(request, 0, sizeof(*request));
	n = rg_config_read(config, file, o->config ? 0 : RG_READ_OPTIONAL, hear);
	if (n)
		return rg_error(RG_FAILED,
				"%s: %s: %d mistake%s, nothing was changed; see "
				"reexport-guard.conf(5)",
				o->verb, file, n, n == 1 ? "" : "s");
	err = rg_config_overlay(config, o->settings, o->n_settings, o->verb);
	if (err)
		return err;
	request->config = config;
	request->force_rung = o->force_rung;
	request->force_continue = o->force_continue;
	request->force_follow = o->force_follow;
	request->force_hold = o->force_hold;
	request->force_max_held = o->force_max_held;
	request->force_left_out = o->force_left_out;
	return RG_DONE;
}

bool rg_config_is_given(const struct rg_options *o, const struct rg_config *config)
{
	const __u64 of_no_gate = RG_TAKES(RG_KEY_METRICS_DIR) | RG_TAKES(RG_KEY_ORG_MODE) |
				 RG_TAKES(RG_KEY_ORG_KEEP_FOR);
	const __u64 of_policy = RG_TAKES_POLICY & ~of_no_gate;

	return config->file[0] ||
	       (o->given & (of_policy | RG_TAKES_FORCE | RG_TAKES(RG_OPT_CONFIG)));
}

int rg_enter_netns(const struct rg_options *o)
{
	__u32 inum;
	int fd, err;

	if (!o->netns)
		return RG_DONE;
	err = rg_netns_find(o->netns, &inum, &fd);
	if (err)
		return rg_error(RG_FAILED,
				"--netns %s: no such network namespace: %s; give a name of "
				"ip-netns(8), a path like /proc/PID/ns/net, or its inode number",
				o->netns, rg_strerror(err));
	err = setns(fd, CLONE_NEWNET) < 0 ? errno : 0;
	close(fd);
	if (err)
		return rg_error(RG_FAILED, "--netns %s: cannot be entered: %s", o->netns,
				rg_strerror(err));
	return RG_DONE;
}
