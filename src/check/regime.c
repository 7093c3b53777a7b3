// SPDX-License-Identifier: GPL-2.0-only
#include "check/regime.h"

#include <errno.h>

#include "base/names.h"

/* Names the source of the regime. */
static const char *evidence_of(const struct rg_regime_facts *r, enum rg_lock_protocol protocol)
{
	if (protocol == RG_LOCKS_NLM && r->now.of[RG_LOCKS_NFS4] != RG_REGIME_FORWARDED)
		return "a LOCK that was seen";
	return r->source == RG_REGIME_IN_FORCE
		       ? "nfs_export_ops.flags, and every LOCK since `enable`"
		       : "nfs_export_ops.flags";
}

/* Says why it is unknown, and what to do. */
static void find_unknown(const struct rg_regime_facts *r, enum rg_lock_protocol protocol,
			 struct rg_findings *f)
{
	const char *name = rg_protocol_name(protocol);

	if (r->source == RG_REGIME_NOT_ASKED) {
		rg_find(f, RG_UNKNOWN, RG_F_REGIME, name, "only root may ask this kernel");
		rg_remedy(f, "check as root");
	} else if (r->source == RG_REGIME_ASKED && !r->nfs) {
		rg_find(f, RG_UNKNOWN, RG_F_REGIME, name,
			"kernel %s: its NFS client (module nfs) is not loaded", r->kernel);
		rg_remedy(f, "mount first, then check");
	} else if (r->asked_err) {
		rg_find(f, RG_UNKNOWN, RG_F_REGIME, name,
			"kernel %s: it refuses the program that asks: %s", r->kernel,
			rg_strerror(r->asked_err));
		rg_remedy(f, "see `rung` and `symbols`");
	} else if (protocol == RG_LOCKS_NLM && r->now.of[RG_LOCKS_NFS4] == RG_REGIME_REFUSED) {
		rg_find(f, RG_UNKNOWN, RG_F_REGIME, name,
			"kernel %s: whether lockd goes by EXPORT_OP_NOLOCKS it does not show, and "
			"no end client's LOCK by NFSv3 was seen%s",
			r->kernel, r->source == RG_REGIME_IN_FORCE ? "" : ": nothing is enabled");
		rg_remedy(f, "once a lock is asked for by NFSv3 while the guard is enabled, it "
			     "is known");
	} else {
		rg_find(f, RG_UNKNOWN, RG_F_REGIME, name,
			"kernel %s: nfs_export_ops.flags cannot be read, or are none that we know",
			r->kernel);
		rg_remedy(f, "see `symbols`; once a lock is asked for while the guard is enabled, "
			     "it is known");
	}
}

static void check_one(const struct rg_regime_facts *r, enum rg_lock_protocol protocol,
		      struct rg_findings *f)
{
	const char *name = rg_protocol_name(protocol);

	switch (r->now.of[protocol]) {
	case RG_REGIME_FORWARDED:
		if (r->by_module) {
			rg_find(f, RG_OK, RG_F_REGIME, name,
				"kernel %s refuses end clients' locks on a re-exported NFS mount "
				"(nfs_export_ops.flags); with the kernel module it forwards them "
				"to the original server, on guarded mounts",
				r->kernel);
			break;
		}
		rg_find(f, RG_OK, RG_F_REGIME, name,
			"kernel %s forwards end clients' locks to the original server (%s)",
			r->kernel, evidence_of(r, protocol));
		break;
	case RG_REGIME_REFUSED:
		rg_find(f, RG_WARNING, RG_F_REGIME, name,
			"kernel %s refuses end clients' locks on a re-exported NFS mount (%s): "
			"they have none that a reboot could cost",
			r->kernel, evidence_of(r, protocol));
		rg_remedy(f, "applications that lock need the kernel module (see `module`) or a "
			     "kernel without EXPORT_OP_NOLOCKS on this host, or a mount of the "
			     "original server; those that do not need no guard");
		break;
	default:
		find_unknown(r, protocol, f);
	}
}

