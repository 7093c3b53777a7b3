// SPDX-License-Identifier: GPL-2.0-only
#include "check/process.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "check/root.h"

/* Returns 1, 0, or a negative errno for a process of another user. */
static int is_of_this_netns(const char *root, const char *pid)
{
	char path[RG_ROOT_PATH], link[64];
	struct stat self, its;

	if (stat(rg_root_path(root, "/proc/self/ns/net", path), &self) < 0)
		return -errno;
	snprintf(link, sizeof(link), "/proc/%.20s/ns/net", pid);
	if (stat(rg_root_path(root, link, path), &its) < 0)
		return -errno;
	return self.st_dev == its.st_dev && self.st_ino == its.st_ino;
}

/* Reads the arguments. Returns false if it is another program, or a zombie. */
static bool read_args(const char *root, const char *pid, const char *name, struct rg_process *p)
{
	char path[64], full[RG_ROOT_PATH], comm[32];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%.20s/comm", pid);
	/* The kernel keeps only 15 characters of a name. */
	if (rg_root_read(root, path, comm, sizeof(comm)) || strncmp(comm, name, 15) != 0)
		return false;
	snprintf(path, sizeof(path), "/proc/%.20s/cmdline", pid);
	file = fopen(rg_root_path(root, path, full), "re");
	if (!file)
		return false;
	p->args_n = fread(p->args, 1, sizeof(p->args) - 1, file);
	p->args[p->args_n] = '\0';
	fclose(file);
	return p->args_n;
}

void rg_process_find(const char *root, const char *name, struct rg_process *p)
{
	char path[RG_ROOT_PATH];
	struct dirent *e;
	DIR *d = opendir(rg_root_path(root, "/proc", path));

	*p = (struct rg_process){.none_visible = true};
	while (d && !p->pid && (e = readdir(d))) {
		int here;

		if (e->d_name[0] < '1' || e->d_name[0] > '9')
			continue;
		p->none_visible = false;
		if (!read_args(root, e->d_name, name, p))
			continue;
		here = is_of_this_netns(root, e->d_name);
		if (!here)
			continue;
		p->netns_unknown = here < 0;
		p->pid = (unsigned int)strtoul(e->d_name, NULL, 10);
	}
	if (d)
		closedir(d);
}

const char *rg_process_option(const struct rg_process *p, const char *brief, const char *name)
{
	const char *end = p->args + p->args_n;

	for (const char *a = p->args; p->pid && a < end; a += strlen(a) + 1) {
		const char *next = a + strlen(a) + 1;

		if (strcmp(a, brief) == 0 || strcmp(a, name) == 0)
			return next < end ? next : NULL;
		if (strncmp(a, brief, strlen(brief)) == 0)
			return a + strlen(brief);
		if (strncmp(a, name, strlen(name)) == 0 && a[strlen(name)] == '=')
			return a + strlen(name) + 1;
	}
	return NULL;
}
