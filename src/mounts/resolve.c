// SPDX-License-Identifier: GPL-2.0-only
#include "mounts/resolve.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "rg_limits.h"

#define MAX_LINKS 40 /* MAXSYMLINKS, include/linux/namei.h */

/* A walk along a path, name by name. */
struct walk {
	const struct rg_mounts *mounts;
	const char *root;    /* the directory of the host's / */
	size_t jail;	     /* length of the root directory in out, which ".." never leaves */
	char *out;	     /* the part walked so far; "" is the host's / */
	size_t n;	     /* length of out */
	char left[PATH_MAX]; /* the part still to be walked */
};

/* Reads the link at `out` unless that may wait for a server. Returns the length of its text, or
 * less than 1: there is no link. */
static ssize_t read_link(const struct walk *w, char *text, size_t size)
{
	const struct rg_place *place = rg_place_of(w->mounts, w->out);
	char path[2 * RG_PATH_SIZE];

	if (place && place->remote)
		return -1;
	snprintf(path, sizeof(path), "%s%s", w->root, w->out);
	return readlink(path, text, size);
}

/* Steps to `name`. Returns 1 where that is a link, after putting its text before the part that is
 * still to be walked; 0; or a negative errno. */
static int walk_to(struct walk *w, const char *name, size_t name_n)
{
	char text[PATH_MAX];
	size_t old = w->n, left_n = strlen(w->left);
	ssize_t got;

	if (old + 1 + name_n >= RG_PATH_SIZE)
		return -ENAMETOOLONG;
	w->out[old] = '/';
	memcpy(w->out + old + 1, name, name_n);
	w->n = old + 1 + name_n;
	w->out[w->n] = '\0';

	got = read_link(w, text, sizeof(text));
	if (got <= 0)
		return 0; /* no link, or nothing exists there (yet) */
	if ((size_t)got + 1 + left_n >= PATH_MAX)
		return -ENAMETOOLONG;
	memmove(w->left + got + 1, w->left, left_n + 1);
	memcpy(w->left, text, (size_t)got);
	w->left[got] = '/';
	w->n = text[0] == '/' ? w->jail : old;
	w->out[w->n] = '\0';
	return 1;
}

static int walk(struct walk *w)
{
	char name[PATH_MAX];
	int links = 0;

	for (;;) {
		size_t skip = strspn(w->left, "/"), len = strcspn(w->left + skip, "/");
		int err;

		if (len == 0)
			return 0;
		memcpy(name, w->left + skip, len);
		name[len] = '\0';
		memmove(w->left, w->left + skip + len, strlen(w->left + skip + len) + 1);
		if (strcmp(name, ".") == 0)
			continue;
		if (strcmp(name, "..") == 0) {
			while (w->n > w->jail && w->out[--w->n] != '/')
				;
			w->out[w->n] = '\0';
			continue;
		}
		err = walk_to(w, name, len);
		if (err < 0)
			return err;
		links += err;
		if (links > MAX_LINKS)
			return -ELOOP;
	}
}

int rg_mounts_resolve_in(const struct rg_mounts *mounts, const char *root, const char *jail,
			 const char *path, char *out)
{
	struct walk w = {.mounts = mounts, .root = root, .jail = strlen(jail), .out = out};
	int err;

	if (path[0] != '/' && path[0])
		return -EINVAL;
	if (strlen(path) >= sizeof(w.left) || w.jail >= RG_PATH_SIZE)
		return -ENAMETOOLONG;
	strcpy(w.left, path);
	strcpy(out, jail);
	w.n = w.jail;
	err = walk(&w);
	if (!err && w.n == 0)
		strcpy(out, "/");
	return err;
}

int rg_mounts_resolve(const struct rg_mounts *mounts, const char *path, char *out)
{
	return path[0] == '/' ? rg_mounts_resolve_in(mounts, "", "", path, out) : -EINVAL;
}
