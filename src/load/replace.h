/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Replaces the set that is in force by one that is armed beside it, in another directory: a set
 * of another version, or one that is not whole. The old doors stay until the new ones are
 * proven and know all that the old ones knew, and who is held stays held.
 *
 *   1 load, pin, and attach the followers, beside        (rg_replace_begin, arm.c)
 *   2 carry over what the old set has: rules, end clients, gates; each gate until the old set
 *     knows no more of it than the new one was told      (rg_replace_carry)
 *   3 attach the doors, prove them, write armed = 1      (arm.c)
 *   4 exchange the two directories, which is one step    (rg_replace_end)
 *   5 unpin the old doors, take over the records of the held, unpin the rest
 *
 * A process that is killed before step 3 is done leaves a part of a new set beside the old one;
 * later, a part of the old set beside the new one, or a new set that only has to be exchanged.
 * rg_replace_clear() puts each of them right.
 */
#pragma once

#include "pins/pins.h"

/* Makes an empty directory beside, locks it, and makes pins there from now on. Fills in p.
 * Returns an enum rg_exit. */
int rg_replace_begin(struct rg_pins *p);
/* Carries over. old: opened by rg_other_open(). p: its maps are not frozen, and its followers
 * are attached. Returns an enum rg_exit. */
int rg_replace_carry(const struct rg_pins *old, const struct rg_pins *p);
/* Puts the armed set p in force and removes the old one, which the caller closes. Returns an
 * enum rg_exit; after a failure the old set is in force. */
int rg_replace_end(struct rg_pins *old, struct rg_pins *p);
/* Makes pins in RG_PIN_DIR again. */
void rg_replace_cancel(void);

/* Says whether a process was killed while it replaced a set, and nothing has cleared that
 * since. */
bool rg_replace_was_cut_short(void);
/* Clears what that process left. The caller has RG_PIN_DIR locked exclusively (*p, not opened
 * yet). Afterwards p is still locked, and RG_PIN_DIR may be another directory. */
void rg_replace_clear(struct rg_pins *p);
