/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The rung sleep of hold: where the module reexport_guard is loaded, a held thread sleeps in
 * the kernel (kmod/sleep.c) instead of its process being stopped.
 *
 * The program that answers the module (bpf/sleep.bpf.c) is attached to a function of the
 * module, and keeps it from being unloaded until rg_sleep_end().
 */
#pragma once

#include <stdbool.h>

#include "load/programs.h"

/* Make held threads sleep from now on, if `best` (enum rg_hold) allows it and the module is
 * loaded. Otherwise they are stopped, and one line says why. The caller has the directory
 * locked exclusively. RG_DONE; with `must`, RG_CANNOT if they cannot sleep. */
int rg_sleep_begin(const struct rg_pins *p, __u32 best, bool must);

/* Make held processes stop from now on, and detach from the module. The module wakes sleeping
 * threads within a second, and they come to the door again. */
void rg_sleep_end(const struct rg_pins *p);
