// SPDX-License-Identifier: GPL-2.0-only
#include "metrics/verdict.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/names.h"
#include "metrics/power_cut.h"

static const char *const names[RG_NR_PROTECTIONS] = {
	[RG_PROTECTION_NONE] = "not-protected",
	[RG_PROTECTION_PARTIAL] = "partly-protected",
	[RG_PROTECTION_FULL] = "protected",
};

static const char *const words[RG_NR_PROTECTIONS] = {
	[RG_PROTECTION_NONE] = "NOT protected",
	[RG_PROTECTION_PARTIAL] = "partly protected",
	[RG_PROTECTION_FULL] = "protected",
};

const char *rg_protection_name(enum rg_protection protection)
{
	return names[protection];
}

/* Returns what one gate lacks for protection; NULL: nothing. */
struct fault {
	enum rg_protection protection;
	const char *why;
};

static bool locks_are_refused(const struct rg_snapshot *s)
{
	return s->regimes.of[RG_LOCKS_NFS4] == RG_REGIME_REFUSED &&
	       s->regimes.of[RG_LOCKS_NLM] == RG_REGIME_REFUSED;
}

static struct fault fault_of(const struct rg_snapshot *s, const struct rg_gate *g,
			     const struct rg_view *v)
{
	if (s->doors_wanted & ~s->doors_attached)
		return (struct fault){RG_PROTECTION_NONE,
				      "a hook is not attached; run `reexport-guard enable` again"};
	if (g->policy.action == RG_ACTION_AUDIT)
		return (struct fault){RG_PROTECTION_NONE,
				      "action audit only counts; set `action = hold`"};
	if (rg_is_rehearsed(g, s->now_ns))
		return (struct fault){RG_PROTECTION_NONE,
				      "a rehearsal lets local applications pass and counts them"};
	if (v->why == RG_WHY_TIMED_OUT)
		return (struct fault){RG_PROTECTION_NONE,
				      "max-hold opened the gate before recovery was over; see "
				      "`reexport-guard report`"};
	if (v->state == RG_STATE_OPEN && v->why == RG_WHY_RELEASED_BY_HAND)
		return (struct fault){RG_PROTECTION_NONE,
				      "`release` opened the gate until knfsd's next shutdown"};
	if (v->why == RG_WHY_NOTHING)
		return (struct fault){RG_PROTECTION_NONE,
				      "there is nothing to protect, as no end client can have "
				      "locks "
				      "here, so nobody is kept out; see `reexport-guard check`"};
	if (locks_are_refused(s))
		return (struct fault){RG_PROTECTION_NONE,
				      "this kernel gives end clients no locks through a re-export: "
				      "there is nothing to protect"};
	if (g->policy.release != RG_RELEASE_SETTLED)
		return (struct fault){RG_PROTECTION_PARTIAL,
				      "the gate opens before end clients have their locks again; "
				      "set `release = settled`"};
	if (v->why == RG_WHY_BLIND)
		return (struct fault){RG_PROTECTION_PARTIAL,
				      "refused reclaims are not seen, so the gate waits for "
				      "settle-timeout"};
	if (g->policy.action == RG_ACTION_HOLD && !s->sleeps &&
	    !rg_is_alive(s->heartbeat_ns, s->now_ns))
		return (struct fault){RG_PROTECTION_PARTIAL,
				      "no daemon runs, so local applications get errors instead of "
				      "waiting; run `systemctl start reexport-guard`"};
	return (struct fault){RG_PROTECTION_FULL, NULL};
}

/* Writes "3 s", "12 min", "5 h" or "9 d": one unit is enough. */
static void put_age(__u64 since_ns, __u64 now_ns, char out[32])
{
	__u64 s = now_ns > since_ns ? (now_ns - since_ns) / RG_NS_PER_SEC : 0;

	if (s < 120)
		snprintf(out, 32, "%llu s", (unsigned long long)s);
	else if (s < 120 * 60ULL)
		snprintf(out, 32, "%llu min", (unsigned long long)(s / 60));
	else if (s < 48 * 3600ULL)
		snprintf(out, 32, "%llu h", (unsigned long long)(s / 3600));
	else
		snprintf(out, 32, "%llu d", (unsigned long long)(s / 86400));
}

