// SPDX-License-Identifier: GPL-2.0-only
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include <sqlite3.h>

#include "check/knfsd.h"
#include "check/process.h"
#include "check/root.h"
#include "mounts/nfsconf.h"

#define NFSD "/proc/fs/nfsd/"
#define STORAGE "/var/lib/nfs/nfsdcld"
#define CLTRACK "/var/lib/nfs/nfsdcltrack"

/* ---- nfs.conf ---- */

/* Reads a path of nfs.conf into buf (RG_PATH_SIZE bytes), and the line that sets it. Returns
 * false if none does. */
static bool take_path(const struct rg_nfsconf *conf, const char *section, const char *tag,
		      char *buf, char at[160])
{
	const struct rg_nfsconf_value *v = rg_nfsconf_find(conf, section, tag);

	if (!v || v->value[0] != '/')
		return false;
	snprintf(buf, RG_PATH_SIZE, "%s", v->value);
	if (at)
		snprintf(at, 160, "%s", v->origin);
	return true;
}

/* rpc.nfsd and nfsdctl accept a time above 0. */
static void take_time(const struct rg_nfsconf *conf, const char *tag, long long *seconds,
		      char at[160])
{
	const struct rg_nfsconf_value *v = rg_nfsconf_find(conf, "nfsd", tag);

	*seconds = 0;
	if (!rg_nfsconf_number(conf, "nfsd", tag, seconds) || *seconds <= 0)
		*seconds = 0;
	else
		snprintf(at, 160, "%s", v->origin);
}

static void read_conf(const char *root, struct rg_knfsd_facts *k)
{
	struct rg_nfsconf conf;

	k->conf_err = rg_nfsconf_read(root, true, &conf);
	snprintf(k->conf_trouble, sizeof(k->conf_trouble), "%s", conf.trouble);
	take_path(&conf, "nfsdcld", "storagedir", k->storage, k->storage_at);
	take_path(&conf, "nfsdcltrack", "storagedir", k->cltrack, NULL);
	take_time(&conf, "lease-time", &k->conf_lease_s, k->conf_at);
	take_time(&conf, "grace-time", &k->conf_grace_s, k->conf_at);
	rg_nfsconf_free(&conf);
}

static void find_process(const char *root, struct rg_knfsd_facts *k)
{
	struct rg_process p;
	const char *storage;

	rg_process_find(root, "nfsdcld", &p);
	k->nfsdcld = p.pid;
	k->nfsdcld_unseen = p.none_visible;
	k->netns_unknown = p.netns_unknown;
	storage = rg_process_option(&p, "-s", "--storagedir");
	if (!storage || *storage != '/')
		return;
	snprintf(k->storage, sizeof(k->storage), "%s", storage);
	snprintf(k->storage_at, sizeof(k->storage_at), "its option -s");
}

/* ---- its database ---- */

/* Reads the number that a query returns. Returns 0 or an SQLITE_... code. */
static int ask(sqlite3 *db, const char *query, long long *number)
{
	sqlite3_stmt *statement = NULL;
	int err = sqlite3_prepare_v2(db, query, -1, &statement, NULL);

	if (err == SQLITE_OK) {
		err = sqlite3_step(statement);
		if (err == SQLITE_ROW) {
			*number = sqlite3_column_int64(statement, 0);
			err = SQLITE_OK;
		} else if (err == SQLITE_DONE) {
			err = SQLITE_NOTFOUND;
		}
	}
	sqlite3_finalize(statement);
	return err;
}

/* nfsdcld keeps one table of end clients for each epoch of knfsd (utils/nfsdcld/sqlite.c of
 * nfs-utils). */
static int count_records(sqlite3 *db, long long *number)
{
	long long epoch = 0;
	char query[96];
	int err = sqlite3_busy_timeout(db, 1000);

	err = err ?: ask(db, "select current from grace", &epoch);
	if (err)
		return err;
	snprintf(query, sizeof(query), "select count(*) from \"rec-%016llx\"",
		 (unsigned long long)epoch);
	return ask(db, query, number);
}

static int count_cltrack(sqlite3 *db, long long *number)
{
	int err = sqlite3_busy_timeout(db, 1000);

	return err ?: ask(db, "select count(*) from clients", number);
}

