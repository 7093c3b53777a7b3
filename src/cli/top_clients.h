/* SPDX-License-Identifier: GPL-2.0-only */
/* The end clients that `top` shows: the ledger's and the tracing programs' as one
 * list, those first that somebody should look at. */
#pragma once

#include "metrics/snapshot.h"

struct rg_top_client {
	const struct rg_client *ledger; /* NULL: not in it, as with NLM */
	/* Of this life of knfsd; NULL: not seen in it. Both are the snapshot's. */
	const struct rg_flow_client *flow;
	__u32 slot;
	bool here; /* the ledger has seen it since knfsd started */
};

/* n of them, owned by the caller (free), or NULL: out of memory, or there is none.
 * Awaited first, then refused, then those that did not come back; those refused
 * most often before the others. */
struct rg_top_client *rg_top_clients(const struct rg_snapshot *s, __u32 *n);

/* It had locks, and knfsd has not seen it since it started. */
bool rg_top_client_is_absent(const struct rg_top_client *c);
/* Reclaims that it was refused, by whoever counted. */
__u32 rg_top_client_refused(const struct rg_top_client *c);
