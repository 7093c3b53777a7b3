// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <sqlite3.h>

#include "check/process.h"
#include "check/reexport.h"
#include "check/root.h"
#include "mounts/nfsconf.h"

#define DATABASE "/var/lib/nfs/reexpdb.sqlite3"
#define SOCKET "@/run/fsid.sock"
#define MAX_NUMBERS 65536

/* ---- its socket ---- */

/* The last word of a line of /proc/net/unix is the name, with "@" for an abstract one. */
static int has_abstract(const char *root, const char *name)
{
	char path[RG_ROOT_PATH], line[512];
	FILE *f = fopen(rg_root_path(root, "/proc/net/unix", path), "re");
	size_t n = strlen(name);
	int found = 0;

	if (!f)
		return -errno;
	while (!found && fgets(line, sizeof(line), f)) {
		size_t len = strcspn(line, "\n");

		found = len > n && line[len - n - 1] == ' ' &&
			strncmp(line + len - n, name, n) == 0;
	}
	fclose(f);
	return found;
}

static void find_socket(const char *root, struct rg_fsidd_facts *d)
{
	d->has_socket =
		d->socket[0] == '@' ? has_abstract(root, d->socket) : rg_root_has(root, d->socket);
}

/* ---- its database ---- */

static int add_number(struct rg_fsidd_facts *d, unsigned long num, const char *path)
{
	struct rg_fsidnum *more;

	if (d->n >= MAX_NUMBERS)
		return -E2BIG;
	more = reallocarray(d->at, d->n + 1, sizeof(*more));
	if (!more)
		return -ENOMEM;
	d->at = more;
	more[d->n] = (struct rg_fsidnum){.num = num, .path = strdup(path)};
	if (!more[d->n].path)
		return -ENOMEM;
	d->n++;
	return 0;
}

/* A database that fsidd has not set up yet has no table and no numbers. */
static int read_numbers(struct rg_fsidd_facts *d, sqlite3 *db)
{
	static const char query[] = "select num, path from fsidnums";
	sqlite3_stmt *statement = NULL;
	int err = sqlite3_busy_timeout(db, 1000), failed = 0;

	err = err ?: sqlite3_prepare_v2(db, query, -1, &statement, NULL);
	if (err == SQLITE_ERROR && strstr(sqlite3_errmsg(db), "no such table"))
		err = SQLITE_DONE;
	while (!failed && (err == SQLITE_OK || err == SQLITE_ROW)) {
		err = sqlite3_step(statement);
		if (err == SQLITE_ROW)
			failed = add_number(d, (unsigned long)sqlite3_column_int64(statement, 0),
					    (const char *)sqlite3_column_text(statement, 1) ?: "");
	}
	sqlite3_finalize(statement);
	return failed ?: (err == SQLITE_DONE ? 0 : -EIO);
}

static void read_database(const char *root, struct rg_fsidd_facts *d)
{
	char path[RG_ROOT_PATH];
	struct statfs fs;
	sqlite3 *db = NULL;
	int there = rg_root_has(root, d->db);

	if (there <= 0) {
		d->db_err = there ?: -ENOENT;
		return;
	}
	rg_root_path(root, d->db, path);
	if (statfs(path, &fs) == 0)
		d->db_magic = (long)fs.f_type;
	if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL) != SQLITE_OK)
		d->db_err = -EIO;
	else
		d->db_err = read_numbers(d, db);
	sqlite3_close(db);
}

/* ---- exportfs ---- */

/* Says whether the program contains the option's word; that of nfs-utils 2.6.2 does not. */
static int knows(const char *root, const char *program)
{
	static const char word[] = "auto-fsidnum";
	char path[RG_ROOT_PATH];
	struct stat st;
	void *bytes;
	int fd = open(rg_root_path(root, program, path), O_RDONLY | O_CLOEXEC | O_NONBLOCK), found;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size <= 0) {
		close(fd);
		return -EINVAL;
	}
	bytes = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	close(fd);
	if (bytes == MAP_FAILED)
		return -errno;
	found = memmem(bytes, (size_t)st.st_size, word, strlen(word)) != NULL;
	munmap(bytes, (size_t)st.st_size);
	return found;
}

void rg_fsidd_gather(const char *root, struct rg_fsidd_facts *d)
{
	const struct rg_nfsconf_value *db;
	struct rg_nfsconf conf;
	struct rg_process p;

	*d = (struct rg_fsidd_facts){};
	rg_nfsconf_read(root, true, &conf);
	db = rg_nfsconf_find(&conf, "reexport", "sqlitedb");
	snprintf(d->db, sizeof(d->db), "%s", db ? db->value : DATABASE);
	snprintf(d->db_at, sizeof(d->db_at), "%s", db ? db->origin : "");
	snprintf(d->socket, sizeof(d->socket), "%s",
		 rg_nfsconf_get(&conf, "reexport", "fsidd_socket") ?: SOCKET);
	rg_nfsconf_free(&conf);
	rg_process_find(root, "fsidd", &p);
	d->pid = p.pid;
	d->unseen = p.none_visible;
	find_socket(root, d);
	read_database(root, d);
	d->exportfs_knows = knows(root, "/usr/sbin/exportfs");
	if (d->exportfs_knows < 0)
		d->exportfs_knows = knows(root, "/sbin/exportfs");
}

void rg_fsidd_free(struct rg_fsidd_facts *d)
{
	for (size_t i = 0; i < d->n; i++)
		free(d->at[i].path);
	free(d->at);
	*d = (struct rg_fsidd_facts){};
}
