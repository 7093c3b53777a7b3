// SPDX-License-Identifier: GPL-2.0-only
#include "check/exports.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "mounts/below.h"
#include "mounts/guarded.h"

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
		/* The path is too long for a mount point and for nfs-utils. */
		if (strlen(r->real[i]) >= sizeof(rules[n].path))
			continue;
		strcpy(rules[n].path, r->real[i]);
		rules[n++].kind =
			r->exports.at[i].options.crossmnt ? RG_RULE_EXPORT_TREE : RG_RULE_EXPORT;
	}
	err = rg_mounts_guarded(&r->mounts, rules, n, 0, RG_MOUNT_MODE_EXPORTS, r->reexported);
	free(rules);
	return err;
}

/* ---- rules ---- */

static void check_read(const struct rg_reexport_facts *r, struct rg_findings *f)
{
	if (r->exports_err) {
		rg_find(f, RG_UNKNOWN, RG_F_EXPORTS_READ, NULL,
			"%s, %s, %s, nfs.conf and what knfsd exports could not all be read: %s",
			RG_EXPORTS, RG_EXPORTS_D, r->where.etab, rg_strerror(r->exports_err));
		rg_remedy(f, "check as root");
	}
	if (r->n_bad) {
		rg_find(f, RG_WARNING, RG_F_EXPORTS_READ, NULL,
			"%s (such lines: %u): exportfs may read the file no further", r->bad,
			r->n_bad);
		rg_remedy(f, "correct it, and run `%s`", rg_exports_apply(r));
	}
	if (r->mounts_err)
		rg_find(f, RG_UNKNOWN, RG_F_MOUNTS_READ, "/proc/self/mountinfo",
			"cannot be read: %s", rg_strerror(r->mounts_err));
}

/* Returns the automount point that an export leads to, if nothing is mounted there now. */
static const struct rg_place *waiting_automount(const struct rg_reexport_facts *r, size_t i)
{
	const struct rg_place *at = rg_place_of(&r->mounts, r->real[i]);

	return at && at->automount ? at : NULL;
}

