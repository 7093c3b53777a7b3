// SPDX-License-Identifier: GPL-2.0-only
/* The verdict in one line: every fault by itself, the worst of several gates. */
#include "unit_snapshot.h"

#include "metrics/power_cut.h"
#include "metrics/verdict.h"

/* One gate in good order: open since grace ended, hold, a daemon, all hooks. */
static struct rg_snapshot good(void)
{
	struct rg_snapshot s = {.enabled = true,
				.now_ns = NOW_NS,
				.heartbeat_ns = NOW_NS - S,
				.doors_attached = 1u << RG_DOOR_LOCK,
				.doors_wanted = 1u << RG_DOOR_LOCK};

	s.regimes.of[RG_LOCKS_NFS4] = RG_REGIME_FORWARDED;
	s.regimes.of[RG_LOCKS_NLM] = RG_REGIME_FORWARDED;
	s.gates[RG_CANARY_SLOT].netns = 1;
	s.gates[1] = (struct rg_gate){.policy = {.action = RG_ACTION_HOLD,
						 .release = RG_RELEASE_SETTLED,
						 .max_hold_s = 900},
				      .netns = 4026531840U,
				      .knfsd = RG_KNFSD_OVER,
				      .generation = 1,
				      .closed_ns = NOW_NS - 400 * S,
				      .knfsd_start_ns = NOW_NS - 300 * S,
				      .knfsd_end_ns = NOW_NS - 240 * S};
	return s;
}

static void judged(const struct rg_snapshot *s, enum rg_protection expected, const char *begins,
		   const char *has)
{
	char line[RG_VERDICT_SIZE];
	enum rg_protection got = rg_verdict(s, line);

	if (got != expected || strncmp(line, begins, strlen(begins)) != 0 || !strstr(line, has))
		fail_msg("%s: \"%s\"; expected %s: \"%s...%s\"", rg_protection_name(got), line,
			 rg_protection_name(expected), begins, has);
	assert_null(strchr(line, '\n'));
}

static void test_good(void **unused)
{
	struct rg_snapshot s = good();

	(void)unused;
	judged(&s, RG_PROTECTION_FULL, "protected: gate open for 4 min, 0 held, ",
	       "0 end clients by NFSv4 with 0 locks");
	s.gates[1].knfsd = RG_KNFSD_DOWN;
	judged(&s, RG_PROTECTION_FULL, "protected: gate closed for 6 min", "0 held");
}

static void test_each_fault(void **unused)
{
	struct rg_snapshot s;

	(void)unused;
	s = good();
	s.enabled = false;
	judged(&s, RG_PROTECTION_NONE, "NOT protected: not enabled", "reexport-guard run");
	s = good();
	s.gates[1].netns = 0;
	judged(&s, RG_PROTECTION_NONE, "NOT protected: there is no gate", "enable");
	s = good();
	s.doors_attached = 0;
	judged(&s, RG_PROTECTION_NONE, "NOT protected: a hook is not attached", "gate open");
	s = good();
	s.gates[1].policy.action = RG_ACTION_AUDIT;
	judged(&s, RG_PROTECTION_NONE, "NOT protected: action audit only counts", "hold");
	s = good();
	s.gates[1].hand = RG_HAND_OPEN;
	judged(&s, RG_PROTECTION_NONE, "NOT protected: `release` opened", "shutdown");
	s.gates[1].hand = RG_HAND_NOTHING;
	judged(&s, RG_PROTECTION_NONE, "NOT protected: there is nothing to protect",
	       "nobody is kept out");
	s = good();
	s.gates[1].knfsd = RG_KNFSD_DOWN;
	s.gates[1].closed_ns = NOW_NS - 1000 * S;
	judged(&s, RG_PROTECTION_NONE, "NOT protected: max-hold opened", "report");
	s = good();
	s.regimes.of[RG_LOCKS_NFS4] = RG_REGIME_REFUSED;
	judged(&s, RG_PROTECTION_FULL, "protected: ", "gate open"); /* NFSv3 still has locks */
	s.regimes.of[RG_LOCKS_NLM] = RG_REGIME_REFUSED;
	judged(&s, RG_PROTECTION_NONE, "NOT protected: this kernel gives", "nothing to protect");
	s = good();
	s.gates[1].policy.release = RG_RELEASE_GRACE_START;
	judged(&s, RG_PROTECTION_PARTIAL, "partly protected: the gate opens before", "settled");
	s = good();
	s.heartbeat_ns = NOW_NS - RG_HEARTBEAT_STALE_NS;
	judged(&s, RG_PROTECTION_PARTIAL, "partly protected: no daemon runs", "errors");
	s.gates[1].policy.action = RG_ACTION_DENY; /* needs no daemon */
	judged(&s, RG_PROTECTION_FULL, "protected: ", "gate open");
	s.gates[1].policy.action = RG_ACTION_HOLD;
	s.sleeps = true; /* the kernel wakes them */
	judged(&s, RG_PROTECTION_FULL, "protected: ", "gate open");
}

