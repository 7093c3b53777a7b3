// SPDX-License-Identifier: GPL-2.0-only
#include "check/reexport.h"

#include <errno.h>
#include <string.h>

#include <linux/magic.h>

#include "mounts/below.h"

/* Says whether an fsid is a number: not a UUID, and not 0, the root of NFSv4's tree. */
static bool is_numeric(const char *fsid)
{
	return fsid[0] && strcmp(fsid, "0") != 0 && !fsid[strspn(fsid, "0123456789")];
}

/* Says whether nfs-utils asks fsidd for this client's number
 * (reexpdb_apply_reexport_settings()). */
static bool asks_fsidd(const struct rg_export_client *client)
{
	const char *fsid = client->options.fsid;

	return client->options.reexport != RG_REEXPORT_NONE && (!fsid[0] || is_numeric(fsid));
}

/* Returns the first client of all exports with reexport=, or NULL. */
static const struct rg_export_client *first_with_reexport(const struct rg_reexport_facts *r)
{
	for (size_t i = 0; i < r->exports.n; i++)
		for (size_t c = 0; c < r->exports.at[i].n_clients; c++)
			if (r->exports.at[i].clients[c].options.reexport != RG_REEXPORT_NONE)
				return &r->exports.at[i].clients[c];
	return NULL;
}

static bool anybody_asks(const struct rg_reexport_facts *r)
{
	for (size_t i = 0; i < r->exports.n; i++)
		for (size_t c = 0; c < r->exports.at[i].n_clients; c++)
			if (asks_fsidd(&r->exports.at[i].clients[c]))
				return true;
	return false;
}

/* Returns a path as nfs-utils has it, below `rootdir`. */
static const char *own_path(const struct rg_reexport_facts *r, const char *path)
{
	const char *rootdir = r->where.rootdir;

	return rootdir[0] && rg_is_below(path, rootdir) ? path + strlen(rootdir) : path;
}

static const struct rg_fsidnum *by_path(const struct rg_fsidd_facts *d, const char *path)
{
	for (size_t i = 0; i < d->n; i++)
		if (strcmp(d->at[i].path, path) == 0)
			return &d->at[i];
	return NULL;
}

static const struct rg_fsidnum *by_number(const struct rg_fsidd_facts *d, const char *fsid)
{
	char text[32];

	for (size_t i = 0; i < d->n; i++) {
		snprintf(text, sizeof(text), "%lu", d->at[i].num);
		if (strcmp(text, fsid) == 0)
			return &d->at[i];
	}
	return NULL;
}

/* ---- what exportfs stops at ---- */

static void check_words(const struct rg_reexport_facts *r, const struct rg_export *e,
			const struct rg_export_client *client, struct rg_findings *f)
{
	if (client->options.fsid_late) {
		rg_find(f, RG_PROBLEM, RG_F_EXPORT_REEXPORT, e->path,
			"%s: fsid= stands after reexport= for client %s: exportfs stops there with "
			"an error, and reads the file no further",
			client->origin, client->name);
		rg_remedy(f, "take fsid= away, or write it before reexport=; then run `%s`",
			  rg_exports_apply(r));
	} else if (client->options.reexport_bad) {
		rg_find(f, RG_PROBLEM, RG_F_EXPORT_REEXPORT, e->path,
			"%s: reexport= is there twice for client %s, or is none that nfs-utils "
			"knows: exportfs stops there with an error, and reads the file no further",
			client->origin, client->name);
		rg_remedy(f,
			  "write reexport=auto-fsidnum or reexport=predefined-fsidnum once; then "
			  "run `%s`",
			  rg_exports_apply(r));
	}
}

static void check_version(const struct rg_fsidd_facts *d, const struct rg_export_client *first,
			  struct rg_findings *f)
{
	if (d->exportfs_knows)
		return;
	rg_find(f, RG_PROBLEM, RG_F_EXPORT_REEXPORT, "exportfs",
		"%s: reexport= is none of the options that this host's exportfs knows (nfs-utils "
		"before 2.6.3): it stops there with an error, and reads the file no further",
		first->origin);
	rg_remedy(f, "install nfs-utils 2.6.3 or later, or write fsid=N in place of reexport=");
}

