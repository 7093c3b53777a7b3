// SPDX-License-Identifier: GPL-2.0-only
/* The verdict in one line: every fault by itself, the worst of several gates. */
#include "unit_snapshot.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_each_fault),
		cmocka_unit_test(test_end_clients),
		cmocka_unit_test(test_worst_of_several),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
