// SPDX-License-Identifier: GPL-2.0-only
#include "check/original.h"

#include <stdio.h>
#include <string.h>

#include "original/original.h"

/* Warn of a keep-for longer than this, the default of max-hold: other clients wait that long for
 * one that does not come back. */
#define LONG_S RG_DEFAULT_MAX_HOLD

#define ENABLE_IT                                                                                  \
	"run `reexport-guard enable --role original`; at each boot "                               \
	"reexport-guard-original.service "                                                         \
	"does so, and so does `reexport-guard run`"

static bool is_taken(const struct rg_original_facts *o)
{
	return o->looked && o->seen.known && o->seen.enabled;
}

static void check_role(const struct rg_original_facts *o, const struct rg_knfsd_facts *k,
		       struct rg_findings *f)
{
	if (!o->looked || !o->seen.known) {
		rg_find(f, RG_UNKNOWN, RG_F_ORIGINAL_ROLE, NULL,
			"[original] asks for the role of an original server; whether it is taken "
			"cannot be seen");
		rg_remedy(f, "check as root");
	} else if (!o->seen.enabled) {
		rg_find(f, RG_WARNING, RG_F_ORIGINAL_ROLE, NULL,
			"[original] asks for the role of an original server, and it is not taken: "
			"another client can have the locks of one that reboots");
		rg_remedy(f, ENABLE_IT);
	} else if (o->seen.mode == RG_ORG_OBSERVE) {
		rg_find(f, RG_NOTE, RG_F_ORIGINAL_ROLE, NULL,
			"role original is taken with mode observe: nobody waits for a client that "
			"reboots, it is only counted");
	} else if (k->threads_err || !k->threads) {
		rg_find(f, RG_NOTE, RG_F_ORIGINAL_ROLE, NULL,
			"role original is taken, mode %s; knfsd is not seen to run in this network "
			"namespace, so there are no clients whose locks it could keep",
			rg_org_mode_name(o->seen.mode));
	} else {
		rg_find(f, RG_OK, RG_F_ORIGINAL_ROLE, NULL,
			"role original is taken, mode %s; locks of %llu clients are kept now",
			rg_org_mode_name(o->seen.mode), (unsigned long long)o->seen.clients);
	}
}

static void check_hooks(const struct rg_original_facts *o, struct rg_findings *f)
{
	if (!o->looked)
		return;
	if (o->lsm == 0) {
		rg_find(f, RG_PROBLEM, RG_F_ORIGINAL_HOOKS, "/sys/kernel/security/lsm",
			"bpf is not among the active LSMs: the role of an original server has no "
			"way "
			"to make a client wait on this kernel");
		rg_remedy(f, "add bpf to the lsm= parameter of the kernel, and reboot");
	} else if (o->hooks_err) {
		rg_find(f, RG_UNKNOWN, RG_F_ORIGINAL_HOOKS, "/sys/kernel/btf",
			"the kernel's types cannot be read: %s", rg_strerror(o->hooks_err));
	} else if (o->missing[0] && !o->nfsd_loaded) {
		rg_find(f, RG_UNKNOWN, RG_F_ORIGINAL_HOOKS, "/sys/kernel/btf/nfsd",
			"the module nfsd is not loaded: whether this kernel has the functions that "
			"the role of an original server follows cannot be seen");
		rg_remedy(f, "check again when knfsd runs");
	} else if (o->missing[0]) {
		rg_find(f, RG_PROBLEM, RG_F_ORIGINAL_HOOKS, "/sys/kernel/btf",
			"this kernel has no function %s that can be followed: the role of an "
			"original server keeps nothing here",
			o->missing);
		rg_remedy(f, "use a kernel of docs/original.md on the original server");
	} else {
		rg_find(f, RG_OK, RG_F_ORIGINAL_HOOKS, NULL,
			"this kernel has every function that the role of an original server "
			"follows");
	}
}

static void check_keep_for(const struct rg_original_facts *o, const struct rg_knfsd_facts *k,
			   struct rg_findings *f)
{
	const long long lease = k->lease_err ? 0 : k->lease_s;
	const long long kept = is_taken(o) ? (long long)(o->seen.keep_for_ns / RG_NS_PER_SEC)
					   : o->keep_for_s ?: lease;