/* Who is not counted is said, never counted as holding nothing. */
static void test_end_clients(void **unused)
{
	struct rg_snapshot s;

	(void)unused;
	made_up_begin(&s);
	s.heartbeat_ns = NOW_NS - S;
	s.regimes.of[RG_LOCKS_NFS4] = s.regimes.of[RG_LOCKS_NLM] = RG_REGIME_FORWARDED;
	s.gates[1] = good().gates[1];
	made_up_client(&s, 1, "one", "10.0.0.1", RG_CLIENT_KNOWN, 7, 0);
	judged(&s, RG_PROTECTION_FULL, "protected: ", "1 end client by NFSv4 with 7 locks");
	made_up_client(&s, 1, "two", "10.0.0.2", RG_CLIENT_KNOWN, 0, 0);
	s.ledger.clients[1].uncountable = 1;
	judged(&s, RG_PROTECTION_FULL, "protected: ",
	       "1 end client by NFSv4 with 7 locks, and 1 whose locks are not known");
	s.ledger.clients[0].uncountable = 1;
	judged(&s, RG_PROTECTION_FULL,
	       "protected: ", "2 end clients by NFSv4 whose locks are not known");
	/* Who is gone has none, known or not. */
	s.ledger.clients[0].state = RG_CLIENT_GONE;
	judged(&s, RG_PROTECTION_FULL,
	       "protected: ", "1 end client by NFSv4 whose locks are not known");
	/* Locks before the last start of knfsd, and not seen since. */
	made_up_client(&s, 1, "three", "10.0.0.3", RG_CLIENT_KNOWN, 3, 3);
	s.ledger.clients[2].generation = 0;
	judged(&s, RG_PROTECTION_FULL, "protected: ", ", 1 not back yet");
	rg_snapshot_free(&s);
}

static void test_worst_of_several(void **unused)
{
	struct rg_snapshot s = good();

	(void)unused;
	s.gates[5] = s.gates[1];
	judged(&s, RG_PROTECTION_FULL, "protected: ", "; 1 other gate");
	s.gates[5].policy.action = RG_ACTION_AUDIT;
	judged(&s, RG_PROTECTION_NONE, "NOT protected: action audit", "; 1 other gate");
	s.gates[6] = s.gates[1];
	judged(&s, RG_PROTECTION_NONE, "NOT protected: action audit", "; 2 other gates");
}

/* One end client with 20 locks, of which knfsd has a record, and the module passes reclaims on. */
static struct rg_snapshot served(void)
{
	struct rg_snapshot s, from = good();

	made_up_begin(&s);
	s.heartbeat_ns = NOW_NS - S;
	s.regimes = from.regimes;
	s.gates[1] = from.gates[1];
	s.starts_at_boot = s.records_outlive = RG_KNOWN_YES;
	s.delegations = RG_KNOWN_NO;
	s.module = RG_MODULE_ANSWERED;
	made_up_client(&s, 1, "one", "10.0.0.1", RG_CLIENT_KNOWN, 20, 0);
	s.ledger.clients[0].recorded = RG_KNOWN_YES;
	return s;
}

