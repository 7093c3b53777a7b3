// SPDX-License-Identifier: GPL-2.0-only
#include "policy/exempt.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "mounts/resolve.h"
#include "pins/gates.h"
#include "base/log.h"

/* Programs that knfsd needs to start, programs that mount and unmount, and programs that the
 * kernel asks for names and keys meanwhile. */
static const char *const programs[] = {
	"rpc.mountd",	    "exportfs",	     "rpc.nfsd",    "nfsdctl",	   "nfsdcld",
	"rpc.statd",	    "mount.nfs",     "umount.nfs",  "fsidd",	   "systemd",
	"systemd-executor", "nfsv4.exportd", "nfsdcltrack", "mount",	   "umount",
	"automount",	    "rpc.gssd",	     "gssproxy",    "request-key", "nfsidmap",
};
static const char *const folders[] = {
	"/usr/sbin", "/sbin", "/usr/bin", "/bin", "/usr/lib/systemd", "/lib/systemd",
};

/* Leads to this program's file also when an update has replaced it. */
#define SELF "/proc/self/exe"

struct found {
	struct rg_exempt_key at[RG_MAX_EXEMPT];
	char *path[RG_MAX_EXEMPT]; /* owned; where struct rg_exempt's path comes from */
	size_t n;
};

static void found_free(struct found *found)
{
	for (size_t i = 0; i < found->n; i++)
		free(found->path[i]);
	found->n = 0;
}

static bool is_in(const struct found *found, const struct rg_exempt_key *key)
{
	for (size_t i = 0; i < found->n; i++)
		if (memcmp(&found->at[i], key, sizeof(*key)) == 0)
			return true;
	return false;
}

/* Adds the file at `path`, with the path to look at again later. Returns 0, -ENOENT or another
 * negative errno. */
static int identify(const struct rg_pins *p, const char *path, const char *again,
		    struct found *found)
{
	struct rg_control c = {.op = RG_OP_EXEMPT};
	int err;

	c.fd = open(path, O_PATH | O_CLOEXEC);
	if (c.fd < 0)
		return errno == ENOTDIR ? -ENOENT : -errno;
	err = rg_control(p, &c);
	close(c.fd);
	if (err || is_in(found, &c.exempt))
		return err;
	if (found->n == RG_MAX_EXEMPT)
		return -ENOSPC;
	found->path[found->n] = strdup(again);
	if (!found->path[found->n])
		return -ENOMEM;
	found->at[found->n++] = c.exempt;
	return 0;
}

static int identify_self(const struct rg_pins *p, struct found *found)
{
	static const char gone[] = " (deleted)"; /* fs/d_path.c, d_path() */
	char again[RG_PATH_SIZE] = "";
	ssize_t n = readlink(SELF, again, sizeof(again) - 1);
	size_t tail = sizeof(gone) - 1;

	again[n > 0 ? n : 0] = '\0';
	if (n > (ssize_t)tail && strcmp(again + n - tail, gone) == 0)
		again[n - (ssize_t)tail] = '\0';
	return identify(p, SELF, again, found);
}

/* Does the same without waiting for a server: returns -ENOENT for a path on a remote file
 * system. */
static int identify_here(const struct rg_pins *p, const struct rg_mounts *mounts, const char *path,
			 struct found *found)
{
	char resolved[RG_PATH_SIZE];
	const struct rg_place *place;

	if (rg_mounts_resolve(mounts, path, resolved))
		return -ENOENT;
	place = rg_place_of(mounts, resolved);
	return !place || place->remote ? -ENOENT : identify(p, resolved, path, found);
}

/* Adds the installed programs of the default list. With `mounts` never waits for a server. */
static int find_defaults(const struct rg_pins *p, const struct rg_mounts *mounts,
			 struct found *found)
{
	char path[128];
	int err = 0;

	for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++) {
		for (size_t j = 0; j < sizeof(folders) / sizeof(folders[0]) && !err; j++) {
			snprintf(path, sizeof(path), "%s/%s", folders[j], programs[i]);
			err = mounts ? identify_here(p, mounts, path, found)
				     : identify(p, path, path, found);
			if (err == -ENOENT)
				err = 0;
		}
	}
	return err;
}

static int put(int fd, const struct found *found, size_t i, __u64 flags)
{
	struct rg_exempt value = {};

	snprintf(value.path, sizeof(value.path), "%s", found->path[i]);
	return bpf_map_update_elem(fd, &found->at[i], &value, flags) < 0 ? -errno : 0;
}

/* Lists the keys of the map that were not found: executables of an earlier policy, and those
 * that an update has replaced. Returns their number. */
static size_t others(int fd, const struct found *found, struct rg_exempt_key others[RG_MAX_EXEMPT])
{
	struct rg_exempt_key key;
	size_t n = 0;

	for (int err = bpf_map_get_next_key(fd, NULL, &key); err == 0 && n < RG_MAX_EXEMPT;
	     err = bpf_map_get_next_key(fd, &key, &key))
		if (!is_in(found, &key))
			others[n++] = key;
	return n;
}

