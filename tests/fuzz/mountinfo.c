// SPDX-License-Identifier: GPL-2.0-only
/* /proc/PID/mountinfo, and on which mount a path lies. */
#include <string.h>

#include "fuzz.h"

#include "mounts/mounts.h"

void fuzz_one(const char *bytes, size_t n)
{
	struct rg_mounts mounts;

	if (rg_mounts_read(fuzz_file("mountinfo", bytes, n), &mounts)) {
		fuzz_need(!mounts.n && !mounts.n_places);
		return;
	}
	for (size_t i = 0; i < mounts.n; i++) {
		char below[8192];

		snprintf(below, sizeof(below), "%s/a", mounts.at[i].target);
		rg_may_lie_on(&mounts, below, &mounts.at[i]);
		rg_mount_of(&mounts, below);
		rg_place_of(&mounts, mounts.at[i].target);
	}
	rg_mount_of(&mounts, "/srv/a/b");
	rg_mounts_free(&mounts);
}