	if (!kept)
		return;
	if (lease && kept < lease) {
		rg_find(f, RG_WARNING, RG_F_ORIGINAL_KEEP_FOR, NULL,
			"keep-for is %lld s and knfsd's lease %lld s: the locks of a client that "
			"rebooted are kept for less time than if it had not come back",
			kept, lease);
		rg_remedy(f, "set keep-for to `lease` or longer in section [original] "
			     "of " RG_CONFIG_FILE ", and enable the role again");
	} else if (kept > LONG_S) {
		rg_find(f, RG_WARNING, RG_F_ORIGINAL_KEEP_FOR, NULL,
			"keep-for is %lld s: so long other clients wait for a lock that a rebooted "
			"client does not come back for",
			kept);
		rg_remedy(f, "set keep-for to what the re-export server needs from its mount until "
			     "its end clients have their locks again: its knfsd's lease and 15 s");
	} else {
		rg_find(f, RG_OK, RG_F_ORIGINAL_KEEP_FOR, NULL, "keep-for is %lld s", kept);
	}
}

/* Reports clients whose locks are not kept and that the role does not keep out. */
static void check_others(const struct rg_knfsd_facts *k, const struct rg_client_facts *c,
			 struct rg_findings *f)
{
	if (!k->versions_err && strstr(k->versions, "+3")) {
		rg_find(f, c->n_v3 ? RG_WARNING : RG_NOTE, RG_F_ORIGINAL_NLM,
			"/proc/fs/nfsd/versions",
			"knfsd serves NFSv3 (%u hosts are known): locks by NLM are not kept when "
			"such a "
			"client reboots, and such a client can take a lock that is kept for "
			"another, as "
			"lockd asks no hook that could make it wait (nlmsvc_lock, "
			"fs/lockd/svclock.c:538 of Linux 6.1)",
			c->n_v3);
		rg_remedy(f, "have every client mount by vers=4.1 or later, and set vers3=n in "
			     "section "
			     "[nfsd] of /etc/nfs.conf");
	} else if (k->versions_err) {
		rg_find(f, RG_UNKNOWN, RG_F_ORIGINAL_NLM, "/proc/fs/nfsd/versions",
			"cannot be read: %s: whether there are clients by NFSv3, whose locks are "
			"not "
			"kept, cannot be seen",
			rg_strerror(k->versions_err));
	}
	if (!c->v4_err && c->v4[0]) {
		rg_find(f, RG_WARNING, RG_F_ORIGINAL_V40, "/proc/fs/nfsd/clients",
			"%u clients by NFSv4.0: theirs are kept, and they can take a lock that is "
			"kept "
			"for another client",
			c->v4[0]);
		rg_remedy(f, "have them mount by vers=4.1 or later");
	}
}

/* Reports failures, from counters that begin at 0 when the role is taken. */
static void check_counters(const struct rg_org_seen *seen, struct rg_findings *f)
{
	static const enum rg_org_counter bad[] = {
		RG_ORG_OVERTAKEN, RG_ORG_OVERFLOW,  RG_ORG_FAIL_KEEPERS, RG_ORG_FAIL_RANGES,
		RG_ORG_FAIL_WALK, RG_ORG_FAIL_MARK, RG_ORG_FAIL_READ,
	};
	char text[512] = "";
	size_t at = 0;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]) && at < sizeof(text); i++)
		if (seen->counters[bad[i]])
			at += (size_t)snprintf(text + at, sizeof(text) - at, "%s%s %llu",
					       at ? ", " : "", rg_org_counter_name(bad[i]),
					       (unsigned long long)seen->counters[bad[i]]);
	if (!at)
		return;
	rg_find(f, RG_WARNING, RG_F_ORIGINAL_LOST, NULL,
		"since role original was taken, not everything was kept, or too much was: %s",
		text);
	rg_remedy(f, "see `reexport-guard status --role original`; docs/original.md says what each "
		     "counter means");
}

void rg_original_check(const struct rg_original_facts *o, const struct rg_knfsd_facts *k,
		       const struct rg_client_facts *c, struct rg_findings *f)
{
	if (!o->configured && !is_taken(o))
		return;
	check_role(o, k, f);
	check_hooks(o, f);
	check_keep_for(o, k, f);
	check_others(k, c, f);
	if (is_taken(o))
		check_counters(&o->seen, f);
}
