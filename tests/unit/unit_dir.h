/* SPDX-License-Identifier: GPL-2.0-only */
/* A directory for state files, each test's own. It is not there at first. */
#pragma once

#include <dirent.h>
#include <sys/stat.h>

#include "unit.h"
#include "state/state.h"

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

static inline char unit_byte(__u64 *seed, const char *likely)
{
	if (unit_below(seed, 2))
		return likely[unit_below(seed, strlen(likely))];
	return (char)unit_below(seed, 256);
}

/* Damage a state file: cut off anywhere it is no JSON; with some bytes changed it is
 * refused, or `take` is to make of it what it can. Half of those bytes are among
 * `likely`, which get further. */
static inline void damage(json_object *o, __u64 seed, const char *likely,
			  void (*take)(json_object *damaged))
{
	const char *whole = json_object_to_json_string(o);
	char why[RG_STATE_WHY], *copy;
	size_t n = strlen(whole);

	unit_need(n);
	for (size_t cut = 0; cut < n; cut++) {
		copy = malloc(cut + 1); /* for ASan: hardly a byte more than there is */
		unit_need(copy);
		memcpy(copy, whole, cut);
		assert_null(rg_state_parse(copy, cut, why));
		free(copy);
	}
	for (int i = 0; i < 20000; i++) {
		json_object *damaged;

		copy = malloc(n);
		unit_need(copy);
		memcpy(copy, whole, n);
		for (__u64 bytes = 1 + unit_below(&seed, 4); bytes; bytes--)
			copy[unit_below(&seed, n)] = unit_byte(&seed, likely);
		damaged = rg_state_parse(copy, n, why);
		free(copy);
		if (damaged)
			take(damaged);
		json_object_put(damaged);
	}
}
