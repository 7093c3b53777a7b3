// SPDX-License-Identifier: GPL-2.0-only
/* The decision by example: every state, the limits and the verdict. */
#include "gate.h"

/* ---- by example ---- */

static void test_closed_while_knfsd_is_down(void **unused)
{
	(void)unused;
	for (__u32 release = 0; release < RG_NR_RELEASES; release++) {
		for (__u32 lockd = 0; lockd < RG_NR_LOCKD; lockd++) {
			struct rg_gate g = gate(release, RG_KNFSD_DOWN, lockd);

			g.lockd_end_ns = 150 * S;
			g.refused = g.awaited = lockd; /* of the knfsd before: no matter */
			expect(&g, 500 * S, RG_STATE_CLOSED, RG_WHY_KNFSD_DOWN, CLOSED_AT,
			       CLOSED_AT + HOLD_S * S);
			g.knfsd = RG_KNFSD_STARTING;
			expect(&g, 500 * S, RG_STATE_CLOSED, RG_WHY_KNFSD_STARTING, CLOSED_AT,
			       CLOSED_AT + HOLD_S * S);
		}
	}
}

static void test_release_at_grace_start(void **unused)
{
	(void)unused;
	/* Whatever lockd does: its grace period is no reason to wait any more, and
	 * neither is who was refused. */
	for (__u32 lockd = 0; lockd < RG_NR_LOCKD; lockd++) {
		struct rg_gate g = gate(RG_RELEASE_GRACE_START, RG_KNFSD_GRACE, lockd);

		g.refused = g.awaited = 2;
		g.lockd_end_ns = 260 * S;
		expect(&g, START_AT, RG_STATE_OPEN, RG_WHY_GRACE_STARTED, START_AT, 0);
		g.knfsd = RG_KNFSD_OVER;
		expect(&g, 300 * S, RG_STATE_OPEN, RG_WHY_GRACE_STARTED, START_AT, 0);
		g.knfsd = RG_KNFSD_SKIPPED;
		expect(&g, 300 * S, RG_STATE_OPEN, RG_WHY_GRACE_SKIPPED, START_AT, 0);
		g.knfsd = RG_KNFSD_WAS_RUNNING;
		expect(&g, 300 * S, RG_STATE_OPEN, RG_WHY_KNFSD_WAS_RUNNING, START_AT, 0);
	}
}

static void test_release_at_grace_end(void **unused)
{
	struct rg_gate g = gate(RG_RELEASE_GRACE_END, RG_KNFSD_GRACE, RG_LOCKD_NONE);

	(void)unused;
	g.refused = g.awaited = 2; /* grace-end does not wait for them */
	expect(&g, 289 * S, RG_STATE_GRACE, RG_WHY_KNFSD_GRACE, START_AT, START_AT + HOLD_S * S);
	g.lockd = RG_LOCKD_GRACE; /* knfsd's own comes first */
	expect(&g, 289 * S, RG_STATE_GRACE, RG_WHY_KNFSD_GRACE, START_AT, START_AT + HOLD_S * S);
	g.knfsd = RG_KNFSD_OVER;
	expect(&g, 295 * S, RG_STATE_GRACE, RG_WHY_LOCKD_GRACE, START_AT, START_AT + HOLD_S * S);
	g.lockd = RG_LOCKD_OVER;
	g.lockd_end_ns = 300 * S;
	expect(&g, 300 * S, RG_STATE_OPEN, RG_WHY_GRACE_ENDED, 300 * S, 0);
	g.lockd_end_ns = 280 * S; /* before knfsd's: the later end counts */
	expect(&g, 300 * S, RG_STATE_OPEN, RG_WHY_GRACE_ENDED, END_AT, 0);
	g.lockd = RG_LOCKD_NONE;
	expect(&g, END_AT, RG_STATE_OPEN, RG_WHY_GRACE_ENDED, END_AT, 0);
}

