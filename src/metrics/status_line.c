// SPDX-License-Identifier: GPL-2.0-only
#include "metrics/status_line.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <systemd/sd-daemon.h>

#include "base/log.h"
#include "state/state.h"

#define TEMPORARY ".status-new"
#define INTERVAL_NS (5 * RG_NS_PER_SEC)

/* Replaces the file, in memory: no disk is waited for. 0 or negative errno. */
static int write_file(const char *line)
{
	char text[RG_VERDICT_SIZE + 1];
	int dir, err;

	if (mkdir(RG_STATUS_DIR, 0755) < 0 && errno != EEXIST)
		return -errno;
	dir = open(RG_STATUS_DIR, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir < 0)
		return -errno;
	snprintf(text, sizeof(text), "%s\n", line);
	err = rg_replace_file(dir, TEMPORARY, RG_STATUS_FILE, text, strlen(text), 0644, false);
	close(dir);
	return err;
}

void rg_status_line_tick(struct rg_status_line *l, const struct rg_pins *p, __u64 now_ns)
{
	struct rg_snapshot s;
	char line[RG_VERDICT_SIZE];
	int err;

	if (now_ns < l->due_ns)
		return;
	l->due_ns = now_ns + INTERVAL_NS;
	err = rg_snapshot_read(p, 0, &s);
	if (err) {
		snprintf(line, sizeof(line), "unknown: the pinned maps could not be read: %s",
			 rg_strerror(err));
	} else {
		rg_verdict(&s, line);
		rg_snapshot_free(&s);
	}
	if (strcmp(line, l->said) == 0)
		return;
	memcpy(l->said, line, sizeof(l->said));
	sd_notifyf(0, "STATUS=%s", line);
	err = write_file(line);
	if (err && !l->failed)
		rg_warn(RG_STATUS_DIR "/" RG_STATUS_FILE ": cannot be written: %s; `reexport-guard "
				      "status` has the same line",
			rg_strerror(err));
	l->failed = err;
}

void rg_status_line_end(void)
{
	unlink(RG_STATUS_DIR "/" RG_STATUS_FILE);
}
