// SPDX-License-Identifier: GPL-2.0-only
/* The decision: what must hold whatever the facts are, and whether a reclaim may go on. */
#include "gate.h"

/* ---- whatever the facts are ---- */

#define ROUNDS 20000

static bool is_open(const struct rg_gate *g, __u64 now_ns)
{
	return rg_gate_view(g, now_ns).state == RG_STATE_OPEN;
}

static __u64 some_time(__u64 *seed, __u64 now_ns)
{
	return 1 + unit_below(seed, now_ns);
}

/* Facts that happened, in any order; now and then a word that is no fact. */
static struct rg_gate some_facts(__u64 *seed, __u64 now_ns)
{
	struct rg_gate g = {
		.policy = {.action = unit_below(seed, RG_NR_ACTIONS) & 3,
			   .release = unit_below(seed, RG_NR_RELEASES + 1) & 3,
			   .settle_timeout_s = unit_below(seed, 200) & 0xfff,
			   .max_hold_s = unit_below(seed, 600) & 0xffff},
		.netns = 1,
		.knfsd = (__u32)unit_below(seed, RG_NR_KNFSD + 1),
		.lockd = (__u32)unit_below(seed, RG_NR_LOCKD + 1),
		.closed_ns = some_time(seed, now_ns),
		.knfsd_start_ns = some_time(seed, now_ns),
		.knfsd_end_ns = some_time(seed, now_ns),
		.lockd_end_ns = some_time(seed, now_ns),
		.hand_ns = some_time(seed, now_ns),
	};

	if (unit_below(seed, 8) == 0)
		g.policy.settle_timeout_s = 0;
	if (unit_below(seed, 2))
		g.lease_s = (__u32)unit_below(seed, 200);
	if (unit_below(seed, 4)) {
		g.refused = (__u32)unit_below(seed, 5);
		g.awaited = (__u32)unit_below(seed, g.refused + 1);
		g.settled_ns = some_time(seed, now_ns);
	}
	if (unit_below(seed, 16) == 0)
		g.awaited = (__u32)unit_random(seed);
	if (unit_below(seed, 4) == 0)
		g.hand = (__u32)unit_below(seed, RG_HAND_NOTHING + 2);
	return g;
}

/* Total: any bytes give a view that can be shown and acted on. */
static void test_any_bytes(void **unused)
{
	unsigned int closed = 0;
	__u64 seed = 20240611;

	(void)unused;
	for (int i = 0; i < ROUNDS; i++) {
		__u64 words[sizeof(struct rg_gate) / sizeof(__u64)] = {};
		__u64 now_ns = unit_random(&seed);
		struct rg_gate g;
		struct rg_view v;

		for (size_t w = 0; w < UNIT_COUNT(words); w++)
			words[w] = unit_random(&seed);
		memcpy(&g, words, sizeof(g));
		/* Most words are out of range: let some through to the rest. */
		if (i % 2)
			g.knfsd %= RG_NR_KNFSD;
		if (i % 4 == 3)
			g.lockd %= RG_NR_LOCKD;
		if (i % 8 == 7)
			g.awaited = g.refused = 0;
		v = rg_gate_view(&g, now_ns);
		assert_true(v.state < RG_NR_STATES);
		assert_true(v.why < RG_NR_WHYS);
		if (v.state == RG_STATE_OPEN) {
			assert_int_equal(v.until_ns, 0);
		} else {
			assert_true(v.until_ns > now_ns);
			closed++;
		}
	}
	assert_true(closed > ROUNDS / 10); /* the other half was looked at, too */
}

static void test_unknown_knfsd_stays_closed(void **unused)
{
	__u64 seed = 7;

	(void)unused;
	for (int i = 0; i < ROUNDS; i++) {
		__u64 now_ns = S + unit_below(&seed, 1000 * S);
		struct rg_gate g = some_facts(&seed, now_ns);
		__u32 knfsd = (__u32)unit_random(&seed);

		g.hand = RG_HAND_OFF;
		g.knfsd = knfsd < RG_NR_KNFSD ? knfsd + RG_NR_KNFSD : knfsd;
		assert_int_equal(is_open(&g, now_ns),
				 now_ns - g.closed_ns >= g.policy.max_hold_s * S);
	}
}