static void test_grace_skipped(void **unused)
{
	(void)unused;
	for (__u32 release = RG_RELEASE_GRACE_END; release <= RG_RELEASE_SETTLED; release++) {
		struct rg_gate g = gate(release, RG_KNFSD_SKIPPED, RG_LOCKD_NONE);

		/* The end of a skipped grace period is written down as well. */
		expect(&g, 201 * S, RG_STATE_OPEN, RG_WHY_GRACE_SKIPPED, START_AT, 0);
		/* Who has a lockd that is in grace has to wait for it. */
		g.lockd = RG_LOCKD_GRACE;
		expect(&g, 260 * S, RG_STATE_GRACE, RG_WHY_LOCKD_GRACE, START_AT,
		       START_AT + HOLD_S * S);
		g.lockd = RG_LOCKD_UNNEEDED;
		expect(&g, 260 * S, RG_STATE_OPEN, RG_WHY_GRACE_SKIPPED, START_AT, 0);
		/* Ended before knfsd came: kept nobody waiting. */
		g.lockd = RG_LOCKD_OVER;
		g.lockd_end_ns = START_AT;
		expect(&g, 260 * S, RG_STATE_OPEN, RG_WHY_GRACE_SKIPPED, START_AT, 0);
		g.lockd_end_ns = START_AT + 1;
		if (release == RG_RELEASE_GRACE_END)
			expect(&g, 260 * S, RG_STATE_OPEN, RG_WHY_GRACE_ENDED, START_AT + 1, 0);
		else
			expect(&g, 260 * S, RG_STATE_OPEN, RG_WHY_NOBODY_REFUSED, START_AT + 1, 0);
		g.refused = g.awaited = 1;
		if (release == RG_RELEASE_SETTLED)
			expect(&g, 260 * S, RG_STATE_SETTLING, RG_WHY_AWAITED, START_AT + 1,
			       START_AT + 1 + TIMEOUT_S * S);
	}
}

static void test_knfsd_was_running(void **unused)
{
	(void)unused;
	for (__u32 release = RG_RELEASE_GRACE_END; release <= RG_RELEASE_SETTLED; release++) {
		struct rg_gate g = gate(release, RG_KNFSD_WAS_RUNNING, RG_LOCKD_NONE);

		expect(&g, 201 * S, RG_STATE_OPEN, RG_WHY_KNFSD_WAS_RUNNING, START_AT, 0);
		/* Refused after any grace period: the gate was open before. */
		g.refused = g.awaited = 1;
		expect(&g, 201 * S, RG_STATE_OPEN, RG_WHY_KNFSD_WAS_RUNNING, START_AT, 0);
		g.lockd = RG_LOCKD_GRACE;
		expect(&g, 260 * S, RG_STATE_GRACE, RG_WHY_LOCKD_GRACE, START_AT,
		       START_AT + HOLD_S * S);
	}
}

/* ---- limits ---- */

static void test_max_hold_to_the_nanosecond(void **unused)
{
	const struct {
		__u32 release, knfsd, lockd, hand, state, why;
		__u64 since, deadline;
	} cases[] = {
		{RG_RELEASE_GRACE_START, RG_KNFSD_DOWN, RG_LOCKD_NONE, RG_HAND_OFF, RG_STATE_CLOSED,
		 RG_WHY_KNFSD_DOWN, CLOSED_AT, CLOSED_AT + HOLD_S * S},
		{RG_RELEASE_SETTLED, RG_KNFSD_STARTING, RG_LOCKD_GRACE, RG_HAND_OFF,
		 RG_STATE_CLOSED, RG_WHY_KNFSD_STARTING, CLOSED_AT, CLOSED_AT + HOLD_S * S},
		{RG_RELEASE_GRACE_END, RG_KNFSD_GRACE, RG_LOCKD_NONE, RG_HAND_OFF, RG_STATE_GRACE,
		 RG_WHY_KNFSD_GRACE, START_AT, START_AT + HOLD_S * S},
		{RG_RELEASE_SETTLED, RG_KNFSD_OVER, RG_LOCKD_GRACE, RG_HAND_OFF, RG_STATE_GRACE,
		 RG_WHY_LOCKD_GRACE, START_AT, START_AT + HOLD_S * S},
		{RG_RELEASE_GRACE_START, RG_KNFSD_OVER, RG_LOCKD_NONE, RG_HAND_CLOSED,
		 RG_STATE_CLOSED, RG_WHY_CLOSED_BY_HAND, 400 * S, 400 * S + HOLD_S * S},
	};

	(void)unused;
	for (size_t i = 0; i < UNIT_COUNT(cases); i++) {
		struct rg_gate g = gate(cases[i].release, cases[i].knfsd, cases[i].lockd);
		__u64 deadline = cases[i].deadline;

		g.hand = cases[i].hand;
		g.hand_ns = 400 * S;
		expect(&g, deadline - 1, cases[i].state, cases[i].why, cases[i].since, deadline);
		expect(&g, deadline, RG_STATE_OPEN, RG_WHY_TIMED_OUT, deadline, 0);
		expect(&g, deadline + 1, RG_STATE_OPEN, RG_WHY_TIMED_OUT, deadline, 0);
	}
}

