// SPDX-License-Identifier: GPL-2.0-only
/* Sums up a recovery in a few sentences and says no more than its events show. An end client
 * that took a lock again may have lost it in between to a client that this host does not see. A
 * lock that was not asked for again is lost or was given up; the events do not tell which. */
#include <stdlib.h>
#include <string.h>

#include "report/judge.h"
#include "report/words.h"

static void RG_PRINTF(2, 3) say(struct rg_recovery *r, const char *fmt, ...)
{
	struct rg_judgement *v = &r->verdict;
	va_list args;

	v->sentences = rg_grow(v->sentences, v->n, &v->room, sizeof(char *));
	va_start(args, fmt);
	v->sentences[v->n++] = rg_vtext(fmt, args);
	va_end(args);
}

static const char *was(__u64 n)
{
	return n == 1 ? "was" : "were";
}

static __u64 granted(const struct rg_recovery *r)
{
	return r->opens.granted + r->lock_tries.granted;
}

static __u64 refused(const struct rg_recovery *r)
{
	return r->opens.refused + r->lock_tries.refused;
}

/* Says whether events are missing from the recording. */
static bool lacks_events(const struct rg_recovery *r)
{
	return r->lost || r->failures || r->bad_lines || r->header.blind;
}

static __u64 taken_again(const struct rg_recovery *r)
{
	return r->again_refused + r->again_unrefused;
}

static __u64 denied(const struct rg_recovery *r)
{
	return r->denied_refused + r->denied_unrefused;
}

/* ---- who had a lock, and has it no more ---- */

static void say_not_again(struct rg_recovery *r)
{
	__u64 n = r->fates[RG_FATE_NOT_AGAIN];
	char *locks = rg_count_text(n, "lock"),
	     *clients = rg_count_text(r->clients_lost, "end client");

	say(r, "%s of %s %s refused a reclaim and not taken again%s.", locks, clients, was(n),
	    r->header.filtered ? " in this recording"
	    : r->reached_end   ? ": lost or given up"
			       : " by the end of the recording");
	free(locks);
	free(clients);
}

static void say_denied(struct rg_recovery *r)
{
	__u64 n = denied(r);
	char *locks = rg_count_text(n, "lock"),
	     *clients = rg_count_text(r->clients_denied, "end client");

	say(r, "%s that %s asked for again %s denied and not had later: somebody else has %s.",
	    locks, clients, was(n), n == 1 ? "it" : "them");
	free(locks);
	free(clients);
}

static void say_both(struct rg_recovery *r)
{
	__u64 gone = r->fates[RG_FATE_NOT_AGAIN], taken = denied(r);
	char *locks = rg_count_text(gone + taken, "lock"),
	     *clients = rg_count_text(r->clients_losing, "end client");

	say(r,
	    "%s of %s %s: %llu %s refused a reclaim and not taken again, %llu %s asked for again "
	    "and "
	    "denied, as somebody else has %s.",
	    locks, clients,
	    r->reached_end && !r->header.filtered
		    ? "are lost or given up"
		    : "were not had again by the end of the recording",
	    (unsigned long long)gone, was(gone), (unsigned long long)taken, was(taken),
	    taken == 1 ? "it" : "them");
	free(locks);
	free(clients);
}

/* The ledger knows every lock that was held, also those that no event tells of. */
static void say_ledger(struct rg_recovery *r)
{
	char *locks = rg_count_text(r->lost_total, "lock"),
	     *clients = rg_count_text(r->lost_clients, "end client");
	char *unnamed = r->lost_unnamed ? rg_text("; the ledger had no range of %llu of them",
						  (unsigned long long)r->lost_unnamed)
					: rg_text("%s", "");

	say(r, "%s%s that %s held before %s lost%s%s.", r->lost_lower_bound ? "At least " : "",
	    locks, clients, r->lost_total == 1 ? "is" : "are", unnamed,
	    r->lost_lower_bound ? "; it may be more, as the ledger was not up to date" : "");
	free(locks);
	free(clients);
	free(unnamed);
}

