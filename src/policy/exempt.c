// SPDX-License-Identifier: GPL-2.0-only
#include "policy/exempt.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "pins/gates.h"
#include "base/log.h"

/* Started by or for knfsd, or it waits for them. */
static const char *const programs[] = {
	"rpc.mountd", "exportfs",   "rpc.nfsd", "nfsdctl", "nfsdcld",	    "rpc.statd",
	"mount.nfs",  "umount.nfs", "fsidd",	"systemd", "nfsv4.exportd",
};
static const char *const folders[] = {
	"/usr/sbin", "/sbin", "/usr/bin", "/bin", "/usr/lib/systemd", "/lib/systemd",
};

struct found {
	struct rg_exempt_key at[RG_MAX_EXEMPT];
	size_t n;
};

static bool is_in(const struct found *found, const struct rg_exempt_key *key)
{
	for (size_t i = 0; i < found->n; i++)
		if (memcmp(&found->at[i], key, sizeof(*key)) == 0)
			return true;
	return false;
}

/* 0, -ENOENT, or another negative errno. */
static int identify(const struct rg_pins *p, const char *path, struct found *found)
{
	struct rg_control c = {.op = RG_OP_EXEMPT};
	int err;

	c.fd = open(path, O_PATH | O_CLOEXEC);
	if (c.fd < 0)
		return -errno;
	err = rg_control(p, &c);
	close(c.fd);
	if (err || is_in(found, &c.exempt))
		return err;
	if (found->n == RG_MAX_EXEMPT)
		return -ENOSPC;
	found->at[found->n++] = c.exempt;
	return 0;
}

static int find_defaults(const struct rg_pins *p, struct found *found)
{
	char path[128];
	int err = 0;

	for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++) {
		for (size_t j = 0; j < sizeof(folders) / sizeof(folders[0]) && !err; j++) {
			snprintf(path, sizeof(path), "%s/%s", folders[j], programs[i]);
			err = identify(p, path, found);
			if (err == -ENOENT || err == -ENOTDIR)
				err = 0;
		}
	}
	return err;
}

/* Those of an earlier policy go, after the new ones are there. */
static int replace(const struct rg_pins *p, const struct found *found)
{
	int fd = p->map_fd[RG_MAP_EXEMPT];
	struct rg_exempt_key key, old[RG_MAX_EXEMPT];
	size_t n_old = 0;
	__u32 one = 1;

	for (int err = bpf_map_get_next_key(fd, NULL, &key); err == 0 && n_old < RG_MAX_EXEMPT;
	     err = bpf_map_get_next_key(fd, &key, &key)) {
		if (!is_in(found, &key))
			old[n_old++] = key;
	}
	/* Room first: together they may be more than the map takes. */
	for (size_t i = 0; i < n_old && found->n + n_old > RG_MAX_EXEMPT; i++)
		bpf_map_delete_elem(fd, &old[i]);
	for (size_t i = 0; i < found->n; i++)
		if (bpf_map_update_elem(fd, &found->at[i], &one, BPF_ANY) < 0)
			return -errno;
	for (size_t i = 0; i < n_old; i++)
		bpf_map_delete_elem(fd, &old[i]);
	return 0;
}

int rg_exempt_write(const struct rg_pins *p, const struct rg_config *config)
{
	struct found found = {};
	int err = identify(p, "/proc/self/exe", &found);

	if (!err && config->exempt_defaults)
		err = find_defaults(p, &found);
	for (size_t i = 0; i < config->programs.n && !err; i++) {
		err = identify(p, config->programs.at[i], &found);
		if (err == -ENOENT || err == -ENOTDIR) {
			rg_warn("exempt program %s: is not there; once it is, run "
				"`reexport-guard policy reload`",
				config->programs.at[i]);
			err = 0;
		}
	}
	err = err ?: replace(p, &found);
	if (err)
		return rg_error(RG_FAILED, "exempt programs: %s",
				err == -ENOSPC ? "too many" : rg_strerror(err));
	return RG_DONE;
}

/* The kernel's executable of a script is its interpreter. */
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
