/* SPDX-License-Identifier: GPL-2.0-only */
/* Keeps the ranges that end clients hold (state/ranges.h), and follows what becomes of them
 * after a start of knfsd (state/lost.h). */
#pragma once

#include "pins/listing.h"
#include "state/lost_file.h"

struct rg_following {
	char dir[RG_PATH_SIZE];
	char boot_id[RG_BOOT_ID_SIZE];
	__u32 init_netns, set;
	size_t bound;		 /* greatest number of ranges; RG_MAX_RANGES except in tests */
	struct rg_ranges ranges; /* life of each gate's knfsd at the last look */
	struct rg_losts losts;
	bool met[RG_MAX_GATES];	      /* `lives` has a value */
	bool anew[RG_MAX_GATES];      /* all its files must be listed */
	bool from_disk[RG_MAX_GATES]; /* the daemon did not follow them until knfsd stopped */
	bool missed[RG_MAX_GATES];    /* knfsd stopped during a listing */
	bool ranges_changed, losts_changed;
	__u64 list_due_ns, tried_ns;
	struct rg_listing_view view;
};

/* Reads the files. Reports if the maps cannot be mapped; then no range is known. */
void rg_follow_start(struct rg_following *f, const struct rg_pins *p, const char *dir,
		     __u32 init_netns, const char *boot_id, size_t bound);
/* Lists what changed, works out what was lost, and writes what changed, at most every interval_s
 * seconds, or at once with `now`. Calls `wrote` after each write. */
typedef void rg_follow_wrote(void *arg, const char *file, int err);
void rg_follow_tick(struct rg_following *f, const struct rg_pins *p, __u64 now_ns, __u32 interval_s,
		    bool now, rg_follow_wrote *wrote, void *arg);
void rg_follow_free(struct rg_following *f);
