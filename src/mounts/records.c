// SPDX-License-Identifier: GPL-2.0-only
#include "mounts/records.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/vfs.h>

#include <linux/magic.h>

#include "mounts/nfsconf.h"

#define NFSDCLD "/var/lib/nfs/nfsdcld"
#define LEGACY "/var/lib/nfs/v4recovery"

/* hier(7): /run is emptied at boot. */
static bool is_in_run(const char *path)
{
	return strncmp(path, "/run/", 5) == 0 || strncmp(path, "/var/run/", 9) == 0;
}

enum rg_known rg_records_outlive_reboot(const char *root)
{
	char directory[PATH_MAX], path[PATH_MAX];
	struct rg_nfsconf conf;
	struct statfs fs;
	const char *at;
	int err;

	rg_nfsconf_read(root, false, &conf);
	at = rg_nfsconf_get(&conf, "nfsdcld", "storagedir");
	snprintf(directory, sizeof(directory), "%s", at && *at == '/' ? at : NFSDCLD);
	rg_nfsconf_free(&conf);
	if (is_in_run(directory))
		return RG_KNOWN_NO;
	snprintf(path, sizeof(path), "%s%s", root, directory);
	err = statfs(path, &fs) < 0 ? errno : 0;
	if (err == ENOENT) {
		snprintf(path, sizeof(path), "%s%s", root, LEGACY);
		err = statfs(path, &fs) < 0 ? errno : 0;
	}
	/* The upper layer of an overlay may be on any file system. */
	if (err || fs.f_type == OVERLAYFS_SUPER_MAGIC)
		return RG_KNOWN_NOT;
	return fs.f_type == TMPFS_MAGIC || fs.f_type == RAMFS_MAGIC ? RG_KNOWN_NO : RG_KNOWN_YES;
}
