/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A program that is attached in a module keeps it from being unloaded. For nfsd, which
 * people do unload while no knfsd runs, the programs can be let go of and attached
 * anew; the gate stays as it is meanwhile, which is closed. packaging/modprobe.d calls
 * this when modprobe(8) removes and loads the module, so that they are attached before
 * knfsd can start.
 */
#pragma once

#include "pins/pins.h"

#define RG_NFSD "nfsd"

/* Both: p is open, and locked exclusively. An enum rg_exit; what is wrong is said. */

/* Nothing, if they are let go of already; refused while knfsd runs where there is a
 * gate. Returns when the kernel has freed the programs. */
int rg_modules_release(const struct rg_pins *p);
/* Nothing, if they are attached. Gates of a knfsd that started meanwhile follow it from
 * here on. */
int rg_modules_follow(const struct rg_pins *p);

/* Gates whose knfsd ran while nothing followed it go on as if nobody saw who is refused
 * (blind) until it is down: then this makes them see again. */
void rg_modules_see_again(const struct rg_pins *p);
/* Is there such a gate? Needs no lock, which the other one does: it writes a policy, as
 * `enable` does. */
bool rg_modules_may_see(const struct rg_pins *p, const struct rg_gate *gates);
/* They were let go of, and knfsd has started all the same, in this network namespace;
 * 0: no. Needs no privileges but to read the maps. */
__u32 rg_modules_missed(const struct rg_pins *p);