static void test_open_since_is_in_the_past(void **unused)
{
	unsigned int open = 0;
	__u64 seed = 11;

	(void)unused;
	for (int i = 0; i < ROUNDS; i++) {
		__u64 now_ns = S + unit_below(&seed, 1000 * S);
		struct rg_gate g = some_facts(&seed, now_ns);
		struct rg_view v = rg_gate_view(&g, now_ns);

		assert_true(v.since_ns <= now_ns);
		open += v.state == RG_STATE_OPEN;
	}
	assert_in_range(open, ROUNDS / 10, ROUNDS - ROUNDS / 10);
}

/* With no new fact, open stays open, and what is not open opens exactly at
 * until_ns and is the same until then. */
static void test_time_only_opens(void **unused)
{
	unsigned int waited = 0;
	__u64 seed = 13;

	(void)unused;
	for (int i = 0; i < ROUNDS; i++) {
		__u64 now_ns = S + unit_below(&seed, 1000 * S), later_ns = now_ns;
		struct rg_gate g = some_facts(&seed, now_ns);
		struct rg_view v = rg_gate_view(&g, now_ns), w;
		bool was_open = v.state == RG_STATE_OPEN;

		if (!was_open) {
			w = rg_gate_view(&g, v.until_ns - 1);
			assert_memory_equal(&v, &w, sizeof(v));
			assert_true(is_open(&g, v.until_ns));
			waited++;
		}
		for (int step = 0; step < 20; step++) {
			bool open;

			later_ns += unit_below(&seed, 60 * S);
			open = is_open(&g, later_ns);
			assert_true(open || !was_open);
			was_open = open;
		}
	}
	assert_true(waited > ROUNDS / 10);
}

/* lockd may keep a gate from opening; it never opens one. */
static void test_lockd_never_opens(void **unused)
{
	unsigned int kept = 0;
	__u64 seed = 17;

	(void)unused;
	for (int i = 0; i < ROUNDS; i++) {
		__u64 now_ns = S + unit_below(&seed, 1000 * S);
		struct rg_gate g = some_facts(&seed, now_ns), without = g;

		without.lockd = RG_LOCKD_NONE;
		if (is_open(&g, now_ns))
			assert_true(is_open(&without, now_ns));
		else
			kept += is_open(&without, now_ns);
	}
	assert_true(kept > ROUNDS / 100);
}

/* Each release point keeps out for at least as long as the one before it. */
static void test_release_points_are_ordered(void **unused)
{
	unsigned int differ[RG_NR_RELEASES] = {};
	__u64 seed = 19;

	(void)unused;
	for (int i = 0; i < ROUNDS; i++) {
		__u64 now_ns = S + unit_below(&seed, 1000 * S);
		struct rg_gate g = some_facts(&seed, now_ns);
		bool open[RG_NR_RELEASES];

		g.hand = RG_HAND_OFF;
		for (int release = 0; release < RG_NR_RELEASES; release++) {
			g.policy.release = release & 3;
			open[release] = is_open(&g, now_ns);
			if (release && open[release])
				assert_true(open[release - 1]);
			differ[release] += release && open[release] != open[release - 1];
		}
	}
	assert_true(differ[RG_RELEASE_GRACE_END] > ROUNDS / 100);
	assert_true(differ[RG_RELEASE_SETTLED] > ROUNDS / 100);
}

/* Who is awaited keeps a gate from opening, whatever else there is; who was
 * refused and is done, and when, changes no state. */
static void test_only_the_awaited_keep_out(void **unused)
{
	unsigned int kept = 0;
	__u64 seed = 23;

	(void)unused;
	for (int i = 0; i < ROUNDS; i++) {
		__u64 now_ns = S + unit_below(&seed, 1000 * S);
		struct rg_gate g = some_facts(&seed, now_ns), other;

		if (i % 2)
			g.policy.release = RG_RELEASE_SETTLED;
		other = g;
		other.refused = (__u32)unit_below(&seed, 5);
		other.settled_ns = some_time(&seed, now_ns);
		assert_int_equal(rg_gate_view(&g, now_ns).state,
				 rg_gate_view(&other, now_ns).state);
		if (g.awaited) /* how many is no matter */
			other.awaited = (__u32)(1 + unit_below(&seed, 0xffffffff));
		assert_int_equal(rg_gate_view(&g, now_ns).state,
				 rg_gate_view(&other, now_ns).state);
		other.awaited = 0;
		assert_int_not_equal(rg_gate_view(&other, now_ns).state, RG_STATE_SETTLING);
		if (is_open(&g, now_ns))
			assert_true(is_open(&other, now_ns));
		else
			kept += is_open(&other, now_ns);
	}
	assert_true(kept > ROUNDS / 100);
}

