/* SPDX-License-Identifier: GPL-2.0-only */
/* What the tracing programs counted, read from their maps: for `top`,
 * `metrics` and `status`. */
#pragma once

#include "pins/pins.h"

/* n elements each, in the order of the keys; owned by the list. */
struct rg_flow_clients {
	struct rg_client_key *keys;
	struct rg_flow_client *clients;
	__u32 n;
};

/* Each returns 0 or a negative errno. */
int rg_flow_clients_read(const struct rg_pins *p, struct rg_flow_clients *list);
void rg_flow_clients_free(struct rg_flow_clients *list);
/* Sums of all CPUs. */
int rg_flow_totals_read(const struct rg_pins *p, struct rg_flow_totals *totals);
int rg_flow_storm_read(const struct rg_pins *p, __u32 slot, struct rg_flow_storm *storm);
/* The slowest first. notes has RG_SLOWEST elements. Returns the number filled in, or a negative
 * errno. */
int rg_flow_slowest_read(const struct rg_pins *p, struct rg_flow_note *notes);
/* The newest first. notes has RG_LAST_DOWNGRADES elements. Returns likewise. */
int rg_flow_downgrades_read(const struct rg_pins *p, struct rg_flow_note *notes);