/* Counts the end clients in DIR/main.sqlite. Returns 0; -ENOENT: no such file; -EIO, with
 * sqlite's message in `why` (128 bytes); or another negative errno. */
static int read_database(const char *root, const char *dir, int (*count)(sqlite3 *, long long *),
			 long long *number, char *why)
{
	char path[RG_PATH_SIZE + 16], full[RG_ROOT_PATH];
	sqlite3 *db = NULL;
	int err;

	snprintf(path, sizeof(path), "%s/main.sqlite", dir);
	err = rg_root_has(root, path);
	if (err <= 0)
		return err ?: -ENOENT;
	err = sqlite3_open_v2(rg_root_path(root, path, full), &db, SQLITE_OPEN_READONLY, NULL);
	err = err ?: count(db, number);
	if (err)
		snprintf(why, 128, "%s", db ? sqlite3_errmsg(db) : sqlite3_errstr(err));
	sqlite3_close(db);
	return err ? -EIO : 0;
}

/* ---- tracking without nfsdcld ---- */

/* There is a directory for each end client (nfs4_make_rec_clidname(), fs/nfsd/nfs4recover.c). */
static void read_legacy(const char *root, struct rg_knfsd_facts *k)
{
	char path[RG_ROOT_PATH];
	struct statfs fs;
	struct dirent *e;
	DIR *d;

	if (rg_root_read(root, NFSD "nfsv4recoverydir", k->legacy, sizeof(k->legacy)) ||
	    k->legacy[0] != '/') {
		k->legacy[0] = '\0';
		return;
	}
	d = opendir(rg_root_path(root, k->legacy, path));
	if (!d) {
		k->legacy_err = -errno;
		return;
	}
	if (statfs(path, &fs) == 0)
		k->legacy_magic = (long)fs.f_type;
	while ((e = readdir(d)))
		k->legacy_recorded += strspn(e->d_name, "0123456789abcdef") == 32 && !e->d_name[32];
	closedir(d);
}

/* The kernel runs this program if nfsdcld does not answer (fs/nfsd/nfs4recover.c). */
static void read_cltrack(const char *root, struct rg_knfsd_facts *k)
{
	char why[128];

	k->has_cltrack = rg_root_has(root, "/sbin/nfsdcltrack") == 1 ||
			 rg_root_has(root, "/usr/sbin/nfsdcltrack") == 1;
	k->cltrack_err = read_database(root, k->cltrack, count_cltrack, &k->cltrack_recorded, why);
}

/* Reads the number of threads, "th 8 ..." (nfsd_proc_show(), fs/nfsd/stats.c). */
static long long threads_of_net(const char *root)
{
	char text[8192];
	const char *th;

	if (rg_root_read(root, "/proc/net/rpc/nfsd", text, sizeof(text)))
		return 0;
	th = strstr(text, "\nth ");
	return th ? strtoll(th + 4, NULL, 10) : 0;
}

void rg_knfsd_gather(const char *root, struct rg_knfsd_facts *k)
{
	char path[RG_ROOT_PATH];
	struct statfs fs;
	int err;

	memset(k, 0, sizeof(*k));
	k->threads_err = rg_root_number(root, NFSD "threads", &k->threads);
	k->lease_err = rg_root_number(root, NFSD "nfsv4leasetime", &k->lease_s);
	k->grace_err = rg_root_number(root, NFSD "nfsv4gracetime", &k->grace_s);
	k->versions_err = rg_root_read(root, NFSD "versions", k->versions, sizeof(k->versions));
	k->threads_of_net = threads_of_net(root);
	k->nlm_err = rg_root_number(root, "/proc/sys/fs/nfs/nlm_grace_period", &k->nlm_grace_s);
	err = rg_root_number(root, "/proc/sys/fs/nfs/nlm_timeout", &k->nlm_timeout_s);
	k->nlm_err = k->nlm_err ?: err;

	strcpy(k->storage, STORAGE);
	strcpy(k->cltrack, CLTRACK);
	read_conf(root, k);
	find_process(root, k);
	if (statfs(rg_root_path(root, k->storage, path), &fs) < 0)
		k->storage_err = -errno;
	else
		k->storage_magic = (long)fs.f_type;
	k->recorded_err =
		read_database(root, k->storage, count_records, &k->recorded, k->recorded_why);
	read_legacy(root, k);
	read_cltrack(root, k);
}
