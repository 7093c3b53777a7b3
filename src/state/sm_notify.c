// SPDX-License-Identifier: GPL-2.0-only
#include "state/sm_notify.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "mounts/nfsconf.h"
#include "mounts/tool.h"

#define STATD_DIR "/var/lib/nfs"
#define KERNEL_STATE "/proc/sys/fs/nfs/nsm_local_state"
#define PID_FILE "/run/sm-notify.pid"

/* lockd sends this number to servers; a kernel that refuses it sends the old one. */
static void tell_lockd(int state)
{
	int fd = open(KERNEL_STATE, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	dprintf(fd, "%d", state);
	close(fd);
}

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
	int state = 0, err, at, statd;
	struct stat owner;

	memset(told, 0, n * sizeof(*told));
	rg_nfsconf_read("", true, &conf);
	statd_dir = rg_nfsconf_get(&conf, "statd", "state-directory-path") ?: STATD_DIR;
	statd = open(statd_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	err = statd < 0 ? -errno : rg_sm_raise_state(statd, &state, &owner);
	if (statd >= 0)
		close(statd);
	rg_nfsconf_free(&conf);
	if (err)
		return err == -ENOENT ? -ENXIO : err; /* rpc.statd has never run here */
	tell_lockd(state);
	if (!mkdtemp(dir))
		return -errno;
	at = open(dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	err = at < 0 ? -errno : rg_sm_fill(at, peers, n, state, &owner);
	err = err ?: run_it(dir);
	/* It fails if it gave up on some hosts; the others were told. */
	for (size_t i = 0; i < n && at >= 0 && err != -ENOENT; i++)
		told[i] = !rg_sm_is_left(at, &peers[i]);
	if (at >= 0) {
		rg_sm_empty(at);
		close(at);
	}
	if (rmdir(dir) < 0)
		rg_warn("%s: cannot be removed: %s", dir, rg_strerror(errno));
	return err == -EIO || err == -ETIMEDOUT ? 0 : err;
}
