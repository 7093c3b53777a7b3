/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A set that another version pinned, opened so that `status`, `release`, `close` and
 * `disable` can work on it: maps that are laid out otherwise are read into copies of our
 * layout, and the control program is asked in its own. What is read with rg_gates_read(),
 * rg_held_read() and rg_wrappers_read() is read anew from the set each time, and what is asked
 * with rg_control() is asked there, so that most of the program does not know of it.
 */
#pragma once

#include "pins/pins.h"

struct btf;

/* p: rg_pins_open() returned -EPROTO. `ours`: the types of this version (rg_load_types()).
 * Fills in what p lacks of gates, devices, the held, wrappers, the live words and the control
 * program; a map that is missing is an empty copy. 0; -EPROTO: the set has no types that say
 * where things are; or another negative errno, and nothing can be said. */
int rg_other_open(struct rg_pins *p, const struct btf *ours);
void rg_other_close(struct rg_pins *p);

/* Read the copies anew. 0 or negative errno. */
int rg_other_refresh(const struct rg_pins *p);
/* A record is done with: it goes, in the set as well. */
void rg_other_forget(const struct rg_pins *p, const struct rg_held_key *key);
/* Write down in the set that it is taken away, as its own version does it. */
void rg_other_disown(const struct rg_pins *p);
/* As rg_control(), for the operations that every version has: RG_OP_OPEN, RG_OP_CLOSE,
 * RG_OP_WHO. */
int rg_other_control(const struct rg_pins *p, struct rg_control *c);

/* RG_PINS_VERSION of the set and of the program that made it (32 bytes); 0 and "": unknown. */
__u32 rg_other_version(const struct rg_pins *p, char *tool);
