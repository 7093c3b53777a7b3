/* SPDX-License-Identifier: GPL-2.0-only */
/* The parts of the screen, which top_screen.c stacks. Each draws from the next line on. */
#pragma once

#include "cli/screen.h"
#include "metrics/snapshot.h"

/* Draws gates with their state and the progress of grace period or deadline: at least one, and
 * as many others as fit into `room` lines. */
void rg_top_draw_gates(struct rg_screen *s, const struct rg_snapshot *now, unsigned int room);

/* Draws end clients, held processes, last downgrades and slowest reclaims in the rest of the
 * screen. Returns 0 or -ENOMEM. */
int rg_top_draw_tables(struct rg_screen *s, const struct rg_snapshot *now);
