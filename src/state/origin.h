/* SPDX-License-Identifier: GPL-2.0-only */
/* Reacts when an original server refuses this host's own reclaims. */
#pragma once

#include "rg_gate.h"

/* Logs it and, with on-origin-no-grace = end-grace, ends knfsd's grace period, since end
 * clients' reclaims cannot succeed. g: a gate with a new origin_no_grace_ns. */
void rg_origin_no_grace(const struct rg_gate *g);