/* The largest figures that options and files may ask for fit their bit fields,
 * side by side, and 32 bits would not hold what they are in nanoseconds. */
static void test_largest_policy(void **unused)
{
	struct rg_gate g = settling(1, 1);
	__u64 deadline = START_AT + RG_MAX_MAX_HOLD * S;
	__u64 over = END_AT + RG_MAX_SETTLE_TIMEOUT * S;
	struct rg_policy *p = &g.policy;

	(void)unused;
	*p = (struct rg_policy){
		.max_hold_s = RG_MAX_MAX_HOLD,
		.settle_timeout_s = RG_MAX_SETTLE_TIMEOUT,
		.settle_quiet_s = RG_MAX_SETTLE_QUIET,
		.action = RG_NR_ACTIONS - 1,
		.release = RG_NR_RELEASES - 1,
		.scope = RG_NR_SCOPES - 1,
		.end_grace = 1,
		.mount_mode = RG_NR_MOUNT_MODES - 1,
	};
	assert_int_equal(p->max_hold_s, RG_MAX_MAX_HOLD);
	assert_int_equal(p->settle_timeout_s, RG_MAX_SETTLE_TIMEOUT);
	assert_int_equal(p->settle_quiet_s, RG_MAX_SETTLE_QUIET);
	assert_int_equal(p->action, RG_ACTION_AUDIT);
	assert_int_equal(p->release, RG_RELEASE_SETTLED);
	assert_int_equal(p->scope, RG_SCOPE_ACCESS);
	assert_int_equal(p->end_grace, 1);
	assert_int_equal(p->mount_mode, RG_MOUNT_MODE_ALL);
	assert_int_equal(p->unused, 0);

	expect(&g, over - 1, RG_STATE_SETTLING, RG_WHY_AWAITED, END_AT, over);
	expect(&g, over, RG_STATE_OPEN, RG_WHY_SETTLE_TIMED_OUT, over, 0);
	g.knfsd = RG_KNFSD_GRACE;
	expect(&g, deadline - 1, RG_STATE_GRACE, RG_WHY_KNFSD_GRACE, START_AT, deadline);
	expect(&g, deadline, RG_STATE_OPEN, RG_WHY_TIMED_OUT, deadline, 0);
	g.knfsd = RG_KNFSD_DOWN;
	deadline = CLOSED_AT + RG_MAX_MAX_HOLD * S;
	expect(&g, deadline - 1, RG_STATE_CLOSED, RG_WHY_KNFSD_DOWN, CLOSED_AT, deadline);
	expect(&g, deadline, RG_STATE_OPEN, RG_WHY_TIMED_OUT, deadline, 0);
}

