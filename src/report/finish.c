// SPDX-License-Identifier: GPL-2.0-only
/* Concludes a recovery: fates of locks, milestones, the verdict's facts. */
#include <stdlib.h>
#include <string.h>

#include "base/names.h"
#include "report/judge.h"

/* A Linux end client waits up to 15 s after NFS4ERR_GRACE before it asks again
 * (NFS4_POLL_RETRY_MAX, fs/nfs/nfs4proc.c). */
#define RETAKE_NS (15 * 1000000000ULL)
/* The longest time between the opening of the gate by one program at the end of nfsd4_lock() and
 * the next program there. */
#define SETTLING_NS 10000000ULL

/* ---- order ---- */

static int by_time(__u64 a, __u64 b)
{
	return a < b ? -1 : a > b;
}

static int moment_order(const void *a, const void *b)
{
	const struct rg_moment *x = a, *y = b;

	if (x->before != y->before)
		return x->before ? -1 : 1;
	return by_time(x->ns, y->ns);
}

static int change_order(const void *a, const void *b)
{
	return by_time(((const struct rg_change *)a)->ns, ((const struct rg_change *)b)->ns);
}

static int downgraded_order(const void *a, const void *b)
{
	const struct rg_downgraded *x = a, *y = b;

	if (x->ground != y->ground)
		return x->ground < y->ground ? -1 : 1;
	return by_time(x->ns, y->ns);
}

/* qsort() of a NULL array is undefined even for no elements. */
static void sort(void *at, size_t n, size_t size, int (*order)(const void *, const void *))
{
	if (n > 1)
		qsort(at, n, size, order);
}

/* ---- the gate ---- */

/* An unknown state, of a later version, may let applications in. */
static bool lets_in(__u32 state)
{
	return state == RG_STATE_OPEN || state == RG_NR_STATES;
}

static void find_opening(struct rg_recovery *r)
{
	for (size_t i = 0; i < r->n_changes && !r->gate_open_ns; i++)
		if (!r->changes[i].carried && lets_in(r->changes[i].state))
			r->gate_open_ns = r->changes[i].ns;
}

/* The LOCK that completes an end client's locks opens the gate, before knfsd has finished that
 * LOCK and before its record is made. */
static bool is_its_own_doing(const struct rg_change *c, const struct rg_lock *l)
{
	__u64 took_ns = l->again_took_ns < SETTLING_NS ? l->again_took_ns : SETTLING_NS;

	return rg_same(c->why, rg_why_key(RG_WHY_SETTLED)) && c->ns + took_ns >= l->again_ns;
}

/* Says whether the events prove that local applications were kept out from the first reclaim
 * until the lock was taken again. */
static bool kept_out(const struct rg_recovery *r, const struct rg_lock *l)
{
	__u64 since_ns = r->storm.first_ns;
	bool audit = r->header.action && strcmp(r->header.action, "audit") == 0;

	if (audit || r->audited || lets_in(rg_recovery_gate_at(r, since_ns)))
		return false;
	for (size_t i = 0; i < r->n_changes; i++) {
		const struct rg_change *c = &r->changes[i];

		if (c->ns >= since_ns && c->ns < l->again_ns && lets_in(c->state) &&
		    !is_its_own_doing(c, l))
			return false;
	}
	return true;
}

/* ---- locks ---- */

/* Returns when knfsd dropped an end client, and its locks, against its will. An end client that
 * restarted or destroyed its own clientid has none to lose. */
static __u64 thrown_out_ns(const struct rg_peer *p)
{
	if (!p->gone_ns || p->restarted || rg_same(p->gone, "destroyed") ||
	    rg_same(p->gone, "unconfirmed"))
		return 0;
	return p->gone_ns;
}

static void add_fate(struct rg_recovery *r, const struct rg_lock *l)
{
	struct rg_peer *p = &r->clients[l->client];
	enum rg_fate fate = rg_lock_fate(l, thrown_out_ns(p));

	r->fates[fate]++;
	p->fates[fate]++;
	r->refused_locks += l->refused_ns != 0;
	if (fate == RG_FATE_AGAIN) {
		if (l->refused_ns)
			r->again_refused++;
		else
			r->again_unrefused++;
		if (!kept_out(r, l))
			r->again_exposed++;
	}
	if (fate == RG_FATE_DENIED) {
		if (l->refused_ns)
			r->denied_refused++;
		else
			r->denied_unrefused++;
	}
}

static void add_client(struct rg_recovery *r, const struct rg_peer *p)
{
	r->clients_refused += p->opens.refused || p->locks.refused;
	r->clients_again += p->fates[RG_FATE_AGAIN] != 0;
	r->clients_lost += p->fates[RG_FATE_NOT_AGAIN] != 0;
	r->clients_denied += p->fates[RG_FATE_DENIED] != 0;
	r->clients_losing += p->fates[RG_FATE_NOT_AGAIN] || p->fates[RG_FATE_DENIED];
	r->clients_thrown_out += p->fates[RG_FATE_THROWN_OUT] != 0;
	r->clients_as_new += p->fates[RG_FATE_AS_NEW] != 0;
}

/* ---- how far the recording reaches ---- */

