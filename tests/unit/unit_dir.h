/* SPDX-License-Identifier: GPL-2.0-only */
/* A directory for state files, each test's own. It is not there at first. */
#pragma once

#include <dirent.h>
#include <sys/stat.h>

#include "unit.h"
#include "loader/state.h"

static char top[64], dir[96];

static inline int dir_setup(void **unused)
{
	(void)unused;
	snprintf(top, sizeof(top), "/tmp/rg-unit-XXXXXX");
	if (!mkdtemp(top))
		return -1;
	snprintf(dir, sizeof(dir), "%s/state", top);
	return 0;
}

static inline char *path_of(const char *name)
{
	static char path[512];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return path;
}

static inline int dir_teardown(void **unused)
{
	DIR *d = opendir(dir);
	struct dirent *e;

	(void)unused;
	while (d && (e = readdir(d)))
		if (unlink(path_of(e->d_name)) < 0)
			rmdir(path_of(e->d_name));
	if (d)
		closedir(d);
	rmdir(dir);
	unlink(dir);
	return rmdir(top);
}

static inline int write_text(const char *name, const char *text)
{
	return rg_state_write(dir, name, text, strlen(text));
}

/* A byte to damage a file with: any, or one of `likely`, which get further. */
static inline char unit_byte(__u64 *seed, const char *likely)
{
	if (unit_below(seed, 2))
		return likely[unit_below(seed, strlen(likely))];
	return (char)unit_below(seed, 256);
}
