/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A BPF program attached to a module's function prevents unloading the module. nfsd is
 * sometimes unloaded while no knfsd runs, so its programs can be detached and attached again;
 * the gate stays closed meanwhile. packaging/modprobe.d calls this when modprobe(8) removes and
 * loads the module, so that the programs are attached before knfsd can start.
 */
#pragma once

#include "load/programs.h"

/* For the next two functions p is open and locked exclusively. They return an enum rg_exit and
 * say what is wrong. */

/* Detach the programs of nfsd's functions. Does nothing if they are detached; refuses while a
 * knfsd runs in a network namespace with a gate. Returns when the kernel has freed them. */
int rg_modules_release(const struct rg_pins *p);
/* Attach them again. Does nothing if they are attached. The gate of a knfsd that started
 * meanwhile follows that knfsd from now on. */
int rg_modules_follow(const struct rg_pins *p);

/* A gate whose knfsd ran while nothing followed it is `blind` (it may have missed refused
 * reclaims) until that knfsd stops: then this function ends that. */
void rg_modules_see_again(const struct rg_pins *p);
/* Is there such a gate? Unlike the function above it needs no lock, as it writes no policy. */
bool rg_modules_may_see(const struct rg_pins *p, const struct rg_gate *gates);
/* The network namespace in which a knfsd started although its programs are detached, or 0.
 * Only needs to read the maps. */
__u32 rg_modules_missed(const struct rg_pins *p);
