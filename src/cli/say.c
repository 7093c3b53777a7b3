// SPDX-License-Identifier: GPL-2.0-only
/* Prints the messages of enable, run and policy reload about an armed gate. */
#include <stdio.h>

#include <bpf/bpf.h>

#include "cli/verbs.h"
#include "pins/doors.h"
#include "load/programs.h"
#include "pins/gates.h"
#include "pins/held.h"
#include "load/host.h"
#include "base/names.h"
#include "state/nothing.h"
#include "state/regime.h"
#include "text/shown.h"

static void say_time_left(const struct rg_view *v)
{
	__u64 now_ns = rg_now_ns();

	if (v->until_ns > now_ns)
		printf("; changes in %llu s at the latest",
		       (unsigned long long)((v->until_ns - now_ns) / RG_NS_PER_SEC + 1));
}

/* Says whether the kernel module forwards lock reclaims at this gate. */
static bool passes_on(const struct rg_pins *p, const struct rg_policy *policy)
{
	struct rg_meta meta;

	return rg_pins_meta(p, &meta) == 0 && meta.module == RG_MODULE_ANSWERED &&
	       policy->forward != RG_FORWARD_NEVER;
}

/* Says what the chosen release point leaves to local applications. Without the kernel module
 * the NFS client answers every lock reclaim with NFS4ERR_NO_GRACE (nfs_lock, fs/nfs/file.c),
 * so end clients take their locks again after grace. With it they have them by the end of
 * grace, except after release grace-start: the gate has opened, so nothing is passed on. */
static void say_release(const struct rg_pins *p, const struct rg_policy *policy)
{
	static const char *const leaves[RG_NR_RELEASES][2] = {
		[RG_RELEASE_GRACE_START] =
			{"every lock of an end client from the start of grace until it is taken "
			 "again, since this kernel answers reclaims on NFS mounts with NO_GRACE",
			 "every lock of an end client from the start of grace until it is taken "
			 "again: once the gate is open, no reclaim is passed on"},
		[RG_RELEASE_GRACE_END] =
			{"what end clients take again only after the last grace period, up to "
			 "15 s later",
			 "locks whose reclaim was not passed on or was denied, which end clients "
			 "take again only after grace, if at all"},
		[RG_RELEASE_SETTLED] = {"what end clients have not taken again by settle-timeout",
					"what end clients have not taken again by settle-timeout"},
	};

	if (policy->release < RG_NR_RELEASES)
		printf("  release %s leaves exposed: %s\n", rg_release_name(policy->release),
		       leaves[policy->release][passes_on(p, policy)]);
}

/* Says what the kernel module changes for end clients, which need no setting of their own. */
static void say_module(const struct rg_pins *p, const struct rg_policy *policy)
{
	if (passes_on(p, policy))
		printf("  module  answered: lock reclaims by NFSv4 are passed on (forward %s), so "
		       "end clients keep their locks with recover_lost_locks=N as well\n",
		       rg_forward_name(policy->forward));
}

/* Warns of write delegations: only the end client knows locks under one. No reclaim is refused,
 * so settled does not wait, and a local application that has the file open already gets the lock.
 * An open recalls the delegation. */
static void say_delegations(const struct rg_config *config)
{
	if (config->policy.scope == RG_SCOPE_OPENS && !rg_config_says(config, RG_KEY_SCOPE))
		printf("  scope   opens: this kernel's knfsd hands out write delegations, and\n"
		       "          scope locks does not protect locks under one\n");
	if (config->policy.scope == RG_SCOPE_LOCKS && rg_host_write_delegations() == 1)
		rg_warn("scope locks does not protect locks under a write delegation, and this "
			"kernel's knfsd hands these out: use --scope opens, or turn them off with "
			"`sysctl fs.leases-enable=0`");
}

static void say_mounts(const struct rg_config *config)
{
	if (config->policy.mount_mode == RG_MOUNT_MODE_ALL)
		printf("  mounts  every NFS mount of the network namespace, those to come too\n");
	if (config->policy.mount_mode == RG_MOUNT_MODE_EXPORTS)
		printf("  mounts  those that are exported again, those to come too\n");
	for (size_t i = 0; i < config->mounts.n; i++)
		rg_say(stdout, "  mount   %s", config->mounts.at[i]);
	for (size_t i = 0; i < config->excepts.n; i++)
		rg_say(stdout, "  except  %s", config->excepts.at[i]);
}

static void say_regime(const struct rg_pins *p)
{
	struct rg_regimes now = rg_regimes_read(p);

	printf("  locks   of end clients: NFSv4 %s, NLM %s\n",
	       rg_regime_name(now.of[RG_LOCKS_NFS4]), rg_regime_name(now.of[RG_LOCKS_NLM]));
}

