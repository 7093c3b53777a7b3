/* SPDX-License-Identifier: GPL-2.0-only */
/* Keeps the daemon's knowledge of which ranges end clients hold (state/ranges.h), and follows
 * what becomes of them when knfsd starts anew (state/lost.h). */
#pragma once

#include "pins/listing.h"
#include "state/lost.h"

struct rg_following {
	char dir[RG_PATH_SIZE];
	char boot_id[RG_BOOT_ID_SIZE];
	__u32 init_netns, set;
	size_t bound;		 /* ranges that are kept; RG_MAX_RANGES but in tests */
	struct rg_ranges ranges; /* `lives` as the gates had them when last looked at */
	struct rg_losts losts;
	bool met[RG_MAX_GATES];	      /* `lives` has it */
	bool anew[RG_MAX_GATES];      /* its files are to be listed whole */
	bool from_disk[RG_MAX_GATES]; /* the daemon did not follow them to knfsd's end */
	bool missed[RG_MAX_GATES];    /* a listing was cut off by knfsd's end */
	bool ranges_changed, losts_changed;
	__u64 list_due_ns, tried_ns;
	struct rg_listing_view view;
};

/* Read what is on disk. Where the maps cannot be mapped that is said, and nothing is known by
 * range. */
void rg_follow_start(struct rg_following *f, const struct rg_pins *p, const char *dir,
		     __u32 init_netns, const char *boot_id, size_t bound);
/* List what changed, work out what was lost, and write what changed and is due, every
 * interval_s seconds at most; `now`: due or not. `wrote` is told of each write. */
typedef void rg_follow_wrote(void *arg, const char *file, int err);
void rg_follow_tick(struct rg_following *f, const struct rg_pins *p, __u64 now_ns, __u32 interval_s,
		    bool now, rg_follow_wrote *wrote, void *arg);
void rg_follow_free(struct rg_following *f);