/* Every value of each, with every other: none is cut off or runs into the next. */
static void test_every_choice_fits(void **unused)
{
	(void)unused;
	for (__u32 i = 0; i < RG_NR_ACTIONS * RG_NR_RELEASES * RG_NR_SCOPES * RG_NR_MOUNT_MODES;
	     i++) {
		__u32 action = i % RG_NR_ACTIONS, rest = i / RG_NR_ACTIONS;
		__u32 release = rest % RG_NR_RELEASES, scope, which;
		struct rg_gate g = {.policy_word = 0};

		rest /= RG_NR_RELEASES;
		scope = rest % RG_NR_SCOPES;
		which = rest / RG_NR_SCOPES;
		g.policy.action = action & 3;
		g.policy.release = release & 3;
		g.policy.scope = scope & 3;
		g.policy.mount_mode = which & 3;
		assert_int_equal(g.policy.action, action);
		assert_int_equal(g.policy.release, release);
		assert_int_equal(g.policy.scope, scope);
		assert_int_equal(g.policy.mount_mode, which);
		assert_int_equal(g.policy.max_hold_s, 0);
		assert_int_equal(g.policy.settle_timeout_s, 0);
		assert_int_equal(g.policy.settle_quiet_s, 0);
		assert_int_equal(g.policy.end_grace, 0);
	}
}

static void test_by_hand(void **unused)
{
	(void)unused;
	for (__u32 release = 0; release < RG_NR_RELEASES; release++) {
		for (__u32 knfsd = 0; knfsd <= RG_NR_KNFSD; knfsd++) {
			struct rg_gate g = gate(release, knfsd, RG_LOCKD_GRACE);

			g.refused = g.awaited = knfsd;
			g.hand = RG_HAND_OPEN;
			g.hand_ns = 150 * S;
			expect(&g, 151 * S, RG_STATE_OPEN, RG_WHY_RELEASED_BY_HAND, 150 * S, 0);
			expect(&g, 5000 * S, RG_STATE_OPEN, RG_WHY_RELEASED_BY_HAND, 150 * S, 0);
			g.hand = RG_HAND_NOTHING;
			expect(&g, 151 * S, RG_STATE_OPEN, RG_WHY_NOTHING, 150 * S, 0);
			expect(&g, 5000 * S, RG_STATE_OPEN, RG_WHY_NOTHING, 150 * S, 0);
			g.hand = RG_HAND_CLOSED;
			expect(&g, 151 * S, RG_STATE_CLOSED, RG_WHY_CLOSED_BY_HAND, 150 * S,
			       150 * S + HOLD_S * S);
		}
	}
}

static void test_values_that_make_no_sense(void **unused)
{
	static const __u32 odd[] = {RG_NR_KNFSD, 77, 0x80000000, 0xffffffff};
	struct rg_gate g;

	(void)unused;
	for (size_t i = 0; i < UNIT_COUNT(odd); i++) {
		g = gate(RG_RELEASE_GRACE_START, odd[i], RG_LOCKD_NONE);
		expect(&g, 500 * S, RG_STATE_CLOSED, RG_WHY_KNFSD_DOWN, CLOSED_AT,
		       CLOSED_AT + HOLD_S * S);
	}
	/* An unknown release point keeps out for longest. */
	g = gate(RG_NR_RELEASES, RG_KNFSD_OVER, RG_LOCKD_NONE);
	assert_int_equal(g.policy.release, RG_NR_RELEASES);
	g.refused = g.awaited = 1;
	expect(&g, END_AT + 1, RG_STATE_SETTLING, RG_WHY_AWAITED, END_AT, END_AT + TIMEOUT_S * S);
	/* A slot that was never used. */
	memset(&g, 0, sizeof(g));
	expect(&g, 1, RG_STATE_OPEN, RG_WHY_TIMED_OUT, 0, 0);
}

/* ---- the verdict ---- */

