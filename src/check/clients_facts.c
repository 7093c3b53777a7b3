// SPDX-License-Identifier: GPL-2.0-only
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "check/clients.h"
#include "check/process.h"
#include "check/root.h"
#include "mounts/nfsconf.h"
#include "base/proclocks.h"

#define CLIENTS "/proc/fs/nfsd/clients"

/* ---- by NFSv4 ---- */

/* Reads a value of "name: value" lines. knfsd quotes the name that an end client gives itself,
 * so it has no newline. */
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
		c->v4_unseen = rg_root_has(root, "/proc/net/rpc/nfsd") == 1;
		return;
	}
	while ((e = readdir(d))) {
		long minor;

		if (e->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), CLIENTS "/%s/info", e->d_name);
		/* The end client may be gone by now. */
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

#define MAX_HOSTS 16384

/* Counts each NFSv3 host once. Names and addresses on one line of /etc/hosts are one host; DNS
 * is not asked. */
struct hosts {
	char **at;
	size_t n;
	char **lines; /* of /etc/hosts */
	size_t n_lines;
	bool more; /* there are more than MAX_HOSTS */
	int err;
};

static bool has_word(const char *text, const char *word, size_t n)
{
	for (const char *at = text; *at;) {
		size_t skip = strspn(at, " \t\r\n"), len = strcspn(at + skip, " \t\r\n");

		if (len == n && strncasecmp(at + skip, word, n) == 0)
			return true;
		at += skip + len;
	}
	return false;
}

/* Returns the line of /etc/hosts that has this name, or NULL. */
static const char *line_of(const struct hosts *h, const char *name, size_t n)
{
	for (size_t i = 0; i < h->n_lines; i++)
		if (has_word(h->lines[i], name, n))
			return h->lines[i];
	return NULL;
}

static bool is_same_host(const struct hosts *h, const char *a, size_t a_n, const char *b,
			 size_t b_n)
{
	const char *line;

	if (a_n == b_n && strncasecmp(a, b, a_n) == 0)
		return true;
	line = line_of(h, a, a_n);
	return line && has_word(line, b, b_n);
}

static void read_hosts_file(const char *root, struct hosts *h)
{
	char path[RG_ROOT_PATH], line[1024];
	FILE *f = fopen(rg_root_path(root, "/etc/hosts", path), "re");

	while (f && fgets(line, sizeof(line), f) && h->n_lines < 4096) {
		char **more = reallocarray(h->lines, h->n_lines + 1, sizeof(*more));

		line[strcspn(line, "#\n")] = '\0';
		if (more)
			h->lines = more;
		if (!more || !(h->lines[h->n_lines] = strdup(line)))
			break;
		h->n_lines++;
	}
	if (f)
		fclose(f);
}

static void free_hosts(struct hosts *h)
{
	for (size_t i = 0; i < h->n; i++)
		free(h->at[i]);
	for (size_t i = 0; i < h->n_lines; i++)
		free(h->lines[i]);
	free(h->at);
	free(h->lines);
}

static void add_host(struct hosts *h, const char *name, size_t n)
{
	const char *line = line_of(h, name, n);
	char **more;

	if (!n)
		return;
	for (size_t i = 0; i < h->n; i++) {
		size_t len = strlen(h->at[i]);

		if ((len == n && strncasecmp(name, h->at[i], n) == 0) ||
		    (line && has_word(line, h->at[i], len)))
			return;
	}
	if (h->n == MAX_HOSTS) {
		h->more = true;
		return;
	}
	more = reallocarray(h->at, h->n + 1, sizeof(*more));
	if (more) {
		h->at = more;
		h->at[h->n] = strndup(name, n);
	}
	if (!more || !h->at[h->n])
		h->err = -ENOMEM;
	else
		h->n++;
}

/* Reads "HOST:PATH:0x00000001"; the host may be an IPv6 address, with or without brackets. */
static int read_rmtab(const char *root, const char *file, struct hosts *h)
{
	char path[RG_ROOT_PATH], line[2048];
	FILE *f = fopen(rg_root_path(root, file, path), "re");

	if (!f)
		return -errno;
	while (fgets(line, sizeof(line), f)) {
		const char *slash = strstr(line, ":/");

		if (slash)
			add_host(h, line, (size_t)(slash - line));
	}
	fclose(f);
	return 0;
}

/* statd monitors NFSv3 original servers as well. */
static bool is_original(const struct rg_reexport_facts *r, const struct hosts *h, const char *name)
{
	size_t n = strlen(name);

	for (size_t i = 0; i < r->mounts.n; i++) {
		const struct rg_mount *m = &r->mounts.at[i];
		const char *addr = strstr(m->options, ",addr=");

		if (is_same_host(h, m->source, strcspn(m->source, ":"), name, n))
			return true;
		if (addr && is_same_host(h, addr + 6, strcspn(addr + 6, ","), name, n))
			return true;
	}
	return false;
}

static int read_monitored(const char *root, const char *dir, const struct rg_reexport_facts *r,
			  struct hosts *h)
{
	char path[RG_ROOT_PATH];
	struct dirent *e;
	DIR *d = opendir(rg_root_path(root, dir, path));

	if (!d)
		return -errno;
	while ((e = readdir(d)))
		if (e->d_name[0] != '.' && !is_original(r, h, e->d_name))
			add_host(h, e->d_name, strlen(e->d_name));
	closedir(d);
	return 0;
}

/* Finds statd's directory: its option -P, nfs.conf, or the built-in one, /var/lib/nfs (Debian)
 * or /var/lib/nfs/statd. */
static void find_statd(const char *root, const struct rg_nfsconf *conf, char dir[RG_PATH_SIZE])
{
	const char *state = rg_nfsconf_get(conf, "statd", "state-directory-path"), *option;
	struct rg_process p;

	rg_process_find(root, "rpc.statd", &p);
	option = rg_process_option(&p, "-P", "--state-directory-path");
	if (option && *option == '/')
		state = option;
	if (!state && rg_root_has(root, "/var/lib/nfs/statd/sm") == 1)
		state = "/var/lib/nfs/statd";
	snprintf(dir, RG_PATH_SIZE, "%s/sm", state ?: "/var/lib/nfs");
}

static void read_v3(const char *root, const struct rg_reexport_facts *r, struct rg_client_facts *c)
{
	char rmtab[RG_PATH_SIZE];
	struct rg_nfsconf conf;
	struct hosts h = {};
	size_t used = 0;

	rg_nfsconf_read(root, true, &conf);
	find_statd(root, &conf, c->statd);
	snprintf(rmtab, sizeof(rmtab), "%s/rmtab",
		 rg_nfsconf_get(&conf, "mountd", "state-directory-path") ?: "/var/lib/nfs");
	rg_nfsconf_free(&conf);
	read_hosts_file(root, &h);
	c->rmtab_err = read_rmtab(root, rmtab, &h);
	c->statd_err = read_monitored(root, c->statd, r, &h);
	if (h.err)
		c->statd_err = h.err;
	c->n_v3 = (unsigned int)h.n;
	c->v3_more = h.more;
	for (size_t i = 0; i < h.n && used < sizeof(c->v3); i++)
		used += (size_t)snprintf(c->v3 + used, sizeof(c->v3) - used, "%s%s", i ? " " : "",
					 h.at[i]);
	if (used >= sizeof(c->v3))
		strcpy(c->v3 + sizeof(c->v3) - 5, " ...");
	free_hosts(&h);
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
