// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>

#include "mounts/mounts.h"

static void note(struct rg_mounts *mounts, const struct rg_mount *is)
{
	for (size_t i = 0; i < mounts->n; i++) {
		struct rg_mount *m = &mounts->at[i];

		if (m->dev != is->dev)
			continue;
		m->version = is->version;
		m->fsid_major = is->fsid_major;
		m->fsid_minor = is->fsid_minor;
	}
}

/* A line is "v4 0a4d0101 801 0:40 1c2d:0 no" (nfs_volume_list_show(), fs/nfs/client.c). */
void rg_mounts_ask_fsids(const char *volumes, struct rg_mounts *mounts)
{
	FILE *f = fopen(volumes, "re");
	char line[256];

	while (f && fgets(line, sizeof(line), f)) {
		unsigned int version, major, minor;
		unsigned long long fsid_major, fsid_minor;

		if (sscanf(line, "v%u %*s %*s %u:%u %llx:%llx", &version, &major, &minor,
			   &fsid_major, &fsid_minor) == 5)
			note(mounts, &(struct rg_mount){.dev = major << 20 | minor,
							.version = version,
							.fsid_major = fsid_major,
							.fsid_minor = fsid_minor});
	}
	if (f)
		fclose(f);
}
