// SPDX-License-Identifier: GPL-2.0-only
#include "check/outlook.h"

#include "base/names.h"

/* Returns the reason why local applications can take end clients' locks on any kernel; NULL:
 * they cannot. */
static const char *taken_by(const struct rg_policy_facts *p)
{
	if (!p->known)
		return "the configuration has mistakes, so that nothing is enabled at boot";
	if (p->policy.action == RG_ACTION_AUDIT)
		return "action = audit keeps nobody out";
	if (p->policy.release == RG_RELEASE_GRACE_START)
		return "release = grace-start lets local applications take them first";
	if (p->policy.release == RG_RELEASE_GRACE_END)
		return "release = grace-end lets local applications take some of them first";
	return NULL;
}

/* Says whether the kernel module forwards reclaims, now or once the guard is enabled. */
static bool has_module(const struct rg_regime_facts *r)
{
	return (r->module_loaded == 1 && r->module_types == 1) ||
	       (r->module_loaded == 0 && r->module_installed == 1);
}

/* Writes what is still to be done on this host; "": nothing. */
static const char *when(const struct rg_policy_facts *p)
{
	return p->enabled == 0 ? "once reexport-guard is enabled, " : "";
}

static void refused(const struct rg_regime_facts *r, enum rg_lock_protocol protocol,
		    struct rg_findings *f)
{
	rg_outlook_is(f, protocol, RG_OUTLOOK_NONE,
		      "no locks: kernel %s refuses them through a re-export, so there is nothing "
		      "to protect%s",
		      r->kernel,
		      has_module(r) ? "; the kernel module, which is installed, lets them lock"
				    : "");
}

static void unknown(const struct rg_regime_facts *r, enum rg_lock_protocol protocol,
		    struct rg_findings *f)
{
	const char *why = "see the finding regime";

	if (r->source == RG_REGIME_NOT_ASKED)
		why = "only root may ask this kernel";
	else if (r->source == RG_REGIME_ASKED && !r->nfs)
		why = "the NFS client is not loaded; mount first, then check";
	rg_outlook_is(f, protocol, RG_OUTLOOK_UNKNOWN,
		      "not known whether kernel %s gives end clients locks: %s", r->kernel, why);
}

static void nfs4(const struct rg_regime_facts *r, const struct rg_policy_facts *p,
		 struct rg_findings *f)
{
	bool under_delegations = p->known && p->scope_said && p->policy.scope == RG_SCOPE_LOCKS &&
				 p->write_delegations == 1 && (p->leases_err || p->leases);

	if (taken_by(p))
		rg_outlook_is(f, RG_LOCKS_NFS4, RG_OUTLOOK_LOST,
			      "locks are lost when this host reboots: %s", taken_by(p));
	else if (under_delegations)
		rg_outlook_is(f, RG_LOCKS_NFS4, RG_OUTLOOK_LOST,
			      "locks under a write delegation are lost when this host reboots: "
			      "scope = locks does not protect them");
	else if (has_module(r))
		rg_outlook_is(f, RG_LOCKS_NFS4, RG_OUTLOOK_KEPT_IF,
			      "%slocks are kept over a reboot of this host by end clients with "
			      "nfs.recover_lost_locks=Y, and by those at the default N where the "
			      "kernel module may pass their reclaims on (policy forward)",
			      when(p));
	else
		rg_outlook_is(f, RG_LOCKS_NFS4, RG_OUTLOOK_KEPT_IF,
			      "%slocks are kept over a reboot of this host by end clients with "
			      "nfs.recover_lost_locks=Y; those at the default N lose theirs, and "
			      "no local application gets them meanwhile",
			      when(p));
}

static void nfs3(const struct rg_policy_facts *p, struct rg_findings *f)
{
	if (taken_by(p))
		rg_outlook_is(f, RG_LOCKS_NLM, RG_OUTLOOK_LOST,
			      "locks are lost when this host reboots: %s", taken_by(p));
	else
		rg_outlook_is(f, RG_LOCKS_NLM, RG_OUTLOOK_KEPT_IF,
			      "%slocks are kept over a reboot of this host, and over a restart of "
			      "knfsd where sm-notify (nfs-utils) is installed and notify-nfsv3 "
			      "is on",
			      when(p));
}

void rg_outlook_check(const struct rg_regime_facts *r, const struct rg_policy_facts *p,
		      struct rg_findings *f)
{
	for (int i = 0; i < RG_NR_LOCK_PROTOCOLS; i++) {
		if (r->now.of[i] == RG_REGIME_REFUSED)
			refused(r, i, f);
		else if (r->now.of[i] != RG_REGIME_FORWARDED)
			unknown(r, i, f);
		else if (i == RG_LOCKS_NFS4)
			nfs4(r, p, f);
		else
			nfs3(p, f);
	}
}
