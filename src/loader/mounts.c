// SPDX-License-Identifier: GPL-2.0-only
#include "loader/mounts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>

#include <bpf/bpf.h>
#include <libmount.h>

__u32 rg_kernel_dev(dev_t dev)
{
	return (__u32)major(dev) << 20 | minor(dev);
}

static int add(struct rg_mounts *mounts, struct libmnt_fs *fs)
{
	struct rg_mount *more, *m;

	more = reallocarray(mounts->at, mounts->n + 1, sizeof(*more));
	if (!more)
		return -ENOMEM;
	mounts->at = more;
	m = &more[mounts->n];
	m->dev = rg_kernel_dev(mnt_fs_get_devno(fs));
	m->target = strdup(mnt_fs_get_target(fs) ?: "");
	m->source = strdup(mnt_fs_get_source(fs) ?: "");
	if (!m->target || !m->source) {
		free(m->target);
		free(m->source);
		return -ENOMEM;
	}
	mounts->n++;
	return 0;
}

static int add_other(struct rg_mounts *mounts, struct libmnt_fs *fs)
{
	char **more = reallocarray(mounts->others, mounts->n_others + 1, sizeof(*more));

	if (!more)
		return -ENOMEM;
	mounts->others = more;
	more[mounts->n_others] = strdup(mnt_fs_get_target(fs) ?: "");
	return more[mounts->n_others++] ? 0 : -ENOMEM;
}

static bool is_nfs(struct libmnt_fs *fs)
{
	const char *type = mnt_fs_get_fstype(fs);

	return type && (strcmp(type, "nfs") == 0 || strcmp(type, "nfs4") == 0);
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
			err = is_nfs(fs) ? add(mounts, fs) : add_other(mounts, fs);
	}
	mnt_free_iter(iter);
	mnt_unref_table(table);
	if (err)
		rg_mounts_free(mounts);
	return err;
}

void rg_mounts_free(struct rg_mounts *mounts)
{
	for (size_t i = 0; i < mounts->n; i++) {
		free(mounts->at[i].target);
		free(mounts->at[i].source);
	}
	free(mounts->at);
	for (size_t i = 0; i < mounts->n_others; i++)
		free(mounts->others[i]);
	free(mounts->others);
	memset(mounts, 0, sizeof(*mounts));
}

bool rg_is_below(const char *path, const char *top)
{
	size_t n = strlen(top);

	while (n > 1 && top[n - 1] == '/')
		n--;
	if (n == 0 || strncmp(path, top, n) != 0)
		return false;
	return path[n] == '\0' || path[n] == '/' || top[n - 1] == '/';
}

const struct rg_mount *rg_mount_of(const struct rg_mounts *mounts, const char *path)
{
	const struct rg_mount *best = NULL;

	/* The longest target; of equals the last, which lies on top. */
	for (size_t i = 0; i < mounts->n; i++)
		if (rg_is_below(path, mounts->at[i].target) &&
		    (!best || strlen(mounts->at[i].target) >= strlen(best->target)))
			best = &mounts->at[i];
	for (size_t i = 0; best && i < mounts->n_others; i++)
		if (strlen(mounts->others[i]) > strlen(best->target) &&
		    rg_is_below(path, mounts->others[i]))
			return NULL;
	return best;
}

bool rg_mount_is_guarded(const struct rg_mount *mount, const struct rg_path *paths, size_t n,
			 __u32 slot)
{
	for (size_t i = 0; i < n; i++) {
		if (paths[i].slot != slot)
			continue;
		if (rg_is_below(mount->target, paths[i].path))
			return true;
		if (paths[i].source[0] && rg_is_below(mount->source, paths[i].source))
			return true;
	}
	return false;
}

int rg_paths_read(const struct rg_pins *p, struct rg_path **paths, size_t *n)
{
	struct rg_meta meta;
	__u32 used;

	*paths = NULL;
	*n = 0;
	if (rg_pins_meta(p, &meta) < 0)
		return -errno;
	used = meta.paths < RG_MAX_PATHS ? meta.paths : RG_MAX_PATHS;
	*paths = calloc(used + 1, sizeof(**paths));
	if (!*paths)
		return -ENOMEM;
	for (__u32 i = 0; i < used; i++) {
		if (bpf_map_lookup_elem(p->map_fd[RG_MAP_PATHS], &i, &(*paths)[i]) < 0) {
			int err = -errno;

			free(*paths);
			*paths = NULL;
			return err;
		}
		(*paths)[i].path[RG_PATH_SIZE - 1] = '\0';
		(*paths)[i].source[RG_PATH_SIZE - 1] = '\0';
	}
	*n = used;
	return 0;
}

static int put(const struct rg_pins *p, __u32 dev, __u32 slot, __u32 class)
{
	struct rg_device d = {.slot = slot, .class = class}, there;

	/* Guarded by another namespace's gate: that one keeps it. */
	if (bpf_map_lookup_elem(p->map_fd[RG_MAP_DEVICES], &dev, &there) == 0 &&
	    there.slot != slot && there.class == RG_CLASS_GUARDED)
		return 0;
	return bpf_map_update_elem(p->map_fd[RG_MAP_DEVICES], &dev, &d, BPF_ANY) < 0 ? -errno : 0;
}

int rg_classify(const struct rg_pins *p, const struct rg_mounts *mounts,
		const struct rg_path *paths, size_t n, __u32 slot, bool all)
{
	int err = 0;

	/* With `all` the kernel goes by the superblock's own namespace, which
	 * the mount table does not show; an earlier policy's exemptions end. */
	if (all) {
		for (size_t i = 0; i < mounts->n && !err; i++) {
			struct rg_device there;

			if (bpf_map_lookup_elem(p->map_fd[RG_MAP_DEVICES], &mounts->at[i].dev,
						&there) == 0 &&
			    there.slot == slot && there.class == RG_CLASS_EXEMPT)
				bpf_map_delete_elem(p->map_fd[RG_MAP_DEVICES], &mounts->at[i].dev);
		}
		return 0;
	}
	for (size_t i = 0; i < mounts->n && !err; i++)
		if (rg_mount_is_guarded(&mounts->at[i], paths, n, slot))
			err = put(p, mounts->at[i].dev, slot, RG_CLASS_GUARDED);
	for (size_t i = 0; i < mounts->n && !err; i++) {
		bool guarded = false;

		/* One superblock may be mounted twice: guarded once is guarded. */
		for (size_t j = 0; j < mounts->n && !guarded; j++)
			guarded = mounts->at[j].dev == mounts->at[i].dev &&
				  rg_mount_is_guarded(&mounts->at[j], paths, n, slot);
		if (!guarded)
			err = put(p, mounts->at[i].dev, slot, RG_CLASS_EXEMPT);
	}
	return err;
}
