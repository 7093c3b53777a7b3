/* SPDX-License-Identifier: GPL-2.0-only */
/* Carries rules and decisions between user space and the pinned maps `rules` and `devices`. */
#pragma once

#include "mounts/mounts.h"
#include "pins/pins.h"

/* Reads the rules of all gates from the map. Owned by the caller (free). Returns 0 or a negative
 * errno. */
int rg_rules_read(const struct rg_pins *p, struct rg_rule **rules, size_t *n);

/* Writes the NFS superblocks of the table to the map `devices` for the gate in `slot`: the
 * guarded ones first, the others afterwards, so that a change of rules leaves no gap. With
 * RG_MOUNT_MODE_ALL the guarded ones are not written, and an earlier exemption ends: the kernel
 * decides by the superblock's own network namespace, which the table does not show. A superblock
 * that another gate guards stays with that gate. Returns 0 or the first negative errno; the
 * other superblocks are written all the same. */
int rg_classify(const struct rg_pins *p, const struct rg_mounts *mounts,
		const struct rg_rule *rules, size_t n, __u32 slot, enum rg_mount_mode mode);
