/* SPDX-License-Identifier: GPL-2.0-only */
/* Keeps recoveries (state/lost.h) on disk, as lost.json (docs/state.md). */
#pragma once

#include "state/lost.h"

#define RG_LOST_FILE "lost.json"

/* The recoveries of all gates. */
struct rg_losts {
	struct rg_lost *at[RG_MAX_GATES]; /* indexed by slot; NULL: none */
};

/* Writes the contents of the file. losts: struct rg_losts. */
void rg_losts_put(FILE *to, const void *losts);
/* Reads one recovery of the file. Returns as rg_ranges_of_json() does. */
int rg_lost_of_json(json_object *o, __u32 init_netns, struct rg_lost *l, char *why);

/* Reads the recoveries of this boot and this set of pins into the slots of their gates. Returns
 * 0, or a negative errno after reporting it. */
int rg_losts_load(const char *dir, __u32 init_netns, const char *boot_id, __u32 set,
		  const struct rg_gate *gates, struct rg_losts *all);
int rg_losts_save(const char *dir, const struct rg_losts *all);
void rg_losts_free(struct rg_losts *all);
