// SPDX-License-Identifier: GPL-2.0-only
#include "mounts/mounts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>

#include <libmount.h>

#include "mounts/below.h"

__u32 rg_kernel_dev(dev_t dev)
{
	return (__u32)major(dev) << 20 | minor(dev);
}

static bool is_one_of(const char *word, const char *const *list)
{
	while (*list && strcmp(word, *list) != 0)
		list++;
	return *list;
}

static bool is_nfs(struct libmnt_fs *fs)
{
	static const char *const types[] = {"nfs", "nfs4", NULL};

	return is_one_of(mnt_fs_get_fstype(fs) ?: "", types);
}

/* Adds to libmount's list of network file systems the ones it lacks, and autofs, which mounts a
 * file system when somebody looks at it. */
static bool is_remote(struct libmnt_fs *fs)
{
	static const char *const types[] = {"autofs", "ceph", "9p",	"afs",
					    "lustre", "gpfs", "beegfs", NULL};
	const char *type = mnt_fs_get_fstype(fs) ?: "";

	return mnt_fs_is_netfs(fs) || strncmp(type, "fuse", 4) == 0 || is_one_of(type, types);
}

static int add_nfs(struct rg_mounts *mounts, struct libmnt_fs *fs, char *target)
{
	struct rg_mount *more = reallocarray(mounts->at, mounts->n + 1, sizeof(*more));
	char *source, *options;

	if (!more)
		return -ENOMEM;
	mounts->at = more;
	source = strdup(mnt_fs_get_source(fs) ?: "");
	options = strdup(mnt_fs_get_fs_options(fs) ?: "");
	if (!source || !options) {
		free(source);
		free(options);
		return -ENOMEM;
	}
	more[mounts->n++] = (struct rg_mount){.dev = rg_kernel_dev(mnt_fs_get_devno(fs)),
					      .target = target,
					      .source = source,
					      .options = options};
	return 0;
}

static int add(struct rg_mounts *mounts, struct libmnt_fs *fs)
{
	struct rg_place *more = reallocarray(mounts->places, mounts->n_places + 1, sizeof(*more));
	char *target;

	if (!more)
		return -ENOMEM;
	mounts->places = more;
	target = strdup(mnt_fs_get_target(fs) ?: "");
	if (!target)
		return -ENOMEM;
	more += mounts->n_places;
	*more = (struct rg_place){.target = target,
				  .len = rg_top(target).n,
				  .id = mnt_fs_get_id(fs),
				  .parent = mnt_fs_get_parent_id(fs),
				  .nfs = -1,
				  .remote = is_remote(fs),
				  .automount = strcmp(mnt_fs_get_fstype(fs) ?: "", "autofs") == 0};
	if (is_nfs(fs)) {
		if (add_nfs(mounts, fs, target)) {
			free(target);
			return -ENOMEM;
		}
		more->nfs = (ssize_t)mounts->n - 1;
		more->remote = true;
	}
	mounts->n_places++;
	return 0;
}

static int by_number(const void *a, const void *b)
{
	const int *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* Marks the mounts whose parent is not in the table. / has a parent id as well, which no line
 * of the table has. */
static int find_tops(struct rg_mounts *mounts)
{
	size_t n = mounts->n_places;
	int *ids = calloc(n + 1, sizeof(*ids));

	if (!ids)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		ids[i] = mounts->places[i].id;
	qsort(ids, n, sizeof(*ids), by_number);
	for (size_t i = 0; i < n; i++) {
		struct rg_place *p = &mounts->places[i];

		p->top =
			p->parent == p->id || !bsearch(&p->parent, ids, n, sizeof(*ids), by_number);
	}
	free(ids);
	return 0;
}

int rg_mounts_read(const char *mountinfo, struct rg_mounts *mounts)
{
	struct libmnt_table *table = mnt_new_table();
	struct libmnt_iter *iter = mnt_new_iter(MNT_ITER_FORWARD);
	struct libmnt_fs *fs;
	int err = -ENOMEM;

	memset(mounts, 0, sizeof(*mounts));
	if (table && iter) {
		err = mnt_table_parse_file(table, mountinfo);
		if (err > 0)
			err = -EINVAL;
		while (!err && mnt_table_next_fs(table, iter, &fs) == 0)
			err = add(mounts, fs);
		err = err ?: find_tops(mounts);
	}
	mnt_free_iter(iter);
	mnt_unref_table(table);
	if (err)
		rg_mounts_free(mounts);
	return err;
}

void rg_mounts_free(struct rg_mounts *mounts)
{
	for (size_t i = 0; i < mounts->n_places; i++)
		free(mounts->places[i].target);
	for (size_t i = 0; i < mounts->n; i++) {
		free(mounts->at[i].source);
		free(mounts->at[i].options);
	}
	free(mounts->places);
	free(mounts->at);
	memset(mounts, 0, sizeof(*mounts));
}

static struct rg_top top_of_place(const struct rg_place *p)
{
	return (struct rg_top){.path = p->target, .n = p->len};
}

/* Starts at the root and steps to the mount on the current one that the path reaches first, until
 * there is none. There are at most as many steps as mounts, so a damaged table ends the loop, too.
 */
const struct rg_place *rg_place_of(const struct rg_mounts *mounts, const char *path)
{
	const struct rg_place *at = NULL;
	size_t n = strlen(path);

	for (size_t steps = 0; steps < mounts->n_places; steps++) {
		const struct rg_place *next = NULL;

		for (size_t i = 0; i < mounts->n_places; i++) {
			const struct rg_place *p = &mounts->places[i];

			if (at ? p->top || p->parent != at->id : !p->top)
				continue;
			if (rg_lies_below(path, n, top_of_place(p)) &&
			    (!next || p->len <= next->len))
				next = p;
		}
		if (!next)
			break;
		at = next;
	}
	return at;
}

const struct rg_mount *rg_mount_of(const struct rg_mounts *mounts, const char *path)
{
	const struct rg_place *place = rg_place_of(mounts, path);

	return place && place->nfs >= 0 ? &mounts->at[place->nfs] : NULL;
}

/* Returns the longest target above a path, of hidden mounts as well, if it is an NFS mount's.
 * NULL: there is none, or another file system's is longer. */
static const char *longest_target(const struct rg_mounts *mounts, const char *path)
{
	const struct rg_place *best = NULL;
	size_t n = strlen(path);

	for (size_t i = 0; i < mounts->n_places; i++) {
		const struct rg_place *p = &mounts->places[i];

		if (rg_lies_below(path, n, top_of_place(p)) &&
		    (!best || p->len > best->len || (p->len == best->len && p->nfs >= 0)))
			best = p;
	}
	return best && best->nfs >= 0 ? best->target : NULL;
}

bool rg_may_lie_on(const struct rg_mounts *mounts, const char *path, const struct rg_mount *mount)
{
	const char *longest;

	if (rg_mount_of(mounts, path) == mount)
		return true;
	longest = longest_target(mounts, path);
	return longest && strcmp(longest, mount->target) == 0;
}
