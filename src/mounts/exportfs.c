// SPDX-License-Identifier: GPL-2.0-only
/* Asks nfs-utils' own exportfs. */
#include <errno.h>
#include <stdlib.h>

#include "base/log.h"
#include "mounts/exports_list.h"
#include "mounts/tool.h"

#define EXPORTFS_MS 5000

int rg_exports_of_exportfs(struct rg_exports *out, rg_exports_bad bad, void *arg)
{
	static const char *const argv[] = {"exportfs", "-s", NULL};
	char *bytes = NULL;
	size_t n = 0;
	int err = rg_tool_run(argv, EXPORTFS_MS, RG_EXPORTS_BYTES, &bytes, &n), parsed = 0;

	/* Drop a line that was cut off: its path may be cut off, too. */
	while (n > 0 && bytes[n - 1] != '\n')
		n--;
	if (n > 0)
		parsed = rg_exports_parse(out, bytes, n, RG_FROM_EXPORTFS, "exportfs", bad, arg);
	free(bytes);
	if (err && err != -ENOENT && bad)
		bad(arg, "exportfs -s", 0,
		    err == -ETIMEDOUT ? "took more than 5 seconds, was killed"
		    : err == -EIO     ? "failed"
				      : rg_strerror(err));
	return err ?: parsed;
}