static void say_lost(struct rg_recovery *r)
{
	if (r->lost_total) {
		say_ledger(r);
		if (denied(r))
			say_denied(r);
		return;
	}
	if (r->fates[RG_FATE_NOT_AGAIN] && denied(r))
		say_both(r);
	else if (r->fates[RG_FATE_NOT_AGAIN])
		say_not_again(r);
	else if (denied(r))
		say_denied(r);
}

/* ---- who had it again, and lost it then ---- */

static void say_thrown_out(struct rg_recovery *r)
{
	__u64 n = r->fates[RG_FATE_THROWN_OUT];
	char *locks = rg_count_text(n, "lock"),
	     *clients = rg_count_text(r->clients_thrown_out, "end client");

	say(r,
	    "%s of %s %s lost after %s had been reclaimed or taken again: knfsd let go of the end "
	    "client, and with it of its locks.",
	    locks, clients, was(n), n == 1 ? "it" : "they");
	free(locks);
	free(clients);
}

/* Names this many; the table has all of them. */
#define MAX_NAMED 5

/* Reports two end clients with one co_ownerid: each EXCHANGE_ID of one throws the other out. */
static void say_same_name(struct rg_recovery *r)
{
	__u64 n = 0;

	for (size_t i = 0; i < r->n_clients; i++) {
		const struct rg_peer *p = &r->clients[i];
		const struct rg_peer *by = p->gone_by < 0 ? NULL : &r->clients[p->gone_by];

		/* Report each pair once. */
		if (!by || (by->gone_by == (long)i && p->gone_by < (long)i) || n++ >= MAX_NAMED)
			continue;
		if (by->gone_by == (long)i)
			say(r,
			    "%s and %s share the name \"%s\": to knfsd they are one end client, "
			    "and "
			    "each of them throws the other out when it comes. Give each a name of "
			    "its "
			    "own (on Linux: its host name, or nfs.nfs4_unique_id).",
			    p->addr ?: "?", by->addr ?: "?", p->name);
		else
			say(r,
			    "%s was thrown out by %s, which came with the same name \"%s\": two "
			    "end "
			    "clients share it, or it is one that came back by another address.",
			    p->addr ?: "?", by->addr ?: "?", p->name);
	}
	if (n > MAX_NAMED)
		say(r, "%llu more end clients were thrown out by one of the same name.",
		    (unsigned long long)(n - MAX_NAMED));
}

/* ---- who has it again ---- */

/* Says whether a local application can have had the lock in between. */
static char *in_between(const struct rg_recovery *r)
{
	__u64 n = r->again_exposed;

	if (!n)
		return rg_text("before the gate opened to local applications");
	if (!r->n_changes)
		return rg_text("with no gate seen: whether a local application had %s in between "
			       "is not known",
			       taken_again(r) == 1 ? "it" : "them");
	if (r->audited || (r->header.action && strcmp(r->header.action, "audit") == 0))
		return rg_text("while the gate kept nobody out (action audit): a local application "
			       "may have had %s in between",
			       taken_again(r) == 1 ? "it" : "them");
	if (n == taken_again(r))
		return rg_text("when the gate had been open: a local application may have had %s "
			       "in between",
			       n == 1 ? "it" : "them");
	return rg_text("%llu of them when the gate had been open: a local application may have had "
		       "%s in between",
		       (unsigned long long)n, n == 1 ? "that" : "those");
}