/* Judges, and frees the snapshot. */
static void cut(struct rg_snapshot *s, enum rg_power_cut_outcome expected, const char *text)
{
	char line[RG_VERDICT_SIZE];
	struct rg_power_cut p;
	const char *tail;

	rg_power_cut_of(s, &p);
	if (p.outcome != expected || !strstr(p.text, text))
		fail_msg("%s: \"%s\"; expected %s: \"...%s...\"", rg_power_cut_name(p.outcome),
			 p.text, rg_power_cut_name(expected), text);
	rg_verdict(s, line);
	tail = strstr(line, "; if this host lost power now: ");
	assert_non_null(tail);
	assert_string_equal(tail + strlen("; if this host lost power now: "), p.text);
	rg_snapshot_free(s);
}

static void test_power_cut_outcomes(void **unused)
{
	struct rg_snapshot s;

	(void)unused;
	s = served();
	cut(&s, RG_POWER_CUT_RECLAIMABLE, "reclaimable");
	s = served();
	s.ledger.clients[0].locks = 0;
	cut(&s, RG_POWER_CUT_NOTHING, "no NFSv4 lock is known");
	s = served();
	s.ledger.clients[0].recorded = RG_KNOWN_NO;
	cut(&s, RG_POWER_CUT_LOST,
	    "20 locks of 10.0.0.1 would be lost because knfsd has no record");
	s = served();
	s.ledger.clients[0].recorded = RG_KNOWN_NOT;
	cut(&s, RG_POWER_CUT_UNKNOWN, "unknown for 20 locks of 10.0.0.1: it was not seen");
	s = served();
	s.starts_at_boot = RG_KNOWN_NO;
	cut(&s, RG_POWER_CUT_LOST, "because systemd does not start the guard");
	s = served();
	s.starts_at_boot = RG_KNOWN_NOT;
	cut(&s, RG_POWER_CUT_UNKNOWN, "it cannot be seen whether the guard is started at boot");
	s = served();
	s.records_outlive = RG_KNOWN_NO;
	cut(&s, RG_POWER_CUT_LOST, "because knfsd's records of end clients are in memory");
	s = served();
	s.records_outlive = RG_KNOWN_NOT;
	cut(&s, RG_POWER_CUT_UNKNOWN, "whether knfsd's records of end clients are on a disk");
	s = served();
	s.gates[1].policy.action = RG_ACTION_AUDIT;
	cut(&s, RG_POWER_CUT_LOST, "because action = audit");
	s = served();
	s.gates[1].policy.release = RG_RELEASE_GRACE_END;
	cut(&s, RG_POWER_CUT_LOST, "because the gate opens before");
}

/* Whether refused locks come back depends on the module, or on what the end client was seen to do.
 */
static void test_power_cut_reclaims(void **unused)
{
	static const struct {
		__u32 module, forward, only_client, leaks;
		bool passes;
	} cases[] = {
		{RG_MODULE_ANSWERED, RG_FORWARD_GUARDED, 0, 0, true},
		{RG_MODULE_ANSWERED, RG_FORWARD_GUARDED, 0, 1, false},
		{RG_MODULE_ANSWERED, RG_FORWARD_ALWAYS, 0, 1, true},
		{RG_MODULE_ANSWERED, RG_FORWARD_PROVEN, 0, 0, false},
		{RG_MODULE_ANSWERED, RG_FORWARD_PROVEN, 1, 0, true},
		{RG_MODULE_ANSWERED, RG_FORWARD_NEVER, 1, 0, false},
		{RG_MODULE_ABSENT, RG_FORWARD_ALWAYS, 1, 0, false},
	};
	struct rg_snapshot s;

	(void)unused;
	for (size_t i = 0; i < UNIT_COUNT(cases); i++) {
		s = served();
		s.module = cases[i].module;
		s.gates[1].policy.forward = cases[i].forward & 3;
		s.gates[1].policy.only_client = cases[i].only_client & 1;
		s.gates[1].policy.leaks = cases[i].leaks & 1;
		cut(&s, cases[i].passes ? RG_POWER_CUT_RECLAIMABLE : RG_POWER_CUT_UNKNOWN,
		    cases[i].passes ? "reclaimable" : "nfs.recover_lost_locks=Y");
	}
	/* Refused, and has its locks again: it took them anew, so it does so. */
	s = served();
	s.module = RG_MODULE_ABSENT;
	s.ledger.clients[0].state = RG_CLIENT_SETTLED;
	s.ledger.clients[0].refusals = 20;
	cut(&s, RG_POWER_CUT_RECLAIMABLE, "reclaimable");
}

