/* SPDX-License-Identifier: GPL-2.0-only */
/* The parts that top_screen.c puts below one another. Each draws from the next
 * line on. */
#pragma once

#include "cli/screen.h"
#include "metrics/snapshot.h"

/* A gate: its state, and how far its grace period or deadline is. At least one, and
 * of the others as many as go into `room` lines. */
void rg_top_draw_gates(struct rg_screen *s, const struct rg_snapshot *now, unsigned int room);

/* End clients, who is held, last downgrades, slowest reclaims, in what is left of the
 * screen. 0, or -ENOMEM. */
int rg_top_draw_tables(struct rg_screen *s, const struct rg_snapshot *now);