static void say_again(struct rg_recovery *r, bool lossless)
{
	char *when = in_between(r), *clients = rg_count_text(r->clients_again, "end client"),
	     *locks = rg_count_text(taken_again(r), "lock");
	const char *end = lossless ? "; no lock is known to be lost" : "";

	if (lossless && r->refused_locks == 1 && taken_again(r) == 1 && r->again_refused)
		say(r, "The one lock that was refused a reclaim was taken again %s%s.", when, end);
	else if (lossless && r->again_refused == r->refused_locks && !r->again_unrefused)
		say(r,
		    "%llu of %llu locks that were refused a reclaim were taken again by %s %s%s.",
		    (unsigned long long)r->again_refused, (unsigned long long)r->refused_locks,
		    clients, when, end);
	else if (r->refused_locks && r->again_refused == r->refused_locks)
		say(r, "%s %s taken again by %s %s; among them %s refused a reclaim%s.", locks,
		    was(taken_again(r)), clients, when,
		    r->refused_locks == 1 ? "the one that was" : "all that were", end);
	else
		say(r, "%s %s taken again by %s %s%s.", locks, was(taken_again(r)), clients, when,
		    end);
	free(when);
	free(clients);
	free(locks);
}

/* ---- reclaims that were granted ---- */

static void say_as_new(struct rg_recovery *r)
{
	__u64 n = r->fates[RG_FATE_AS_NEW];
	char *locks = rg_count_text(n, "reclaim"),
	     *clients = rg_count_text(r->clients_as_new, "end client");

	say(r,
	    "%s by NFSv3, of %s, %s granted as %s: that nobody else had %s in between is unproven.",
	    locks, clients, was(n), n == 1 ? "a new lock" : "new locks", n == 1 ? "it" : "them");
	free(locks);
	free(clients);
}

static void say_granted(struct rg_recovery *r)
{
	__u64 n = granted(r), as_new = r->fates[RG_FATE_AS_NEW];
	char *reclaims = rg_count_text(n - (as_new < n ? as_new : n), "reclaim");

	if (!as_new && !refused(r) && lacks_events(r))
		say(r,
		    "The reclaims in the recording were all granted: %llu (%llu locks, %llu "
		    "opens).",
		    (unsigned long long)n, (unsigned long long)r->lock_tries.granted,
		    (unsigned long long)r->opens.granted);
	else if (!as_new && !refused(r))
		say(r, "No reclaim was downgraded: all %llu were granted (%llu locks, %llu opens).",
		    (unsigned long long)n, (unsigned long long)r->lock_tries.granted,
		    (unsigned long long)r->opens.granted);
	else if (n > as_new)
		say(r, "%s %s granted as %s asked for.", reclaims, was(n - as_new),
		    n - as_new == 1 ? "it was" : "they were");
	free(reclaims);
}

/* Tells of an original server what it kept for clients that rebooted. */
static void say_kept(struct rg_recovery *r)
{
	const struct rg_kept *k = &r->kept;
	char *clients = rg_count_text(k->clients, "client"),
	     *ranges = rg_count_text(k->ranges, "range"),
	     *retaken = rg_count_text(k->retaken, "time"), *asked = rg_count_text(k->asked, "time");

	if (k->clients)
		say(r,
		    "This original server kept locks for %s that rebooted, %s: taken back %s, "
		    "asked for by others %s meanwhile.",
		    clients, ranges, retaken, asked);
	if (k->left)
		say(r,
		    "%llu of the kept ranges %s not taken back by the time that the keeping "
		    "ended: others can have them since.",
		    (unsigned long long)k->left, was(k->left));
	if (k->clients > k->ended)
		say(r, "Something is kept still at the end of the recording.");
	if (k->not_kept)
		say(r, "Nothing was kept for %llu of the clients that rebooted.",
		    (unsigned long long)k->not_kept);
	free(clients);
	free(ranges);
	free(retaken);
	free(asked);
}

static void say_order(struct rg_recovery *r)
{
	size_t n;
	char **texts = rg_order_texts(r, &n);

	for (size_t i = 0; i < n; i++) {
		say(r, "%s", texts[i]);
		free(texts[i]);
	}
	free(texts);
}