static void test_verdicts(void **unused)
{
	static const __u32 shut[] = {RG_STATE_CLOSED, RG_STATE_GRACE, RG_STATE_SETTLING,
				     RG_NR_STATES, 0xffffffff};
	static const __u32 unknown[] = {RG_NR_ACTIONS, 200, 0xffffffff};

	(void)unused;
	for (int alive = 0; alive < 2; alive++) {
		for (__u32 action = 0; action <= RG_NR_ACTIONS; action++)
			assert_int_equal(rg_verdict_of(RG_STATE_OPEN, action, alive),
					 RG_VERDICT_PASS);
		for (size_t i = 0; i < UNIT_COUNT(shut); i++) {
			assert_int_equal(rg_verdict_of(shut[i], RG_ACTION_HOLD, alive),
					 alive ? RG_VERDICT_HOLD : RG_VERDICT_DENY_NO_DAEMON);
			assert_int_equal(rg_verdict_of(shut[i], RG_ACTION_DENY, alive),
					 RG_VERDICT_DENY);
			assert_int_equal(rg_verdict_of(shut[i], RG_ACTION_AUDIT, alive),
					 RG_VERDICT_AUDIT);
			for (size_t j = 0; j < UNIT_COUNT(unknown); j++)
				assert_int_equal(rg_verdict_of(shut[i], unknown[j], alive),
						 RG_VERDICT_DENY);
		}
	}
}

/* A rehearsal counts for RG_REHEARSAL_NS; no bytes make it last longer. */
static void test_rehearsal(void **unused)
{
	const __u64 now_ns = 100 * RG_NS_PER_SEC;
	struct rg_gate g = {.policy = {.action = RG_ACTION_HOLD}};
	static const struct {
		__u64 until_ns;
		__u32 action;
	} cases[] = {
		{0, RG_ACTION_HOLD},
		{now_ns, RG_ACTION_HOLD},
		{now_ns + 1, RG_ACTION_AUDIT},
		{now_ns + RG_REHEARSAL_NS, RG_ACTION_AUDIT},
		{now_ns + RG_REHEARSAL_NS + 1, RG_ACTION_HOLD},
		{~0ULL, RG_ACTION_HOLD},
	};

	(void)unused;
	for (size_t i = 0; i < UNIT_COUNT(cases); i++) {
		g.rehearsed_until_ns = cases[i].until_ns;
		assert_int_equal(rg_action_at(&g, now_ns), cases[i].action);
	}
	/* Time alone ends it. */
	g.rehearsed_until_ns = now_ns + RG_REHEARSAL_NS;
	assert_int_equal(rg_action_at(&g, now_ns + RG_REHEARSAL_NS), RG_ACTION_HOLD);
	g.policy.action = RG_ACTION_DENY;
	assert_int_equal(rg_action_at(&g, now_ns + RG_REHEARSAL_NS), RG_ACTION_DENY);
}

static void test_is_alive(void **unused)
{
	const __u64 beat_ns = 100 * RG_NS_PER_SEC;

	(void)unused;
	assert_false(rg_is_alive(0, 1)); /* early at boot, and never beaten */
	assert_true(rg_is_alive(beat_ns, beat_ns));
	assert_true(rg_is_alive(beat_ns, beat_ns - 1)); /* written a moment later */
	assert_true(rg_is_alive(beat_ns, beat_ns + RG_HEARTBEAT_STALE_NS - 1));
	assert_false(rg_is_alive(beat_ns, beat_ns + RG_HEARTBEAT_STALE_NS));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_closed_while_knfsd_is_down),
		cmocka_unit_test(test_release_at_grace_start),
		cmocka_unit_test(test_release_at_grace_end),
		cmocka_unit_test(test_grace_skipped),
		cmocka_unit_test(test_knfsd_was_running),
		cmocka_unit_test(test_max_hold_to_the_nanosecond),
		cmocka_unit_test(test_largest_policy),
		cmocka_unit_test(test_every_choice_fits),
		cmocka_unit_test(test_by_hand),
		cmocka_unit_test(test_values_that_make_no_sense),
		cmocka_unit_test(test_verdicts),
		cmocka_unit_test(test_rehearsal),
		cmocka_unit_test(test_is_alive),
	};

	return cmocka_run_group_tests_name("gate", tests, NULL, NULL);
}