/* Opens the gate if there is nothing to protect, and warns of it. */
void rg_decide_nothing(const struct rg_pins *p, __u32 slot)
{
	static const char *const nfsv3[] = {
		[RG_NOTHING_REFUSED] = "and NFSv3's",
		[RG_NOTHING_NO_V3_RECORD] = "and rpc.statd has no record of an NFSv3 lock",
		[RG_NOTHING_ALREADY] =
			"and no NFSv3 end client has been granted one since the boot",
	};
	char kernel[RG_KERNEL_SIZE];
	struct rg_continued done = {};
	enum rg_nothing found;
	int err = rg_nothing_decide(p, slot, &found);

	if (err)
		rg_warn("whether there is something to protect cannot be decided: %s; the gate is "
			"kept as it is",
			rg_strerror(err));
	if (err || found == RG_NOTHING_NO)
		return;
	err = rg_held_continue(p, false, &done);
	if (err)
		rg_warn("not all of the held could be continued: %s; run `reexport-guard release`",
			rg_strerror(err));
	rg_kernel_release(kernel);
	rg_warn("there is nothing to protect: kernel %s refuses end clients' NFSv4 locks on a "
		"re-exported mount, %s; so nobody is kept out until an end client is granted a "
		"lock; `reexport-guard check` says how end clients can have locks",
		kernel, nfsv3[found]);
}

/* Say it here for verbs that do not become the daemon. */
static void say_regime_changed(const struct rg_pins *p)
{
	struct rg_regimes now = rg_regimes_read(p);
	struct rg_regime_kept kept;
	char text[256];

	rg_regime_recall(p, &kept);
	for (int i = 0; i < RG_NR_LOCK_PROTOCOLS; i++) {
		if (!rg_regime_differs(&kept, &now, i))
			continue;
		rg_regime_text(&kept, &now, i, text, sizeof(text));
		rg_warn("%s", text);
	}
}

/* Reports the functions that this kernel does not let us follow. */
static void say_left_out(const struct rg_pins *p)
{
	struct rg_meta meta;

	if (rg_pins_meta(p, &meta))
		return;
	rg_for_each_program (f, RG_FOLLOWER) {
		if (meta.left_out & 1u << f->link)
			rg_warn("program %s is not attached: this kernel does not take it; "
				"without it %s",
				f->name, f->without);
	}
}

/* Reports hooks that work but may miss events. */
static void say_kprobes(const struct rg_pins *p)
{
	struct rg_meta meta;

	if (rg_pins_meta(p, &meta) || !meta.kprobes)
		return;
	printf("  follow  by kprobe:");
	rg_for_each_program (f, RG_FOLLOWER) {
		if (meta.kprobes & 1u << f->link)
			printf(" %s", f->name);
	}
	printf("\n");
}

void rg_say_armed(const struct rg_pins *p, const struct rg_arm_request *request,
		  const struct rg_armed *armed)
{
	const struct rg_policy *policy = &request->config->policy;
	struct rg_gate gate;
	struct rg_view v;

	if (bpf_map_lookup_elem(p->map_fd[RG_MAP_GATES], &armed->slot, &gate) < 0)
		return;
	v = rg_gate_view(&gate, rg_now_ns());
	printf("%s: network namespace %u, action %s, scope %s, release %s\n",
	       armed->replaced	? "set replaced"
	       : armed->adopted ? "policy changed"
				: "enabled",
	       armed->netns, rg_action_name(policy->action), rg_scope_name(policy->scope),
	       rg_release_name(policy->release));
	printf("  gate    %s: %s", rg_state_name(v.state), rg_why_text(v.why));
	if (v.state != RG_STATE_OPEN)
		say_time_left(&v);
	printf("\n");
	for (__u32 door = 0; door < RG_NR_DOORS; door++)
		if (armed->doors & 1u << door)
			printf("  hook    %s, proven by a canary\n",
			       rg_door_hook(door, armed->rung));
	say_kprobes(p);
	say_left_out(p);
	say_regime(p);
	say_module(p, policy);
	say_release(p, policy);
	say_delegations(request->config);
	say_mounts(request->config);
	if (policy->action == RG_ACTION_HOLD && p->live->sleeps != RG_HOLD_SLEEP &&
	    !rg_daemon_is_alive(p))
		rg_warn("no daemon is running: until `reexport-guard run` is, hold acts as deny");
	rg_warn_of_locks(p);
}

int rg_arm_and_say(const struct rg_arm_request *request)
{
	struct rg_armed armed;
	struct rg_pins p;
	int err = rg_arm(request, &p, &armed);

	if (err)
		return err;
	rg_decide_nothing(&p, armed.slot);
	rg_say_armed(&p, request, &armed);
	say_regime_changed(&p);
	rg_pins_close(&p);
	return RG_DONE;
}
