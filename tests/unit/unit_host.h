/* SPDX-License-Identifier: GPL-2.0-only */
/* A host that is a directory, of a file of tests/unit/data/hosts: "=== /path", and then
 * that file's text, for each file. */
#pragma once

#include <sys/stat.h>

#include "unit.h"

static char host[64];

static inline int host_setup(void **unused)
{
	(void)unused;
	snprintf(host, sizeof(host), "/tmp/rg-host-XXXXXX");
	return mkdtemp(host) ? 0 : -1;
}

static inline int host_teardown(void **unused)
{
	(void)unused;
	return unit_remove(host);
}

/* The path of a file of that host, whose directories are made; until the next call. */
static inline const char *host_path(const char *name)
{
	static char path[8192];

	snprintf(path, sizeof(path), "%s%s", host, name);
	for (char *at = path + strlen(host) + 1; (at = strchr(at, '/')); at++) {
		*at = '\0';
		mkdir(path, 0755);
		*at = '/';
	}
	return path;
}

static inline void host_put(const char *name, const char *text)
{
	FILE *f = fopen(host_path(name), "we");

	unit_need(f);
	unit_need(fputs(text, f) >= 0);
	unit_need(fclose(f) == 0);
}

static inline void host_link(const char *name, const char *to)
{
	unit_need(symlink(to, host_path(name)) == 0);
}

static inline void host_drop(const char *name)
{
	unit_need(remove(host_path(name)) == 0);
}

/* All files of tests/unit/data/hosts/NAME. */
static inline void host_unpack(const char *name)
{
	char path[512], line[4096];
	FILE *in, *out = NULL;

	snprintf(path, sizeof(path), RG_TEST_DATA "/hosts/%s", name);
	in = fopen(path, "re");
	unit_need(in);
	while (fgets(line, sizeof(line), in)) {
		if (strncmp(line, "=== /", 5) == 0) {
			line[strcspn(line, "\n")] = '\0';
			unit_need(!out || fclose(out) == 0);
			out = fopen(host_path(line + 4), "we");
			unit_need(out);
		} else {
			unit_need(out && fputs(line, out) >= 0);
		}
	}
	unit_need(!out || fclose(out) == 0);
	fclose(in);
}
