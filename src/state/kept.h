/* SPDX-License-Identifier: GPL-2.0-only */
/* Asks original servers whether they keep the locks that this host had before it rebooted, and says
 * when its end clients are through (include/rg_kept.h, docs/original.md). It waits for the server,
 * so it is for a process of its own. */
#pragma once

#include "pins/pins.h"
#include "pins/settle.h"

/* Says whether each end client of this slot that had locks before was seen by this knfsd. knfsd
 * counts clientids that are through, and an end client that reboots in grace has two
 * (inc_reclaim_complete(), fs/nfsd/nfs4state.c). Pure. */
bool rg_kept_all_came(const struct rg_awaited *list, __u32 slot);

/* Asks once for each guarded NFS mount of a gate with original-keeps that is not open, in the
 * caller's mount namespace, and writes rg_device.kept_until_ns. Tells it once for each mount when
 * all end clients are through (rg_is_through(), rg_kept_all_came()). Nothing in it fails: a mount
 * of which nothing was learned is not kept, and a server that could not be told keeps on, which is
 * logged. */
void rg_kept_look(const struct rg_pins *p);
