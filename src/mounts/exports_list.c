// SPDX-License-Identifier: GPL-2.0-only
#include "mounts/exports_list.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void rg_exports_free(struct rg_exports *exports)
{
	for (size_t i = 0; i < exports->n; i++) {
		free(exports->at[i].path);
		free(exports->at[i].origin);
	}
	free(exports->at);
	memset(exports, 0, sizeof(*exports));
}

/* Without "//", "/./" and a slash at the end. ".." stays: what it leads to
 * depends on links. */
static void tidy(char *path)
{
	char *to = path;

	for (const char *from = path; *from;) {
		size_t len = strcspn(from, "/");

		if (len && !(len == 1 && from[0] == '.')) {
			*to++ = '/';
			memmove(to, from, len);
			to += len;
		}
		from += len;
		from += strspn(from, "/");
	}
	if (to == path)
		*to++ = '/';
	*to = '\0';
}

int rg_exports_add(struct rg_exports *out, const char *path,
		   const struct rg_export_options *options, const char *origin)
{
	struct rg_export *e = out->at;

	/* The sizes 0, 1, 2, 4, ... are when it is full. */
	if ((out->n & (out->n - 1)) == 0) {
		e = reallocarray(out->at, out->n ? 2 * out->n : 1, sizeof(*e));
		if (!e)
			return -ENOMEM;
		out->at = e;
	}
	e += out->n;
	e->path = strdup(path);
	e->origin = strdup(origin);
	e->options = *options;
	if (!e->path || !e->origin) {
		free(e->path);
		free(e->origin);
		return -ENOMEM;
	}
	tidy(e->path);
	out->n++;
	return 0;
}

/* By path; then the first line of a file, and files before exportfs. */
static int by_path(const void *a, const void *b)
{
	const struct rg_export *x = a, *y = b;

	return strcmp(x->path, y->path) ?: strverscmp(x->origin, y->origin);
}

void rg_export_options_join(struct rg_export_options *to, const struct rg_export_options *one)
{
	to->crossmnt |= one->crossmnt;
	to->no_fsid |= one->no_fsid;
	to->no_mountpoint |= one->no_mountpoint;
	if (!to->fsid[0])
		memcpy(to->fsid, one->fsid, sizeof(to->fsid));
}

void rg_exports_merge(struct rg_exports *out)
{
	size_t used = 0;

	if (out->n == 0)
		return;
	qsort(out->at, out->n, sizeof(*out->at), by_path);
	for (size_t i = 1; i < out->n; i++) {
		struct rg_export *one = &out->at[i], *last = &out->at[used];

		if (strcmp(last->path, one->path) == 0) {
			rg_export_options_join(&last->options, &one->options);
			free(one->path);
			free(one->origin);
		} else {
			out->at[++used] = *one;
		}
	}
	out->n = used + 1;
}
