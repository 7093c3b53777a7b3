// SPDX-License-Identifier: GPL-2.0-only
/*
 * The order that draft-cel-nfsv4-state-retention asks of a re-export server, as findings of a
 * recovery: it comes to its original server before it has a grace period of its own, grants a
 * reclaim only where the original server granted the lock, says RECLAIM_COMPLETE only when its end
 * clients are through, and gives no delegations where no state was retained.
 */
#include <stdlib.h>
#include <string.h>

#include "base/names.h"
#include "report/collect.h"
#include "report/judge.h"
#include "report/words.h"

/* Names this many of a kind; the JSON counts all of them. */
#define MAX_NAMED 5

/* ---- what an event adds ---- */

static const char *text_at(json_object *o, const char *key)
{
	json_object *value =
		json_object_is_type(o, json_type_object) ? json_object_object_get(o, key) : NULL;

	return json_object_is_type(value, json_type_string) ? json_object_get_string(value) : "";
}

/* Says whether this host's NFS client was granted a lock for this operation. */
static bool got_lock(json_object *back)
{
	size_t n = json_object_array_length(back);

	for (size_t i = 0; i < n && i < 32; i++) {
		json_object *o = json_object_array_get_idx(back, i);
		const char *op = text_at(o, "op"), *status = text_at(o, "status");

		if ((strcmp(op, "LOCK") == 0 && strcmp(status, "NFS4_OK") == 0) ||
		    (strcmp(op, "NLM_LOCK") == 0 && strcmp(status, "NLM4_GRANTED") == 0))
			return true;
	}
	return false;
}

void rg_order_add(struct rg_recovery *r, long client, const struct rg_entry *e)
{
	struct rg_peer *p = client < 0 ? NULL : &r->clients[client];

	if (!rg_claim_is_reclaim(e->claim) || e->answer != RG_ANSWER_GRANTED ||
	    !rg_list_has(e->facts, "re-export"))
		return;
	if (e->op == RG_REC_OPEN) {
		if (e->claim != RG_CLAIM_DELEGATION_RECLAIM)
			return;
		r->order.delegations++;
		if (p)
			p->delegations++;
		return;
	}
	/* The kernel module passed it on: this host's NFS client was asked for the lock, and sends
	 * nothing where it has a write delegation of the file. */
	if (rg_is_text(&e->reclaim, rg_reclaim_key(RG_RECLAIM_PROVEN))) {
		r->order.proven = true;
		return;
	}
	if (rg_is_text(&e->reclaim, rg_reclaim_key(RG_RECLAIM_UNPROVEN)))
		return;
	/* Where the recording does not say what was sent, it is not known. */
	if (!e->back || rg_list_has(e->facts, "back-truncated") || got_lock(e->back))
		return;
	r->order.unassured++;
	if (p)
		p->unassured++;
}

/* ---- findings ---- */

struct texts {
	char **at;
	size_t n, room;
};

static void add(struct texts *t, char *text)
{
	t->at = rg_grow(t->at, t->n, &t->room, sizeof(*t->at));
	t->at[t->n++] = text;
}

static bool retains(const struct rg_recovery *r)
{
	for (size_t i = 0; i < r->n_origins; i++)
		if (r->origins[i].retains)
			return true;
	return false;
}

/* Says whether this original server was told that this host is through while end clients were
 * not. */
static bool is_early(const struct rg_recovery *r, const struct rg_peer *p)
{
	return p->complete_ns && r->grace_ns && !r->skipped && r->expected &&
	       (!r->grace_end_ns || p->complete_ns < r->grace_end_ns);
}

/* By its first EXCHANGE_ID, after a boot. Later on an original server that restarts has one as
 * well. */
static bool is_late(const struct rg_recovery *r, const struct rg_peer *p)
{
	return !r->begun_before && r->generation == 1 && p->exchanges == 1 && r->grace_ns &&
	       !r->skipped && p->exchange_ns > r->grace_ns;
}

