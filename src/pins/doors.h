/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The doors: the hooks that block callers, one for each enum rg_door, attached when the
 * gates need them (RG_DOORS in rg_maps.h).
 */
#pragma once

#include "pins/pins.h"

/* The doors that these gates need: 1 << enum rg_door. Pure. */
__u32 rg_doors_wanted(const struct rg_gate *gates, __u64 now_ns);
/* The doors that are attached, judged by their pins: 1 << enum rg_door. */
__u32 rg_doors_attached(void);

/* Attach the pinned programs of these doors and pin the links. The caller has the directory
 * locked exclusively. An enum rg_exit; a message says what is wrong. */
int rg_doors_attach(const struct rg_pins *p, __u32 wanted);
/* Unpin the links of these doors, which detaches them. */
void rg_doors_detach(__u32 unwanted);

/* Attach and detach the optional doors as the gates need them now. *changed:
 * the doors that were attached or detached. The caller has the directory locked exclusively.
 * An enum rg_exit. */
int rg_doors_adjust(const struct rg_pins *p, __u32 *changed);

/* The name of the hook, whatever the rung: "file_open". */
const char *rg_door_hook_name(__u32 door);
/* The kind of hook and its name on this rung: "BPF LSM file_open". */
const char *rg_door_hook(__u32 door, __u32 rung);
/* The door whose program has this section, "lsm/file_open" or "fmod_ret/security_file_open", and
 * its rung; -1: it is no door's. */
int rg_door_of_section(const char *section, enum rg_rung *rung);
