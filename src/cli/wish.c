// SPDX-License-Identifier: GPL-2.0-only
/* What enable and run share: a wish of options, and what came of it. */
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "cli/verbs.h"
#include "loader/gates.h"
#include "loader/names.h"
#include "loader/netns.h"

int rg_wish_of(const struct rg_options *o, struct rg_wish *wish)
{
	memset(wish, 0, sizeof(*wish));
	if (!o->all == !o->n_mounts)
		return rg_error(RG_USAGE, "%s: give --mount PATH or --all%s", o->verb,
				o->all ? ", not both" : "");
	if ((o->given & RG_TAKES(RG_OPT_SETTLE_TIME)) && o->release != RG_RELEASE_SETTLED)
		return rg_error(RG_USAGE, "%s: --settle-time goes with --release settled", o->verb);
	wish->policy.action = (__u8)o->action;
	wish->policy.release = (__u8)o->release;
	wish->policy.settle_s = (__u16)o->settle_s;
	wish->policy.max_hold_s = (__u32)o->max_hold_s;
	wish->all = o->all;
	wish->mounts = o->mounts;
	wish->n_mounts = o->n_mounts;
	wish->force_rung = o->force_rung;
	return RG_DONE;
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

static void say_time_left(const struct rg_view *v)
{
	__u64 now_ns = rg_now_ns();

	if (v->until_ns > now_ns)
		printf("; changes in %llu s at the latest",
		       (unsigned long long)((v->until_ns - now_ns) / RG_NS_PER_SEC + 1));
}

void rg_say_armed(const struct rg_pins *p, const struct rg_wish *wish, const struct rg_armed *armed)
{
	struct rg_gate gate;
	struct rg_view v;

	if (bpf_map_lookup_elem(p->map_fd[RG_MAP_GATES], &armed->slot, &gate) < 0)
		return;
	v = rg_gate_view(&gate, rg_now_ns());
	printf("%s: network namespace %u, action %s, release %s\n",
	       armed->adopted ? "policy changed" : "enabled", armed->netns,
	       rg_action_name(wish->policy.action), rg_release_name(wish->policy.release));
	printf("  gate    %s: %s", rg_state_name(v.state), rg_why_text(v.why));
	if (v.state != RG_STATE_OPEN)
		say_time_left(&v);
	printf("\n");
	printf("  hook    %s, proven by a canary in %.1f ms\n",
	       armed->rung == RG_RUNG_LSM ? "BPF LSM file_lock" : "fmod_ret security_file_lock",
	       (double)armed->canary_ns / 1e6);
	if (wish->all)
		printf("  mounts  every NFS mount of the network namespace, those to come too\n");
	for (size_t i = 0; i < wish->n_mounts; i++)
		printf("  mount   %s\n", wish->mounts[i]);
	if (wish->policy.action == RG_ACTION_HOLD && !rg_daemon_is_alive(p))
		rg_warn("no daemon is running: until `reexport-guard run` is, hold acts as deny");
	if (wish->policy.release == RG_RELEASE_GRACE_START)
		rg_warn("grace-start leaves end clients' locks to local applications during the "
			"grace "
			"period: Linux answers a reclaim on an NFS mount with NO_GRACE; --release "
			"settled keeps them out until end clients had their turn");
}
