// SPDX-License-Identifier: GPL-2.0-only
#include "metrics/power_cut.h"

#include <arpa/inet.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"

static const char *const names[RG_NR_POWER_CUTS] = {
	[RG_POWER_CUT_LOST] = "lost",
	[RG_POWER_CUT_UNKNOWN] = "unknown",
	[RG_POWER_CUT_NOTHING] = "nothing",
	[RG_POWER_CUT_RECLAIMABLE] = "reclaimable",
};

const char *rg_power_cut_name(enum rg_power_cut_outcome outcome)
{
	return names[outcome];
}

/* The fate of one end client's locks with its reason; reclaimable needs none. */
struct fate {
	enum rg_power_cut_outcome outcome;
	const char *why;
};

/* End clients with the same fate and reason. */
struct group {
	__u32 clients, uncounted;
	__u64 locks;
	const char *why;
	const struct rg_client *first; /* the end client with the most locks */
	__u32 most;		       /* its number of locks */
};

/* Greatest number of reasons in a list. */
#define MOST_GROUPS 12

struct groups {
	struct group at[MOST_GROUPS];
	size_t n;
};

/* Says whether the module would forward a reclaim at a gate that has been closed since boot, as
 * rg_reclaim_of() decides. */
static bool passes_reclaims_on(const struct rg_snapshot *s, struct rg_policy policy)
{
	if (s->module != RG_MODULE_ANSWERED)
		return false;
	switch (policy.forward) {
	case RG_FORWARD_ALWAYS:
		return true;
	case RG_FORWARD_GUARDED:
		return !policy.leaks;
	case RG_FORWARD_PROVEN:
		return !policy.leaks && policy.only_client;
	default:
		return false;
	}
}

/* Returns the fate that something gives to all locks at this gate; RG_POWER_CUT_RECLAIMABLE:
 * nothing does. */
static struct fate fate_at(const struct rg_snapshot *s, const struct rg_gate *g)
{
	const struct rg_view v = rg_gate_view(g, s->now_ns);

	if (g->policy.action == RG_ACTION_AUDIT)
		return (struct fate){RG_POWER_CUT_LOST, "action = audit keeps nobody out"};
	if (g->policy.release != RG_RELEASE_SETTLED)
		return (struct fate){RG_POWER_CUT_LOST,
				     "the gate opens before end clients have them again (release)"};
	if (s->starts_at_boot == RG_KNOWN_NO)
		return (struct fate){RG_POWER_CUT_LOST,
				     "systemd does not start the guard at boot; run `systemctl "
				     "enable reexport-guard`"};
	if (s->records_outlive == RG_KNOWN_NO)
		return (struct fate){RG_POWER_CUT_LOST,
				     "knfsd's records of end clients are in memory (see "
				     "nfsdcld-storage in `reexport-guard check`)"};
	if (v.state == RG_STATE_GRACE || v.state == RG_STATE_SETTLING)
		return (struct fate){RG_POWER_CUT_UNKNOWN, "a recovery is under way"};
	if (g->knfsd == RG_KNFSD_DOWN || g->knfsd == RG_KNFSD_STARTING)
		return (struct fate){RG_POWER_CUT_UNKNOWN, "knfsd does not run"};
	if (s->starts_at_boot != RG_KNOWN_YES)
		return (struct fate){RG_POWER_CUT_UNKNOWN,
				     "it cannot be seen whether the guard is started at boot, as "
				     "this host runs without systemd"};
	if (s->records_outlive != RG_KNOWN_YES)
		return (struct fate){RG_POWER_CUT_UNKNOWN,
				     "it cannot be seen whether knfsd's records of end clients are "
				     "on a disk"};
	return (struct fate){RG_POWER_CUT_RECLAIMABLE, NULL};
}

static struct fate fate_of(const struct rg_snapshot *s, const struct rg_gate *g,
			   const struct rg_client *c)
{
	struct fate at = fate_at(s, g);

	if (at.outcome == RG_POWER_CUT_LOST)
		return at;
	if (c->recorded == RG_KNOWN_NO)
		return (struct fate){RG_POWER_CUT_LOST,
				     "knfsd has no record of the end client on disk and would "
				     "refuse "
				     "its reclaims (see nfsdcld in `reexport-guard check`)"};
	if (at.outcome != RG_POWER_CUT_RECLAIMABLE)
		return at;
	if (c->recorded != RG_KNOWN_YES)
		return (struct fate){RG_POWER_CUT_UNKNOWN, "it was not seen whether knfsd has a "
							   "record of the end client"};
	if (passes_reclaims_on(s, g->policy) || (c->state == RG_CLIENT_SETTLED && c->refusals))
		return at;
	return (struct fate){RG_POWER_CUT_UNKNOWN,
			     "they come back if the end client has nfs.recover_lost_locks=Y, which "
			     "cannot be seen from here"};
}

/* Returns the number of locks that an end client has, or may take again while the gate waits.
 * RG_LOCKS_UNKNOWN: unknown. */
static __u32 locks_of(const struct rg_snapshot *s, const struct rg_gate *g,
		      const struct rg_client *c)
{
	if (c->generation == rg_client_generation(g)) {
		if (c->state == RG_CLIENT_GONE)
			return 0;
		return rg_client_is_counted(c) ? c->locks : RG_LOCKS_UNKNOWN;
	}
	return rg_gate_view(g, s->now_ns).state == RG_STATE_OPEN ? 0 : rg_client_carried(c);
}