/* A gate that time has opened says the same when the last one settles after all. */
static void test_settling_late_changes_nothing(void **unused)
{
	unsigned int late = 0;
	__u64 seed = 37;

	(void)unused;
	for (int i = 0; i < ROUNDS; i++) {
		__u64 now_ns = S + unit_below(&seed, 1000 * S);
		struct rg_gate g = some_facts(&seed, now_ns);
		struct rg_view v, w;

		g.hand = RG_HAND_OFF;
		g.policy.release = RG_RELEASE_SETTLED;
		g.awaited = g.refused = 1 + (__u32)unit_below(&seed, 3);
		v = rg_gate_view(&g, now_ns);
		g.awaited = 0;
		g.settled_ns = now_ns + unit_below(&seed, 100 * S);
		w = rg_gate_view(&g, g.settled_ns);
		if (v.state == RG_STATE_SETTLING) {
			/* By that or by time, whichever was first. */
			assert_int_equal(w.state, RG_STATE_OPEN);
			assert_int_equal(w.why == RG_WHY_SETTLED, g.settled_ns <= v.until_ns);
			assert_true(w.since_ns ==
				    (g.settled_ns <= v.until_ns ? g.settled_ns : v.until_ns));
			continue;
		}
		if (v.state != RG_STATE_OPEN || v.since_ns >= g.settled_ns)
			continue;
		assert_memory_equal(&v, &w, sizeof(v));
		late += v.why == RG_WHY_SETTLE_TIMED_OUT;
	}
	assert_true(late > ROUNDS / 100);
}

/* What opens at grace-end opens at settled not later than settle-timeout after
 * that, and at once if nobody is awaited. */
static void test_settled_is_grace_end_and_settle_timeout(void **unused)
{
	unsigned int compared = 0;
	__u64 seed = 29;

	(void)unused;
	for (int i = 0; i < ROUNDS; i++) {
		__u64 now_ns = S + unit_below(&seed, 1000 * S), over_ns;
		struct rg_gate g = some_facts(&seed, now_ns);
		struct rg_view ended;

		g.hand = RG_HAND_OFF;
		g.policy.release = RG_RELEASE_GRACE_END;
		ended = rg_gate_view(&g, now_ns);
		g.policy.release = RG_RELEASE_SETTLED;
		if (ended.state != RG_STATE_OPEN || ended.why != RG_WHY_GRACE_ENDED) {
			struct rg_view v = rg_gate_view(&g, now_ns);

			assert_memory_equal(&v, &ended, sizeof(v));
			continue;
		}
		over_ns = ended.since_ns + rg_settle_timeout_ns(&g);
		assert_true(is_open(&g, over_ns > now_ns ? over_ns : now_ns));
		g.awaited = 0;
		assert_true(is_open(&g, now_ns));
		compared++;
	}
	assert_true(compared > ROUNDS / 20);
}

/* Nothing keeps anybody out for longer than max-hold from the last fact that
 * closed the gate. */
static void test_nothing_outlasts_max_hold(void **unused)
{
	__u64 seed = 31;

	(void)unused;
	for (int i = 0; i < ROUNDS; i++) {
		__u64 now_ns = S + unit_below(&seed, 1000 * S), last_ns;
		struct rg_gate g = some_facts(&seed, now_ns);
		struct rg_view v = rg_gate_view(&g, now_ns);

		last_ns = g.closed_ns > g.knfsd_start_ns ? g.closed_ns : g.knfsd_start_ns;
		if (g.hand == RG_HAND_CLOSED && g.hand_ns > last_ns)
			last_ns = g.hand_ns;
		assert_true(v.until_ns <= last_ns + g.policy.max_hold_s * S);
		assert_true(is_open(&g, last_ns + g.policy.max_hold_s * S));
	}
}

/* ---- may a reclaim go on? ---- */

#define IN_GRACE (210 * S)

