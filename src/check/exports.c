// SPDX-License-Identifier: GPL-2.0-only
#include "check/exports.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

const struct rg_mount *rg_reexport_mount(const struct rg_reexport_facts *r, size_t i)
{
	return rg_mount_of(&r->mounts, r->real[i]);
}

int rg_reexport_work_out(struct rg_reexport_facts *r)
{
	struct rg_rule *rules = calloc(r->exports.n + 1, sizeof(*rules));
	size_t n = 0;
	int err;

	r->reexported = calloc(r->mounts.n + 1, sizeof(*r->reexported));
	if (!rules || !r->reexported) {
		free(rules);
		return -ENOMEM;
	}
	for (size_t i = 0; i < r->exports.n; i++) {
		/* Too long for a mount point, and for nfs-utils. */
		if (strlen(r->real[i]) >= sizeof(rules[n].path))
			continue;
		strcpy(rules[n].path, r->real[i]);
		rules[n++].kind =
			r->exports.at[i].options.crossmnt ? RG_RULE_EXPORT_TREE : RG_RULE_EXPORT;
	}
	err = rg_mounts_guarded(&r->mounts, rules, n, 0, RG_WHICH_EXPORTS, r->reexported);
	free(rules);
	return err;
}

/* ---- rules ---- */

static void check_read(const struct rg_reexport_facts *r, struct rg_findings *f)
{
	if (r->exports_err) {
		rg_find(f, RG_UNKNOWN, RG_F_EXPORTS_READ, NULL,
			"%s, %s and %s could not all be read: %s", RG_EXPORTS, RG_EXPORTS_D,
			RG_ETAB, rg_strerror(r->exports_err));
		rg_remedy(f, "check as root");
	}
	if (r->n_bad) {
		rg_find(f, RG_WARNING, RG_F_EXPORTS_READ, NULL,
			"%s (such lines: %u): exportfs may read the file no further", r->bad,
			r->n_bad);
		rg_remedy(f, "correct it, and run `exportfs -ra`");
	}
	if (r->mounts_err)
		rg_find(f, RG_UNKNOWN, RG_F_MOUNTS_READ, "/proc/self/mountinfo",
			"cannot be read: %s", rg_strerror(r->mounts_err));
}

static void check_sum(const struct rg_reexport_facts *r, struct rg_findings *f)
{
	size_t n = 0;

	if (r->mounts_err)
		return; /* said */
	for (size_t i = 0; i < r->mounts.n; i++)
		n += r->reexported[i];
	if (n) {
		rg_find(f, RG_OK, RG_F_REEXPORTS, NULL, "%zu of %zu NFS mounts are exported again",
			n, r->mounts.n);
	} else if (!r->exports_err) {
		rg_find(f, RG_NOTE, RG_F_REEXPORTS, NULL,
			"none of %zu NFS mounts is exported again: there is nothing to guard now",
			r->mounts.n);
		rg_remedy(f, "mount what is to be exported, and check again: most of what is "
			     "checked is about that");
	}
}

static void check_fsid(const struct rg_reexport_facts *r, size_t i, struct rg_findings *f)
{
	const struct rg_export *e = &r->exports.at[i];

	if (!e->options.no_fsid)
		return;
	rg_find(f, RG_PROBLEM, RG_F_EXPORT_FSID, e->path,
		"%s: exported without fsid=, to one client at least. An NFS mount has no number "
		"that stays the same over a reboot: exportfs refuses it, or end clients' file "
		"handles go stale and with them their reclaims",
		e->origin);
	rg_remedy(f, "add fsid=N, with an N that no other export has, and run `exportfs -ra`");
}

static void check_fsid_twice(const struct rg_reexport_facts *r, size_t i, struct rg_findings *f)
{
	const struct rg_export *e = &r->exports.at[i];

	for (size_t j = 0; e->options.fsid[0] && j < i; j++) {
		const struct rg_export *other = &r->exports.at[j];

		if (strcmp(e->options.fsid, other->options.fsid) != 0 ||
		    strcmp(r->real[i], r->real[j]) == 0 ||
		    (!rg_reexport_mount(r, i) && !rg_reexport_mount(r, j)))
			continue;
		rg_find(f, RG_PROBLEM, RG_F_EXPORT_FSID_TWICE, e->path,
			"%s: fsid=%s, which %s (%s) has as well: after a reboot end clients' file "
			"handles may lead to the other one",
			e->origin, e->options.fsid, other->path, other->origin);
		rg_remedy(f, "give each export an fsid of its own, and run `exportfs -ra`");
		return;
	}
}

static bool is_exported(const struct rg_reexport_facts *r, const char *path)
{
	for (size_t i = 0; i < r->exports.n; i++)
		if (strcmp(r->real[i], path) == 0)
			return true;
	return false;
}

/* An NFS mount below the export that it lets end clients go to, and that has no
 * export of its own. */
static const struct rg_mount *crossed(const struct rg_reexport_facts *r, size_t i)
{
	const struct rg_mount *at = rg_reexport_mount(r, i);

	for (size_t j = 0; j < r->mounts.n; j++) {
		const struct rg_mount *m = &r->mounts.at[j];

		if (m != at && rg_is_below(m->target, r->real[i]) &&
		    strcmp(m->target, r->real[i]) != 0 && !is_exported(r, m->target))
			return m;
	}
	return NULL;
}

static void check_crossmnt(const struct rg_reexport_facts *r, size_t i, struct rg_findings *f)
{
	const struct rg_export *e = &r->exports.at[i];
	const struct rg_mount *m = e->options.crossmnt ? crossed(r, i) : NULL;

	if (m) {
		rg_find(f, RG_WARNING, RG_F_EXPORT_CROSSMNT, e->path,
			"%s: crossmnt leads end clients to the NFS mount %s, which has no export "
			"and so no fsid= of its own",
			e->origin, m->target);
		rg_remedy(f, "export %s with an fsid= of its own, or take crossmnt away",
			  m->target);
	} else if (e->options.crossmnt && rg_reexport_mount(r, i)) {
		rg_find(f, RG_WARNING, RG_F_EXPORT_CROSSMNT, e->path,
			"%s: crossmnt on an NFS mount: where the original server has another file "
			"system below, this host's NFS client mounts that when somebody first "
			"goes there, with no export and so no fsid=",
			e->origin);
		rg_remedy(f, "mount and export each file system by itself, with an fsid= of its "
			     "own, and take crossmnt away");
	}
}

void rg_exports_check(const struct rg_reexport_facts *r, struct rg_findings *f)
{
	check_read(r, f);
	check_sum(r, f);
	for (size_t i = 0; i < r->exports.n; i++) {
		if (rg_reexport_mount(r, i))
			check_fsid(r, i, f);
		check_fsid_twice(r, i, f);
		check_crossmnt(r, i, f);
	}
}
