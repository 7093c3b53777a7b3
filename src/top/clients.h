/* SPDX-License-Identifier: GPL-2.0-only */
/* Joins the end clients of the ledger and of the tracing programs for `top`, the ones that need
 * attention first. */
#pragma once

#include "metrics/snapshot.h"

struct rg_top_client {
	const struct rg_client *ledger; /* NULL: the ledger lacks it */
	/* counts since knfsd's start; NULL: not seen since. The snapshot owns both */
	const struct rg_flow_client *flow;
	__u32 slot;
	bool here; /* the ledger has seen it since knfsd's start */
};

/* Returns n end clients, owned by the caller (free); NULL: none, or no memory. Awaited ones come
 * first, then refused ones, then those that did not come back; more refusals come before fewer. */
struct rg_top_client *rg_top_clients(const struct rg_snapshot *s, __u32 *n);

/* Says whether it had locks and has not been seen since knfsd's start. */
bool rg_top_client_is_absent(const struct rg_top_client *c);
/* Returns the number of its refused reclaims, from either list. */
__u32 rg_top_client_refused(const struct rg_top_client *c);
