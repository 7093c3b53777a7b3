// SPDX-License-Identifier: GPL-2.0-only
/* Warns of locks that local applications hold already, which no gate takes away. */
#include <bpf/bpf.h>

#include "cli/verbs.h"
#include "base/proclocks.h"

struct warn {
	const struct rg_pins *p;
	struct rg_mounts mounts;
};

static void warn_of(void *arg, const struct rg_proc_lock *lock)
{
	const struct warn *w = arg;
	struct rg_device d;

	for (size_t i = 0; i < w->mounts.n; i++) {
		if (w->mounts.at[i].dev != lock->dev)
			continue;
		/* An unclassified superblock counts as guarded. */
		if (bpf_map_lookup_elem(w->p->map_fd[RG_MAP_DEVICES], &lock->dev, &d) < 0 ||
		    d.class == RG_CLASS_GUARDED)
			rg_warn("process %u already holds a lock on inode %lu of %s: it is not "
				"taken away",
				lock->pid, lock->ino, w->mounts.at[i].target);
		return;
	}
}

void rg_warn_of_locks(const struct rg_pins *p)
{
	struct warn w = {.p = p};

	if (rg_mounts_read("/proc/self/mountinfo", &w.mounts))
		return;
	rg_proc_locks("/proc", warn_of, &w);
	rg_mounts_free(&w.mounts);
}
