/* SPDX-License-Identifier: GPL-2.0-only */
/* Takes a set away, whole or not. */
#pragma once

#include "pins/pins.h"

/* Opens every gate, continues all held processes, unpins, and waits until the kernel has freed the
 * programs. p is open, as far as it can be, and locked; it stays so. *continued: held
 * processes. RG_DONE, or RG_FAILED, and messages say what is left. */
int rg_take_away(struct rg_pins *p, unsigned int *continued);
