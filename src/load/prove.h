/* SPDX-License-Identifier: GPL-2.0-only */
/* Proves that doors block callers and let them go on, and says of each what does not work. */
#pragma once

#include "pins/pins.h"

/* A canary at each of these doors (1 << enum rg_door), with this enum rg_action, on this enum
 * rg_rung. *took_ns: the slowest. Where a canary does not sleep well, held processes are stopped
 * from then on. An enum rg_exit. */
int rg_prove_doors(const struct rg_pins *p, __u32 doors, __u32 action, __u32 rung, __u64 *took_ns);