/* A gate that has kept everybody out, while end clients reclaim. */
static struct rg_gate reclaiming(__u32 forward, int only_client)
{
	struct rg_gate g = gate(RG_RELEASE_SETTLED, RG_KNFSD_GRACE, RG_LOCKD_NONE);

	g.policy.forward = forward & 3;
	g.policy.only_client = only_client & 1;
	g.kept_ns = CLOSED_AT;
	return g;
}

static void test_reclaim_of_who_kept_out(void **unused)
{
	/* By policy: of a host that kept everybody out, without and with only-client. */
	static const struct {
		__u32 forward, others, alone;
	} policies[] = {
		{RG_FORWARD_GUARDED, RG_RECLAIM_UNPROVEN, RG_RECLAIM_PROVEN},
		{RG_FORWARD_PROVEN, RG_RECLAIM_NOT_PROVEN, RG_RECLAIM_PROVEN},
		{RG_FORWARD_ALWAYS, RG_RECLAIM_UNPROVEN, RG_RECLAIM_PROVEN},
		{RG_FORWARD_NEVER, RG_RECLAIM_NEVER, RG_RECLAIM_NEVER},
	};

	(void)unused;
	for (size_t i = 0; i < UNIT_COUNT(policies); i++) {
		struct rg_gate g = reclaiming(policies[i].forward, 0);

		assert_int_equal(rg_reclaim_of(&g, IN_GRACE, 0, 0), policies[i].others);
		g.policy.only_client = 1;
		assert_int_equal(rg_reclaim_of(&g, IN_GRACE, 0, 0), policies[i].alone);
	}
	_Static_assert(UNIT_COUNT(policies) == RG_NR_FORWARDS, "a row for each");
}

/* The original server said that it keeps this host's locks: proven until then, to the nanosecond,
 * and only where the configuration has it asked. */
static void test_reclaim_of_what_is_kept(void **unused)
{
	struct rg_gate g = reclaiming(RG_FORWARD_PROVEN, 0);

	(void)unused;
	assert_int_equal(rg_reclaim_of(&g, IN_GRACE, 0, IN_GRACE + 1), RG_RECLAIM_NOT_PROVEN);
	g.policy.original_keeps = 1;
	assert_int_equal(rg_reclaim_of(&g, IN_GRACE, 0, 0), RG_RECLAIM_NOT_PROVEN);
	assert_int_equal(rg_reclaim_of(&g, IN_GRACE, 0, IN_GRACE), RG_RECLAIM_NOT_PROVEN);
	assert_int_equal(rg_reclaim_of(&g, IN_GRACE, 0, IN_GRACE + 1), RG_RECLAIM_PROVEN);
	g.policy.forward = RG_FORWARD_GUARDED;
	assert_int_equal(rg_reclaim_of(&g, IN_GRACE, 0, IN_GRACE), RG_RECLAIM_UNPROVEN);
	assert_int_equal(rg_reclaim_of(&g, IN_GRACE, 0, IN_GRACE + 1), RG_RECLAIM_PROVEN);
	/* What is kept over there is no word about this host's applications. */
	g.let_in = 1ULL << RG_RECLAIM_TIMED_OUT;
	assert_int_equal(rg_reclaim_of(&g, IN_GRACE, 0, IN_GRACE + 1), RG_RECLAIM_TIMED_OUT);
	g.policy.forward = RG_FORWARD_ALWAYS;
	assert_int_equal(rg_reclaim_of(&g, IN_GRACE, 0, IN_GRACE + 1), RG_RECLAIM_UNPROVEN);
}

