// SPDX-License-Identifier: GPL-2.0-only
#include "load/gate.h"

#include <errno.h>
#include <string.h>

#include <bpf/bpf.h>

#include "base/names.h"
#include "base/netns.h"
#include "load/preempt.h"
#include "load/programs.h"
#include "mounts/classify.h"
#include "pins/doors.h"
#include "pins/gates.h"
#include "policy/exempt.h"
#include "state/ledger.h"

int rg_gate_choose_slot(const struct rg_pins *p, struct rg_armed *armed)
{
	struct rg_gate gates[RG_MAX_GATES];
	unsigned int gone = 0;
	int found;

	armed->netns = rg_netns_self();
	if (!armed->netns)
		return rg_error(RG_FAILED, "/proc/self/ns/net: cannot be read: mount /proc");
	found = rg_gate_here(p);
	if (found >= 0) {
		armed->slot = (__u32)found;
		return RG_DONE;
	}
	if (rg_gates_read(p, gates))
		return rg_error(RG_FAILED, "map gates: cannot be read: %s", rg_strerror(errno));
	for (__u32 i = RG_CANARY_SLOT + 1; i < RG_MAX_GATES; i++) {
		if (!gates[i].netns && !gates[i].net_cookie) {
			armed->slot = i;
			return RG_DONE;
		}
		gone += !gates[i].netns;
	}
	return rg_error(RG_FAILED,
			"no room for one more gate: %d network namespaces at most, %u of which are "
			"gone; `reexport-guard disable` makes room",
			RG_MAX_GATES - 1, gone);
}

/* For whoever comes later: the daemon, `status`, `policy show`. */
static int remember(const struct rg_pins *p, const struct rg_config *config, __u32 slot)
{
	struct rg_provenance from;
	struct rg_meta meta;

	rg_provenance_of(config, &from);
	if (bpf_map_update_elem(p->map_fd[RG_MAP_PROVENANCE], &slot, &from, BPF_ANY) < 0 ||
	    rg_pins_meta(p, &meta) < 0)
		return rg_error(RG_FAILED, "map provenance: cannot be written: %s",
				rg_strerror(errno));
	memcpy(meta.state_dir, config->state_dir, sizeof(meta.state_dir));
	meta.ledger_interval_s = (__u32)config->ledger_interval_s;
	memcpy(meta.metrics_dir, config->metrics_dir, sizeof(meta.metrics_dir));
	meta.metrics_interval_s = (__u32)config->metrics_interval_s;
	meta.record = (__u32)config->record;
	meta.record_mib = (__u32)(config->record_size >> 20);
	meta.notify_nfsv3 = (__u32)config->notify_nfsv3;
	meta.module_policy = (__u32)config->module;
	if (rg_pins_set_meta(p, &meta) < 0)
		return rg_error(RG_FAILED, "map meta: cannot be written: %s", rg_strerror(errno));
	return RG_DONE;
}

/* What end clients held before this host went down. Without it they are awaited
 * until they are quiet: no reason not to arm. */
static void expect(const struct rg_pins *p, const struct rg_config *config,
		   const struct rg_armed *armed)
{
	struct rg_ledger ledger = {};
	int err;

	/* It says what is wrong with the file. */
	if (rg_ledger_load(config->state_dir, rg_state_init_netns(), &ledger))
		return;
	err = rg_ledger_to_map(p, &ledger, armed->slot, armed->netns);
	if (err)
		rg_warn("map clients: not all of the ledger could be taken in: %s; end clients are "
			"awaited until they are quiet",
			rg_strerror(err));
	rg_ledger_free(&ledger);
}

/* Its knfsd started while nothing followed it (load/modules.h). */
static bool is_blind_still(const struct rg_pins *p, __u32 slot)
{
	struct rg_gate g;

	return bpf_map_lookup_elem(p->map_fd[RG_MAP_GATES], &slot, &g) == 0 && g.policy.blind &&
	       g.knfsd != RG_KNFSD_DOWN;
}

