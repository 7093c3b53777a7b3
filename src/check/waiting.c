// SPDX-License-Identifier: GPL-2.0-only
#include "check/waiting.h"

#include <string.h>

#define US_PER_S 1000000ULL

/* Says whether systemd waits until the service has started. Other types count as started when
 * they are executed. */
static bool is_waited_for(const char *type)
{
	static const char *const types[] = {"notify", "notify-reload", "forking", "dbus",
					    "oneshot"};

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (strcmp(types[i], type) == 0)
			return true;
	return false;
}

static void check_unit(const struct rg_waiting_unit *u, unsigned long long max_hold_s,
		       struct rg_findings *f)
{
	const char *limit = NULL;
	unsigned long long us = 0;

	if (u->after_open)
		return;
	if (is_waited_for(u->type) && u->start_us != RG_UNIT_FOR_EVER) {
		limit = "TimeoutStartSec=";
		us = u->start_us;
	}
	if (u->watchdog_us && u->watchdog_us != RG_UNIT_FOR_EVER &&
	    (!limit || u->watchdog_us < us)) {
		limit = "WatchdogSec=";
		us = u->watchdog_us;
	}
	if (!limit || us / US_PER_S >= max_hold_s)
		return;
	rg_find(f, RG_WARNING, RG_F_UNIT_HELD, u->name,
		"is After=reexport-guard.service, so it is started behind a closed gate; if it "
		"uses "
		"a guarded mount it is held, for at most max-hold (%llu s), and systemd ends it "
		"after "
		"%llu s (Type=%s, %s)",
		max_hold_s, us / US_PER_S, u->type, limit);
	rg_remedy(f,
		  "run `systemctl edit %s` and add, under [Unit], After=reexport-guard-open.target "
		  "and Wants=reexport-guard-open.target",
		  u->name);
}

static void check_units(const struct rg_waiting_facts *w, const struct rg_policy_facts *p,
			struct rg_findings *f)
{
	size_t before = f->n;

	if (w->bus_err) {
		rg_find(f, RG_UNKNOWN, RG_F_UNIT_HELD, NULL,
			"which units are started behind the closed gate cannot be seen: systemd "
			"cannot be asked: %s",
			rg_strerror(w->bus_err));
		return;
	}
	for (size_t i = 0; i < w->n_units; i++)
		check_unit(&w->units[i], p->policy.max_hold_s, f);
	if (f->n == before)
		rg_find(f, RG_OK, RG_F_UNIT_HELD, NULL,
			"no unit that is After=reexport-guard.service would be ended while it is "
			"held");
}

static void check_homes(const struct rg_waiting_facts *w, const struct rg_policy_facts *p,
			struct rg_findings *f)
{
	if (p->policy.scope < RG_SCOPE_OPENS || p->policy.action != RG_ACTION_HOLD)
		return;
	if (w->passwd_err) {
		rg_find(f, RG_UNKNOWN, RG_F_HOMES, "/etc/passwd", "cannot be read: %s",
			rg_strerror(w->passwd_err));
		return;
	}
	if (!w->n_homes)
		return;
	rg_find(f, RG_WARNING, RG_F_HOMES, w->home,
		"home of %s%s lies on a re-exported mount, and the scope is wider than locks: a "
		"login there%s is held while the gate is closed, as it opens files there",
		w->user, w->n_homes > 1 ? " and others" : "",
		w->sshd == 1 ? ", by sshd (LoginGraceTime ends it) or otherwise," : "");
	rg_remedy(f, "keep a home of an administrator on a local disk, and sshd's keys there "
		     "(AuthorizedKeysFile), to be able to run `reexport-guard release`");
}

void rg_waiting_check(const struct rg_waiting_facts *w, const struct rg_policy_facts *p,
		      struct rg_findings *f)
{
	if (!p->known)
		return;
	check_units(w, p, f);
	check_homes(w, p, f);
}
