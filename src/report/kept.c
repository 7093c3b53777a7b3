// SPDX-License-Identifier: GPL-2.0-only
/* Adds what an original server keeps for clients that rebooted (docs/original.md). */
#include <stdlib.h>
#include <string.h>

#include "record/record_names.h"
#include "report/collect.h"
#include "report/words.h"

/* Returns the number of the event's client, or -1. A recording may say of such an event that it is
 * of this host as a client; then its peer would be an original server. */
static long client_of(struct rg_recovery *r, const struct rg_entry *e)
{
	return e->side == RG_SIDE_SERVER ? rg_peer_of(r, e) : -1;
}

/* Owned: the client at this place, or "a client". */
static char *client_text(const struct rg_recovery *r, long i)
{
	return i < 0 ? rg_text("a client") : rg_peer_text(&r->clients[i]);
}

/* Owned: "bytes 0 to 9 of /export/db", or the file alone. */
static char *what_text(struct rg_recovery *r, const struct rg_entry *e)
{
	char *file = rg_file_text(r, rg_file_of(r, e)),
	     *range = e->has_range ? rg_range_text(e->start, e->length) : NULL,
	     *all = range ? rg_text("%s of %s", range, file) : rg_text("%s", file);

	free(file);
	free(range);
	return all;
}

/* Owned: the reason in words, or as the recording has it. */
static char *why_text(const struct rg_entry *e)
{
	char *why = rg_clean_in(&e->why);

	for (__u32 i = 0; why && i < RG_NR_KEPT_WHYS; i++)
		if (strcmp(rg_kept_why_name(i), why) == 0) {
			free(why);
			return rg_text("%s", rg_kept_why_text(i));
		}
	return why ?: rg_text("?");
}

static void add_kept(struct rg_recovery *r, const struct rg_entry *e, long i)
{
	char *who = client_text(r, i), *ranges = rg_count_text(e->ranges, "range");

	r->kept.clients++;
	r->kept.ranges += e->ranges;
	rg_recovery_moment(r, e->boot_ns, e->side, "KEPT", i, false,
			   "%s rebooted: %s kept for it for %llu s%s", who, ranges,
			   (unsigned long long)e->keep_for_s,
			   e->overflow ? "; not all of them had room, so others wait for any lock "
					 "of its file systems"
				       : "");
	free(who);
	free(ranges);
}

static void add_not_kept(struct rg_recovery *r, const struct rg_entry *e, long i)
{
	char *who = client_text(r, i), *why = why_text(e);

	r->kept.not_kept++;
	rg_recovery_moment(r, e->boot_ns, e->side, "NOT_KEPT", i, false,
			   "%s rebooted: nothing is kept for it, as %s", who, why);
	free(who);
	free(why);
}

static void add_retaken(struct rg_recovery *r, const struct rg_entry *e, long i)
{
	char *who = client_text(r, i), *what = what_text(r, e);

	r->kept.retaken++;
	rg_recovery_moment(r, e->boot_ns, e->side, "RETAKEN", i, true, "%s took back %s; %llu left",
			   who, what, (unsigned long long)e->left);
	free(who);
	free(what);
}

static void add_kept_from(struct rg_recovery *r, const struct rg_entry *e)
{
	bool local = e->side == RG_SIDE_GATE;
	long i = client_of(r, e), keeper = rg_peer_by_id(r, &e->kept_for);
	char *comm = rg_clean_in(&e->comm), *asks = rg_clean_in(&e->what),
	     *who = local ? rg_text("the local application %s", comm ?: "?") : client_text(r, i),
	     *what = what_text(r, e), *whose = client_text(r, keeper),
	     *status = rg_clean_in(&e->status);

	r->kept.asked++;
	rg_recovery_moment(r, e->boot_ns, e->side, "KEPT_FROM", i, true,
			   "%s asked for %s (%s), kept for %s: %s", who, what, asks ?: "?", whose,
			   status ?: "let through (observe)");
	free(comm);
	free(asks);
	free(who);
	free(what);
	free(whose);
	free(status);
}

static void add_ended(struct rg_recovery *r, const struct rg_entry *e, long i)
{
	char *who = client_text(r, i), *why = why_text(e);

	r->kept.ended++;
	r->kept.left += e->left;
	rg_recovery_moment(r, e->boot_ns, e->side, "KEPT_ENDED", i, false,
			   "nothing is kept for %s any more: %s; %llu not taken back", who, why,
			   (unsigned long long)e->left);
	free(who);
	free(why);
}

void rg_add_kept(struct rg_recovery *r, const struct rg_entry *e)
{
	if (e->op == RG_REC_KEPT_FROM) {
		add_kept_from(r, e);
		return;
	}
	(e->op == RG_REC_KEPT	    ? add_kept
	 : e->op == RG_REC_NOT_KEPT ? add_not_kept
	 : e->op == RG_REC_RETAKEN  ? add_retaken
				    : add_ended)(r, e, client_of(r, e));
}
