/* SPDX-License-Identifier: GPL-2.0-only */
/* From what is configured to mount rules, and those into the map `rules`. */
#pragma once

#include "policy/config.h"
#include "mounts/mounts.h"
#include "pins/pins.h"

/* Owned by the caller: rg_rules_free(). */
struct rg_rules {
	struct rg_rule *at;
	size_t n;
};

/* Check the paths against the mount table and collect the exports. An enum
 * rg_exit; what is wrong is said. The slots are not filled in. */
int rg_rules_make(const struct rg_config *config, const struct rg_mounts *mounts,
		  struct rg_rules *rules);
/* Those of one gate, from the map. 0 or negative errno. */
int rg_rules_of(const struct rg_pins *p, __u32 slot, struct rg_rules *rules);
/* To rules made of the exports as they are now, adds those of before that stay: all that
 * are not of exports; those of exports that knfsd alone had (RG_RULE_OF_KNFSD); with
 * `all`, where something could not be read, every one. 0 or -ENOMEM. */
int rg_rules_take_over(struct rg_rules *fresh, const struct rg_rules *before, bool all);
/* Rules of the exports as they are now, in the place of those among `rules`;
 * besides them, on an error. Does not run exportfs: it reads what that reads. 0
 * or negative errno. */
int rg_rules_refresh(struct rg_rules *rules, __u32 slot);
/* The rules of this slot are replaced, those of other gates stay. 0 or negative
 * errno: -ENOSPC, more than RG_MAX_RULES. */
int rg_rules_write(const struct rg_pins *p, const struct rg_rules *ours, __u32 slot);
void rg_rules_free(struct rg_rules *rules);
