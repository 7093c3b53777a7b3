// SPDX-License-Identifier: GPL-2.0-only
#include "state/sm_dir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/whole_file.h"

/* As nfs-utils calls it (nsm_atomic_write(), support/nsm/file.c). */
#define FRESH "state.new"

char *rg_sm_record(const struct rg_sm_peer *peer, char buf[RG_SM_RECORD_SIZE])
{
	/* Write address, program, version and procedure of lockd's callback and its cookie,
	 * which only rpc.statd needs. */
	snprintf(buf, RG_SM_RECORD_SIZE,
		 "%08x %08x %08x %08x 00000000000000000000000000000000 %s %s\n",
		 htonl(INADDR_LOOPBACK), 100021, 4, 16, peer->addr, peer->local);
	return buf;
}

int rg_sm_next_state(int state)
{
	return (int)((unsigned int)state + (state & 1 ? 2 : 1));
}

static int write_all(int fd, const void *bytes, size_t n)
{
	ssize_t done = write(fd, bytes, n);

	return done == (ssize_t)n ? 0 : done < 0 ? -errno : -EIO;
}

/* Makes a file; `append`: or adds to one that is there. */
static int put_file(int dir, const char *name, bool append, mode_t mode, const void *bytes,
		    size_t n, const struct stat *owner)
{
	int fd = openat(dir, name,
			O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_SYNC |
				(append ? O_APPEND : O_EXCL),
			mode);
	int err;

	if (fd < 0)
		return -errno;
	err = write_all(fd, bytes, n);
	if (!err && fchown(fd, owner->st_uid, owner->st_gid) < 0)
		err = -errno;
	if (close(fd) < 0 && !err)
		err = -errno;
	return err;
}

/* Opens a regular file. Waits for no writer of a FIFO. Returns a descriptor or a negative errno. */
static int open_file(int dir, const char *name, struct stat *st)
{
	int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	if (fstat(fd, st) == 0 && S_ISREG(st->st_mode))
		return fd;
	close(fd);
	return -EINVAL;
}

static int open_below(int dir, const char *name)
{
	int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

/* ---- the state number ---- */

static int replace_state(int dir, int state, const struct stat *owner)
{
	int err;

	unlinkat(dir, FRESH, 0);
	err = put_file(dir, FRESH, false, 0644, &state, sizeof(state), owner);
	if (!err && renameat(dir, FRESH, dir, "state") < 0)
		err = -errno;
	if (err)
		unlinkat(dir, FRESH, 0);
	return err;
}

int rg_sm_raise_state(int statd_dir, int *state, struct stat *owner)
{
	int fd = open_file(statd_dir, "state", owner), err;
	char *bytes;
	size_t n;

	if (fd < 0)
		return fd;
	err = rg_read_whole_fd(fd, 64, &bytes, &n);
	close(fd);
	if (err)
		return err;
	if (n == sizeof(*state))
		memcpy(state, bytes, sizeof(*state));
	else
		err = -EBADMSG;
	free(bytes);
	if (err)
		return err;
	*state = rg_sm_next_state(*state);
	return replace_state(statd_dir, *state, owner);
}

/* ---- sm-notify's directory ---- */

/* A host that knows this one by two addresses gets two lines in one file. */
static int write_records(int sm, const struct rg_sm_peer *peers, size_t n, const struct stat *owner)
{
	char record[RG_SM_RECORD_SIZE];
	int err = 0;

	for (size_t i = 0; i < n && !err; i++) {
		rg_sm_record(&peers[i], record);
		err = put_file(sm, peers[i].addr, true, 0600, record, strlen(record), owner);
	}
	return err;
}

static int make_below(int dir, const char *name)
{
	return mkdirat(dir, name, 0700) < 0 ? -errno : open_below(dir, name);
}

static int give(int fd, const struct stat *owner)
{
	return fchown(fd, owner->st_uid, owner->st_gid) < 0 ? -errno : 0;
}

int rg_sm_fill(int dir, const struct rg_sm_peer *peers, size_t n, int state,
	       const struct stat *owner)
{
	int sm = make_below(dir, "sm"), bak = make_below(dir, "sm.bak"), err;

	err = sm < 0 ? sm : bak < 0 ? bak : 0;
	err = err ?: put_file(dir, "state", false, 0600, &state, sizeof(state), owner);
	err = err ?: write_records(sm, peers, n, owner);
	/* sm-notify changes to the owner of `sm`, as it does for rpc.statd's directory. */
	err = err ?: give(bak, owner) ?: give(sm, owner) ?: give(dir, owner);
	if (sm >= 0)
		close(sm);
	if (bak >= 0)
		close(bak);
	return err;
}

/* Says whether the record is in that directory, or may be. */
static bool has_record(int dir, const char *below, const char *name, const char *record)
{
	int at = open_below(dir, below), fd = at < 0 ? at : -1;
	bool left = at < 0;
	struct stat st;
	char *text;

	if (at >= 0) {
		fd = open_file(at, name, &st);
		close(at);
		left = fd < 0 && fd != -ENOENT;
	}
	if (fd >= 0) {
		left = rg_read_whole_fd(fd, 1 << 16, &text, NULL) || strstr(text, record);
		free(text);
		close(fd);
	}
	return left;
}

bool rg_sm_is_left(int dir, const struct rg_sm_peer *peer)
{
	char record[RG_SM_RECORD_SIZE];

	rg_sm_record(peer, record);
	return has_record(dir, "sm", peer->addr, record) ||
	       has_record(dir, "sm.bak", peer->addr, record);
}

static void remove_below(int dir, const char *below)
{
	int fd = open_below(dir, below);
	DIR *at = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *e;

	while (at && (e = readdir(at)))
		if (e->d_name[0] != '.')
			unlinkat(dirfd(at), e->d_name, 0);
	if (at)
		closedir(at);
	else if (fd >= 0)
		close(fd);
	/* Whatever else was put in its place. */
	if (unlinkat(dir, below, AT_REMOVEDIR) < 0)
		unlinkat(dir, below, 0);
}

void rg_sm_empty(int dir)
{
	remove_below(dir, "sm");
	remove_below(dir, "sm.bak");
	unlinkat(dir, "state", 0);
	unlinkat(dir, FRESH, 0);
}
