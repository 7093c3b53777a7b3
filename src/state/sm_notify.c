// SPDX-License-Identifier: GPL-2.0-only
#include "state/sm_notify.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/whole_file.h"
#include "mounts/nfsconf.h"
#include "mounts/tool.h"

#define STATD_DIR "/var/lib/nfs"
#define KERNEL_STATE "/proc/sys/fs/nfs/nsm_local_state"
#define PID_FILE "/run/sm-notify.pid"
#define PATH_ROOM 512

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

/* ---- files ---- */

static int write_file(const char *path, int flags, mode_t mode, const void *bytes, size_t n)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW | flags, mode), err = 0;
	ssize_t done;

	if (fd < 0)
		return -errno;
	done = write(fd, bytes, n);
	if (done != (ssize_t)n)
		err = done < 0 ? -errno : -EIO;
	if (close(fd) < 0 && !err)
		err = -errno;
	return err;
}

/* Write as nfs-utils does (nsm_atomic_write(), support/nsm/file.c). */
static int replace_state(const char *path, int state, const struct stat *as)
{
	char fresh[PATH_ROOM + 8];
	int err;

	snprintf(fresh, sizeof(fresh), "%s.new", path);
	err = write_file(fresh, O_CREAT | O_TRUNC | O_SYNC, 0644, &state, sizeof(state));
	if (!err && chown(fresh, as->st_uid, as->st_gid) < 0)
		err = -errno;
	if (!err && rename(fresh, path) < 0)
		err = -errno;
	if (err)
		unlink(fresh);
	return err;
}

/* Raise the state number before the first notice, since a number is used only once. */
static int raise_state(const char *statd_dir, int *state, struct stat *owner)
{
	char path[PATH_ROOM], text[32], *bytes;
	size_t n;
	int err;

	snprintf(path, sizeof(path), "%s/state", statd_dir);
	if (stat(path, owner) < 0)
		return -errno;
	err = rg_read_whole(path, 64, &bytes, &n);
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
	err = replace_state(path, *state, owner);
	if (err)
		return err;
	/* lockd sends this number to servers; a kernel that refuses it sends the old one. */
	snprintf(text, sizeof(text), "%d", *state);
	write_file(KERNEL_STATE, 0, 0, text, strlen(text));
	return 0;
}

/* ---- sm-notify's directory ---- */

static char *in(char path[PATH_ROOM], const char *dir, const char *below, const char *name)
{
	snprintf(path, PATH_ROOM, "%s/%s%s%s", dir, below, name ? "/" : "", name ?: "");
	return path;
}

static int make_dir(const char *dir, const char *below, const struct stat *owner)
{
	char path[PATH_ROOM];

	if (mkdir(in(path, dir, below, NULL), 0700) < 0 ||
	    chown(path, owner->st_uid, owner->st_gid) < 0)
		return -errno;
	return 0;
}

/* A host that knows this one by two addresses gets two lines in one file. */
static int write_records(const char *dir, const struct rg_sm_peer *peers, size_t n,
			 const struct stat *owner)
{
	char path[PATH_ROOM], record[RG_SM_RECORD_SIZE];
	int err = 0;

	for (size_t i = 0; i < n && !err; i++) {
		rg_sm_record(&peers[i], record);
		err = write_file(in(path, dir, "sm", peers[i].addr), O_CREAT | O_APPEND, 0600,
				 record, strlen(record));
		if (!err && chown(path, owner->st_uid, owner->st_gid) < 0)
			err = -errno;
	}
	return err;
}

static int make_all(const char *dir, const struct rg_sm_peer *peers, size_t n, int state,
		    const struct stat *owner)
{
	char path[PATH_ROOM];
	int err;

	/* sm-notify changes to the owner of `sm`, as it does for rpc.statd's directory. */
	if (chown(dir, owner->st_uid, owner->st_gid) < 0)
		return -errno;
	err = make_dir(dir, "sm", owner);
	err = err ?: make_dir(dir, "sm.bak", owner);
	err = err ?: write_file(in(path, dir, "state", NULL), O_CREAT, 0600, &state, sizeof(state));
	if (!err && chown(path, owner->st_uid, owner->st_gid) < 0)
		err = -errno;
	return err ?: write_records(dir, peers, n, owner);
}

/* sm-notify has removed the record of a host that answered. */
static bool is_left(const char *dir, const struct rg_sm_peer *peer)
{
	static const char *const below[] = {"sm", "sm.bak"};
	char path[PATH_ROOM], record[RG_SM_RECORD_SIZE], *text;
	bool left = false;

	rg_sm_record(peer, record);
	for (size_t i = 0; i < sizeof(below) / sizeof(below[0]) && !left; i++) {
		/* An unreadable directory counts as unanswered. */
		int err = rg_read_whole(in(path, dir, below[i], peer->addr), 1 << 16, &text, NULL);

		left = err ? err != -ENOENT : strstr(text, record) != NULL;
		free(text);
	}
	return left;
}

static void remove_below(const char *dir, const char *below)
{
	char path[PATH_ROOM];
	DIR *at = opendir(in(path, dir, below, NULL));
	struct dirent *e;

	while (at && (e = readdir(at)))
		if (e->d_name[0] != '.')
			unlinkat(dirfd(at), e->d_name, 0);
	if (at)
		closedir(at);
	rmdir(path);
}

static void remove_all(const char *dir)
{
	char path[PATH_ROOM];

	remove_below(dir, "sm");
	remove_below(dir, "sm.bak");
	unlink(in(path, dir, "state", NULL));
	if (rmdir(dir) < 0)
		rg_warn("%s: cannot be removed: %s", dir, rg_strerror(errno));
}

/* ---- ---- */

static int run_it(const char *dir)
{
	char minutes[8];
	/* -n keeps the state number; -d stays in the foreground. */
	const char *const argv[] = {"sm-notify", "-d", "-f", "-n", "-m", minutes, "-P", dir, NULL};
	/* -f ignores the note that it has run since boot, which is for the run at boot. */
	bool ran_before = access(PID_FILE, F_OK) == 0;
	char *bytes;
	size_t n;
	int err;

	snprintf(minutes, sizeof(minutes), "%d", RG_NOTIFY_MINUTES);
	err = rg_tool_run(argv, (RG_NOTIFY_MINUTES + 1) * 60 * 1000, 1 << 20, &bytes, &n);
	free(bytes);
	if (!ran_before)
		unlink(PID_FILE);
	return err;
}

int rg_sm_notify(const struct rg_sm_peer *peers, size_t n, bool *told)
{
	char dir[] = "/run/reexport-guard-notify.XXXXXX";
	const char *statd_dir;
	struct rg_nfsconf conf = {};
	struct stat owner;
	int state = 0, err;

	memset(told, 0, n * sizeof(*told));
	rg_nfsconf_read("", true, &conf);
	statd_dir = rg_nfsconf_get(&conf, "statd", "state-directory-path") ?: STATD_DIR;
	err = raise_state(statd_dir, &state, &owner);
	rg_nfsconf_free(&conf);
	if (err)
		return err == -ENOENT ? -ENXIO : err; /* rpc.statd has never run here */
	if (!mkdtemp(dir))
		return -errno;
	err = make_all(dir, peers, n, state, &owner);
	err = err ?: run_it(dir);
	/* It fails if it gave up on some hosts; the others were told. */
	for (size_t i = 0; i < n && err != -ENOENT; i++)
		told[i] = !is_left(dir, &peers[i]);
	remove_all(dir);
	return err == -EIO || err == -ETIMEDOUT ? 0 : err;
}
