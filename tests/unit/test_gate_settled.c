// SPDX-License-Identifier: GPL-2.0-only
/* The decision at the release point settled. */
#include "gate.h"

/* ---- settled ---- */

static void test_nobody_refused_opens_at_the_last_end(void **unused)
{
	struct rg_gate g = settling(0, 0);

	(void)unused;
	expect(&g, END_AT, RG_STATE_OPEN, RG_WHY_NOBODY_REFUSED, END_AT, 0);
	g.settled_ns = 150 * S; /* of the knfsd before */
	expect(&g, END_AT + 1, RG_STATE_OPEN, RG_WHY_NOBODY_REFUSED, END_AT, 0);
	g.lockd = RG_LOCKD_OVER;
	g.lockd_end_ns = 305 * S;
	expect(&g, 305 * S, RG_STATE_OPEN, RG_WHY_NOBODY_REFUSED, 305 * S, 0);
	g.lockd_end_ns = 280 * S;
	expect(&g, 305 * S, RG_STATE_OPEN, RG_WHY_NOBODY_REFUSED, END_AT, 0);
	g.lockd = RG_LOCKD_GRACE;
	expect(&g, 305 * S, RG_STATE_GRACE, RG_WHY_LOCKD_GRACE, START_AT, START_AT + HOLD_S * S);
}

/* Only who is through with everything, at a gate that is released at `settled`, need not wait. */
static void test_who_needs_no_grace_of_lockd(void **unused)
{
	unsigned int unneeded = 0;

	(void)unused;
	for (unsigned int i = 0; i < RG_NR_KNFSD * RG_NR_LOCKD * RG_NR_RELEASES * 8; i++) {
		unsigned int n = i;
		struct rg_gate g =
			gate(n / 8 % RG_NR_RELEASES, n / 8 / RG_NR_RELEASES % RG_NR_KNFSD,
			     n / 8 / RG_NR_RELEASES / RG_NR_KNFSD);
		bool expected = g.policy.release == RG_RELEASE_SETTLED &&
				g.lockd == RG_LOCKD_GRACE && n % 8 == 0 &&
				(g.knfsd == RG_KNFSD_OVER || g.knfsd == RG_KNFSD_SKIPPED);

		g.awaited = n & 1;
		g.refused = n >> 1 & 1;
		g.policy.blind = n >> 2 & 1;
		assert_int_equal(rg_lockd_is_unneeded(&g, g.policy), expected);
		unneeded += expected;
		if (!expected)
			continue;
		g.knfsd_end_ns = END_AT;
		assert_int_equal(rg_gate_view(&g, END_AT + 1).state, RG_STATE_GRACE);
		g.lockd = RG_LOCKD_UNNEEDED;
		assert_int_equal(rg_gate_view(&g, END_AT + 1).state, RG_STATE_OPEN);
		assert_true(rg_lockd_in_grace(&g));
		g.refused = g.awaited = 1; /* by an end client that comes later */
		assert_int_equal(rg_gate_view(&g, END_AT + 1).state,
				 g.knfsd == RG_KNFSD_OVER ? RG_STATE_SETTLING : RG_STATE_OPEN);
	}
	assert_int_equal(unneeded, 2);
}

static void test_awaited_keeps_settling(void **unused)
{
	const __u64 until = END_AT + TIMEOUT_S * S;

	(void)unused;
	for (__u32 awaited = 1; awaited <= 3; awaited++) {
		struct rg_gate g = settling(3, awaited);

		g.settled_ns = 150 * S; /* says nothing while somebody is awaited */
		expect(&g, END_AT, RG_STATE_SETTLING, RG_WHY_AWAITED, END_AT, until);
		expect(&g, 400 * S, RG_STATE_SETTLING, RG_WHY_AWAITED, END_AT, until);
		/* From the last end on, and that may be lockd's. */
		g.lockd = RG_LOCKD_OVER;
		g.lockd_end_ns = 305 * S;
		expect(&g, 400 * S, RG_STATE_SETTLING, RG_WHY_AWAITED, 305 * S,
		       305 * S + TIMEOUT_S * S);
		/* It is in grace still: that comes first. */
		g.knfsd = RG_KNFSD_GRACE;
		expect(&g, 250 * S, RG_STATE_GRACE, RG_WHY_KNFSD_GRACE, START_AT,
		       START_AT + HOLD_S * S);
	}
	/* Far more than there is room for in the ledger, and one too few. */
	for (int i = 0; i < 2; i++) {
		struct rg_gate g = settling(1, i ? 0xffffffff : 1U << 31);

		expect(&g, 400 * S, RG_STATE_SETTLING, RG_WHY_AWAITED, END_AT, until);
	}
}