/* Only where all that could reclaim came, and the gate opened because of that. */
static void test_through(void **unused)
{
	struct rg_gate g = reclaiming(0, 0);

	(void)unused;
	g.policy.release = RG_RELEASE_SETTLED;
	assert_false(rg_is_through(&g, 2, 2, IN_GRACE));
	g.knfsd = RG_KNFSD_OVER;
	g.knfsd_end_ns = END_AT;
	assert_true(rg_is_through(&g, 2, 2, END_AT));
	/* One did not come; nobody could, or nothing is known of it. */
	assert_false(rg_is_through(&g, 2, 1, END_AT));
	assert_false(rg_is_through(&g, 0, 0, END_AT));
	/* lockd is in grace still. */
	g.lockd = RG_LOCKD_GRACE;
	assert_false(rg_is_through(&g, 2, 2, END_AT));
	g.lockd = RG_LOCKD_OVER;
	g.lockd_end_ns = END_AT + S;
	assert_true(rg_is_through(&g, 2, 2, END_AT + S));
	/* One that was refused is awaited, and has its locks again; or time is over. */
	g.refused = g.awaited = 1;
	assert_false(rg_is_through(&g, 2, 2, END_AT + S));
	assert_false(rg_is_through(&g, 2, 2, START_AT + HOLD_S * S));
	g.awaited = 0;
	g.settled_ns = END_AT + 2 * S;
	assert_true(rg_is_through(&g, 2, 2, END_AT + 2 * S));
	g.settled_ns = START_AT + HOLD_S * S + 1;
	assert_false(rg_is_through(&g, 2, 2, START_AT + HOLD_S * S + 1));
	/* It was opened for another reason. */
	g.settled_ns = END_AT + 2 * S;
	for (__u32 hand = RG_HAND_OPEN; hand <= RG_HAND_NOTHING; hand++) {
		g.hand = hand;
		assert_false(rg_is_through(&g, 2, 2, END_AT + 2 * S));
	}
	g.hand = RG_HAND_OFF;
	g.knfsd = RG_KNFSD_SKIPPED;
	assert_false(rg_is_through(&g, 2, 2, END_AT + 2 * S));
	g.knfsd = RG_KNFSD_OVER;
	for (__u32 release = RG_RELEASE_GRACE_START; release < RG_RELEASE_SETTLED; release++) {
		g.policy.release = release & 3;
		assert_false(rg_is_through(&g, 2, 2, END_AT + 2 * S));
	}
}

/* Whatever let somebody in: guarded and proven refuse and say what, always goes on and is
 * never proven. */
static void expect_let_in(struct rg_gate g, __u64 now_ns, __u64 exempt_ns, __u32 cause)
{
	for (int only_client = 0; only_client < 2; only_client++) {
		g.policy.only_client = only_client & 1;
		g.policy.forward = RG_FORWARD_GUARDED;
		assert_int_equal(rg_reclaim_of(&g, now_ns, exempt_ns, 0), cause);
		g.policy.forward = RG_FORWARD_PROVEN;
		assert_int_equal(rg_reclaim_of(&g, now_ns, exempt_ns, 0), cause);
		g.policy.forward = RG_FORWARD_ALWAYS;
		assert_int_equal(rg_reclaim_of(&g, now_ns, exempt_ns, 0), RG_RECLAIM_UNPROVEN);
		g.policy.forward = RG_FORWARD_NEVER;
		assert_int_equal(rg_reclaim_of(&g, now_ns, exempt_ns, 0), RG_RECLAIM_NEVER);
	}
}

static void test_reclaim_of_who_let_in(void **unused)
{
	struct rg_gate g;

	(void)unused;
	for (__u32 cause = RG_RECLAIM_MOUNTED_BEFORE; cause < RG_NR_RECLAIMS; cause++) {
		g = reclaiming(0, 0);
		g.let_in = 1ULL << cause;
		expect_let_in(g, IN_GRACE, 0, cause);
	}
	g = reclaiming(0, 0);
	g.policy.action = RG_ACTION_AUDIT;
	expect_let_in(g, IN_GRACE, 0, RG_RECLAIM_AUDITED);
	g = reclaiming(0, 0);
	g.policy.leaks = 1;
	expect_let_in(g, IN_GRACE, 0, RG_RECLAIM_LEAKS);
	g = reclaiming(0, 0);
	g.hand = RG_HAND_OPEN;
	expect_let_in(g, IN_GRACE, 0, RG_RECLAIM_RELEASED);
	/* max-hold, to the nanosecond */
	g = reclaiming(0, 0);
	assert_int_equal(rg_reclaim_of(&g, START_AT + HOLD_S * S - 1, 0, 0), RG_RECLAIM_UNPROVEN);
	expect_let_in(g, START_AT + HOLD_S * S, 0, RG_RECLAIM_TIMED_OUT);
	/* With release = grace-start it is open when the first reclaim comes. */
	g = reclaiming(0, 0);
	g.policy.release = RG_RELEASE_GRACE_START;
	expect_let_in(g, IN_GRACE, 0, RG_RECLAIM_OPENED);
	/* The mount was not guarded until after the gate began to keep out. */
	g = reclaiming(0, 0);
	assert_int_equal(rg_reclaim_of(&g, IN_GRACE, CLOSED_AT - 1, 0), RG_RECLAIM_UNPROVEN);
	expect_let_in(g, IN_GRACE, CLOSED_AT, RG_RECLAIM_EXCEPTED);
}

