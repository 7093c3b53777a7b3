/* SPDX-License-Identifier: GPL-2.0-only */
/* What to do when an original server refuses this host's own reclaims. */
#pragma once

#include "rg_gate.h"

/* Say so, and with on-origin-no-grace = end-grace end knfsd's grace period, if it
 * is in one: its end clients' reclaims have come to nothing. g: a gate whose
 * origin_no_grace_ns is new. */
void rg_origin_no_grace(const struct rg_gate *g);
