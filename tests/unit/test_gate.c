// SPDX-License-Identifier: GPL-2.0-only
/*
 * The decision: rg_gate_view() and rg_verdict_of(), compiled here from the
 * header that the BPF programs include. First every state by example, then
 * what must hold whatever the facts are.
 */
#include "unit.h"

#include "rg_gate.h"

#define S RG_NS_PER_SEC
#define CLOSED_AT (100 * S)
#define START_AT (200 * S)
#define END_AT (290 * S)
#define TIMEOUT_S 120
#define HOLD_S 900

/* A host that came up at 0, with knfsd from 200 s and its grace to 290 s; nobody
 * was refused a reclaim. */
static struct rg_gate gate(__u32 release, __u32 knfsd, __u32 lockd)
{
	struct rg_gate g = {
		.policy = {.release = release & 3,
			   .settle_timeout_s = TIMEOUT_S,
			   .max_hold_s = HOLD_S},
		.netns = 4026531840,
		.knfsd = knfsd,
		.lockd = lockd,
		.lease_s = 45,
		.closed_ns = CLOSED_AT,
		.knfsd_start_ns = START_AT,
		.knfsd_end_ns = END_AT,
	};

	return g;
}

/* The same after grace, at `settled`, with so many end clients refused and not
 * done. */
static struct rg_gate settling(__u32 refused, __u32 awaited)
{
	struct rg_gate g = gate(RG_RELEASE_SETTLED, RG_KNFSD_OVER, RG_LOCKD_NONE);

	g.refused = refused;
	g.awaited = awaited;
	return g;
}

static void expect_(const struct rg_gate *g, __u64 now_ns, __u32 state, __u32 why, __u64 since_ns,
		    __u64 until_ns, int line)
{
	struct rg_view v = rg_gate_view(g, now_ns);

	if (v.state != state || v.why != why || v.since_ns != since_ns || v.until_ns != until_ns)
		fail_msg("line %d: state %u why %u since %llu until %llu, expected %u %u %llu %llu",
			 line, v.state, v.why, v.since_ns, v.until_ns, state, why,
			 (unsigned long long)since_ns, (unsigned long long)until_ns);
}
#define expect(g, now, state, why, since, until) expect_(g, now, state, why, since, until, __LINE__)

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
		cmocka_unit_test(test_closed_while_knfsd_is_down),
		cmocka_unit_test(test_release_at_grace_start),
		cmocka_unit_test(test_release_at_grace_end),
		cmocka_unit_test(test_grace_skipped),
		cmocka_unit_test(test_knfsd_was_running),
		cmocka_unit_test(test_nobody_refused_opens_at_the_last_end),
		cmocka_unit_test(test_who_needs_no_grace_of_lockd),
		cmocka_unit_test(test_awaited_keeps_settling),
		cmocka_unit_test(test_blind_waits_for_the_timeout),
		cmocka_unit_test(test_the_last_one_settled_opens_at_once),
		cmocka_unit_test(test_settle_timeout_to_the_nanosecond),
		cmocka_unit_test(test_settle_timeout_of_one_lease),
		cmocka_unit_test(test_max_hold_before_settle_timeout),
		cmocka_unit_test(test_settled_too_late),
		cmocka_unit_test(test_max_hold_to_the_nanosecond),
		cmocka_unit_test(test_largest_policy),
		cmocka_unit_test(test_every_choice_fits),
		cmocka_unit_test(test_by_hand),
		cmocka_unit_test(test_values_that_make_no_sense),
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
		cmocka_unit_test(test_verdicts),
		cmocka_unit_test(test_rehearsal),
		cmocka_unit_test(test_is_alive),
		cmocka_unit_test(test_reclaim_of_who_kept_out),
		cmocka_unit_test(test_reclaim_of_what_is_kept),
		cmocka_unit_test(test_through),
		cmocka_unit_test(test_reclaim_of_who_let_in),
		cmocka_unit_test(test_reclaim_in_grace_of_lockd),
		cmocka_unit_test(test_reclaim_of_any_bytes),
	};

	return cmocka_run_group_tests_name("gate", tests, NULL, NULL);
}
