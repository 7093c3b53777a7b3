// SPDX-License-Identifier: GPL-2.0-only
#include "top/clients.h"

#include <stdlib.h>
#include <string.h>

/* ---- two lists into one ---- */

static int compare_keys(const struct rg_client_key *a, const struct rg_client_key *b)
{
	if (a->slot != b->slot)
		return a->slot < b->slot ? -1 : 1;
	return a->name_hash < b->name_hash ? -1 : a->name_hash > b->name_hash;
}

/* An end client with its key, for the search in the other list. */
struct found {
	struct rg_client_key key;
	struct rg_top_client client;
};

static int by_key(const void *a, const void *b)
{
	return compare_keys(&((const struct found *)a)->key, &((const struct found *)b)->key);
}

/* Lists the ledger's end clients in the order of their keys. */
static __u32 take_ledger(const struct rg_snapshot *s, struct found *all)
{
	__u32 n = 0;

	for (__u32 i = 0; i < s->ledger.n; i++) {
		const struct rg_client *c = &s->ledger.clients[i];
		__u32 slot = s->ledger.keys[i].slot;

		if (!rg_snapshot_has(s, slot))
			continue;
		all[n++] = (struct found){
			.key = s->ledger.keys[i],
			.client = {.ledger = c,
				   .slot = slot,
				   .here = c->generation == rg_client_generation(&s->gates[slot])},
		};
	}
	qsort(all, n, sizeof(*all), by_key);
	return n;
}

/* Adds what the tracing programs saw of them, and end clients that the ledger lacks. */
static __u32 take_flows(const struct rg_snapshot *s, struct found *all, __u32 n_ledger)
{
	__u32 n = n_ledger;

	for (__u32 i = 0; i < s->flows.n; i++) {
		const struct rg_flow_client *f = &s->flows.clients[i];
		struct found new = {.key = s->flows.keys[i],
				    .client = {.flow = f, .slot = s->flows.keys[i].slot}},
			     *old;

		if (!rg_snapshot_has(s, new.key.slot) ||
		    f->generation != s->gates[new.key.slot].generation)
			continue;
		old = bsearch(&new, all, n_ledger, sizeof(*all), by_key);
		if (old)
			old->client.flow = f;
		else
			all[n++] = new;
	}
	return n;
}

/* ---- who comes first ---- */

__u32 rg_top_client_refused(const struct rg_top_client *c)
{
	__u32 by_ledger = c->here ? c->ledger->refusals : 0;
	__u32 by_flow = c->flow ? c->flow->tally[RG_TALLY_RECLAIMS_REFUSED] : 0;

	return by_flow > by_ledger ? by_flow : by_ledger;
}

bool rg_top_client_is_absent(const struct rg_top_client *c)
{
	return !c->here && !c->flow;
}

static int urgency(const struct rg_top_client *c)
{
	if (c->here && c->ledger->state == RG_CLIENT_AWAITED)
		return 0;
	if (rg_top_client_refused(c))
		return 1;
	return rg_top_client_is_absent(c) ? 2 : 3;
}

static int by_urgency(const void *a, const void *b)
{
	const struct rg_top_client *x = &((const struct found *)a)->client;
	const struct rg_top_client *y = &((const struct found *)b)->client;
	__u32 refused_x = rg_top_client_refused(x), refused_y = rg_top_client_refused(y);
	int first = urgency(x) - urgency(y);

	if (first)
		return first;
	if (refused_x != refused_y)
		return refused_x > refused_y ? -1 : 1;
	/* Order equal ones by key, so that lines keep their places. */
	return by_key(a, b);
}

struct rg_top_client *rg_top_clients(const struct rg_snapshot *s, __u32 *n)
{
	size_t room = (size_t)s->ledger.n + s->flows.n;
	struct rg_top_client *list = NULL;
	struct found *all = room ? calloc(room, sizeof(*all)) : NULL;

	*n = 0;
	if (!all)
		return NULL;
	*n = take_flows(s, all, take_ledger(s, all));
	qsort(all, *n, sizeof(*all), by_urgency);
	if (*n)
		list = calloc(*n, sizeof(*list));
	if (!list)
		*n = 0;
	for (__u32 i = 0; i < *n; i++)
		list[i] = all[i].client;
	free(all);
	return list;
}
