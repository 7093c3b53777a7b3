// SPDX-License-Identifier: GPL-2.0-only
#include "mounts/exports.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mounts/below.h"
#include "mounts/exports_list.h"
#include "mounts/nfsconf.h"
#include "mounts/resolve.h"
#include "base/log.h"
#include "base/whole_file.h"

#define SUFFIX ".exports"

/* ---- files ---- */

/* All there is to read, up to RG_EXPORTS_BYTES. The caller frees *bytes. */
static int read_regular(const char *file, char **bytes, size_t *n)
{
	/* Never waits for a writer, should it be a FIFO. */
	int fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY), err = 0;
	struct stat st;

	*bytes = NULL;
	*n = 0;
	if (fd < 0)
		return -errno;
	if (fstat(fd, &st))
		err = -errno;
	else if (S_ISDIR(st.st_mode))
		err = -EISDIR;
	else if (S_ISREG(st.st_mode))
		err = rg_read_whole_fd(fd, RG_EXPORTS_BYTES, bytes, n);
	else if (!S_ISCHR(st.st_mode)) /* a file masked by /dev/null is empty */
		err = -EINVAL;
	close(fd);
	return err;
}

static void complain_of_file(const char *file, int err, rg_exports_bad bad, void *arg)
{
	char what[128];

	snprintf(what, sizeof(what), "not read: %s",
		 err == -EINVAL ? "expected a regular file" : rg_strerror(err));
	if (bad)
		bad(arg, file, 0, what);
}

int rg_exports_parse_file(struct rg_exports *out, const char *file, enum rg_export_source source,
			  rg_exports_bad bad, void *arg)
{
	size_t n;
	char *bytes;
	int err = read_regular(file, &bytes, &n);

	if (err == -ENOENT || err == -ENOTDIR) {
		free(bytes);
		return 0;
	}
	if (err)
		complain_of_file(file, err, bad, arg);
	else
		err = rg_exports_parse(out, bytes, n, source, file, bad, arg);
	free(bytes);
	return err;
}

static int is_exports_file(const struct dirent *d)
{
	size_t n = strlen(d->d_name);

	if (d->d_type != DT_REG && d->d_type != DT_LNK && d->d_type != DT_UNKNOWN)
		return 0;
	return d->d_name[0] != '.' && n > strlen(SUFFIX) &&
	       strcmp(d->d_name + n - strlen(SUFFIX), SUFFIX) == 0;
}

/* The full names of *.exports in a directory, in nfs-utils' order. Returns how
 * many, or negative errno. Owned by the caller (free_files). */
static int list_files(const char *exports_d, char ***files)
{
	struct dirent **list = NULL;
	int n = scandir(exports_d, &list, is_exports_file, versionsort), err = 0;

	*files = NULL;
	if (n < 0)
		return errno == ENOENT || errno == ENOTDIR ? 0 : -errno;
	*files = calloc((size_t)n + 1, sizeof(**files));
	if (!*files)
		err = -ENOMEM;
	for (int i = 0; i < n; i++) {
		if (!err && asprintf(&(*files)[i], "%s/%s", exports_d, list[i]->d_name) < 0) {
			(*files)[i] = NULL;
			err = -ENOMEM;
		}
		free(list[i]);
	}
	free(list);
	return err ?: n;
}

static void free_files(char **files)
{
	for (char **f = files; f && *f; f++)
		free(*f);
	free(files);
}

int rg_exports_read(struct rg_exports *out, const char *exports, const char *exports_d,
		    rg_exports_bad bad, void *arg)
{
	int err = rg_exports_parse_file(out, exports, RG_FROM_FILE, bad, arg), n;
	char **files;

	n = list_files(exports_d, &files);
	if (n < 0) {
		complain_of_file(exports_d, n, bad, arg);
		err = err ?: n;
	}
	for (int i = 0; i < n; i++) {
		int one = rg_exports_parse_file(out, files[i], RG_FROM_FILE, bad, arg);

		err = err ?: one;
	}
	free_files(files);
	return err;
}

/* ---- where they are written ---- */

