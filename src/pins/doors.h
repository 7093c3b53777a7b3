/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The doors: hooks that keep somebody out, one an enum rg_what. That for locks
 * is attached as long as anything is enabled; those for opens while there is a
 * gate of scope opens or access; that for access while a gate of scope access
 * is not open.
 */
#pragma once

#include "pins/pins.h"

/* A bit a door, 1 << enum rg_what. Pure. */
__u32 rg_doors_wanted(const struct rg_gate *gates, __u64 now_ns);
/* Those that are attached, by their pins. */
__u32 rg_doors_attached(void);

/* Attach and pin, from the pinned programs. The directory is locked
 * exclusively. An enum rg_exit; what is wrong is said. */
int rg_doors_attach(const struct rg_pins *p, __u32 doors);
/* Unpin, which detaches. */
void rg_doors_detach(__u32 doors);

/* "lsm file_open" */
const char *rg_door_hook(__u32 what, __u32 rung);
