/* SPDX-License-Identifier: GPL-2.0-only */
/* Executables that may open and access files at a closed gate: the programs that knfsd needs to
 * start. */
#pragma once

#include "policy/config.h"
#include "mounts/mounts.h"
#include "pins/pins.h"

/* Writes them to the map `exempt`: this program, the installed ones of the default list, and
 * those of the configuration. Warns of a configured one that does not exist. Returns an enum
 * rg_exit. */
int rg_exempt_write(const struct rg_pins *p, const struct rg_config *config);

/* Follows package updates, which replace executables: adds to the map the file that each
 * recorded path leads to now and, where a policy has the default list, programs installed since.
 * Passes over paths on remote file systems of the mount table, since they could wait for a server.
 * Without `write` only counts. Returns the number of new ones or a negative errno. */
int rg_exempt_follow(const struct rg_pins *p, const struct rg_mounts *mounts, bool write);

enum rg_presence {
	RG_PROGRAM_IS_THERE = 0,
	RG_PROGRAM_IS_MISSING,
	RG_PROGRAM_IS_NONE, /* exists, but cannot be exempt */
};

/* Looks at a path of the configuration. *why: what it is instead of an executable, or NULL. */
enum rg_presence rg_exempt_look_for(const char *program, const char **why);
