// SPDX-License-Identifier: GPL-2.0-only
#include "check/lease.h"

#include <errno.h>
#include <string.h>

/* Returns the seconds from the kernel's start to the first renewal seen; 0: none. */
static long long back_after_s(const struct rg_lease_facts *l)
{
	__u64 first = 0;

	for (size_t i = 0; l->budget && !l->budget_err && i < l->budget->n; i++) {
		__u64 back = l->budget->at[i].back_ns;

		if (back && (!first || back < first))
			first = back;
	}
	if (!first || !l->kernel_ns || first <= l->kernel_ns)
		return 0;
	return (long long)((first - l->kernel_ns) / RG_NS_PER_SEC) + 1;
}

static bool is_reexported(const struct rg_reexport_facts *r, const char *target)
{
	for (size_t i = 0; r->reexported && i < r->mounts.n; i++)
		if (r->reexported[i] && strcmp(r->mounts.at[i].target, target) == 0)
			return true;
	return false;
}

static void check_boot(const struct rg_lease_facts *l, const struct rg_reexport_facts *r,
		       long long remote_fs_s, struct rg_findings *f)
{
	long long boot_s = back_after_s(l);
	const char *how = "the first renewal that the daemon saw";
	bool any = false;

	if (!boot_s) {
		boot_s = remote_fs_s;
		how = "remote-fs.target";
	}
	for (size_t i = 0; i < l->n; i++) {
		const struct rg_mount_lease *m = &l->at[i];

		if (!is_reexported(r, m->target))
			continue;
		any = true;
		if (boot_s <= 0) {
			rg_find(f, RG_UNKNOWN, RG_F_LEASE_BOOT, m->target,
				"the original server's lease is %lld s; how long this host takes "
				"to "
				"boot is not known: no budget of the daemon, no systemd",
				m->lease_s);
			rg_remedy(f, "run the daemon at boot, and check again after the next one");
		} else if (boot_s >= m->lease_s) {
			rg_find(f, RG_WARNING, RG_F_LEASE_BOOT, m->target,
				"%lld s from the kernel's start to %s, and the original server's "
				"lease is %lld s: after a power cut it has given up this host's "
				"state before this host is back",
				boot_s, how, m->lease_s);
			rg_remedy(f, "raise the original server's lease time above the time that "
				     "a reboot takes, firmware included");
		} else {
			rg_find(f, RG_OK, RG_F_LEASE_BOOT, m->target,
				"%lld s from the kernel's start to %s (firmware not counted), the "
				"original server's lease is %lld s",
				boot_s, how, m->lease_s);
		}
	}
	if (!any && l->leases_err)
		rg_find(f, RG_UNKNOWN, RG_F_LEASE_BOOT, "/proc/self/mountstats",
			"cannot be read: %s", rg_strerror(l->leases_err));
}

static void check_last_boot(const struct rg_lease_facts *l, struct rg_findings *f)
{
	char text[512];

	if (l->budget_err == -ENOENT) {
		rg_find(f, RG_NOTE, RG_F_LEASE_LAST_BOOT, NULL,
			"no daemon has kept a reboot budget on this host yet");
		return;
	}
	if (l->budget_err) {
		rg_find(f, RG_UNKNOWN, RG_F_LEASE_LAST_BOOT, NULL,
			"the reboot budget cannot be read: %s",
			l->budget_err == -EBADMSG ? "it is malformed" : rg_strerror(l->budget_err));
		rg_remedy(f, "check as root");
		return;
	}
	for (size_t i = 0; l->budget && i < l->budget->n; i++) {
		const struct rg_budget_server *s = &l->budget->at[i];
		enum rg_budget_verdict verdict = rg_budget_view(s, l->wall_ns).verdict;

		rg_budget_text(s, l->wall_ns, text, sizeof(text));
		rg_find(f,
			verdict == RG_BUDGET_LATE      ? RG_WARNING
			: verdict == RG_BUDGET_IN_TIME ? RG_OK
						       : RG_NOTE,
			RG_F_LEASE_LAST_BOOT, s->name, "%s", text);
		if (verdict == RG_BUDGET_LATE)
			rg_remedy(f, "raise the original server's lease time, or have this host "
				     "boot quicker");
	}
}

void rg_lease_check(const struct rg_lease_facts *l, const struct rg_reexport_facts *r,
		    long long remote_fs_s, struct rg_findings *f)
{
	check_boot(l, r, remote_fs_s, f);
	check_last_boot(l, f);
}