/* ---- numbers ---- */

/* Next to reexport= no other export may have a number (exports(5)): fsidd takes the smallest one
 * that its own database lacks (new_fsidnum_by_path()). */
static void check_beside(const struct rg_fsidd_facts *d, const struct rg_export *e,
			 const struct rg_export_client *client,
			 const struct rg_export_client *first, struct rg_findings *f)
{
	const struct rg_fsidnum *taken;

	if (client->options.reexport != RG_REEXPORT_NONE || !is_numeric(client->options.fsid))
		return;
	taken = by_number(d, client->options.fsid);
	rg_find(f, RG_PROBLEM, RG_F_EXPORT_REEXPORT, e->path,
		"%s: fsid=%s, while %s has reexport=: fsidd gives numbers from 1 on and does not "
		"know "
		"of this one%s%s, so two exports have the same number now or later, and file "
		"handles may lead to the other one",
		client->origin, client->options.fsid, first->origin,
		taken ? "; it has given it to " : "", taken ? taken->path : "");
	rg_remedy(f,
		  "write reexport=auto-fsidnum in place of fsid=%s (on a local file system: no "
		  "fsid=), while no end client has it mounted, as its file handles change",
		  client->options.fsid);
}

static void find_no_number(const struct rg_fsidd_facts *d, const char *path,
			   const struct rg_export_client *client, struct rg_findings *f)
{
	if (d->db_err && d->db_err != -ENOENT) {
		rg_find(f, RG_UNKNOWN, RG_F_EXPORT_REEXPORT, path,
			"%s: reexport=predefined-fsidnum, and whether %s has a number for it "
			"cannot "
			"be seen: %s",
			client->origin, d->db,
			d->db_err == -EIO ? "it is none of fsidd's" : rg_strerror(d->db_err));
		rg_remedy(f, "check as root");
		return;
	}
	rg_find(f, RG_PROBLEM, RG_F_EXPORT_REEXPORT, path,
		"%s: reexport=predefined-fsidnum, and %s has no number for it: exportfs refuses it",
		client->origin, d->db);
	rg_remedy(f, "write reexport=auto-fsidnum, which makes one");
}

/* mountd exports the mounts below with the same options, so each needs a number as well. */
static void check_below(const struct rg_reexport_facts *r, const struct rg_fsidd_facts *d, size_t i,
			const struct rg_export_client *client, struct rg_findings *f)
{
	for (size_t m = 0; m < r->mounts.n; m++) {
		const char *target = r->mounts.at[m].target;

		if (rg_export_leads_to(r, i, client, target) && !by_path(d, own_path(r, target)))
			find_no_number(d, target, client, f);
	}
}

static void check_number(const struct rg_reexport_facts *r, const struct rg_fsidd_facts *d,
			 size_t i, const struct rg_export_client *client, struct rg_findings *f)
{
	const struct rg_export *e = &r->exports.at[i];
	const struct rg_fsidnum *kept = by_path(d, own_path(r, e->path));
	const char *fsid = client->options.fsid;
	char number[32] = "";

	if (!asks_fsidd(client))
		return;
	if (kept)
		snprintf(number, sizeof(number), "%lu", kept->num);
	if (fsid[0] && kept && strcmp(number, fsid) != 0) {
		rg_find(f, RG_PROBLEM, RG_F_EXPORT_REEXPORT, e->path,
			"%s: fsid=%s with reexport=, and %s has the number %s for it: exportfs "
			"refuses "
			"what does not agree",
			client->origin, fsid, d->db, number);
		rg_remedy(f, "write fsid=%s, or no fsid=, and run `%s`", number,
			  rg_exports_apply(r));
	} else if (client->options.reexport == RG_REEXPORT_PREDEFINED) {
		if (!kept && !fsid[0])
			find_no_number(d, e->path, client, f);
		check_below(r, d, i, client, f);
	} else if (fsid[0] && !kept) {
		rg_find(f, RG_WARNING, RG_F_EXPORT_REEXPORT, e->path,
			"%s: fsid=%s with reexport=auto-fsidnum, and %s has no number for it: "
			"fsidd "
			"takes the smallest that is free, and exportfs refuses what does not agree",
			client->origin, fsid, d->db);
		rg_remedy(f, "take fsid=%s away, while no end client has it mounted", fsid);
	}
}