/* Compares a regime that is known for both boots. */
static void check_changed(const struct rg_regime_facts *r, struct rg_findings *f)
{
	bool compared = false;
	char text[256];

	for (int i = 0; i < RG_NR_LOCK_PROTOCOLS; i++) {
		const struct rg_regime_known *before = &r->kept.before[i];

		if (!before->regime || !r->now.of[i])
			continue;
		compared = true;
		if (!rg_regime_differs(&r->kept, &r->now, i)) {
			rg_find(f, RG_OK, RG_F_REGIME_CHANGED, rg_protocol_name(i),
				"%s, as under kernel %s in an earlier boot",
				rg_regime_name(before->regime), before->kernel);
			continue;
		}
		rg_regime_text(&r->kept, &r->now, i, text, sizeof(text));
		rg_find(f, RG_WARNING, RG_F_REGIME_CHANGED, rg_protocol_name(i), "%s", text);
		if (r->now.of[i] == RG_REGIME_REFUSED)
			rg_remedy(f,
				  "applications of end clients that lock now fail: boot kernel "
				  "%s again, or have them lock elsewhere",
				  before->kernel);
		else
			rg_remedy(f, "end clients have locks again that a reboot can cost: go "
				     "through the other findings");
	}
	if (!compared && r->kept_err == -ENOENT)
		rg_find(f, RG_NOTE, RG_F_REGIME_CHANGED, NULL,
			"no daemon has kept what kernels did on this host yet");
	else if (r->kept_err && r->kept_err != -ENOENT)
		rg_find(f, RG_UNKNOWN, RG_F_REGIME_CHANGED, NULL,
			"what earlier kernels did cannot be read (" RG_REGIME_FILE "): %s",
			r->kept_err == -EBADMSG ? "it is malformed" : rg_strerror(r->kept_err));
	else if (!compared)
		rg_find(f, RG_NOTE, RG_F_REGIME_CHANGED, NULL,
			"nothing of an earlier boot to compare with");
}

/* Reports what the module would change here: every kernel refuses reclaims on NFS mounts, and
 * some refuse all locks. */
static void check_module(const struct rg_regime_facts *r, struct rg_findings *f)
{
	const char *changes =
		r->by_module || r->now.of[RG_LOCKS_NFS4] == RG_REGIME_REFUSED
			? "end clients can lock by NFSv4 and NFSv3 and keep their locks with "
			  "recover_lost_locks=N, their default; without it they cannot lock"
			: "end clients keep NFSv4 locks with recover_lost_locks=N, their default; "
			  "without it only with Y; NFSv3 locks are kept with and without it";

	if (r->module_loaded == 1 && r->module_types == 1) {
		rg_find(f, RG_OK, RG_F_MODULE, NULL, "loaded: with it %s", changes);
	} else if (r->module_loaded == 1) {
		rg_find(f, RG_WARNING, RG_F_MODULE, NULL,
			"loaded, but it has no BTF, so nothing can answer it: it changes nothing");
		rg_remedy(f, "build it with the types of kernel %s: make module KDIR= VMLINUX=",
			  r->kernel);
	} else if (r->module_installed == 1) {
		rg_find(f, RG_OK, RG_F_MODULE, NULL,
			"installed, not loaded: `enable` loads it, and "
			"then %s",
			changes);
	} else if (r->module_loaded < 0 || r->module_installed < 0) {
		rg_find(f, RG_UNKNOWN, RG_F_MODULE, NULL,
			"whether it is installed for kernel %s cannot be seen (modules.dep): %s",
			r->kernel,
			rg_strerror(r->module_loaded < 0 ? r->module_loaded : r->module_installed));
	} else {
		rg_find(f, RG_NOTE, RG_F_MODULE, NULL, "not installed for kernel %s; with it %s",
			r->kernel, changes);
	}
}

void rg_regime_check(const struct rg_regime_facts *r, struct rg_findings *f)
{
	for (int i = 0; i < RG_NR_LOCK_PROTOCOLS; i++)
		check_one(r, i, f);
	check_changed(r, f);
	check_module(r, f);
}
