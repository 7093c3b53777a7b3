// SPDX-License-Identifier: GPL-2.0-only
#include "check/policy.h"

#include "base/names.h"
#include "pins/pins.h"

static const char *where(const struct rg_policy_facts *p)
{
	return p->in_force ? "in force" : p->no_file ? "by default" : p->file;
}

static void check_file(const struct rg_policy_facts *p, struct rg_findings *f)
{
	if (p->in_force || !p->n_mistakes)
		return;
	rg_find(f, p->only_programs ? RG_WARNING : RG_PROBLEM, RG_F_CONFIGURATION, p->file,
		"%s (mistakes: %u)", p->mistake, p->n_mistakes);
	rg_remedy(f, "correct it; `reexport-guard policy check` names every mistake");
}

static void check_enabled(const struct rg_policy_facts *p, struct rg_findings *f)
{
	if (p->enabled < 0) {
		rg_find(f, RG_UNKNOWN, RG_F_ENABLED, RG_PIN_DIR, "cannot be looked at: %s",
			rg_strerror(p->enabled));
		rg_remedy(f, "check as root");
	} else if (!p->enabled) {
		rg_find(f, RG_NOTE, RG_F_ENABLED, RG_PIN_DIR, "not enabled: nobody is kept out");
		rg_remedy(f, "run `systemctl enable --now reexport-guard`, or `reexport-guard "
			     "run`");
	} else if (p->in_force) {
		rg_find(f, RG_OK, RG_F_ENABLED, RG_PIN_DIR, "enabled: %s local %s, release %s",
			rg_action_name(p->policy.action), rg_scope_name(p->policy.scope),
			rg_release_name(p->policy.release));
	} else if (p->asked) {
		rg_find(f, RG_NOTE, RG_F_ENABLED, RG_PIN_DIR,
			"enabled; what follows goes by %s, as asked, and not by what is in force",
			p->file);
	} else {
		rg_find(f, RG_UNKNOWN, RG_F_ENABLED, RG_PIN_DIR,
			"enabled; what is in force in this network namespace could not be read, "
			"and what follows goes by %s",
			p->file);
		rg_remedy(f, "check as root, and see `reexport-guard status`");
	}
}

static void check_release(const struct rg_policy_facts *p, struct rg_findings *f)
{
	if (p->policy.release == RG_RELEASE_SETTLED) {
		rg_find(f, RG_OK, RG_F_RELEASE, where(p), "release = settled");
		return;
	}
	rg_find(f, RG_WARNING, RG_F_RELEASE, where(p), "release = %s leaves exposed: %s",
		rg_release_name(p->policy.release),
		p->policy.release == RG_RELEASE_GRACE_START
			? "every lock of an end client from the start of knfsd's grace period "
			  "until it is taken again, as the NFS client refuses reclaims"
			: "what end clients take again only after the last grace period, up to "
			  "15 s later");
	rg_remedy(f, "set `release = settled` in section [gate] of %s",
		  p->in_force ? RG_CONFIG_FILE : p->file);
}

static void check_action(const struct rg_policy_facts *p, struct rg_findings *f)
{
	if (p->policy.action != RG_ACTION_AUDIT)
		return;
	rg_find(f, RG_PROBLEM, RG_F_ACTION, where(p),
		"action = audit: calls at a closed gate are counted, and not blocked");
	rg_remedy(f, "set `action = hold`, once audit has shown which programs that would block");
}

static void check_max_hold(const struct rg_policy_facts *p, long long grace_s,
			   struct rg_findings *f)
{
	if (p->policy.release == RG_RELEASE_GRACE_START || grace_s <= 0)
		return;
	if ((long long)p->policy.max_hold_s > grace_s) {
		rg_find(f, RG_OK, RG_F_MAX_HOLD, where(p),
			"max-hold %u s, knfsd's grace period %lld s", p->policy.max_hold_s,
			grace_s);
		return;
	}
	rg_find(f, RG_PROBLEM, RG_F_MAX_HOLD, where(p),
		"max-hold %u s opens the gate before knfsd's grace period of %lld s is over",
		p->policy.max_hold_s, grace_s);
	rg_remedy(f, "set max-hold to several times the grace period");
}

/* An end client with a write delegation locks on its own, so knfsd refuses nobody. */
static void check_delegations(const struct rg_policy_facts *p, struct rg_findings *f)
{
	if (!p->leases_err && !p->leases) {
		rg_find(f, RG_OK, RG_F_DELEGATIONS, NULL,
			"fs.leases-enable is 0: knfsd hands out no delegations");
	} else if (p->write_delegations < 0) {
		rg_find(f, RG_UNKNOWN, RG_F_DELEGATIONS, NULL,
			"whether knfsd hands out write delegations: module nfsd is not loaded, or "
			"has no BTF");
		rg_remedy(f, "run `modprobe nfsd` and check again");
	} else if (!p->write_delegations) {
		rg_find(f, RG_OK, RG_F_DELEGATIONS, NULL,
			"this kernel's knfsd hands out read delegations at most");
	} else if (p->scope_said && p->policy.scope == RG_SCOPE_LOCKS) {
		rg_find(f, RG_PROBLEM, RG_F_DELEGATIONS, where(p),
			"this kernel's knfsd hands out write delegations, and scope = locks does "
			"not protect locks under one");
		rg_remedy(f, "set `scope = opens`, or run `sysctl fs.leases-enable=0`");
	} else {
		rg_find(f, RG_NOTE, RG_F_DELEGATIONS, NULL,
			"this kernel's knfsd hands out write delegations: an end client that has "
			"one locks without asking; scope %s has it recalled first",
			p->scope_said ? rg_scope_name(p->policy.scope) : "opens (chosen for it)");
	}
}

void rg_policy_check(const struct rg_policy_facts *p, long long grace_s, struct rg_findings *f)
{
	check_file(p, f);
	check_enabled(p, f);
	if (!p->known)
		return;
	check_release(p, f);
	check_action(p, f);
	check_max_hold(p, grace_s, f);
	check_delegations(p, f);
}