void rg_exports_where(const char *root, bool ask, struct rg_exports_where *where)
{
	const struct rg_nfsconf_value *rootdir;
	struct rg_nfsconf conf;
	const char *state;

	*where = (struct rg_exports_where){};
	snprintf(where->root, sizeof(where->root), "%s", root);
	where->conf_err = rg_nfsconf_read(root, ask, &conf);
	/* exportfs goes by mountd's first: read_exportfs_conf(), utils/exportfs/exportfs.c. */
	state = rg_nfsconf_get(&conf, "mountd", "state-directory-path")
			?: rg_nfsconf_get(&conf, "exportd", "state-directory-path");
	if (state && *state == '/')
		snprintf(where->etab, sizeof(where->etab), "%s/etab", state);
	else
		snprintf(where->etab, sizeof(where->etab), "%s", RG_ETAB);
	rootdir = rg_nfsconf_find(&conf, "exports", "rootdir");
	if (rootdir && rootdir->value[0] == '/' && rootdir->value[strspn(rootdir->value, "/")]) {
		snprintf(where->rootdir, sizeof(where->rootdir), "%s", rootdir->value);
		for (size_t n = strlen(where->rootdir); where->rootdir[n - 1] == '/'; n--)
			where->rootdir[n - 1] = '\0';
		snprintf(where->rootdir_at, sizeof(where->rootdir_at), "%s", rootdir->origin);
	}
	rg_nfsconf_free(&conf);
}

int rg_exports_real(const struct rg_exports_where *where, const struct rg_mounts *mounts,
		    const char *path, char *out)
{
	char jail[RG_PATH_SIZE];
	int err;

	if (!where->rootdir[0] || !rg_is_below(path, where->rootdir))
		return rg_mounts_resolve_in(mounts, where->root, "", path, out);
	err = rg_mounts_resolve_in(mounts, where->root, "", where->rootdir, jail);
	if (err)
		return err;
	return rg_mounts_resolve_in(mounts, where->root, strcmp(jail, "/") == 0 ? "" : jail,
				    path + strlen(where->rootdir), out);
}

int rg_exports_resolve(struct rg_exports *exports, const struct rg_exports_where *where,
		       const struct rg_mounts *mounts)
{
	size_t n = exports->n;
	int err = 0;

	for (size_t i = 0; i < n && !err; i++) {
		struct rg_export one = exports->at[i];
		char to[RG_PATH_SIZE];

		/* What cannot be resolved leads nowhere, for exportfs as well. */
		if (rg_exports_real(where, mounts, one.path, to) == 0 &&
		    strcmp(to, one.path) != 0) {
			one.path = to;
			err = rg_exports_add(exports, &one);
		}
	}
	rg_exports_merge(exports);
	return err;
}

/* ---- all of it ---- */

/* Reads a file of the host. *there: it can be read. 0 or negative errno, also of one that
 * is not there. */
static int read_one(struct rg_exports *out, const struct rg_exports_where *where, const char *file,
		    enum rg_export_source source)
{
	struct rg_exports found = {};
	char path[2 * RG_PATH_SIZE];
	size_t n;
	char *bytes;
	int err;

	snprintf(path, sizeof(path), "%s%s", where->root, file);
	err = read_regular(path, &bytes, &n);
	if (!err)
		err = rg_exports_parse(&found, bytes, n, source, file, NULL, NULL);
	free(bytes);
	err = err ?: rg_exports_move(out, &found);
	rg_exports_free(&found);
	return err;
}

/* What knfsd answers for now. A kernel that has no such file serves nothing. */
static int read_kernel(struct rg_exports *out, const struct rg_exports_where *where)
{
	int err = read_one(out, where, RG_EXPORTS_OF_KNFSD, RG_FROM_KERNEL);

	if (err == -ENOENT || err == -ENOTDIR)
		err = read_one(out, where, RG_EXPORTS_OF_KERNEL, RG_FROM_KERNEL);
	return err == -ENOENT || err == -ENOTDIR ? 0 : err;
}

/* The files and etab, whose paths are below `rootdir`. */
static int read_written(struct rg_exports *out, const struct rg_exports_where *where, bool ask,
			rg_exports_bad bad, void *arg)
{
	char exports[2 * RG_PATH_SIZE], exports_d[2 * RG_PATH_SIZE];
	int err = ask ? rg_exports_of_exportfs(out, bad, arg) : 0, one;

	/* exportfs asks DNS about each client: at boot that may take too long,
	 * and a client that is not found is left out. What it reads is a file in
	 * the format of exports(5), written by itself, and there to be read. */
	one = read_one(out, where, where->etab, RG_FROM_ETAB);
	if (err == -ENOENT || one == 0)
		err = 0;
	if (one != -ENOENT && one != -ENOTDIR)
		err = err ?: one;
	snprintf(exports, sizeof(exports), "%s%s", where->root, RG_EXPORTS);
	snprintf(exports_d, sizeof(exports_d), "%s%s", where->root, RG_EXPORTS_D);
	one = rg_exports_read(out, exports, exports_d, bad, arg);
	err = err ?: one;
	one = where->rootdir[0] ? rg_exports_prefix(out, where->rootdir) : 0;
	return err ?: one;
}