/* Who was refused is not seen: that nobody is awaited says nothing. */
static void test_blind_waits_for_the_timeout(void **unused)
{
	__u64 until = END_AT + TIMEOUT_S * S;
	struct rg_gate g = settling(0, 0);

	(void)unused;
	g.policy.blind = 1;
	expect(&g, END_AT, RG_STATE_SETTLING, RG_WHY_BLIND, END_AT, until);
	expect(&g, until - 1, RG_STATE_SETTLING, RG_WHY_BLIND, END_AT, until);
	expect(&g, until, RG_STATE_OPEN, RG_WHY_SETTLE_TIMED_OUT, until, 0);
	g = settling(3, 1); /* one that was seen all the same */
	g.policy.blind = 1;
	expect(&g, END_AT, RG_STATE_SETTLING, RG_WHY_AWAITED, END_AT, until);
	g.awaited = 0;
	g.settled_ns = 320 * S;
	expect(&g, 330 * S, RG_STATE_SETTLING, RG_WHY_BLIND, END_AT, until);
	/* The others do not go by that. */
	g.policy.release = RG_RELEASE_GRACE_END;
	expect(&g, END_AT, RG_STATE_OPEN, RG_WHY_GRACE_ENDED, END_AT, 0);
	g.policy.release = RG_RELEASE_SETTLED;
	g.knfsd = RG_KNFSD_SKIPPED;
	expect(&g, END_AT, RG_STATE_OPEN, RG_WHY_GRACE_SKIPPED, START_AT, 0);
}

static void test_the_last_one_settled_opens_at_once(void **unused)
{
	struct rg_gate g = settling(3, 1);

	(void)unused;
	expect(&g, 320 * S, RG_STATE_SETTLING, RG_WHY_AWAITED, END_AT, END_AT + TIMEOUT_S * S);
	g.settled_ns = 320 * S;
	g.awaited = 0;
	expect(&g, 320 * S, RG_STATE_OPEN, RG_WHY_SETTLED, 320 * S, 0);
	expect(&g, 5000 * S, RG_STATE_OPEN, RG_WHY_SETTLED, 320 * S, 0);
	/* They were done before the grace period was over. */
	g.settled_ns = END_AT - 1;
	expect(&g, 320 * S, RG_STATE_OPEN, RG_WHY_SETTLED, END_AT, 0);
	g.knfsd = RG_KNFSD_GRACE;
	expect(&g, END_AT - 1, RG_STATE_GRACE, RG_WHY_KNFSD_GRACE, START_AT, START_AT + HOLD_S * S);
	/* And before lockd's. */
	g.knfsd = RG_KNFSD_OVER;
	g.settled_ns = 300 * S;
	g.lockd = RG_LOCKD_OVER;
	g.lockd_end_ns = 305 * S;
	expect(&g, 320 * S, RG_STATE_OPEN, RG_WHY_SETTLED, 305 * S, 0);
}

static void test_settle_timeout_to_the_nanosecond(void **unused)
{
	struct rg_gate g = settling(2, 1);
	__u64 over = END_AT + TIMEOUT_S * S;

	(void)unused;
	expect(&g, over - 1, RG_STATE_SETTLING, RG_WHY_AWAITED, END_AT, over);
	expect(&g, over, RG_STATE_OPEN, RG_WHY_SETTLE_TIMED_OUT, over, 0);
	expect(&g, over + 1, RG_STATE_OPEN, RG_WHY_SETTLE_TIMED_OUT, over, 0);
	g.policy.settle_timeout_s = 1;
	over = END_AT + S;
	expect(&g, over - 1, RG_STATE_SETTLING, RG_WHY_AWAITED, END_AT, over);
	expect(&g, over, RG_STATE_OPEN, RG_WHY_SETTLE_TIMED_OUT, over, 0);
}

/* 0 is one lease of knfsd, and its default where it was not seen to start. */
static void test_settle_timeout_of_one_lease(void **unused)
{
	static const __u32 leases[] = {45, 10, 3600, 0};
	struct rg_gate g = settling(1, 1);

	(void)unused;
	g.policy.settle_timeout_s = 0;
	g.policy.max_hold_s = RG_MAX_MAX_HOLD;
	for (size_t i = 0; i < UNIT_COUNT(leases); i++) {
		__u64 over = END_AT + (leases[i] ? leases[i] : RG_DEFAULT_LEASE) * S;

		g.lease_s = leases[i];
		assert_int_equal(rg_settle_timeout_ns(&g), over - END_AT);
		expect(&g, over - 1, RG_STATE_SETTLING, RG_WHY_AWAITED, END_AT, over);
		expect(&g, over, RG_STATE_OPEN, RG_WHY_SETTLE_TIMED_OUT, over, 0);
	}
	/* What is asked for comes before the lease. */
	g.lease_s = 45;
	g.policy.settle_timeout_s = TIMEOUT_S;
	assert_int_equal(rg_settle_timeout_ns(&g), TIMEOUT_S * S);
}

