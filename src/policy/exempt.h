/* SPDX-License-Identifier: GPL-2.0-only */
/* Executables that are not kept out of opens and access: what knfsd needs to start. */
#pragma once

#include "policy/config.h"
#include "mounts/mounts.h"
#include "pins/pins.h"

/* Put them into the map `exempt`: the default list (what of it is installed),
 * this program, and those of the configuration. One that is not there is
 * warned of. An enum rg_exit. */
int rg_exempt_write(const struct rg_pins *p, const struct rg_config *config);

/* Updates replace executables by others. Of each in the map, add to it what is at its path
 * now; and of the default list, where a policy has it, what has been installed since. A path
 * on a remote file system of the mount table is passed over: nobody is waited for. !write:
 * only count them. How many are new; 0: none; or a negative errno. */
int rg_exempt_follow(const struct rg_pins *p, const struct rg_mounts *mounts, bool write);

enum rg_presence {
	RG_PROGRAM_IS_THERE = 0,
	RG_PROGRAM_IS_MISSING,
	RG_PROGRAM_IS_NONE, /* something else */
};

/* Is this path an executable that can be exempt? *why: what it is instead, or NULL. */
enum rg_presence rg_exempt_look_for(const char *program, const char **why);
