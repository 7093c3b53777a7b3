// SPDX-License-Identifier: GPL-2.0-only
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include <ini.h>
#include <sqlite3.h>

#include "check/knfsd.h"
#include "check/root.h"

#define NFSD "/proc/fs/nfsd/"
#define NFS_CONF "/etc/nfs.conf"
#define STORAGE "/var/lib/nfs/nfsdcld"
#define NAME "nfsdcld"

/* ---- the process ---- */

/* 1, 0, or negative errno: that of another user cannot be looked at. */
static int is_of_this_netns(const char *root, const char *pid)
{
	char path[RG_ROOT_PATH], link[64];
	struct stat self, its;

	if (stat(rg_root_path(root, "/proc/self/ns/net", path), &self) < 0)
		return -errno;
	snprintf(link, sizeof(link), "/proc/%.20s/ns/net", pid);
	if (stat(rg_root_path(root, link, path), &its) < 0)
		return -errno;
	return self.st_dev == its.st_dev && self.st_ino == its.st_ino;
}

/* Its arguments, n bytes; 0: it is another program, or has ended and was not
 * waited for. */
static size_t args_of_nfsdcld(const char *root, const char *pid, char *args, size_t size)
{
	char path[64], full[RG_ROOT_PATH], comm[32];
	size_t n;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%.20s/comm", pid);
	if (rg_root_read(root, path, comm, sizeof(comm)) || strcmp(comm, NAME) != 0)
		return 0;
	snprintf(path, sizeof(path), "/proc/%.20s/cmdline", pid);
	file = fopen(rg_root_path(root, path, full), "re");
	if (!file)
		return 0;
	n = fread(args, 1, size - 1, file);
	args[n] = '\0';
	fclose(file);
	return n;
}

/* What follows "-s", "--storagedir" and the like in its arguments. */
static const char *storage_option(const char *args, size_t n)
{
	static const char name[] = "--storagedir";
	const char *end = args + n;

	for (const char *a = args; a < end; a += strlen(a) + 1) {
		const char *next = a + strlen(a) + 1;

		if (strcmp(a, "-s") == 0 || strcmp(a, name) == 0)
			return next < end ? next : NULL;
		if (strncmp(a, "-s", 2) == 0)
			return a + 2;
		if (strncmp(a, name, strlen(name)) == 0 && a[strlen(name)] == '=')
			return a + strlen(name) + 1;
	}
	return NULL;
}

static void find_process(const char *root, struct rg_knfsd_facts *k)
{
	char path[RG_ROOT_PATH], args[4096];
	struct dirent *e;
	DIR *d = opendir(rg_root_path(root, "/proc", path));

	while (d && !k->nfsdcld && (e = readdir(d))) {
		const char *storage;
		size_t n;
		int here;

		if (e->d_name[0] < '1' || e->d_name[0] > '9')
			continue;
		n = args_of_nfsdcld(root, e->d_name, args, sizeof(args));
		if (!n)
			continue;
		here = is_of_this_netns(root, e->d_name);
		if (!here)
			continue;
		k->netns_unknown = here < 0;
		k->nfsdcld = (unsigned int)strtoul(e->d_name, NULL, 10);
		storage = storage_option(args, n);
		if (storage && *storage == '/')
			snprintf(k->storage, sizeof(k->storage), "%s", storage);
	}
	if (d)
		closedir(d);
}

/* ---- its database ---- */

static int take_conf(void *user, const char *section, const char *name, const char *value)
{
	struct rg_knfsd_facts *k = user;

	if (strcmp(section, NAME) == 0 && strcmp(name, "storagedir") == 0 && *value == '/')
		snprintf(k->storage, sizeof(k->storage), "%s", value);
	return 1;
}

static int is_conf(const struct dirent *d)
{
	size_t n = strlen(d->d_name);

	return d->d_name[0] != '.' && n > 5 && strcmp(d->d_name + n - 5, ".conf") == 0;
}

/* nfs.conf, and then what goes over it: nfs.conf(5). */
static void read_conf(const char *root, struct rg_knfsd_facts *k)
{
	char path[RG_ROOT_PATH], file[RG_PATH_SIZE];
	struct dirent **list = NULL;
	int n;

	ini_parse(rg_root_path(root, NFS_CONF, path), take_conf, k);
	n = scandir(rg_root_path(root, NFS_CONF ".d", path), &list, is_conf, alphasort);
	for (int i = 0; i < n; i++) {
		snprintf(file, sizeof(file), NFS_CONF ".d/%s", list[i]->d_name);
		ini_parse(rg_root_path(root, file, path), take_conf, k);
		free(list[i]);
	}
	free(list);
}

/* The one row of a query, a number. 0 or an SQLITE_... */
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

/* One table of end clients an epoch of knfsd, utils/nfsdcld/sqlite.c of nfs-utils. */
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

static void read_database(const char *root, struct rg_knfsd_facts *k)
{
	char path[RG_PATH_SIZE + 16], full[RG_ROOT_PATH];
	sqlite3 *db = NULL;
	int err;

	snprintf(path, sizeof(path), "%s/main.sqlite", k->storage);
	k->recorded_err = rg_root_has(root, path);
	if (k->recorded_err < 0)
		return;
	k->recorded_err = k->recorded_err ? 0 : -ENOENT;
	if (k->recorded_err)
		return;
	err = sqlite3_open_v2(rg_root_path(root, path, full), &db, SQLITE_OPEN_READONLY, NULL);
	err = err ?: count_records(db, &k->recorded);
	if (err) {
		k->recorded_err = -EIO;
		snprintf(k->recorded_why, sizeof(k->recorded_why), "%s",
			 db ? sqlite3_errmsg(db) : sqlite3_errstr(err));
	}
	sqlite3_close(db);
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
	k->nlm_err = rg_root_number(root, "/proc/sys/fs/nfs/nlm_grace_period", &k->nlm_grace_s);
	err = rg_root_number(root, "/proc/sys/fs/nfs/nlm_timeout", &k->nlm_timeout_s);
	k->nlm_err = k->nlm_err ?: err;

	strcpy(k->storage, STORAGE);
	read_conf(root, k);
	find_process(root, k);
	if (statfs(rg_root_path(root, k->storage, path), &fs) < 0)
		k->storage_err = -errno;
	else
		k->storage_magic = (long)fs.f_type;
	read_database(root, k);
}