/* What is not known is not nothing. */
static void test_power_cut_unknown(void **unused)
{
	struct rg_snapshot s;

	(void)unused;
	s = served();
	s.gates[1].knfsd = RG_KNFSD_WAS_RUNNING;
	s.gates[1].knfsd_end_ns = 0;
	cut(&s, RG_POWER_CUT_UNKNOWN, "locks taken before `enable` are not counted");
	s = served();
	s.delegations = RG_KNOWN_YES;
	cut(&s, RG_POWER_CUT_UNKNOWN, "locks under a write delegation would be lost");
	s = served();
	s.delegations = RG_KNOWN_NOT;
	cut(&s, RG_POWER_CUT_UNKNOWN, "not known whether knfsd gives write delegations");
	s = served();
	s.delegations = RG_KNOWN_YES;
	s.gates[1].policy.scope = RG_SCOPE_OPENS;
	cut(&s, RG_POWER_CUT_RECLAIMABLE, "reclaimable");
	s = served();
	s.totals.locks_forwarded[RG_LOCKS_NLM] = 1;
	cut(&s, RG_POWER_CUT_RECLAIMABLE, "reclaimable; NFSv3 locks are not counted");
	s = served();
	s.ledger.clients[0].uncountable = 1;
	s.ledger.clients[0].recorded = RG_KNOWN_NO;
	cut(&s, RG_POWER_CUT_LOST, "locks (number not known) of 10.0.0.1");
	/* Not back yet, and the gate waits for it; then it has opened. */
	s = served();
	s.ledger.clients[0].generation = 0;
	s.ledger.clients[0].expected = 7;
	s.gates[1].knfsd = RG_KNFSD_GRACE;
	cut(&s, RG_POWER_CUT_UNKNOWN, "unknown for 7 locks of 10.0.0.1: a recovery is under way");
	s = served();
	s.ledger.clients[0].generation = 0;
	s.ledger.clients[0].expected = 7;
	cut(&s, RG_POWER_CUT_NOTHING, "no NFSv4 lock");
}

static void test_power_cut_of_many(void **unused)
{
	struct rg_snapshot s = served();
	struct rg_power_cut p;

	(void)unused;
	made_up_client(&s, 1, "two", "10.0.0.2", RG_CLIENT_KNOWN, 5, 0);
	made_up_client(&s, 1, "three", "10.0.0.3", RG_CLIENT_KNOWN, 6, 0);
	made_up_client(&s, 1, "four", "10.0.0.4", RG_CLIENT_KNOWN, 1, 0);
	s.ledger.clients[1].recorded = s.ledger.clients[2].recorded = RG_KNOWN_NO;
	rg_power_cut_of(&s, &p);
	assert_int_equal(p.lost, 11);
	assert_int_equal(p.unknown, 1);
	assert_int_equal(p.reclaimable, 20);
	cut(&s, RG_POWER_CUT_LOST,
	    "11 locks of 10.0.0.3 and 1 other end client would be lost because knfsd has no record "
	    "of the end client on disk and would refuse its reclaims (see nfsdcld in "
	    "`reexport-guard check`); unknown for 1 more");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_each_fault),
		cmocka_unit_test(test_end_clients),
		cmocka_unit_test(test_worst_of_several),
		cmocka_unit_test(test_power_cut_outcomes),
		cmocka_unit_test(test_power_cut_reclaims),
		cmocka_unit_test(test_power_cut_unknown),
		cmocka_unit_test(test_power_cut_of_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
