// SPDX-License-Identifier: GPL-2.0-only
#include "check/boot.h"

#include <errno.h>
#include <string.h>

#define GUARD "reexport-guard.service"
#define KNFSD "nfs-server.service"

/* ---- fstab ----
 *
 * nfs-server-generator of nfs-utils (systemd/nfs-server-generator.c, tried with
 * 2.6.2) writes for nfs-server.service: Before= every NFS mount of fstab; and
 * RequiresMountsFor= every export, but for those with mp and those on a noauto
 * mount. The latter is After= that mount.
 */

static void check_read(const struct rg_boot_facts *b, struct rg_findings *f)
{
	if (b->fstab_err && b->fstab_err != -ENOENT) {
		rg_find(f, RG_UNKNOWN, RG_F_FSTAB_READ, "/etc/fstab", "cannot be read: %s",
			rg_strerror(b->fstab_err));
		rg_remedy(f, "check as root");
	}
	if (b->n_bad) {
		rg_find(f, RG_WARNING, RG_F_FSTAB_READ, "/etc/fstab",
			"%u lines cannot be made out, and are passed over", b->n_bad);
		rg_remedy(f, "see `findmnt --verify`");
	}
}

/* Of the exports at or below this mount: the first that has nfs-server wait for
 * it. NULL: none has; *any: the first of them at all, or one that leads there. */
static const struct rg_export *waits_for(const struct rg_exports *exports,
					 const struct rg_fstab_mount *m,
					 const struct rg_export **any)
{
	*any = NULL;
	for (size_t i = 0; i < exports->n; i++) {
		const struct rg_export *e = &exports->at[i];
		bool below = rg_is_below(e->path, m->target);

		if (!below && !(e->options.crossmnt && rg_is_below(m->target, e->path)))
			continue;
		if (!*any)
			*any = e;
		if (below && e->options.no_mountpoint && !m->noauto)
			return e;
	}
	return NULL;
}

static void remedy_own_unit(struct rg_findings *f)
{
	rg_remedy(f, "take the line out of /etc/fstab, and mount it by a unit of your own that is "
		     "After=remote-fs-pre.target and Before=" KNFSD);
}

static void check_cycle(const struct rg_boot_facts *b, const struct rg_fstab_mount *m,
			const struct rg_export *e, struct rg_findings *f)
{
	rg_find(f, b->systemd == 1 ? RG_PROBLEM : RG_NOTE, RG_F_FSTAB_CYCLE, m->target,
		"is in /etc/fstab and exported (%s): nfs-server-generator orders " KNFSD
		" both after that mount (RequiresMountsFor=) and before it (Before=). systemd "
		"leaves out one of them at boot%s",
		e->origin, b->systemd == 1 ? "" : "; this host was not booted by systemd");
	remedy_own_unit(f);
}

static void check_late(const struct rg_boot_facts *b, const struct rg_fstab_mount *m,
		       const struct rg_export *e, struct rg_findings *f)
{
	rg_find(f, b->systemd == 1 ? RG_WARNING : RG_NOTE, RG_F_FSTAB_AFTER_KNFSD, m->target,
		"is in /etc/fstab and exported (%s): nfs-server-generator has " KNFSD
		" start before it, so knfsd's grace period runs while end clients cannot get "
		"there%s",
		e->origin, b->systemd == 1 ? "" : "; this host was not booted by systemd");
	remedy_own_unit(f);
}

static void check_fstab(const struct rg_boot_facts *b, struct rg_findings *f)
{
	size_t before = f->n;

	if (b->generator < 0) {
		rg_find(f, RG_UNKNOWN, RG_F_FSTAB_CYCLE, NULL,
			"whether nfs-server-generator is there cannot be seen: %s",
			rg_strerror(b->generator));
		return;
	}
	for (size_t i = 0; b->generator && i < b->n; i++) {
		const struct rg_export *any, *e = waits_for(&b->exports, &b->at[i], &any);

		if (e)
			check_cycle(b, &b->at[i], e, f);
		else if (any)
			check_late(b, &b->at[i], any, f);
	}
	if (f->n == before && !b->fstab_err)
		rg_find(f, RG_OK, RG_F_FSTAB_CYCLE, "/etc/fstab", "%s",
			b->generator ? "none of its NFS mounts is exported"
				     : "nfs-server-generator, which would order " KNFSD
				       " by it, is not there or masked");
}

/* ---- units ---- */

static void check_guard(const struct rg_boot_facts *b, struct rg_findings *f)
{
	if (!b->installed) {
		rg_find(f, RG_WARNING, RG_F_UNIT_ENABLED, GUARD,
			"systemd knows no such unit: after a reboot nobody is kept out");
		rg_remedy(f, "run `make install` and `systemctl enable --now reexport-guard`");
		return;
	}
	if (strncmp(b->state, "enabled", 7) == 0) {
		rg_find(f, RG_OK, RG_F_UNIT_ENABLED, GUARD, "is %s", b->state);
	} else {
		rg_find(f, RG_WARNING, RG_F_UNIT_ENABLED, GUARD,
			"is %s: after a reboot nobody is kept out, unless something else starts it",
			b->state[0] ? b->state : "not enabled");
		rg_remedy(f, "run `systemctl enable reexport-guard`");
	}
	if (strcmp(b->state, "masked") == 0)
		return; /* it has no order */
	if (b->before_knfsd && b->before_remote_fs) {
		rg_find(f, RG_OK, RG_F_UNIT_ORDER, GUARD,
			"is before remote-fs-pre.target and " KNFSD);
		return;
	}
	rg_find(f, RG_PROBLEM, RG_F_UNIT_ORDER, GUARD,
		"is not ordered before %s: at boot %s before the gate is closed",
		b->before_knfsd ? "remote-fs-pre.target" : KNFSD,
		b->before_knfsd ? "NFS mounts may be there" : "knfsd may have started");
	rg_remedy(f, "use the unit as it was installed, with Before=remote-fs-pre.target " KNFSD
		     " and Wants=remote-fs-pre.target");
}

static void check_units(const struct rg_boot_facts *b, struct rg_findings *f)
{
	if (b->systemd == 0) {
		rg_find(f, RG_UNKNOWN, RG_F_UNIT_ORDER, NULL,
			"this host was not booted by systemd: what starts before what cannot be "
			"seen");
		rg_remedy(f, "start `reexport-guard run` before anything is mounted, and before "
			     "knfsd and local applications");
		return;
	}
	if (b->bus_err || b->systemd < 0) {
		rg_find(f, RG_UNKNOWN, RG_F_UNIT_ORDER, NULL, "systemd cannot be asked: %s",
			rg_strerror(b->bus_err ?: b->systemd));
		rg_remedy(f, "see `systemctl show -p Before,After " GUARD " " KNFSD "`");
		return;
	}
	check_guard(b, f);
	if (b->cycle[0]) {
		rg_find(f, RG_PROBLEM, RG_F_UNIT_CYCLE, KNFSD,
			"is ordered both before and after %s: systemd leaves out one of them at "
			"boot",
			b->cycle);
		rg_remedy(f, "see `systemctl show -p Before,After " KNFSD "`, and fstab-cycle");
	} else {
		rg_find(f, RG_OK, RG_F_UNIT_CYCLE, KNFSD,
			"is before no unit that it is after as well");
	}
}

void rg_boot_check(const struct rg_boot_facts *b, struct rg_findings *f)
{
	check_read(b, f);
	check_fstab(b, f);
	check_units(b, f);
}