int rg_gate_arm(const struct rg_pins *p, struct rg_plan *plan, struct rg_armed *armed)
{
	const struct rg_config *config = plan->request->config;
	struct rg_gate policy = {.policy = config->policy};
	struct rg_control c = {.op = RG_OP_ARM};
	bool all = config->policy.mount_mode == RG_MOUNT_MODE_ALL;
	struct rg_meta meta;
	int err;

	if (rg_pins_meta(p, &meta) < 0)
		return rg_error(RG_FAILED, "map meta: cannot be read: %s", rg_strerror(errno));
	armed->adopted = rg_gate_here(p) >= 0;
	policy.policy.leaks = meta.rung == RG_RUNG_FMOD_RET && rg_preempt_read().does;
	policy.policy.blind = rg_followers_blind(meta.left_out) ||
			      (armed->adopted && is_blind_still(p, armed->slot));
	for (size_t i = 0; i < plan->rules.n; i++)
		plan->rules.at[i].slot = armed->slot;
	err = rg_exempt_write(p, config);
	if (err)
		return err;

	/* What is exempt is so before the gate is there, and what becomes
	 * guarded before something else becomes exempt. */
	if (!all) {
		err = rg_classify(p, &plan->mounts, plan->rules.at, plan->rules.n, armed->slot,
				  config->policy.mount_mode);
		if (err)
			return rg_error(RG_FAILED, "map devices: cannot be written: %s",
					rg_strerror(err));
	}
	if (!armed->adopted)
		expect(p, config, armed);
	c.slot = armed->slot;
	c.netns = armed->netns;
	c.policy_word = policy.policy_word;
	err = rg_control(p, &c);
	if (err)
		return rg_error(err == -ENOENT ? RG_CANNOT : RG_FAILED,
				"network namespace %u: the kernel does not show whether knfsd runs "
				"there; set kernel.kptr_restrict to 0 or 1, have CAP_SYSLOG, and "
				"try again",
				armed->netns);
	if (all)
		rg_classify(p, &plan->mounts, plan->rules.at, plan->rules.n, armed->slot,
			    config->policy.mount_mode);
	err = rg_rules_write(p, &plan->rules, armed->slot);
	if (err)
		return rg_error(RG_FAILED, "map rules: cannot be written: %s", rg_strerror(err));
	return remember(p, config, armed->slot);
}

/* Doors that the set needs with this policy in this slot; more than it has now
 * if the policy's scope is wider. policy NULL: with the policies it has. */
int rg_gate_doors(const struct rg_pins *p, const struct rg_armed *armed,
		  const struct rg_policy *policy, __u32 *doors)
{
	struct rg_gate gates[RG_MAX_GATES];

	if (rg_gates_read(p, gates))
		return rg_error(RG_FAILED, "map gates: cannot be read: %s", rg_strerror(errno));
	if (policy) {
		gates[armed->slot].netns = armed->netns;
		gates[armed->slot].policy = *policy;
	}
	*doors = rg_doors_wanted(gates, rg_now_ns());
	/* It may be wanted at any time from now on: proven while we are here. */
	if (policy && policy->scope >= RG_SCOPE_ACCESS)
		*doors |= 1u << RG_DOOR_ACCESS;
	return RG_DONE;
}

/* Of a new gate, whose doors are proven by now: has it kept everybody out from before the
 * first mount? */
void rg_gate_ask_kept(const struct rg_pins *p, const struct rg_armed *armed)
{
	struct rg_control c = {.op = RG_OP_KEPT, .slot = armed->slot};
	int err = armed->adopted ? 0 : rg_control(p, &c);

	if (err)
		rg_warn("gate of network namespace %u: whether NFS was in use before it cannot be "
			"seen (%s): taken for yes, so no lock reclaim is passed on until knfsd has "
			"been stopped and started",
			armed->netns, rg_strerror(err));
}