/* Returns the time after which no end client takes a lock again. */
static bool reaches_end(const struct rg_recovery *r)
{
	bool gate = r->n_changes || r->header.release;

	if (r->ended == RG_ENDED_SHUTDOWN || r->failed_ns)
		return true;
	if (r->grace_ns && !r->grace_end_ns)
		return false;
	if (r->start_ns && !r->grace_ns)
		return false;
	if (r->lockd_ns && !r->lockd_end_ns)
		return false;
	if (gate)
		return r->n_changes && r->changes[r->n_changes - 1].state == RG_STATE_OPEN;
	return !r->refused_locks || r->last_ns - r->grace_end_ns >= RETAKE_NS;
}

/* ---- milestones of many ---- */

struct span {
	__u64 n, first_ns, last_ns;
};

static void stretch(struct span *s, __u64 first_ns, __u64 last_ns)
{
	if (!first_ns)
		return;
	rg_earliest(&s->first_ns, first_ns);
	rg_latest(&s->last_ns, last_ns);
}

static void reclaim_moments(struct rg_recovery *r)
{
	__u64 granted = r->opens.granted + r->lock_tries.granted,
	      refused = r->opens.refused + r->lock_tries.refused;
	struct span s = {};

	for (size_t i = 0; i < r->n_clients; i++)
		stretch(&s, r->clients[i].first_reclaim_ns, r->clients[i].last_reclaim_ns);
	if (!s.first_ns)
		return;
	rg_recovery_moment(r, s.first_ns, RG_SIDE_SERVER, "first reclaim", -1, false, "%s", "");
	rg_recovery_moment(r, s.last_ns, RG_SIDE_SERVER, "last reclaim", -1, false,
			   "%llu granted, %llu refused in all", (unsigned long long)granted,
			   (unsigned long long)refused);
}

/* Locks and opens have a row each, since an end client goes on opening files after it has its
 * locks. */
static void retake_moments(struct rg_recovery *r)
{
	struct span locks = {}, opens = {};

	for (size_t i = 0; i < r->n_clients; i++) {
		const struct rg_peer *p = &r->clients[i];

		locks.n += p->retaken_locks;
		opens.n += p->retaken_opens;
		stretch(&locks, p->first_relock_ns, p->last_relock_ns);
		stretch(&opens, p->first_reopen_ns, p->last_reopen_ns);
	}
	if (locks.first_ns)
		rg_recovery_moment(r, locks.last_ns, RG_SIDE_SERVER, "locks taken again", -1, false,
				   "%llu, the first at %+.3f", (unsigned long long)locks.n,
				   rg_recovery_seconds(r, locks.first_ns));
	if (opens.first_ns)
		rg_recovery_moment(r, opens.last_ns, RG_SIDE_SERVER, "opened again", -1, false,
				   "%llu, the first at %+.3f", (unsigned long long)opens.n,
				   rg_recovery_seconds(r, opens.first_ns));
}

/* Takes the power cut from the reboot budget, as the time without a lease renewal. It has no
 * instant of its own. */
static void away_moments(struct rg_recovery *r)
{
	for (size_t i = 0; i < r->header.n_origins; i++) {
		const struct rg_origin_away *a = &r->header.origins[i];

		if (!a->has_away)
			continue;
		rg_recovery_moment(r, r->first_ns, -1, "host away", -1, false,
				   "%llu s without a renewal at %s, lease %llu s%s",
				   (unsigned long long)a->away_s, a->name ?: "?",
				   (unsigned long long)a->lease_s,
				   !a->has_in_time ? ""
				   : a->in_time	   ? ": in time"
						   : ": late, the original server may have dropped "
						     "its state before");
		r->moments[r->n_moments - 1].before = true;
	}
}

static void end_moment(struct rg_recovery *r)
{
	static const char *const texts[] = {
		[RG_ENDED_NOT] = "the recording ends",
		[RG_ENDED_SHUTDOWN] = "knfsd was shut down",
		[RG_ENDED_START] = "knfsd starts again",
		[RG_ENDED_BOOT] = "the last event before the host was booted again",
	};

	rg_recovery_moment(r, r->last_ns, -1, "end", -1, false, "%s", texts[r->ended]);
}

void rg_recovery_finish(struct rg_recovery *r)
{
	sort(r->changes, r->n_changes, sizeof(*r->changes), change_order);
	find_opening(r);
	for (size_t i = 0; i < r->locks.n; i++)
		add_fate(r, &r->locks.at[i]);
	for (size_t i = 0; i < r->n_clients; i++)
		add_client(r, &r->clients[i]);
	for (size_t i = 0; i < r->n_apps; i++)
		r->held_now += !r->apps[i].done;
	r->begun_before = !r->start_ns;
	r->reached_end = reaches_end(r);
	if (r->n_moments < RG_REPORT_KEPT - 80)
		away_moments(r);
	reclaim_moments(r);
	retake_moments(r);
	end_moment(r);
	sort(r->moments, r->n_moments, sizeof(*r->moments), moment_order);
	sort(r->downgraded, r->n_downgraded, sizeof(*r->downgraded), downgraded_order);
	rg_recovery_judge(r);
	rg_locks_free(&r->locks);
}
