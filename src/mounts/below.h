/* SPDX-License-Identifier: GPL-2.0-only */
/* Compares paths by whole names: /srv/a is below /srv, /srvx is not. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/* A directory that other paths may lie below. Points into the caller's string. */
struct rg_top {
	const char *path;
	size_t n; /* length of path without the slashes at its end; / has 1, "" has 0 */
};

static inline struct rg_top rg_top(const char *path)
{
	struct rg_top top = {.path = path, .n = strlen(path)};

	while (top.n > 1 && path[top.n - 1] == '/')
		top.n--;
	return top;
}

/* Says whether a path of n bytes is the top or lies below it; nothing is below "". Runs once
 * for every pair of rule and mount, so the cheap comparisons come first. */
static inline bool rg_lies_below(const char *path, size_t n, struct rg_top top)
{
	return top.n && n >= top.n &&
	       (path[top.n] == '\0' || path[top.n] == '/' || (top.n == 1 && *top.path == '/')) &&
	       memcmp(path, top.path, top.n) == 0;
}

/* The same of two strings. Serves for sources (host:/path) as well. */
static inline bool rg_is_below(const char *path, const char *top)
{
	return rg_lies_below(path, strlen(path), rg_top(top));
}