/* Appends to a line of RG_VERDICT_SIZE bytes, cut if it is full. */
static RG_PRINTF(2, 3) void add(char *line, const char *fmt, ...)
{
	size_t n = strlen(line);
	va_list args;

	va_start(args, fmt);
	vsnprintf(line + n, RG_VERDICT_SIZE - n, fmt, args);
	va_end(args);
}

/* Writes "2 end clients by NFSv4 with 40 locks, and 1 whose locks are not known". */
static void describe_clients(const struct rg_ledger_sum *sum, char *line)
{
	__u32 clients = 0;

	for (int i = 0; i < RG_NR_CLIENT_STATES; i++)
		clients += i == RG_CLIENT_GONE ? 0 : sum->in[i];
	if (clients && clients == sum->uncounted) {
		add(line, "%u end client%s by NFSv4 whose locks are not known", clients,
		    clients == 1 ? "" : "s");
		return;
	}
	clients -= sum->uncounted;
	add(line, "%u end client%s by NFSv4 with %llu lock%s", clients, clients == 1 ? "" : "s",
	    (unsigned long long)sum->locks, sum->locks == 1 ? "" : "s");
	if (sum->uncounted)
		add(line, ", and %u whose locks are not known", sum->uncounted);
}

/* Writes the facts that matter in this state. */
static void describe(const struct rg_snapshot *s, __u32 slot, const struct rg_view *v, char *line)
{
	struct rg_ledger_sum sum = rg_ledger_sum_of(s, slot);
	char age[32];

	put_age(v->since_ns, s->now_ns, age);
	add(line, "gate %s for %s, %u held, ", rg_state_name(v->state), age, s->held.n);
	describe_clients(&sum, line);
	if (s->gates[slot].awaited && v->state != RG_STATE_OPEN)
		add(line, ", %u awaited", s->gates[slot].awaited);
	if (sum.absent)
		add(line, ", %u not back yet", sum.absent);
}

enum rg_protection rg_verdict(const struct rg_snapshot *s, char line[RG_VERDICT_SIZE])
{
	struct fault worst = {RG_NR_PROTECTIONS, NULL};
	struct rg_power_cut cut;
	struct rg_view seen = {};
	__u32 slot = 0;
	size_t gates = 0;

	if (!s->enabled) {
		snprintf(line, RG_VERDICT_SIZE,
			 "NOT protected: not enabled; run `reexport-guard run`");
		return RG_PROTECTION_NONE;
	}
	for (__u32 i = 0; i < RG_MAX_GATES; i++) {
		struct rg_view v = rg_gate_view(&s->gates[i], s->now_ns);
		struct fault fault;

		if (!rg_snapshot_has(s, i))
			continue;
		gates++;
		fault = fault_of(s, &s->gates[i], &v);
		if (fault.protection >= worst.protection)
			continue;
		worst = fault;
		seen = v;
		slot = i;
	}
	if (!gates) {
		snprintf(line, RG_VERDICT_SIZE,
			 "NOT protected: there is no gate; run `reexport-guard "
			 "enable`");
		return RG_PROTECTION_NONE;
	}
	line[0] = '\0';
	add(line, "%s: %s%s", words[worst.protection], worst.why ?: "", worst.why ? "; " : "");
	describe(s, slot, &seen, line);
	if (gates > 1)
		add(line, "; %zu other gate%s", gates - 1, gates == 2 ? "" : "s");
	rg_power_cut_of(s, &cut);
	add(line, "; if this host lost power now: %s", cut.text);
	return worst.protection;
}
