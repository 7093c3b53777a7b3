// SPDX-License-Identifier: GPL-2.0-only
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check/clients.h"
#include "check/root.h"
#include "base/proclocks.h"

#define CLIENTS "/proc/fs/nfsd/clients"
#define STATD "/var/lib/nfs/sm"
#define RMTAB "/var/lib/nfs/rmtab"

/* ---- by NFSv4 ---- */

/* Of "name: value" lines; a name that an end client gives itself is quoted, and
 * has no line's end in it. */
static bool value_of(const char *text, const char *name, long *value)
{
	size_t n = strlen(name);

	for (const char *line = text; line && *line;) {
		if (strncmp(line, name, n) == 0 && line[n] == ':') {
			*value = strtol(line + n + 1, NULL, 10);
			return true;
		}
		line = strchr(line, '\n');
		line = line ? line + 1 : NULL;
	}
	return false;
}

static void read_v4(const char *root, struct rg_client_facts *c)
{
	char path[RG_ROOT_PATH], info[4096];
	struct dirent *e;
	DIR *d = opendir(rg_root_path(root, CLIENTS, path));

	if (!d) {
		c->v4_err = -errno;
		return;
	}
	while ((e = readdir(d))) {
		long minor;

		if (e->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), CLIENTS "/%s/info", e->d_name);
		/* It may have gone meanwhile. */
		if (rg_root_read(root, path, info, sizeof(info)) == 0 &&
		    value_of(info, "minor version", &minor)) {
			c->n_v4++;
			if (minor >= 0 && minor < RG_MINOR_VERSIONS)
				c->v4[minor]++;
		}
	}
	closedir(d);
}

/* ---- by NFSv3 ---- */

/* Hosts that are told apart by their names alone. */
struct hosts {
	char at[64][256];
	unsigned int n;
};

static void add_host(struct hosts *h, const char *name, size_t n)
{
	if (!n || n >= sizeof(h->at[0]))
		return;
	for (unsigned int i = 0; i < h->n; i++)
		if (strncmp(h->at[i], name, n) == 0 && !h->at[i][n])
			return;
	if (h->n < sizeof(h->at) / sizeof(h->at[0]))
		snprintf(h->at[h->n++], sizeof(h->at[0]), "%.*s", (int)n, name);
}

/* "HOST:PATH:0x00000001"; a host may be an IPv6 address, in brackets or not. */
static void read_rmtab(const char *root, struct hosts *h, int *err)
{
	char path[RG_ROOT_PATH], line[2048];
	FILE *f = fopen(rg_root_path(root, RMTAB, path), "re");

	if (!f) {
		if (errno != ENOENT)
			*err = -errno;
		return;
	}
	while (fgets(line, sizeof(line), f)) {
		const char *slash = strstr(line, ":/");

		if (slash)
			add_host(h, line, (size_t)(slash - line));
	}
	fclose(f);
}

/* Original servers by NFSv3 are monitored as well. */
static bool is_original(const struct rg_reexport_facts *r, const char *name)
{
	size_t n = strlen(name);

	for (size_t i = 0; i < r->mounts.n; i++) {
		const struct rg_mount *m = &r->mounts.at[i];
		const char *addr = strstr(m->options, ",addr=");

		if (strncmp(m->source, name, n) == 0 && m->source[n] == ':')
			return true;
		if (addr && strncmp(addr + 6, name, n) == 0 && (!addr[6 + n] || addr[6 + n] == ','))
			return true;
	}
	return false;
}

static void read_monitored(const char *root, const struct rg_reexport_facts *r, struct hosts *h,
			   int *err)
{
	char path[RG_ROOT_PATH];
	struct dirent *e;
	DIR *d = opendir(rg_root_path(root, STATD, path));

	if (!d) {
		if (errno != ENOENT)
			*err = -errno;
		return;
	}
	while ((e = readdir(d)))
		if (e->d_name[0] != '.' && !is_original(r, e->d_name))
			add_host(h, e->d_name, strlen(e->d_name));
	closedir(d);
}

static void read_v3(const char *root, const struct rg_reexport_facts *r, struct rg_client_facts *c)
{
	struct hosts h = {};
	size_t used = 0;

	read_rmtab(root, &h, &c->v3_err);
	read_monitored(root, r, &h, &c->v3_err);
	c->n_v3 = h.n;
	for (unsigned int i = 0; i < h.n && used < sizeof(c->v3); i++)
		used += (size_t)snprintf(c->v3 + used, sizeof(c->v3) - used, "%s%s", i ? " " : "",
					 h.at[i]);
}

/* ---- locks ---- */

struct looking {
	const char *root;
	const struct rg_reexport_facts *r;
	struct rg_client_facts *c;
};

static void take_lock(void *arg, const struct rg_proc_lock *lock)
{
	const struct looking *l = arg;
	struct rg_local_lock *one = &l->c->locks[l->c->n_locks];
	char path[64];
	bool ours = false;

	for (size_t i = 0; i < l->r->mounts.n && !ours; i++)
		ours = l->r->mounts.at[i].dev == lock->dev && l->r->reexported[i];
	if (!ours || l->c->n_locks++ >= RG_MAX_LOCAL_LOCKS)
		return;
	*one = (struct rg_local_lock){.pid = lock->pid, .dev = lock->dev, .ino = lock->ino};
	snprintf(path, sizeof(path), "/proc/%u/comm", lock->pid);
	rg_root_read(l->root, path, one->comm, sizeof(one->comm));
}

void rg_client_gather(const char *root, const struct rg_reexport_facts *r,
		      struct rg_client_facts *c)
{
	struct looking l = {.root = root, .r = r, .c = c};
	char proc[RG_ROOT_PATH];

	memset(c, 0, sizeof(*c));
	read_v4(root, c);
	read_v3(root, r, c);
	c->locks_err = rg_proc_locks(rg_root_path(root, "/proc", proc), take_lock, &l);
}