static void say_nothing(struct rg_recovery *r)
{
	if (r->header.no_guard)
		say(r, "The guard was not enabled on this host: whether anybody reclaimed is not "
		       "in the recording.");
	else if (lacks_events(r))
		say(r, "No reclaim is in the recording, and events are missing from it: whether "
		       "anybody reclaimed is not known.");
	else if (r->skipped)
		say(r, "knfsd started without a grace period, as it knew of nobody who could "
		       "reclaim; nobody reclaimed.");
	else if (r->has_expected && r->expected)
		say(r, "Nobody reclaimed: %llu end client%s could have.",
		    (unsigned long long)r->expected, r->expected == 1 ? "" : "s");
	else if (r->start_ns || r->grace_ns)
		say(r, "Nobody reclaimed.");
	else
		say(r, "knfsd was not seen to start, and no end client reclaimed.");
}

/* ---- what limits all this ---- */

static void say_opens(struct rg_recovery *r)
{
	if (r->opens.refused)
		say(r,
		    "%llu reclaims of opens were refused; end clients that were refused one opened "
		    "%llu times again.",
		    (unsigned long long)r->opens.refused, (unsigned long long)r->reopened);
}

/* NFSv3 end clients reclaim when the notice of statd reaches them. */
static void say_late_notice(struct rg_recovery *r)
{
	__u64 first_ns = 0;

	for (size_t i = 0; i < r->n_clients; i++) {
		const struct rg_peer *p = &r->clients[i];

		if (p->minor < 0 && p->locks.refused && p->first_reclaim_ns)
			rg_earliest(&first_ns, p->first_reclaim_ns);
	}
	if (r->lockd_end_ns && first_ns > r->lockd_end_ns)
		say(r,
		    "End clients by NFSv3 came to reclaim %.3f s after lockd's grace period was "
		    "over: "
		    "they were told of the restart too late (sm-notify), or it is too short.",
		    (double)(first_ns - r->lockd_end_ns) / 1e9);
}

/* fs/nfs/nfs4state.c, nfs4_state_end_reclaim_reboot(). */
static void say_unseen(struct rg_recovery *r)
{
	if (r->v4_refused && !r->has_ledger)
		say(r,
		    "A Linux end client stops reclaiming at the first refusal: locks that it "
		    "neither reclaimed nor asked for again are not in the recording. Its own log "
		    "counts them (`lost N locks`).");
	if (r->v3_refused)
		say_late_notice(r);
	/* fs/lockd/clntproc.c, nlmclnt_reclaim(), and clntlock.c, reclaimer(). */
	if (r->v3_refused)
		say(r, "A Linux end client by NFSv3 asks for each of its locks once, and does not "
		       "tell "
		       "the application of one that is refused, which goes on as if it had it; its "
		       "log "
		       "has `lockd: failed to reclaim lock` for each.");
}

static void say_absent(struct rg_recovery *r)
{
	if (r->has_complete && r->complete < r->expected)
		say(r,
		    "%llu of %llu end clients that could reclaim did not say that they were "
		    "through.",
		    (unsigned long long)(r->expected - r->complete),
		    (unsigned long long)r->expected);
}

static void say_host(struct rg_recovery *r)
{
	__u64 bad = r->origin_opens.refused + r->origin_locks.refused;

	if (bad)
		say(r,
		    "This host's own reclaims at the original server: %llu refused, %llu granted.",
		    (unsigned long long)bad,
		    (unsigned long long)(r->origin_opens.granted + r->origin_locks.granted));
	if (r->locks_given_up)
		say(r,
		    "This host's NFS client gave up %llu lock%s, which its end clients take "
		    "themselves to hold.",
		    (unsigned long long)r->locks_given_up, r->locks_given_up == 1 ? "" : "s");
	if (r->header.nfs4_locks && strcmp(r->header.nfs4_locks, "refused") == 0)
		say(r, "This kernel grants no NFSv4 locks through a re-export.");
	if (r->failed_ns)
		say(r, "knfsd failed to start.");
}

