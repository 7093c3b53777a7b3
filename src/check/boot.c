// SPDX-License-Identifier: GPL-2.0-only
#include "check/boot.h"

#include <errno.h>
#include <string.h>

#include "mounts/below.h"

#define GUARD "reexport-guard.service"
#define KNFSD "nfs-server.service"
#define KNFSD_V4 "nfsv4-server.service"

/* ---- fstab ----
 *
 * nfs-server-generator of nfs-utils (systemd/nfs-server-generator.c, tried with
 * 2.6.2; 2.8.3 has the same) writes for nfs-server.service: Before= every NFS mount of
 * fstab; and RequiresMountsFor= every export, but for those with mp and those at or below
 * a noauto entry. The latter is After= each mount that the path leads through, and each of
 * those is After= what it is made of: its parent, the source of a bind mount, an image or
 * another file, and x-systemd.requires-mounts-for= (mount_add_mount_dependencies(),
 * src/core/mount.c of systemd).
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

#define MAX_CHAIN 16 /* bind mounts of bind mounts; the bound ends a circle */

/* Says whether this path exists only after `m` is mounted. */
static bool leads_to(const struct rg_boot_facts *b, const char *path,
		     const struct rg_fstab_mount *m, int depth)
{
	if (rg_is_below(path, m->target))
		return true;
	for (size_t i = 0; i < b->n && depth < MAX_CHAIN; i++) {
		const struct rg_fstab_mount *via = &b->at[i];

		if (via == m || via->nfs || !rg_is_below(path, via->target))
			continue;
		if (via->source[0] == '/' && leads_to(b, via->source, m, depth + 1))
			return true;
		if (via->needs && leads_to(b, via->needs, m, depth + 1))
			return true;
	}
	return false;
}

/* Decides as has_noauto_flag() of the generator does. */
static bool is_noauto(const struct rg_boot_facts *b, const char *path)
{
	for (size_t i = 0; i < b->n; i++)
		if (b->at[i].noauto && rg_is_below(path, b->at[i].target))
			return true;
	return false;
}

/* Returns the first export on this mount for which nfs-server waits, or NULL. *any: the first
 * export on it of any kind, or one that leads there. */
static const struct rg_export *waits_for(const struct rg_boot_facts *b,
					 const struct rg_fstab_mount *m,
					 const struct rg_export **any)
{
	*any = NULL;
	for (size_t i = 0; i < b->exports.n; i++) {
		const struct rg_export *e = &b->exports.at[i];
		const char *waits = b->paths ? b->paths[i].waits : e->path;
		const char *lies = b->paths ? b->paths[i].lies : e->path;
		bool waiting = leads_to(b, waits, m, 0);

		if (!*any && (waiting || leads_to(b, lies, m, 0) ||
			      (e->options.crossmnt && rg_is_below(m->target, lies))))
			*any = e;
		if (waiting && e->options.no_mountpoint && !is_noauto(b, waits))
			return e;
	}
	return NULL;
}

static void remedy_own_unit(struct rg_findings *f)
{
	rg_remedy(f, "take the line out of /etc/fstab, and mount it by a unit of your own that is "
		     "After=remote-fs-pre.target and Before=" KNFSD
		     "; srv-reexport-a.mount among the examples in /usr/share/doc/reexport-guard "
		     "is one");
}

static void check_cycle(const struct rg_boot_facts *b, const struct rg_fstab_mount *m,
			const struct rg_export *e, struct rg_findings *f)
{
	rg_find(f, b->systemd == 1 ? RG_PROBLEM : RG_NOTE, RG_F_FSTAB_CYCLE, m->target,
		"is in /etc/fstab and exported (%s, %s): nfs-server-generator orders " KNFSD
		" both after that mount (RequiresMountsFor=, by what the path leads through) and "
		"before it (Before=). systemd leaves out one of them at boot%s",
		e->path, e->origin, b->systemd == 1 ? "" : "; this host was not booted by systemd");
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

/* Checks mounts that are made at the first access. */
static void check_automount(const struct rg_boot_facts *b, const struct rg_fstab_mount *m,
			    const struct rg_export *e, struct rg_findings *f)
{
	rg_find(f, b->systemd == 1 ? RG_WARNING : RG_NOTE, RG_F_FSTAB_AFTER_KNFSD, m->target,
		"has x-systemd.automount in /etc/fstab%s%s%s and is exported (%s): at a reboot "
		"systemd "
		"mounts it when somebody first goes there, and nfs-server-generator has " KNFSD
		" Before= the mount, so `exportfs -r` in that unit, which looks at the path, may "
		"wait for a mount that waits for the unit; after that, knfsd's grace period runs "
		"before the mount is there%s",
		m->idle ? " (idle after " : "", m->idle ?: "", m->idle ? ")" : "", e->origin,
		b->systemd == 1 ? "" : "; this host was not booted by systemd");
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
		const struct rg_export *any, *e;

		if (!b->at[i].nfs)
			continue;
		e = waits_for(b, &b->at[i], &any);
		if (e)
			check_cycle(b, &b->at[i], e, f);
		else if (any && b->at[i].automount)
			check_automount(b, &b->at[i], any, f);
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

static void remedy_order(struct rg_findings *f)
{
	rg_remedy(f, "use the unit as it was installed, with Before=remote-fs-pre.target " KNFSD
		     " " KNFSD_V4 " and Wants=remote-fs-pre.target");
}

static void check_guard(const struct rg_boot_facts *b, struct rg_findings *f)
{
	if (!b->installed) {
		rg_find(f, RG_WARNING, RG_F_UNIT_ENABLED, GUARD,
			"systemd knows no such unit: after a reboot no caller is blocked");
		rg_remedy(f, "run `make install` and `systemctl enable --now reexport-guard`");
		return;
	}
	if (strncmp(b->state, "enabled", 7) == 0) {
		rg_find(f, RG_OK, RG_F_UNIT_ENABLED, GUARD, "is %s", b->state);
	} else {
		rg_find(f, RG_WARNING, RG_F_UNIT_ENABLED, GUARD,
			"is %s: after a reboot no caller is blocked, unless something else starts "
			"it",
			b->state[0] ? b->state : "not enabled");
		rg_remedy(f, "run `systemctl enable reexport-guard`");
	}
	if (strcmp(b->state, "masked") == 0)
		return; /* nothing orders it */
	if (!b->before_knfsd || (b->nfsv4_installed && !b->before_nfsv4)) {
		rg_find(f, RG_PROBLEM, RG_F_UNIT_ORDER, GUARD,
			"is not ordered before %s: at boot knfsd may have started before the gate "
			"is "
			"closed",
			b->before_knfsd ? KNFSD_V4 : KNFSD);
		remedy_order(f);
	} else if (!b->before_remote_fs) {
		rg_find(f, RG_PROBLEM, RG_F_UNIT_ORDER, GUARD,
			"is not ordered before remote-fs-pre.target: at boot NFS mounts may be "
			"there "
			"before the gate is closed");
		remedy_order(f);
	} else {
		rg_find(f, RG_OK, RG_F_UNIT_ORDER, GUARD,
			"is before remote-fs-pre.target, " KNFSD "%s",
			b->nfsv4_installed ? " and " KNFSD_V4 : "");
	}
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
		rg_find(f, RG_PROBLEM, RG_F_UNIT_CYCLE, b->cycle_of,
			"is ordered both before and after %s: systemd leaves out one of them at "
			"boot",
			b->cycle);
		rg_remedy(f, "see `systemctl show -p Before,After %s`, and fstab-cycle",
			  b->cycle_of);
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