/* Removes the executables of an earlier policy after adding the new ones. */
static int replace(const struct rg_pins *p, const struct found *found)
{
	struct rg_exempt_key old[RG_MAX_EXEMPT];
	int fd = p->map_fd[RG_MAP_EXEMPT], err;
	size_t n_old = others(fd, found, old);

	/* Make room first where the map cannot hold both. */
	for (size_t i = 0; i < n_old && found->n + n_old > RG_MAX_EXEMPT; i++)
		bpf_map_delete_elem(fd, &old[i]);
	for (size_t i = 0; i < found->n; i++) {
		err = put(fd, found, i, BPF_ANY);
		if (err)
			return err;
	}
	for (size_t i = 0; i < n_old; i++)
		bpf_map_delete_elem(fd, &old[i]);
	return 0;
}

int rg_exempt_write(const struct rg_pins *p, const struct rg_config *config)
{
	struct found found = {};
	int err = identify_self(p, &found);

	if (!err && config->exempt_defaults)
		err = find_defaults(p, NULL, &found);
	for (size_t i = 0; i < config->programs.n && !err; i++) {
		const char *path = config->programs.at[i];

		err = identify(p, path, path, &found);
		if (err == -ENOENT) {
			rg_warn("exempt program %s: is not there; once it is, run "
				"`reexport-guard policy reload`",
				path);
			err = 0;
		}
	}
	err = err ?: replace(p, &found);
	found_free(&found);
	if (err)
		return rg_error(RG_FAILED, "exempt programs: %s",
				err == -ENOSPC ? "too many" : rg_strerror(err));
	return RG_DONE;
}

/* ---- following updates ---- */

static bool defaults_are_wanted(const struct rg_pins *p)
{
	struct rg_provenance from;

	for (__u32 slot = 0; slot < RG_MAX_GATES; slot++)
		if (bpf_map_lookup_elem(p->map_fd[RG_MAP_PROVENANCE], &slot, &from) == 0 &&
		    from.exempt_defaults)
			return true;
	return false;
}

/* Adds, for each executable in the map, the file that its path leads to now. */
static int find_again(const struct rg_pins *p, const struct rg_mounts *mounts, struct found *found)
{
	int fd = p->map_fd[RG_MAP_EXEMPT], result = 0;
	struct rg_exempt_key key;
	struct rg_exempt value;
	unsigned int steps = 0;

	for (int err = bpf_map_get_next_key(fd, NULL, &key); err == 0 && steps < RG_MAX_EXEMPT;
	     err = bpf_map_get_next_key(fd, &key, &key), steps++) {
		if (bpf_map_lookup_elem(fd, &key, &value) < 0 || !value.path[0])
			continue;
		value.path[sizeof(value.path) - 1] = '\0';
		err = identify_here(p, mounts, value.path, found);
		if (err && err != -ENOENT && !result)
			result = err;
	}
	return result;
}

/* Adds one to the map. Keeps replaced executables, which may still run, until the room is
 * needed. */
static int add(const struct rg_pins *p, const struct found *found, size_t i)
{
	struct rg_exempt_key old[RG_MAX_EXEMPT];
	int fd = p->map_fd[RG_MAP_EXEMPT], err = put(fd, found, i, BPF_NOEXIST);

	if (err != -E2BIG)
		return err;
	for (size_t n = others(fd, found, old); n > 0; n--)
		bpf_map_delete_elem(fd, &old[n - 1]);
	return put(fd, found, i, BPF_NOEXIST);
}

int rg_exempt_follow(const struct rg_pins *p, const struct rg_mounts *mounts, bool write)
{
	struct found found = {};
	int err = identify_self(p, &found), added = 0, more;
	struct rg_exempt value;

	more = find_again(p, mounts, &found);
	err = err ?: more;
	if (defaults_are_wanted(p)) {
		more = find_defaults(p, mounts, &found);
		err = err ?: more;
	}
	for (size_t i = 0; i < found.n; i++) {
		if (bpf_map_lookup_elem(p->map_fd[RG_MAP_EXEMPT], &found.at[i], &value) == 0)
			continue;
		more = write ? add(p, &found, i) : 0;
		err = err ?: more;
		added += !more;
	}
	found_free(&found);
	return added ?: err;
}

/* A script cannot be exempt: the kernel sees its interpreter as the executable. */
static bool is_script(const char *program)
{
	char start[2];
	ssize_t n;
	int fd = open(program, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return false;
	n = read(fd, start, sizeof(start));
	close(fd);
	return n == sizeof(start) && start[0] == '#' && start[1] == '!';
}

enum rg_presence rg_exempt_look_for(const char *program, const char **why)
{
	struct stat st;

	if (stat(program, &st) < 0) {
		*why = rg_strerror(errno);
		return errno == ENOENT || errno == ENOTDIR ? RG_PROGRAM_IS_MISSING
							   : RG_PROGRAM_IS_NONE;
	}
	*why = S_ISDIR(st.st_mode)    ? "a directory"
	       : !S_ISREG(st.st_mode) ? "not a regular file"
	       : !(st.st_mode & 0111) ? "not executable"
	       : is_script(program)   ? "a script, whose executable is its interpreter"
				      : NULL;
	return *why ? RG_PROGRAM_IS_NONE : RG_PROGRAM_IS_THERE;
}
