/* SPDX-License-Identifier: GPL-2.0-only */
/* Makes mount rules from the configuration and the exports, and writes them to the map
 * `rules`. */
#pragma once

#include "policy/config.h"
#include "mounts/mounts.h"
#include "pins/pins.h"

/* Owned by the caller (rg_rules_free). */
struct rg_rules {
	struct rg_rule *at;
	size_t n;
};

/* Checks the configured paths against the mount table and collects the exports. Does not fill in
 * the slots. Returns an enum rg_exit after reporting what is wrong. */
int rg_rules_make(const struct rg_config *config, const struct rg_mounts *mounts,
		  struct rg_rules *rules);
/* Reads the rules of one gate from the map. Returns 0 or a negative errno. */
int rg_rules_of(const struct rg_pins *p, __u32 slot, struct rg_rules *rules);
/* Adds to the rules made from today's exports the earlier rules that stay: those not made from
 * exports, those that only knfsd's own list gave (RG_RULE_OF_KNFSD), and, with `all` (a source
 * could not be read), every one. Returns 0 or -ENOMEM. */
int rg_rules_take_over(struct rg_rules *fresh, const struct rg_rules *before, bool all);
/* Replaces the rules made from exports by those of today's exports; keeps the old ones as well
 * if a source cannot be read. Reads the files that exportfs reads instead of running it. Returns 0
 * or a negative errno. */
int rg_rules_refresh(struct rg_rules *rules, __u32 slot);
/* Replaces the rules of this slot in the map and keeps those of other gates. Returns 0 or a
 * negative errno; -ENOSPC: more than RG_MAX_RULES. */
int rg_rules_write(const struct rg_pins *p, const struct rg_rules *ours, __u32 slot);
void rg_rules_free(struct rg_rules *rules);