/* Compare reasons as pointers: there is one text for each. */
static void add_to(struct groups *groups, const char *why, const struct rg_client *c, __u32 locks)
{
	struct group *g = NULL;

	for (size_t i = 0; i < groups->n && !g; i++)
		if (groups->at[i].why == why)
			g = &groups->at[i];
	if (!g) {
		if (groups->n == MOST_GROUPS)
			return;
		g = &groups->at[groups->n++];
		g->why = why;
	}
	g->clients++;
	if (locks == RG_LOCKS_UNKNOWN)
		g->uncounted++;
	else
		g->locks += locks;
	if (!g->first || (locks != RG_LOCKS_UNKNOWN && locks > g->most)) {
		g->first = c;
		g->most = locks == RG_LOCKS_UNKNOWN ? 0 : locks;
	}
}

/* Appends to p->text, cut if it is full. */
static RG_PRINTF(2, 3) void add(struct rg_power_cut *p, const char *fmt, ...)
{
	size_t n = strlen(p->text);
	va_list args;

	va_start(args, fmt);
	vsnprintf(p->text + n, sizeof(p->text) - n, fmt, args);
	va_end(args);
}

/* Writes "20 locks of 10.77.2.2" or "31 locks or more of 10.77.2.2 and 2 other end clients". */
static void add_locks(struct rg_power_cut *p, const struct group *g)
{
	char address[INET6_ADDRSTRLEN] = "an end client";

	if (g->first->family == AF_INET || g->first->family == AF_INET6)
		inet_ntop(g->first->family, g->first->addr, address, sizeof(address));
	if (g->uncounted == g->clients)
		add(p, "locks (number not known)");
	else
		add(p, "%llu lock%s%s", (unsigned long long)g->locks, g->locks == 1 ? "" : "s",
		    g->uncounted ? " or more" : "");
	add(p, " of %s", address);
	if (g->clients > 1)
		add(p, " and %u other end client%s", g->clients - 1, g->clients == 2 ? "" : "s");
}

/* Writes the group with the most locks in words, and the number of the other groups' locks. */
static void add_groups(struct rg_power_cut *p, const struct groups *groups, const char *verb)
{
	const struct group *most = &groups->at[0];
	__u32 others = 0;

	for (size_t i = 1; i < groups->n; i++)
		if (groups->at[i].locks > most->locks)
			most = &groups->at[i];
	add_locks(p, most);
	add(p, "%s%s", verb, most->why);
	for (size_t i = 0; i < groups->n; i++)
		others += &groups->at[i] == most ? 0 : groups->at[i].clients;
	if (others)
		add(p, " (and those of %u more end client%s, for other reasons)", others,
		    others == 1 ? "" : "s");
}

/* Returns what end clients may have that the ledger cannot know. */
static void add_unseen(const struct rg_snapshot *s, struct rg_power_cut *p, bool partial,
		       enum rg_known delegated)
{
	if (delegated == RG_KNOWN_NOT)
		add(p, "; it is not known whether knfsd gives write delegations, which scope = "
		       "locks does not protect");
	else if (delegated == RG_KNOWN_YES)
		add(p, "; locks under a write delegation would be lost, as scope = locks does not "
		       "protect them");
	if (partial)
		add(p, "; locks taken before `enable` are not counted");
	else if (s->totals.locks_forwarded[RG_LOCKS_NLM])
		add(p, "; NFSv3 locks are not counted");
}

void rg_power_cut_of(const struct rg_snapshot *s, struct rg_power_cut *p)
{
	struct groups lost = {}, unknown = {};
	enum rg_known delegated = RG_KNOWN_NO;
	bool partial = false;
	__u32 clients = 0;

	memset(p, 0, sizeof(*p));
	for (__u32 i = 0; i < s->ledger.n; i++) {
		const struct rg_client *c = &s->ledger.clients[i];
		__u32 slot = s->ledger.keys[i].slot;
		__u32 locks = rg_snapshot_has(s, slot) ? locks_of(s, &s->gates[slot], c) : 0;
		struct fate fate;

		if (!locks)
			continue;
		clients++;
		fate = fate_of(s, &s->gates[slot], c);
		if (fate.outcome == RG_POWER_CUT_LOST)
			add_to(&lost, fate.why, c, locks);
		else if (fate.outcome == RG_POWER_CUT_UNKNOWN)
			add_to(&unknown, fate.why, c, locks);
		else if (locks != RG_LOCKS_UNKNOWN)
			p->reclaimable += locks;
	}
	for (__u32 i = 0; i < RG_MAX_GATES; i++) {
		if (!rg_snapshot_has(s, i))
			continue;
		partial |= s->gates[i].knfsd == RG_KNFSD_WAS_RUNNING;
		if (s->gates[i].policy.scope == RG_SCOPE_LOCKS)
			delegated = s->delegations;
	}
	for (size_t i = 0; i < lost.n; i++)
		p->lost += lost.at[i].locks;
	for (size_t i = 0; i < unknown.n; i++)
		p->unknown += unknown.at[i].locks;
	if (lost.n) {
		p->outcome = RG_POWER_CUT_LOST;
		add_groups(p, &lost, " would be lost because ");
		if (unknown.n)
			add(p, "; unknown for %llu more", (unsigned long long)p->unknown);
	} else if (unknown.n) {
		p->outcome = RG_POWER_CUT_UNKNOWN;
		add(p, "unknown for ");
		add_groups(p, &unknown, ": ");
	} else if (clients) {
		p->outcome = RG_POWER_CUT_RECLAIMABLE;
		add(p, "reclaimable");
	} else {
		p->outcome = RG_POWER_CUT_NOTHING;
		add(p, "no NFSv4 lock is known that could be lost");
	}
	/* An uncounted number may be anything. */
	if ((partial || delegated != RG_KNOWN_NO) && p->outcome > RG_POWER_CUT_UNKNOWN)
		p->outcome = RG_POWER_CUT_UNKNOWN;
	add_unseen(s, p, partial, delegated);
}
