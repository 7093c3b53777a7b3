/* SPDX-License-Identifier: GPL-2.0-only */
/* Key protect: nobody but our own executable unpins, detaches or writes what is pinned
 * (bpf/protect). It is against mistakes and against tools that clean up, not against a root who
 * means it, who can replace the executable. */
#pragma once

#include "pins/freed.h"
#include "pins/pins.h"
#include "rg_protect.h"

/* Protects the set in rg_pins_dir(), or ends that, and writes meta.protect. Trusts this process's
 * executable. Nothing depends on it, so what fails is said, and the set serves all the same. The
 * caller has the directory locked. */
void rg_protect(const struct rg_pins *p, bool wanted);
/* Takes this process's executable for ours in place of the one before, if the set is protected.
 * For a set that stays as it is. */
void rg_protect_again(const struct rg_pins *p);
/* Protects the maps and the programs that were pinned since then, if the set is protected. */
void rg_protect_cover(void);
/* Adds the programs of protection to those that are to be gone. */
void rg_protect_programs(struct rg_programs *programs);
