// SPDX-License-Identifier: GPL-2.0-only
#include "mounts/exports_list.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void free_client(struct rg_export_client *client)
{
	free(client->name);
	free(client->origin);
}

void rg_export_free(struct rg_export *one)
{
	for (size_t i = 0; i < one->n_clients; i++)
		free_client(&one->clients[i]);
	free(one->clients);
	free(one->path);
	free(one->origin);
	*one = (struct rg_export){};
}

void rg_exports_free(struct rg_exports *exports)
{
	for (size_t i = 0; i < exports->n; i++)
		rg_export_free(&exports->at[i]);
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

void rg_export_options_join(struct rg_export_options *to, const struct rg_export_options *one)
{
	to->crossmnt |= one->crossmnt;
	to->no_fsid |= one->no_fsid;
	to->no_mountpoint |= one->no_mountpoint;
	to->fsid_late |= one->fsid_late;
	to->reexport_bad |= one->reexport_bad;
	if (to->reexport == RG_REEXPORT_NONE)
		to->reexport = one->reexport;
	if (!to->fsid[0])
		memcpy(to->fsid, one->fsid, sizeof(to->fsid));
}

int rg_export_add_client(struct rg_export *to, const struct rg_export_client *client)
{
	struct rg_export_client *more, copy = *client;

	more = reallocarray(to->clients, to->n_clients + 1, sizeof(*more));
	if (!more)
		return -ENOMEM;
	to->clients = more;
	copy.name = strdup(client->name);
	copy.origin = strdup(client->origin);
	if (!copy.name || !copy.origin) {
		free_client(&copy);
		return -ENOMEM;
	}
	more[to->n_clients++] = copy;
	to->from |= RG_FROM(copy.source);
	rg_export_options_join(&to->options, &copy.options);
	return 0;
}

int rg_exports_add(struct rg_exports *out, const struct rg_export *one)
{
	struct rg_export *more = reallocarray(out->at, out->n + 1, sizeof(*more)), copy = {};
	int err = 0;

	if (!more)
		return -ENOMEM;
	out->at = more;
	copy.from = one->from;
	copy.path = strdup(one->path);
	copy.origin = strdup(one->origin);
	for (size_t i = 0; i < one->n_clients && !err; i++)
		err = rg_export_add_client(&copy, &one->clients[i]);
	copy.options = one->options;
	if (err || !copy.path || !copy.origin) {
		rg_export_free(&copy);
		return -ENOMEM;
	}
	tidy(copy.path);
	more[out->n++] = copy;
	return 0;
}

/* By path; then the first line of a file, and files before exportfs. */
static int by_path(const void *a, const void *b)
{
	const struct rg_export *x = a, *y = b;

	return strcmp(x->path, y->path) ?: strverscmp(x->origin, y->origin);
}

/* Makes one of two of the same path; `one` is used up. A client for which there is no
 * memory is missing, what it has or lacks is not. */
static void join(struct rg_export *to, struct rg_export *one)
{
	for (size_t i = 0; i < one->n_clients; i++)
		rg_export_add_client(to, &one->clients[i]);
	to->from |= one->from;
	rg_export_options_join(&to->options, &one->options);
	rg_export_free(one);
}

void rg_exports_merge(struct rg_exports *out)
{
	size_t used = 0;

	if (out->n == 0)
		return;
	qsort(out->at, out->n, sizeof(*out->at), by_path);
	for (size_t i = 1; i < out->n; i++) {
		if (strcmp(out->at[used].path, out->at[i].path) == 0)
			join(&out->at[used], &out->at[i]);
		else
			out->at[++used] = out->at[i];
	}
	out->n = used + 1;
}

int rg_exports_prefix(struct rg_exports *exports, const char *dir)
{
	for (size_t i = 0; i < exports->n; i++) {
		char *path;

		if (asprintf(&path, "%s%s", dir, exports->at[i].path) < 0)
			return -ENOMEM;
		tidy(path);
		free(exports->at[i].path);
		exports->at[i].path = path;
	}
	return 0;
}

int rg_exports_move(struct rg_exports *to, struct rg_exports *from)
{
	int err = 0;

	for (size_t i = 0; i < from->n && !err; i++)
		err = rg_exports_add(to, &from->at[i]);
	if (!err)
		rg_exports_free(from);
	rg_exports_merge(to);
	return err;
}
