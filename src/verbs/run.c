// SPDX-License-Identifier: GPL-2.0-only
/* The verb `run`: arms or adopts a set, and serves it (daemon/daemon.h). */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <bpf/bpf.h>

#include "cli/verbs.h"
#include "daemon/daemon.h"
#include "pins/gates.h"

static int arm(struct rg_daemon *d, struct rg_arm_request *request)
{
	struct rg_armed armed;
	int err;

	request->serve = true;
	request->only_fd = d->only_fd;
	err = rg_arm(request, &d->p, &armed);
	if (err)
		return err;
	rg_daemon_beat(d);
	if (!request->as_it_is) {
		rg_decide_nothing(&d->p, armed.slot);
		rg_say_armed(&d->p, request, &armed);
	} else if (armed.replaced) {
		printf("set replaced: its gates, their policies and the held processes are "
		       "unchanged\n");
	}
	fflush(stdout);
	return RG_DONE;
}

/* Note the option for `policy show`, with the gate of this network namespace. */
static int tell_provenance(const struct rg_pins *p)
{
	int found = rg_gate_here(p);
	__u32 slot = (__u32)found;
	struct rg_provenance from;

	if (found < 0)
		return RG_DONE;
	if (bpf_map_lookup_elem(p->map_fd[RG_MAP_PROVENANCE], &slot, &from) == 0) {
		from.line[RG_KEY_METRICS_DIR] = RG_FROM_COMMAND_LINE;
		if (bpf_map_update_elem(p->map_fd[RG_MAP_PROVENANCE], &slot, &from, BPF_ANY) == 0)
			return RG_DONE;
	}
	return rg_error(RG_FAILED, "map provenance: cannot be written: %s", rg_strerror(errno));
}

/* The directory of metrics is no policy: write it to the set, which stays unchanged
 * otherwise. */
static int tell_metrics_dir(const struct rg_pins *p, const struct rg_options *o,
			    const struct rg_config *config)
{
	struct rg_meta meta;

	if (!(o->given & RG_TAKES(RG_KEY_METRICS_DIR)))
		return RG_DONE;
	if (rg_pins_meta(p, &meta) == 0) {
		memcpy(meta.metrics_dir, config->metrics_dir, sizeof(meta.metrics_dir));
		if (rg_pins_set_meta(p, &meta) == 0)
			return tell_provenance(p);
	}
	return rg_error(RG_FAILED, "map meta: cannot be written: %s", rg_strerror(errno));
}

/* Adopts the enabled set after a canary has shown that it works, or replaces one of another
 * version. Returns RG_NOT_ENABLED, without a message, if nothing is enabled. */
static int serve_enabled_set(struct rg_daemon *d, struct rg_config *config)
{
	struct rg_arm_request request = {
		.config = config,
		.as_it_is = true,
		.force_rung = -1,
		.force_follow = -1,
		.force_continue = -1,
		.force_hold = -1,
	};

	return arm(d, &request);
}

/* Handles a mistake in file or options, which was reported: serves an enabled set by its old
 * policy, since held processes need a daemon. Returns RG_USAGE, after which the unit does not
 * restart, if nothing is enabled. */
static int take_up_anyway(struct rg_daemon *d, struct rg_config *config)
{
	int err = serve_enabled_set(d, config);

	if (err == RG_NOT_ENABLED)
		return RG_USAGE;
	if (!err)
		rg_error(RG_FAILED,
			 "run: what is enabled is served by the policy that it has; correct the "
			 "configuration, then run `reexport-guard policy reload`");
	return err;
}

/* Without a policy serves the enabled set, or arms with the defaults. */
static int take_up(struct rg_daemon *d, const struct rg_options *o)
{
	struct rg_config config;
	struct rg_arm_request request;
	int err = rg_arm_request_of(o, &config, &request);

	if (err) {
		err = take_up_anyway(d, &config);
	} else if (rg_config_is_given(o, &config)) {
		err = arm(d, &request);
	} else {
		err = serve_enabled_set(d, &config);
		if (!err)
			err = tell_metrics_dir(&d->p, o, &config);
		else if (err == RG_NOT_ENABLED)
			err = arm(d, &request);
	}
	/* End if the gate cannot be armed, but go on without the role of an original server. */
	if (!err && rg_original_run(&config))
		rg_warn("role original: not taken, for the reason above; the gates go on");
	rg_config_free(&config);
	return err;
}

int rg_verb_run(const struct rg_options *o)
{
	struct rg_daemon d;
	int err;

	rg_daemon_init(&d, (size_t)o->force_max_ranges);
	err = rg_enter_netns(o) ?: rg_daemon_be_the_only_one(&d);
	/* Do this first: it needs capabilities that this process drops. */
	if (!err) {
		rg_notify_start(d.only_fd);
		rg_asker_start(d.only_fd);
	}
	err = err ?: rg_daemon_set_up(&d);
	err = err ?: take_up(&d, o);
	err = err ?: rg_daemon_adopt(&d);
	err = err ?: rg_daemon_drop_capabilities();
	if (!err)
		rg_daemon_serve(&d);
	rg_daemon_end(&d, !err);
	return err ? err : d.status;
}