int rg_exports_collect(struct rg_exports *out, const struct rg_exports_where *where, bool ask,
		       rg_exports_bad bad, void *arg)
{
	struct rg_exports written = {};
	int err = read_written(&written, where, ask, bad, arg), one;

	one = rg_exports_move(out, &written);
	rg_exports_free(&written);
	err = err ?: one;
	one = read_kernel(out, where);
	err = err ?: one;
	return err ?: where->conf_err;
}

/* FNV-1a. */
static void mix(__u64 *stamp, const void *bytes, size_t n)
{
	const unsigned char *b = bytes;

	for (size_t i = 0; i < n; i++)
		*stamp = (*stamp ^ b[i]) * RG_FNV_PRIME;
}

static void mix_file(__u64 *stamp, const char *file)
{
	struct stat st;
	__u64 facts[7] = {0};

	if (stat(file, &st)) {
		facts[0] = (__u64)errno;
	} else {
		facts[1] = st.st_dev;
		facts[2] = st.st_ino;
		facts[3] = (__u64)st.st_size;
		facts[4] = (__u64)st.st_mtim.tv_sec * RG_NS_PER_SEC + (__u64)st.st_mtim.tv_nsec;
		/* for who sets the mtime back, and for the mode */
		facts[5] = (__u64)st.st_ctim.tv_sec * RG_NS_PER_SEC + (__u64)st.st_ctim.tv_nsec;
		facts[6] = st.st_mode;
	}
	mix(stamp, file, strlen(file) + 1);
	mix(stamp, facts, sizeof(facts));
}

__u64 rg_exports_stamp(const char *exports, const char *exports_d, const char *etab)
{
	__u64 stamp = RG_FNV_OFFSET;
	char **files;

	list_files(exports_d, &files);
	mix_file(&stamp, exports);
	mix_file(&stamp, exports_d);
	mix_file(&stamp, etab);
	for (char **f = files; f && *f; f++)
		mix_file(&stamp, *f);
	free_files(files);
	return stamp;
}

/* Which paths knfsd has. Their order in its cache says nothing. */
static void mix_kernel(__u64 *stamp, const struct rg_exports_where *where)
{
	struct rg_exports found = {};

	if (read_kernel(&found, where) == 0)
		for (size_t i = 0; i < found.n; i++) {
			mix(stamp, found.at[i].path, strlen(found.at[i].path) + 1);
			mix(stamp, &found.at[i].options.crossmnt, sizeof(bool));
		}
	rg_exports_free(&found);
}

__u64 rg_exports_stamp_here(void)
{
	struct rg_exports_where where;
	__u64 stamp;

	rg_exports_where("", false, &where);
	stamp = rg_exports_stamp(RG_EXPORTS, RG_EXPORTS_D, where.etab);
	mix(&stamp, where.rootdir, strlen(where.rootdir) + 1);
	mix_kernel(&stamp, &where);
	return stamp;
}

int rg_exports_rules(const struct rg_exports *exports, __u32 slot, struct rg_rule **rules,
		     size_t *n)
{
	*rules = NULL;
	*n = 0;
	if (exports->n > RG_MAX_RULES)
		return -E2BIG;
	*rules = calloc(exports->n + 1, sizeof(**rules));
	if (!*rules)
		return -ENOMEM;
	for (size_t i = 0; i < exports->n; i++) {
		const struct rg_export *e = &exports->at[i];
		struct rg_rule *r = &(*rules)[i];

		r->slot = slot;
		r->kind = e->options.crossmnt ? RG_RULE_EXPORT_TREE : RG_RULE_EXPORT;
		snprintf(r->path, sizeof(r->path), "%s", e->path);
		if (e->from == RG_FROM(RG_FROM_KERNEL))
			strcpy(r->source, RG_RULE_OF_KNFSD);
	}
	*n = exports->n;
	return 0;
}
