// SPDX-License-Identifier: GPL-2.0-only
/* Advises what to do after a recovery, for each end client that lost a lock or may have lost
 * one; a report ends with it. Says no more than the events show, and calls a possibility a
 * possibility. */
#include <stdlib.h>
#include <string.h>

#include "report/advice.h"
#include "report/words.h"

struct list {
	struct rg_advice *at;
	size_t n, room;
};

static void RG_PRINTF(3, 4) add(struct list *l, long client, const char *fmt, ...)
{
	va_list args;

	l->at = rg_grow(l->at, l->n, &l->room, sizeof(*l->at));
	va_start(args, fmt);
	l->at[l->n++] = (struct rg_advice){.client = client, .text = rg_vtext(fmt, args)};
	va_end(args);
}

/* A Linux end client fails writes under a lost lock with EIO (fs/nfs/nfs4state.c,
 * nfs4_reclaim_open_state()). */
static void about_not_again(const struct rg_recovery *r, const struct rg_peer *p, long i,
			    struct list *l)
{
	__u64 n = p->fates[RG_FATE_NOT_AGAIN];
	char *locks = rg_count_text(n, "lock");

	if (!r->reached_end || r->header.filtered)
		add(l, i,
		    "look for `lost N locks` in its log: %s refused and not taken again in this "
		    "recording, which does not have the whole recovery",
		    locks);
	else
		add(l, i,
		    "restart the applications that held %s, which get EIO. To have such locks "
		    "taken "
		    "again next time, at the risk that somebody had them in between: `options nfs "
		    "recover_lost_locks=1` in /etc/modprobe.d of it, and at once `echo Y "
		    ">/sys/module/nfs/parameters/recover_lost_locks`",
		    locks);
	free(locks);
}

static void about_denied(const struct rg_peer *p, long i, struct list *l)
{
	char *locks = rg_count_text(p->fates[RG_FATE_DENIED], "lock");

	add(l, i,
	    "somebody else has %s of it: look with `lslocks` on this host, and for other clients "
	    "of "
	    "the original server; end whoever has no right to it, then restart its applications",
	    locks);
	free(locks);
}

static void about_thrown_out(const struct rg_recovery *r, const struct rg_peer *p, long i,
			     struct list *l)
{
	char *locks = rg_count_text(p->fates[RG_FATE_THROWN_OUT], "lock"), *other = NULL;

	if (p->gone_by >= 0 && (size_t)p->gone_by < r->n_clients)
		other = rg_peer_text(&r->clients[p->gone_by]);
	if (other)
		add(l, i,
		    "it had %s again and lost what it had to %s, which has the same name: give "
		    "each "
		    "a name of its own (nfs.nfs4_unique_id), then restart its applications",
		    locks, other);
	else
		add(l, i,
		    "it had %s again and was thrown out by knfsd: see whether it reaches this "
		    "host, "
		    "then restart its applications",
		    locks);
	free(locks);
	free(other);
}

static void about_as_new(const struct rg_peer *p, long i, struct list *l)
{
	char *locks = rg_count_text(p->fates[RG_FATE_AS_NEW], "lock");

	add(l, i,
	    "nothing, if the original server has no other clients: %s of it %s granted as new. "
	    "Otherwise check what its applications wrote",
	    locks, p->fates[RG_FATE_AS_NEW] == 1 ? "was" : "were");
	free(locks);
}

/* The application learns nothing of it (fs/lockd/clntlock.c, reclaimer()). */
static void about_v3(const struct rg_peer *p, long i, struct list *l)
{
	char *reclaims = rg_count_text(p->locks.refused, "lock reclaim");

	add(l, i,
	    "restart the applications that lock: %s refused, of which they are not told; its log "
	    "has `lockd: failed to reclaim lock` for each",
	    reclaims);
	free(reclaims);
}

static void about_opens(const struct rg_peer *p, long i, struct list *l)
{
	char *opens = rg_count_text(p->opens.refused - p->retaken_opens, "file");

	add(l, i,
	    "%s may not be open any more: look for `state recovery failed` in its log, and restart "
	    "the applications that get EIO",
	    opens);
	free(opens);
}

static void about(const struct rg_recovery *r, const struct rg_peer *p, long i, struct list *l)
{
	if (p->fates[RG_FATE_DENIED])
		about_denied(p, i, l);
	if (p->fates[RG_FATE_NOT_AGAIN] && p->minor >= 0)
		about_not_again(r, p, i, l);
	if (p->fates[RG_FATE_THROWN_OUT])
		about_thrown_out(r, p, i, l);
	if (p->minor < 0 && p->locks.refused)
		about_v3(p, i, l);
	if (p->opens.refused > p->retaken_opens)
		about_opens(p, i, l);
	if (p->fates[RG_FATE_AS_NEW])
		about_as_new(p, i, l);
}

struct rg_advice *rg_advice_of(const struct rg_recovery *r, size_t *n)
{
	struct list l = {};

	for (size_t i = 0; i < r->n_clients; i++)
		about(r, &r->clients[i], (long)i, &l);
	if (r->locks_given_up)
		add(&l, -1,
		    "this host gave up %llu lock%s of its end clients, which are not told: restart "
		    "the applications that lock on all of them",
		    (unsigned long long)r->locks_given_up, r->locks_given_up == 1 ? "" : "s");
	if (r->header.nfs4_locks && strcmp(r->header.nfs4_locks, "refused") == 0)
		add(&l, -1,
		    "this kernel grants no NFSv4 locks through a re-export: see `reexport-guard "
		    "check`");
	*n = l.n;
	return l.at;
}

void rg_advice_free(struct rg_advice *a, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(a[i].text);
	free(a);
}

const char *rg_advice_nothing(const struct rg_recovery *r)
{
	switch (r->verdict.outcome) {
	case RG_OUTCOME_NOTHING:
	case RG_OUTCOME_GRANTED:
	case RG_OUTCOME_AGAIN:
		return "Nothing: no end client is known to lack a lock.";
	default:
		return "Nothing for one end client in particular; see what is not known above.";
	}
}