static char *early_text(const struct rg_recovery *r, const struct rg_peer *p)
{
	char *who = rg_peer_text(p), *when, *text;

	when = r->grace_end_ns ? rg_text("%.3f s before knfsd's grace period ended",
					 (double)(r->grace_end_ns - p->complete_ns) / 1e9)
			       : rg_text("and knfsd's grace period did not end in this recording");
	text = rg_text(
		"This host told its original server %s RECLAIM_COMPLETE %s, with end clients still "
		"to come: that server takes the recovery for finished. A Linux NFS client does so "
		"at each mount; %s.",
		who, when,
		r->order.proven
			? "reclaims were passed on as proven all the same"
			: "let that server keep the locks all the same (`reexport-guard enable "
			  "--role original` there)");
	free(who);
	free(when);
	return text;
}

static char *late_text(const struct rg_recovery *r, const struct rg_peer *p)
{
	char *text, *who = rg_peer_text(p);

	text = rg_text(
		"This host came to its original server %s %.3f s after knfsd's grace period had "
		"begun: until then no reclaim of an end client could go on to it. Mount before "
		"knfsd starts (see `reexport-guard check`).",
		who, (double)(p->exchange_ns - r->grace_ns) / 1e9);
	free(who);
	return text;
}

static char *unassured_text(const struct rg_recovery *r, const struct rg_peer *p)
{
	char *who = rg_peer_text(p), *locks = rg_count_text(p->unassured, "lock"), *text;

	(void)r;
	text = rg_text(
		"%s was granted a reclaim of %s for which this host got none at its original "
		"server: nothing assures %s, unless this host had a write delegation of the file. "
		"Look for %s in /proc/locks of the original server, and restart the applications "
		"that lock where %s missing.",
		who, locks, p->unassured == 1 ? "it" : "them", p->unassured == 1 ? "it" : "them",
		p->unassured == 1 ? "it is" : "they are");
	free(who);
	free(locks);
	return text;
}

static char *delegations_text(const struct rg_recovery *r, const struct rg_peer *p)
{
	char *who = rg_peer_text(p), *text;
	char *delegations = rg_count_text(p->delegations, "delegation");

	(void)r;
	text = rg_text("%s was given back %s, and no original server said that it retained this "
		       "host's "
		       "state: others can have opened or locked the file meanwhile. With `sysctl "
		       "fs.leases-enable=0` on this host knfsd gives none.",
		       who, delegations);
	free(who);
	free(delegations);
	return text;
}

/* One sentence for each, and of further ones how many. */
static void add_each(struct texts *t, const struct rg_recovery *r, const struct rg_peer *at,
		     size_t n, bool (*is)(const struct rg_recovery *r, const struct rg_peer *p),
		     char *(*text)(const struct rg_recovery *r, const struct rg_peer *p),
		     __u64 *count)
{
	__u64 found = 0;

	for (size_t i = 0; i < n; i++)
		if (is(r, &at[i]) && found++ < MAX_NAMED)
			add(t, text(r, &at[i]));
	if (found > MAX_NAMED)
		add(t, rg_text("The same is so of %llu more.",
			       (unsigned long long)(found - MAX_NAMED)));
	if (count)
		*count = found;
}

static bool is_unassured(const struct rg_recovery *r, const struct rg_peer *p)
{
	(void)r;
	return p->unassured != 0;
}

static bool has_delegations(const struct rg_recovery *r, const struct rg_peer *p)
{
	(void)r;
	return p->delegations != 0;
}

char **rg_order_texts(struct rg_recovery *r, size_t *n)
{
	struct texts t = {};

	add_each(&t, r, r->clients, r->n_clients, is_unassured, unassured_text, NULL);
	if (retains(r))
		r->order.delegations = 0;
	else
		add_each(&t, r, r->clients, r->n_clients, has_delegations, delegations_text, NULL);
	add_each(&t, r, r->origins, r->n_origins, is_early, early_text, &r->order.early);
	add_each(&t, r, r->origins, r->n_origins, is_late, late_text, &r->order.late);
	*n = t.n;
	return t.at;
}
