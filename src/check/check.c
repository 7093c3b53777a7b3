// SPDX-License-Identifier: GPL-2.0-only
#include "check/check.h"

#include <cap-ng.h>

#include "check/boot.h"
#include "check/clients.h"
#include "check/kernel.h"
#include "check/knfsd.h"
#include "check/lease.h"
#include "check/mounts.h"
#include "check/original.h"
#include "check/outlook.h"
#include "check/policy.h"
#include "check/reexport.h"
#include "check/regime.h"
#include "check/root.h"
#include "check/waiting.h"

/* The order matters: later groups use the facts of earlier ones, above all the exports. */
struct facts {
	struct rg_kernel_facts kernel;
	struct rg_reexport_facts reexports;
	struct rg_fsidd_facts fsidd;
	struct rg_policy_facts policy;
	struct rg_regime_facts regime;
	struct rg_knfsd_facts knfsd;
	struct rg_mount_facts mounts;
	struct rg_client_facts clients;
	struct rg_lease_facts lease;
	struct rg_boot_facts boot;
	struct rg_waiting_facts waiting;
	struct rg_original_facts original;
};

static bool is_privileged(void)
{
	return capng_get_caps_process() == 0 &&
	       capng_have_capability(CAPNG_EFFECTIVE, CAP_SYS_ADMIN);
}

static void gather(const char *root, const char *config, struct facts *all)
{
	bool privileged = is_privileged(), load = privileged && rg_root_is_here(root);

	rg_kernel_gather(root, load, &all->kernel);
	rg_reexport_gather(root, &all->reexports);
	rg_fsidd_gather(root, &all->fsidd);
	rg_policy_gather(root, config, privileged, &all->reexports, &all->policy);
	rg_regime_gather(root, load, all->policy.enabled == 1, all->policy.state_dir, &all->regime);
	rg_knfsd_gather(root, &all->knfsd);
	rg_mount_gather(root, &all->mounts);
	rg_client_gather(root, &all->reexports, &all->clients);
	rg_lease_gather(root, all->policy.state_dir, &all->lease);
	rg_boot_gather(root, &all->boot);
	rg_waiting_gather(root, &all->reexports, &all->waiting);
	rg_original_gather(root, config, privileged, &all->original);
}

static long long threads_of(const struct rg_knfsd_facts *k)
{
	return k->threads_err ? k->threads_of_net : k->threads;
}

static void judge(const struct facts *all, struct rg_findings *f)
{
	const struct rg_knfsd_facts *knfsd = &all->knfsd;

	rg_kernel_check(&all->kernel, f);
	rg_policy_check(&all->policy, knfsd->grace_err ? 0 : knfsd->grace_s, f);
	rg_regime_check(&all->regime, f);
	rg_outlook_check(&all->regime, &all->policy, f);
	rg_knfsd_check(knfsd, &all->clients, f);
	rg_exports_check(&all->reexports, threads_of(knfsd), all->clients.n_v4,
			 all->policy.known && all->policy.policy.mount_mode == RG_MOUNT_MODE_ALL,
			 f);
	rg_reexport_check(&all->reexports, &all->fsidd, f);
	rg_mounts_check(&all->mounts, &all->reexports, &all->policy, f);
	rg_lease_check(&all->lease, &all->reexports, all->boot.remote_fs_s, f);
	rg_boot_check(&all->boot, f);
	rg_waiting_check(&all->waiting, &all->policy, f);
	rg_clients_check(&all->clients, &all->reexports, f);
	rg_original_check(&all->original, knfsd, &all->clients, f);
}

void rg_check(const char *root, const char *config, struct rg_findings *f)
{
	static struct facts all; /* too large for some stacks */

	*f = (struct rg_findings){};
	gather(root, config, &all);
	judge(&all, f);
	rg_findings_sort(f);
	rg_reexport_free(&all.reexports);
	rg_fsidd_free(&all.fsidd);
	rg_mount_facts_free(&all.mounts);
	rg_policy_facts_free(&all.policy);
	rg_lease_free(&all.lease);
	rg_boot_free(&all.boot);
	rg_waiting_free(&all.waiting);
}