/* max-hold runs from knfsd's start, settle-timeout from the end of grace. */
static void test_max_hold_before_settle_timeout(void **unused)
{
	struct rg_gate g = settling(1, 1);
	__u64 deadline = START_AT + 100 * S;

	(void)unused;
	g.policy.max_hold_s = 100; /* 10 s after the end of grace */
	expect(&g, deadline - 1, RG_STATE_SETTLING, RG_WHY_AWAITED, END_AT, deadline);
	expect(&g, deadline, RG_STATE_OPEN, RG_WHY_TIMED_OUT, deadline, 0);
	expect(&g, END_AT + TIMEOUT_S * S, RG_STATE_OPEN, RG_WHY_TIMED_OUT, deadline, 0);
	/* At the same nanosecond it is max-hold's. */
	g.policy.settle_timeout_s = 10;
	expect(&g, deadline - 1, RG_STATE_SETTLING, RG_WHY_AWAITED, END_AT, deadline);
	expect(&g, deadline, RG_STATE_OPEN, RG_WHY_TIMED_OUT, deadline, 0);
	g.policy.settle_timeout_s = 9;
	expect(&g, deadline - S, RG_STATE_OPEN, RG_WHY_SETTLE_TIMED_OUT, deadline - S, 0);
	expect(&g, deadline, RG_STATE_OPEN, RG_WHY_SETTLE_TIMED_OUT, deadline - S, 0);
	/* Over before grace was: nothing is settled in a gate that is open. */
	g.policy.max_hold_s = 60;
	g.knfsd = RG_KNFSD_GRACE;
	expect(&g, 260 * S, RG_STATE_OPEN, RG_WHY_TIMED_OUT, 260 * S, 0);
	g.knfsd = RG_KNFSD_OVER;
	expect(&g, END_AT, RG_STATE_OPEN, RG_WHY_TIMED_OUT, 260 * S, 0);
}

/* The last one is done after the gate has opened by time: that is why it opened,
 * and it says no other thing from then on. */
static void test_settled_too_late(void **unused)
{
	struct rg_gate g = settling(3, 0);
	__u64 over = END_AT + TIMEOUT_S * S, deadline = START_AT + 100 * S;

	(void)unused;
	g.settled_ns = over;
	expect(&g, over, RG_STATE_OPEN, RG_WHY_SETTLED, over, 0);
	g.settled_ns = over + 1;
	expect(&g, over + 1, RG_STATE_OPEN, RG_WHY_SETTLE_TIMED_OUT, over, 0);
	expect(&g, 5000 * S, RG_STATE_OPEN, RG_WHY_SETTLE_TIMED_OUT, over, 0);
	/* settle-timeout runs from lockd's end, if that is the last. */
	g.lockd = RG_LOCKD_OVER;
	g.lockd_end_ns = END_AT + S;
	expect(&g, over + 1, RG_STATE_OPEN, RG_WHY_SETTLED, over + 1, 0);
	g.lockd = RG_LOCKD_NONE;
	/* max-hold was first, or at the same nanosecond. */
	g.policy.max_hold_s = 100;
	expect(&g, over + 1, RG_STATE_OPEN, RG_WHY_TIMED_OUT, deadline, 0);
	g.settled_ns = deadline;
	expect(&g, deadline, RG_STATE_OPEN, RG_WHY_SETTLED, deadline, 0);
	g.settled_ns = deadline + 1;
	expect(&g, deadline + 1, RG_STATE_OPEN, RG_WHY_TIMED_OUT, deadline, 0);
	g.policy.settle_timeout_s = 10;
	expect(&g, deadline + 1, RG_STATE_OPEN, RG_WHY_TIMED_OUT, deadline, 0);
	g.policy.settle_timeout_s = 9;
	expect(&g, deadline + 1, RG_STATE_OPEN, RG_WHY_SETTLE_TIMED_OUT, deadline - S, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nobody_refused_opens_at_the_last_end),
		cmocka_unit_test(test_who_needs_no_grace_of_lockd),
		cmocka_unit_test(test_awaited_keeps_settling),
		cmocka_unit_test(test_blind_waits_for_the_timeout),
		cmocka_unit_test(test_the_last_one_settled_opens_at_once),
		cmocka_unit_test(test_settle_timeout_to_the_nanosecond),
		cmocka_unit_test(test_settle_timeout_of_one_lease),
		cmocka_unit_test(test_max_hold_before_settle_timeout),
		cmocka_unit_test(test_settled_too_late),
	};

	return cmocka_run_group_tests_name("gate_settled", tests, NULL, NULL);
}