static void check_sum(const struct rg_reexport_facts *r, struct rg_findings *f)
{
	size_t n = 0, waiting = 0;

	if (r->mounts_err)
		return; /* said */
	for (size_t i = 0; i < r->mounts.n; i++)
		n += r->reexported[i];
	for (size_t i = 0; i < r->exports.n; i++)
		waiting += waiting_automount(r, i) != NULL;
	if (waiting) {
		rg_find(f, RG_UNKNOWN, RG_F_REEXPORTS, NULL,
			"%zu of %zu NFS mounts are exported again, and %zu exports are on an "
			"automounter's mount point where nothing is mounted now",
			n, r->mounts.n, waiting);
		rg_remedy(f, "go there (`ls`), and check again: most of what is checked is about "
			     "mounts");
	} else if (n) {
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

/* ---- exports that no file of this host names ---- */

static bool is_of(const struct rg_export *e, enum rg_export_source source)
{
	return e->from & RG_FROM(source);
}

/* Says whether `exportfs -o` made the export: then `exportfs -r`, or a restart of knfsd's unit,
 * drops it. */
static bool is_of_etab_alone(const struct rg_export *e)
{
	return !is_of(e, RG_FROM_FILE) && (is_of(e, RG_FROM_ETAB) || is_of(e, RG_FROM_EXPORTFS));
}

const char *rg_exports_apply(const struct rg_reexport_facts *r)
{
	for (size_t i = 0; i < r->exports.n; i++)
		if (is_of_etab_alone(&r->exports.at[i]))
			return "exportfs -a";
	return "exportfs -ra";
}

/* Do not advise `mount =`, whose path must be mounted when the guard starts. */
static void remedy_all(struct rg_findings *f)
{
	rg_remedy(f,
		  "set `all = yes` in section [mounts] of /etc/reexport-guard.conf (and `except =` "
		  "for NFS mounts that are not exported), and run `reexport-guard policy "
		  "reload`: that is in force before anything is mounted");
}

/* Judges an export that only knfsd's cache has. */
static void check_unseen(const struct rg_reexport_facts *r, size_t i, struct rg_findings *f)
{
	const struct rg_export *e = &r->exports.at[i];

	if (e->from != RG_FROM(RG_FROM_KERNEL))
		return;
	if (rg_reexport_mount(r, i)) {
		rg_find(f, RG_WARNING, RG_F_EXPORTS_UNSEEN, e->path,
			"%s: knfsd exports it, and no file of this host does; its NFS server runs "
			"in a container perhaps. It is guarded now; after a reboot nothing says "
			"that "
			"it is exported until an end client comes, and by then local applications "
			"were let in",
			e->origin);
		remedy_all(f);
	} else {
		rg_find(f, RG_WARNING, RG_F_EXPORTS_UNSEEN, e->path,
			"%s: knfsd exports it, no file of this host does, and it is on no NFS "
			"mount "
			"of this mount namespace: if it is a path in a container, what lies there "
			"cannot be seen from here",
			e->origin);
		rg_remedy(f, "set `all = yes` in section [mounts] of /etc/reexport-guard.conf, or "
			     "check in that mount namespace: `nsenter -t PID -m reexport-guard "
			     "check`");
	}
}

/* Reports that knfsd has end clients although no export is seen. */
static void check_unseen_clients(const struct rg_reexport_facts *r, long long threads,
				 unsigned int n_clients, struct rg_findings *f)
{
	bool any = r->exports.n;

	if (any || r->exports_err || threads <= 0 || !n_clients)
		return;
	rg_find(f, RG_WARNING, RG_F_EXPORTS_UNSEEN, NULL,
		"knfsd has %u end clients, and no export is seen: neither in %s, %s and %s nor in "
		"knfsd's own list. No mount is guarded",
		n_clients, RG_EXPORTS, RG_EXPORTS_D, r->where.etab);
	rg_remedy(f, "find out who started knfsd (a container?); until then set `all = yes` in "
		     "section [mounts] of /etc/reexport-guard.conf");
}

static void check_automount(const struct rg_reexport_facts *r, size_t i, struct rg_findings *f)
{
	const struct rg_export *e = &r->exports.at[i];
	const struct rg_place *at = waiting_automount(r, i);

	if (!at)
		return;
	rg_find(f, RG_WARNING, RG_F_EXPORT_AUTOMOUNT, e->path,
		"%s: is exported, and the automounter's mount point %s has nothing mounted now. "
		"After "
		"a reboot it is mounted when somebody first goes there: knfsd's grace period may "
		"begin without it, its options cannot be checked now, and an idle timeout takes "
		"it away again",
		e->origin, at->target);
	rg_remedy(f, "mount it at boot, without an automounter, by a unit of your own that is "
		     "After=remote-fs-pre.target and Before=nfs-server.service");
}

/* ---- fsid= ---- */

/* Reports options behind a blank, which nfs-utils gives to everybody (getexportent(),
 * support/nfs/exports.c). */
static void check_blank(const struct rg_reexport_facts *r, size_t i, struct rg_findings *f)
{
	const struct rg_export *e = &r->exports.at[i];

	for (size_t c = 0; c < e->n_clients; c++) {
		const struct rg_export_client *client = &e->clients[c];

		if (!client->before_blank)
			continue;
		rg_find(f, RG_PROBLEM, RG_F_EXPORT_BLANK, e->path,
			"%s: a blank between client %s and its options: %s has default options "
			"(read-only, no fsid=), and the options are everybody's: every host can "
			"mount it by them",
			client->origin, client->name, client->name);
		rg_remedy(f, "take the blank before ( away, and run `%s`", rg_exports_apply(r));
	}
}

static bool uses_reexport(const struct rg_reexport_facts *r)
{
	for (size_t i = 0; i < r->exports.n; i++)
		if (r->exports.at[i].options.reexport != RG_REEXPORT_NONE)
			return true;
	return false;
}

/* Says whether another line has the same client of this export with a number. */
static bool has_fsid_in_file(const struct rg_export *e, const char *name)
{
	for (size_t c = 0; c < e->n_clients; c++)
		if (e->clients[c].source == RG_FROM_FILE && !e->clients[c].options.no_fsid &&
		    strcmp(e->clients[c].name, name) == 0)
			return true;
	return false;
}

/* The remedy depends on where the client is written. */
static void remedy_fsid(const struct rg_reexport_facts *r, const struct rg_export *e,
			const struct rg_export_client *client, struct rg_findings *f)
{
	const char *how = uses_reexport(r) ? "reexport=auto-fsidnum"
					   : "fsid=N (an N that no other export has)";

	if (client->source == RG_FROM_KERNEL) {
		rg_remedy(f, "add %s where its NFS server has its exports (a container?)", how);
	} else if (client->source == RG_FROM_FILE) {
		rg_remedy(f, "add %s, and run `%s`", how, rg_exports_apply(r));
	} else if (has_fsid_in_file(e, client->name)) {
		rg_remedy(f, "run `%s`: the file says it, and it is not in force yet",
			  rg_exports_apply(r));
	} else {
		rg_remedy(f,
			  "add %s where it is made: it is in no file, so a cluster's resource "
			  "(parameter fsid or options of ocf:heartbeat:exportfs) or somebody's "
			  "`exportfs -o` did that. Do not run `exportfs -r`: it takes away what no "
			  "file names",
			  how);
	}
}

static void check_fsid(const struct rg_reexport_facts *r, size_t i, struct rg_findings *f)
{
	const struct rg_export *e = &r->exports.at[i];

	for (size_t c = 0; c < e->n_clients; c++) {
		const struct rg_export_client *client = &e->clients[c];

		if (!client->options.no_fsid || client->before_blank)
			continue;
		rg_find(f, RG_PROBLEM, RG_F_EXPORT_FSID, e->path,
			"%s: exported to %s without fsid=. An NFS mount has no number that stays "
			"the same over a reboot: exportfs refuses it, or end clients' file handles "
			"go stale and with them their reclaims",
			client->origin, client->name);
		remedy_fsid(r, e, client, f);
		return; /* one is enough: the others are found when this one is mended */
	}
}

/* Returns the first client of an export that has this number. */
static const struct rg_export_client *with_fsid(const struct rg_export *e, const char *fsid)
{
	for (size_t c = 0; c < e->n_clients; c++)
		if (strcmp(e->clients[c].options.fsid, fsid) == 0)
			return &e->clients[c];
	return NULL;
}

/* Says whether two exports lead to the same directory by different names. */
static bool is_same_place(const struct rg_reexport_facts *r, size_t i, size_t j)
{
	return strcmp(r->real[i], r->real[j]) == 0;
}

static void check_fsid_twice(const struct rg_reexport_facts *r, size_t i, struct rg_findings *f)
{
	const struct rg_export *e = &r->exports.at[i];

	for (size_t c = 0; c < e->n_clients; c++) {
		const struct rg_export_client *client = &e->clients[c], *twin = NULL;
		size_t j = 0;

		for (; client->options.fsid[0] && j < i && !twin; j++) {
			twin = with_fsid(&r->exports.at[j], client->options.fsid);
			if (twin && (is_same_place(r, i, j) ||
				     (!rg_reexport_mount(r, i) && !rg_reexport_mount(r, j))))
				twin = NULL;
		}
		if (!twin)
			continue;
		rg_find(f, RG_PROBLEM, RG_F_EXPORT_FSID_TWICE, e->path,
			"%s: fsid=%s, which %s (%s) has as well: after a reboot end clients' file "
			"handles may lead to the other one",
			client->origin, client->options.fsid, r->exports.at[j - 1].path,
			twin->origin);
		if (is_of_etab_alone(e))
			rg_remedy(f, "give each export an fsid of its own where it is made (a "
				     "cluster's resource, or `exportfs -o`); do not run "
				     "`exportfs -r`, which takes away what no file names");
		else
			rg_remedy(f, "give each export an fsid of its own, and run `%s`",
				  rg_exports_apply(r));
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

bool rg_export_leads_to(const struct rg_reexport_facts *r, size_t i,
			const struct rg_export_client *client, const char *target)
{
	if (!client->options.crossmnt || strcmp(target, r->real[i]) == 0 ||
	    !rg_is_below(target, r->real[i]))
		return false;
	for (size_t j = 0; j < r->exports.n; j++) {
		const struct rg_export *e = &r->exports.at[j];

		if (strcmp(r->real[j], r->real[i]) == 0 || !rg_is_below(r->real[j], r->real[i]) ||
		    !rg_is_below(target, r->real[j]))
			continue;
		for (size_t c = 0; c < e->n_clients; c++)
			if (e->clients[c].options.crossmnt &&
			    (strcmp(e->clients[c].name, client->name) == 0 ||
			     strcmp(e->clients[c].name, "*") == 0))
				return false;
	}
	return true;
}

static bool leads_to(const struct rg_reexport_facts *r, size_t i, const char *target)
{
	const struct rg_export *e = &r->exports.at[i];

	for (size_t c = 0; c < e->n_clients; c++)
		if (rg_export_leads_to(r, i, &e->clients[c], target))
			return true;
	return false;
}

/* Returns an NFS mount below the export that end clients reach through it and that has no export
 * of its own. */
static const struct rg_mount *crossed(const struct rg_reexport_facts *r, size_t i)
{
	const struct rg_mount *at = rg_reexport_mount(r, i);

	for (size_t j = 0; j < r->mounts.n; j++) {
		const struct rg_mount *m = &r->mounts.at[j];

		if (m != at && leads_to(r, i, m->target) && !is_exported(r, m->target))
			return m;
	}
	return NULL;
}

static void check_crossmnt(const struct rg_reexport_facts *r, size_t i, struct rg_findings *f)
{
	const struct rg_export *e = &r->exports.at[i];
	const struct rg_mount *m = e->options.crossmnt ? crossed(r, i) : NULL;

	/* mountd exports the mounts below with the same reexport=, which finds a number. */
	if (e->options.reexport != RG_REEXPORT_NONE)
		return;
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

void rg_exports_check(const struct rg_reexport_facts *r, long long threads, unsigned int n_clients,
		      bool guards_all, struct rg_findings *f)
{
	check_read(r, f);
	check_sum(r, f);
	if (!guards_all)
		check_unseen_clients(r, threads, n_clients, f);
	for (size_t i = 0; i < r->exports.n; i++) {
		if (!guards_all)
			check_unseen(r, i, f);
		check_automount(r, i, f);
		if (rg_reexport_mount(r, i)) {
			check_blank(r, i, f);
			check_fsid(r, i, f);
		}
		check_fsid_twice(r, i, f);
		check_crossmnt(r, i, f);
	}
}
