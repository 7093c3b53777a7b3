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

#include "mounts/exports_list.h"
#include "base/log.h"

#define SUFFIX ".exports"

/* ---- files ---- */

/* All there is to read, or up to RG_EXPORTS_BYTES. Owned by the caller (free). */
static int slurp(int fd, char **bytes, size_t *n)
{
	size_t room = 0;
	ssize_t got;

	*bytes = NULL;
	*n = 0;
	for (;;) {
		if (*n == room) {
			char *more = realloc(*bytes, room ? 2 * room : 4096);

			if (!more)
				return -ENOMEM;
			*bytes = more;
			room = room ? 2 * room : 4096;
		}
		got = read(fd, *bytes + *n, room - *n);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return got < 0 ? -errno : 0;
		*n += (size_t)got;
		if (*n > RG_EXPORTS_BYTES)
			return -EFBIG;
	}
}

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
		err = slurp(fd, bytes, n);
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

int rg_exports_parse_file(struct rg_exports *out, const char *file, rg_exports_bad bad, void *arg)
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
		err = rg_exports_parse(out, bytes, n, false, file, bad, arg);
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
	int err = rg_exports_parse_file(out, exports, bad, arg), n;
	char **files;

	n = list_files(exports_d, &files);
	if (n < 0) {
		complain_of_file(exports_d, n, bad, arg);
		err = err ?: n;
	}
	for (int i = 0; i < n; i++) {
		int one = rg_exports_parse_file(out, files[i], bad, arg);

		err = err ?: one;
	}
	free_files(files);
	return err;
}

/* ---- all of it ---- */

int rg_exports_resolve(struct rg_exports *exports, const struct rg_mounts *mounts)
{
	size_t n = exports->n;
	int err = 0;

	for (size_t i = 0; i < n && !err; i++) {
		const struct rg_export one = exports->at[i];
		char to[RG_PATH_SIZE];

		/* What cannot be resolved leads nowhere, for exportfs as well. */
		if (rg_mounts_resolve(mounts, one.path, to) == 0 && strcmp(to, one.path) != 0)
			err = rg_exports_add(exports, to, &one.options, one.origin);
	}
	rg_exports_merge(exports);
	return err;
}

int rg_exports_collect(struct rg_exports *out, bool ask, rg_exports_bad bad, void *arg)
{
	struct rg_mounts mounts;
	int err = ask ? rg_exports_of_exportfs(out, bad, arg) : 0, one;

	/* exportfs asks DNS about each client: at boot that may take too long,
	 * and a client that is not found is left out. What it reads is a file in
	 * the format of exports(5), written by itself, and there to be read. */
	one = access(RG_ETAB, R_OK) ? -errno : rg_exports_parse_file(out, RG_ETAB, NULL, NULL);
	if (err == -ENOENT || one == 0)
		err = 0;
	if (one != -ENOENT && one != -ENOTDIR)
		err = err ?: one;
	one = rg_exports_read(out, RG_EXPORTS, RG_EXPORTS_D, bad, arg);
	err = err ?: one;
	one = rg_mounts_read("/proc/self/mountinfo", &mounts);
	if (!one) {
		one = rg_exports_resolve(out, &mounts);
		rg_mounts_free(&mounts);
	}
	return err ?: one;
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
	}
	*n = exports->n;
	return 0;
}
