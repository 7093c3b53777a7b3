/* SPDX-License-Identifier: GPL-2.0-only */
/* For the tests of exports(5) and of exportfs. */
#pragma once

#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include "mounts/exports.h"
#include "mounts/guarded.h"

/* ---- what is said ---- */

/* "file:line what" a line. */
struct said {
	char text[8192];
	size_t n;
};

static inline void hear(void *arg, const char *file, unsigned int line, const char *what)
{
	struct said *said = arg;
	size_t used = strlen(said->text);

	said->n++;
	snprintf(said->text + used, sizeof(said->text) - used, "%s:%u %s\n", file, line, what);
}

/* "path" or "path+" (crossmnt), a blank between. Paths of the tests that are
 * compared so have no blanks. */
static inline const char *show(const struct rg_exports *e)
{
	static char text[16384];
	size_t used = 0;

	text[0] = '\0';
	for (size_t i = 0; i < e->n; i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%s%s", i ? " " : "",
					 e->at[i].path, e->at[i].options.crossmnt ? "+" : "");
	return text;
}

static inline void check_list(const struct rg_exports *e)
{
	for (size_t i = 0; i < e->n; i++) {
		const char *path = e->at[i].path;

		assert_int_equal(path[0], '/');
		assert_true(strlen(path) < RG_PATH_SIZE);
		assert_null(strstr(path, "//"));
		assert_true(!path[1] || path[strlen(path) - 1] != '/');
		assert_non_null(e->at[i].origin);
		assert_true(i == 0 || strcmp(e->at[i - 1].path, path) < 0);
	}
}
