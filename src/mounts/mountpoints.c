// SPDX-License-Identifier: GPL-2.0-only
#include "mounts/mountpoints.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "rg_limits.h"

/* Orders by device, and of one device in the order of the table. */
static int by_dev_and_place(const void *a, const void *b)
{
	const struct rg_mount *const *x = a, *const *y = b;

	if ((*x)->dev != (*y)->dev)
		return (*x)->dev < (*y)->dev ? -1 : 1;
	return (*x > *y) - (*x < *y);
}

/* Returns the length without the slash at the end, which only / has. */
static size_t length(const char *path)
{
	size_t n = strlen(path);

	return n && path[n - 1] == '/' ? n - 1 : n;
}

int rg_mountpoints_of(const struct rg_mounts *mounts, struct rg_mountpoints *points)
{
	/* Not sizeof(*sorted): analyzers take the size of a pointer for a mistake. */
	const struct rg_mount **sorted = reallocarray(NULL, mounts->n + 1, sizeof(void *));
	struct rg_mountpoints made = {.at = calloc(mounts->n + 1, sizeof(*made.at))};

	if (!sorted || !made.at)
		goto no_memory;
	for (size_t i = 0; i < mounts->n; i++)
		sorted[i] = &mounts->at[i];
	qsort(sorted, mounts->n, sizeof(void *), by_dev_and_place);
	for (size_t i = 0; i < mounts->n; i++) {
		struct rg_mountpoint p = {.dev = sorted[i]->dev,
					  .path_n = length(sorted[i]->target)};

		if ((i && sorted[i - 1]->dev == p.dev) || p.path_n >= RG_PATH_SIZE)
			continue;
		p.path = strndup(sorted[i]->target, p.path_n);
		if (!p.path)
			goto no_memory;
		made.at[made.n++] = p;
	}
	free(sorted);
	rg_mountpoints_free(points);
	*points = made;
	return 0;

no_memory:
	free(sorted);
	rg_mountpoints_free(&made);
	return -ENOMEM;
}

void rg_mountpoints_free(struct rg_mountpoints *points)
{
	for (size_t i = 0; i < points->n; i++)
		free(points->at[i].path);
	free(points->at);
	*points = (struct rg_mountpoints){};
}

const struct rg_mountpoint *rg_mountpoint_find(const struct rg_mountpoints *points, __u32 dev)
{
	size_t low = 0, high = points ? points->n : 0;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (points->at[middle].dev == dev)
			return &points->at[middle];
		if (points->at[middle].dev < dev)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}