/* ---- fsidd ---- */

static bool is_volatile(const struct rg_fsidd_facts *d)
{
	return strncmp(d->db, "/run/", 5) == 0 || strncmp(d->db, "/var/run/", 9) == 0 ||
	       (!d->db_err && (d->db_magic == TMPFS_MAGIC || d->db_magic == RAMFS_MAGIC));
}

static void check_database(const struct rg_fsidd_facts *d, struct rg_findings *f)
{
	if (is_volatile(d)) {
		rg_find(f, RG_PROBLEM, RG_F_FSIDD, d->db,
			"fsidd's database is in memory: after a reboot exports have other numbers, "
			"and "
			"end clients' file handles lead nowhere or elsewhere");
		if (d->db_at[0])
			rg_remedy(f, "put it on a disk: change sqlitedb where it is set (%s)",
				  d->db_at);
		else
			rg_remedy(f, "put it on a disk: set sqlitedb in section [reexport] of "
				     "/etc/nfs.conf");
	} else if (d->db_err && d->db_err != -ENOENT) {
		rg_find(f, RG_UNKNOWN, RG_F_FSIDD, d->db, "cannot be read: %s",
			d->db_err == -EIO ? "it is none of fsidd's" : rg_strerror(d->db_err));
		rg_remedy(f, "check as root");
	}
}

static void check_fsidd(const struct rg_fsidd_facts *d, const struct rg_export_client *first,
			struct rg_findings *f)
{
	bool once = !d->db_err || d->has_socket == 1;

	if (d->pid || (d->has_socket == 1 && d->socket[0] == '@')) {
		rg_find(f, RG_OK, RG_F_FSIDD, d->db, "fsidd runs, and has %zu numbers", d->n);
	} else if (d->unseen && once) {
		rg_find(f, RG_UNKNOWN, RG_F_FSIDD, d->db,
			"fsidd has its %s; whether it runs cannot be seen, as no process can",
			d->db_err ? "socket" : "database");
	} else {
		rg_find(f, RG_PROBLEM, RG_F_FSIDD, d->db,
			"fsidd does not run (no process, no socket %s%s), and %s has reexport=: no "
			"number can be had, and exportfs and mountd refuse such exports",
			d->socket, d->db_err == -ENOENT ? ", no database" : "", first->origin);
		rg_remedy(f,
			  "run `systemctl enable --now fsidd` (nfs-utils 2.6.3 and later), which "
			  "starts before nfs-mountd and nfs-server; or write fsid=N in place of "
			  "reexport=");
	}
	check_database(d, f);
}

void rg_reexport_check(const struct rg_reexport_facts *r, const struct rg_fsidd_facts *d,
		       struct rg_findings *f)
{
	const struct rg_export_client *first = first_with_reexport(r);

	if (first)
		check_version(d, first, f);
	for (size_t i = 0; i < r->exports.n; i++) {
		const struct rg_export *e = &r->exports.at[i];

		for (size_t c = 0; c < e->n_clients; c++) {
			check_words(r, e, &e->clients[c], f);
			if (!first)
				continue;
			check_beside(d, e, &e->clients[c], first, f);
			if (!e->clients[c].options.fsid_late)
				check_number(r, d, i, &e->clients[c], f);
		}
	}
	if (anybody_asks(r))
		check_fsidd(d, first, f);
}
