// SPDX-License-Identifier: GPL-2.0-only
/* Chooses the clients and file systems for which locks are kept, from the configuration. */
#include "original/original.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <libmount.h>

#include "base/log.h"
#include "mounts/mounts.h"
#include "policy/pattern.h"

/* Finds the superblock of a path in the mount table, since stat(2) returns another device for
 * each subvolume on some file systems (btrfs). Returns 0 or a negative errno. */
static int dev_of(struct libmnt_table *table, const char *path, __u32 *dev)
{
	char *real = realpath(path, NULL);
	struct libmnt_fs *fs;

	if (!real)
		return -errno;
	fs = mnt_table_find_mountpoint(table, real, MNT_ITER_BACKWARD);
	free(real);
	if (!fs)
		return -ENOENT;
	*dev = rg_kernel_dev(mnt_fs_get_devno(fs));
	return 0;
}

static int choose_devs(const struct rg_list *exports, struct rg_org_choice *choice)
{
	struct libmnt_table *table = mnt_new_table();
	int err = table ? mnt_table_parse_mtab(table, "/proc/self/mountinfo") : -ENOMEM;

	if (err)
		err = rg_error(RG_FAILED, "/proc/self/mountinfo: cannot be read: %s",
			       rg_strerror(err < 0 ? err : -err));
	for (size_t i = 0; !err && i < exports->n && i < RG_ORG_CHOSEN; i++) {
		err = dev_of(table, exports->at[i], &choice->devs[i]);
		if (err)
			err = rg_error(RG_FAILED,
				       "[original] export: %s: %s: expected a path that is there; "
				       "nothing was changed",
				       exports->at[i], rg_strerror(err));
		choice->n_devs++;
	}
	mnt_unref_table(table);
	return err;
}

int rg_org_choose(const struct rg_config *config, struct rg_org_choice *choice)
{
	const struct rg_list *clients = &config->org_clients;

	memset(choice, 0, sizeof(*choice));
	for (size_t i = 0; i < clients->n && i < RG_ORG_CHOSEN; i++)
		if (!rg_pattern_of(clients->at[i], &choice->peers[choice->n_peers++]))
			return rg_error(RG_FAILED, "[original] client: %s: expected %s",
					clients->at[i], RG_PATTERN_EXPECTED);
	return config->org_exports.n ? choose_devs(&config->org_exports, choice) : RG_DONE;
}