/* lockd's grace period lasts longer than knfsd's: LOCKs may be reclaimed until then, and
 * the gate is closed until then. */
static void test_reclaim_in_grace_of_lockd(void **unused)
{
	struct rg_gate g = reclaiming(RG_FORWARD_GUARDED, 0);

	(void)unused;
	g.knfsd = RG_KNFSD_OVER;
	g.lockd = RG_LOCKD_GRACE;
	assert_int_equal(rg_reclaim_of(&g, END_AT + S, 0, 0), RG_RECLAIM_UNPROVEN);
	g.lockd = RG_LOCKD_OVER;
	g.lockd_end_ns = END_AT + S;
	expect_let_in(g, END_AT + S, 0, RG_RECLAIM_OPENED);
}

/* Nothing goes on as guarded while local applications are let in, whatever the facts. */
static void test_reclaim_of_any_bytes(void **unused)
{
	__u64 seed = 11, went_on = 0;

	(void)unused;
	for (int i = 0; i < ROUNDS; i++) {
		__u64 now_ns = 1 + unit_below(&seed, 1000 * S),
		      exempt_ns = unit_below(&seed, 2) ? some_time(&seed, now_ns) : 0,
		      kept_until_ns;
		struct rg_gate g = some_facts(&seed, now_ns);
		struct rg_view v;
		__u32 verdict;

		g.kept_ns = some_time(&seed, now_ns);
		g.policy.forward = unit_random(&seed) & 3;
		g.policy.only_client = unit_random(&seed) & 1;
		if (i % 2)
			g.let_in = unit_random(&seed);
		g.policy.original_keeps = unit_random(&seed) & 1;
		kept_until_ns = unit_below(&seed, 2) ? some_time(&seed, 2 * now_ns) : 0;
		verdict = rg_reclaim_of(&g, now_ns, exempt_ns, kept_until_ns);
		v = rg_gate_view(&g, now_ns);
		if (verdict == RG_RECLAIM_PROVEN)
			assert_true(g.policy.only_client ||
				    (g.policy.original_keeps && kept_until_ns > now_ns));
		assert_true(verdict > RG_RECLAIM_UNASKED && verdict < RG_NR_RECLAIMS);
		if (verdict == RG_RECLAIM_PROVEN ||
		    (verdict == RG_RECLAIM_UNPROVEN && g.policy.forward != RG_FORWARD_ALWAYS)) {
			went_on++;
			assert_true(v.state != RG_STATE_OPEN);
			assert_true(g.policy.action != RG_ACTION_AUDIT && !g.policy.leaks);
			assert_int_equal(rg_let_in_first(g.let_in), 0);
			assert_true(!exempt_ns || exempt_ns < g.kept_ns);
		}
	}
	assert_true(went_on > 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_any_bytes),
		cmocka_unit_test(test_unknown_knfsd_stays_closed),
		cmocka_unit_test(test_open_since_is_in_the_past),
		cmocka_unit_test(test_time_only_opens),
		cmocka_unit_test(test_lockd_never_opens),
		cmocka_unit_test(test_release_points_are_ordered),
		cmocka_unit_test(test_only_the_awaited_keep_out),
		cmocka_unit_test(test_settling_late_changes_nothing),
		cmocka_unit_test(test_settled_is_grace_end_and_settle_timeout),
		cmocka_unit_test(test_nothing_outlasts_max_hold),
		cmocka_unit_test(test_reclaim_of_who_kept_out),
		cmocka_unit_test(test_reclaim_of_what_is_kept),
		cmocka_unit_test(test_through),
		cmocka_unit_test(test_reclaim_of_who_let_in),
		cmocka_unit_test(test_reclaim_in_grace_of_lockd),
		cmocka_unit_test(test_reclaim_of_any_bytes),
	};

	return cmocka_run_group_tests_name("gate_always", tests, NULL, NULL);
}