static void say_reach(struct rg_recovery *r)
{
	if (!r->reached_end && r->ended == RG_ENDED_BOOT)
		say(r, "The host went down before the recovery was at its end.");
	else if (!r->reached_end && r->ended == RG_ENDED_START)
		say(r, "knfsd started again before the recovery was at its end.");
	else if (!r->reached_end)
		say(r, "The recording does not reach to the end of the recovery.");
	if (r->begun_before && (r->grace_ns || granted(r) || refused(r)))
		say(r, "The recording begins after knfsd's start: what came before is not in it.");
}

static void say_lacking(struct rg_recovery *r)
{
	if (r->header.filtered)
		say(r,
		    "The recording was made with a filter: what it left out is not known, and all "
		    "counts are lower bounds.");
	if (r->lost)
		say(r,
		    "%llu events were lost: all counts are lower bounds, and a lock that seems "
		    "not to have been taken again may have been.",
		    (unsigned long long)r->lost);
	if (r->header.untraced)
		say(r,
		    "Not attached while this was recorded: the tracing programs %s. What they see "
		    "is not "
		    "in the recording.",
		    r->header.untraced);
	if (r->failures)
		say(r,
		    "Tracing programs failed %llu times while this was recorded: as many events "
		    "may be "
		    "missing, and all counts are lower bounds.",
		    (unsigned long long)r->failures);
	if (r->bad_lines)
		say(r, "%llu line%s could not be read: all counts are lower bounds.",
		    (unsigned long long)r->bad_lines, r->bad_lines == 1 ? "" : "s");
	if (r->locks.not_followed || r->more_clients)
		say(r,
		    "There is more than this report follows: %llu events of further locks, %llu of "
		    "further end clients.",
		    (unsigned long long)r->locks.not_followed, (unsigned long long)r->more_clients);
}

static enum rg_outcome outcome_of(const struct rg_recovery *r)
{
	bool whole = r->reached_end && !r->header.filtered;

	if (r->lost_total || denied(r) || r->fates[RG_FATE_THROWN_OUT] || r->locks_given_up ||
	    (r->fates[RG_FATE_NOT_AGAIN] && whole))
		return RG_OUTCOME_LOST;
	if (r->fates[RG_FATE_NOT_AGAIN] || (!r->reached_end && refused(r)))
		return RG_OUTCOME_UNDECIDED;
	/* Nothing is known of the locks of an end client whose refused reclaims named none. */
	if (lacks_events(r) || r->fates[RG_FATE_AS_NEW] || r->again_exposed || r->order.unassured ||
	    (refused(r) && !taken_again(r)) || r->locks.not_followed || r->more_clients)
		return RG_OUTCOME_UNPROVEN;
	if (taken_again(r))
		return RG_OUTCOME_AGAIN;
	return granted(r) ? RG_OUTCOME_GRANTED : RG_OUTCOME_NOTHING;
}

/* States the worst first, and the limits of all statements last. */
void rg_recovery_judge(struct rg_recovery *r)
{
	bool lossless = !r->lost_total && !denied(r) && !r->fates[RG_FATE_NOT_AGAIN] &&
			!r->fates[RG_FATE_THROWN_OUT] && r->reached_end && !r->header.filtered &&
			!lacks_events(r);

	r->verdict.outcome = outcome_of(r);
	say_lost(r);
	if (r->fates[RG_FATE_THROWN_OUT] && !r->lost_total)
		say_thrown_out(r);
	if (taken_again(r))
		say_again(r, lossless);
	if (r->fates[RG_FATE_AS_NEW])
		say_as_new(r);
	if (granted(r))
		say_granted(r);
	say_kept(r);
	if ((!r->verdict.n || r->header.no_guard) && !refused(r))
		say_nothing(r);
	say_same_name(r);
	say_order(r);
	say_opens(r);
	say_absent(r);
	say_host(r);
	say_reach(r);
	say_lacking(r);
	say_unseen(r);
}
