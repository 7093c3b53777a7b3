// SPDX-License-Identifier: GPL-2.0-only
#include "state/statd.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <libmount.h>

#include "base/whole_file.h"
#include "mounts/nfsconf.h"

#define RECORD_MOST (1U << 16)

/* ---- one record ---- */

/* Adds the hosts of a record: a line has lockd's address, program, version, procedure and cookie,
 * the host's name and this host's (nsm_create_monitor_record(), support/nsm/file.c of nfs-utils).
 * Returns false if a line is not like that. */
static bool add_hosts(struct rg_statd_hosts *hosts, char *text)
{
	char *next_line = NULL;

	for (char *line = strtok_r(text, "\n", &next_line); line;
	     line = strtok_r(NULL, "\n", &next_line)) {
		char name[sizeof(hosts->at[0])];

		if (sscanf(line, "%*8x %*8x %*8x %*8x %*32[0-9a-f] %63s", name) != 1 ||
		    strlen(name) == sizeof(name) - 1 || hosts->n == RG_STATD_HOSTS)
			return false;
		memcpy(hosts->at[hosts->n++], name, sizeof(name));
	}
	return true;
}

/* Reads a record, which belongs to rpc.statd's user: a link or a FIFO there is not followed, or
 * waited for. */
static void read_record(int dir, const char *name, struct rg_statd_hosts *hosts)
{
	int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	bool whole = false;
	struct stat st;
	char *text;

	if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size &&
	    rg_read_whole_fd(fd, RECORD_MOST, &text, NULL) == 0) {
		whole = add_hosts(hosts, text);
		free(text);
	}
	hosts->more |= !whole;
	if (fd >= 0)
		close(fd);
}

/* ---- all records ---- */

/* Looks at one directory of records. The time of its last change tells whether a host was recorded
 * or forgotten since the boot, which would hide what the last boot left behind. */
static enum rg_statd_says look_into(const char *path, time_t booted, struct rg_statd_hosts *hosts)
{
	enum rg_statd_says says = RG_STATD_NONE;
	DIR *d = opendir(path);
	struct dirent *e;
	struct stat st;

	if (!d)
		return RG_STATD_UNKNOWN;
	if (fstat(dirfd(d), &st) < 0 || st.st_ctime >= booted)
		says = RG_STATD_UNKNOWN;
	errno = 0;
	while (says != RG_STATD_UNKNOWN && (e = readdir(d))) {
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0) {
			says = RG_STATD_SOME;
			if (!hosts)
				break;
			read_record(dirfd(d), e->d_name, hosts);
		}
		errno = 0;
	}
	if (errno)
		says = RG_STATD_UNKNOWN;
	closedir(d);
	return says;
}

/* rpc.statd and sm-notify keep their number in the file `state`, four bytes, from their first start
 * on (nsm_get_state(), support/nsm/file.c of nfs-utils). A directory without it is none in which
 * hosts were recorded: the right one may be on storage that a cluster mounts later. */
static bool has_number(const char *root, const char *dir)
{
	char path[PATH_MAX];
	struct stat st;

	return snprintf(path, sizeof(path), "%s%s/state", root, dir) < (int)sizeof(path) &&
	       stat(path, &st) == 0 && S_ISREG(st.st_mode) && st.st_size == sizeof(int);
}

static bool is_there(const char *root, const char *path)
{
	char full[PATH_MAX];
	struct stat st;

	/* What cannot be looked at may be there. */
	return snprintf(full, sizeof(full), "%s%s", root, path) >= (int)sizeof(full) ||
	       lstat(full, &st) == 0 || errno != ENOENT;
}

enum rg_statd_says rg_statd_look(const char *root, time_t booted, struct rg_statd_hosts *hosts)
{
	static const char *const names[] = {"sm", "sm.bak"};
	enum rg_statd_says says = RG_STATD_NONE;
	struct rg_nfsconf conf = {};
	char path[PATH_MAX];
	const char *dir;

	if (hosts)
		*hosts = (struct rg_statd_hosts){};
	/* Either program changes the records when it starts. They are looked for as well as the
	 * change, since a clock that was set after the boot makes times unreliable. */
	if (is_there(root, "/run/rpc.statd.pid") || is_there(root, "/run/sm-notify.pid"))
		return RG_STATD_UNKNOWN;
	if (rg_nfsconf_read(root, true, &conf) < 0) {
		rg_nfsconf_free(&conf);
		return RG_STATD_UNKNOWN;
	}
	/* Debian's directory, and that of others. */
	dir = rg_nfsconf_get(&conf, "statd", "state-directory-path");
	if (!dir)
		dir = is_there(root, "/var/lib/nfs/statd/sm") ? "/var/lib/nfs/statd"
							      : "/var/lib/nfs";
	if (!has_number(root, dir))
		says = RG_STATD_UNKNOWN;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names) && says != RG_STATD_UNKNOWN; i++) {
		enum rg_statd_says one = RG_STATD_UNKNOWN;

		if (snprintf(path, sizeof(path), "%s%s/%s", root, dir, names[i]) <
		    (int)sizeof(path))
			one = look_into(path, booted, hosts);
		if (one != RG_STATD_NONE)
			says = one;
	}
	rg_nfsconf_free(&conf);
	return says;
}

time_t rg_statd_booted(void)
{
	struct timespec now, up;

	clock_gettime(CLOCK_REALTIME, &now);
	clock_gettime(CLOCK_BOOTTIME, &up);
	return now.tv_sec - up.tv_sec - 1;
}

/* ---- what they mean ---- */

/* Says whether an option has this value. */
static bool option_is(const struct rg_mount *m, const char *option, const char *expected)
{
	char *value = NULL;
	size_t n = 0;

	return mnt_optstr_get_option(m->options, option, &value, &n) == 0 && value &&
	       n == strlen(expected) && strncmp(value, expected, n) == 0;
}

static bool is_server(const char *host, const struct rg_mounts *mounts)
{
	for (size_t i = 0; i < mounts->n; i++) {
		const struct rg_mount *m = &mounts->at[i];

		if ((option_is(m, "vers", "3") || option_is(m, "vers", "2")) &&
		    (option_is(m, "addr", host) || option_is(m, "mountaddr", host)))
			return true;
	}
	return false;
}

bool rg_statd_are_servers(const struct rg_statd_hosts *hosts, const struct rg_mounts *mounts)
{
	for (size_t i = 0; i < hosts->n; i++)
		if (!is_server(hosts->at[i], mounts))
			return false;
	return !hosts->more;
}

bool rg_statd_complements(const struct rg_meta *meta)
{
	return !((meta->left_out | meta->kprobes) &
		 (1u << RG_LINK_LOCK_DONE | 1u << RG_LINK_NLM_LOCK_DONE));
}
