// SPDX-License-Identifier: GPL-2.0-only
/* Takes over what the recording host's ledger says was lost: it knows the locks that no end
 * client asked for again and no event tells of. The last statement about a recovery counts. */
#include <stdlib.h>

#include "report/collect.h"

void rg_add_lost(struct rg_recovery *r, const struct rg_entry *e)
{
	rg_losses_clear(r);
	r->has_ledger = true;
	r->lost_total = e->total;
	r->lost_unnamed = e->unnamed;
	r->lost_clients = e->clients;
	r->lost_lower_bound = e->lower_bound;
	r->telling |= e->total != 0;
	free(r->lost_text);
	r->lost_text = rg_clean_in(&e->text);
}

void rg_add_lost_lock(struct rg_recovery *r, const struct rg_entry *e)
{
	char *addr = rg_clean_in(&e->addr), *name = rg_clean_in(&e->peer_name);
	struct rg_loss *loss;

	if (r->n_losses == RG_REPORT_LOCKS) {
		r->more_losses++;
	} else {
		r->losses = rg_grow(r->losses, r->n_losses, &r->room_losses, sizeof(*r->losses));
		loss = &r->losses[r->n_losses++];
		*loss = (struct rg_loss){.file = rg_file_of(r, e),
					 .type = rg_clean_in(&e->type),
					 .reason = rg_clean_in(&e->reason),
					 .text = rg_clean_in(&e->text),
					 .start = e->start,
					 .length = e->length};
		loss->client = rg_text("%s%s%s%s", addr ?: "", addr && name ? " " : "", name ?: "",
				       e->peer_name_cut ? "…" : "");
	}
	free(addr);
	free(name);
}
