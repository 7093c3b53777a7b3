// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is a downgrade and what is none: rg_downgrade_of(), by example for every
 * reason of docs/events.md, and for any bytes.
 */
#include <errno.h>

#include "unit_record.h"

#include "record/record_names.h"

#define GRACE RG_FACT_KNFSD_GRACE
#define LOCKD RG_FACT_LOCKD_GRACE

/* Server side, OPEN or LOCK by NFSv4, unless it says otherwise. */
static const struct {
	__u16 op;
	__u8 side, claim, kind;
	__u32 status, facts;
	__u32 expected;
} cases[] = {
	/* Refused by this host's NFS client, in grace or not: that goes first. */
	{RG_REC_LOCK, 0, RG_CLAIM_RECLAIM, RG_STATUS_NFS4, 10033, GRACE | RG_FACT_CLIENT_REFUSED,
	 RG_DOWNGRADE_REFUSED_BY_CLIENT},
	{RG_REC_LOCK, 0, RG_CLAIM_RECLAIM, RG_STATUS_NFS4, 10033,
	 RG_FACT_CLIENT_REFUSED | RG_FACT_COMPLETE | RG_FACT_SKIPPED | RG_FACT_NO_RECORD,
	 RG_DOWNGRADE_REFUSED_BY_CLIENT},
	/* By the end client's own RECLAIM_COMPLETE. */
	{RG_REC_OPEN, 0, RG_CLAIM_RECLAIM, RG_STATUS_NFS4, 10033, GRACE | RG_FACT_COMPLETE,
	 RG_DOWNGRADE_AFTER_COMPLETE},
	{RG_REC_LOCK, 0, RG_CLAIM_RECLAIM, RG_STATUS_NFS4, 10033, RG_FACT_COMPLETE,
	 RG_DOWNGRADE_AFTER_COMPLETE},
	/* Not on stable storage. */
	{RG_REC_OPEN, 0, RG_CLAIM_RECLAIM, RG_STATUS_NFS4, 10034, GRACE | RG_FACT_NO_RECORD,
	 RG_DOWNGRADE_NO_RECORD},
	/* knfsd did not wait. */
	{RG_REC_OPEN, 0, RG_CLAIM_RECLAIM, RG_STATUS_NFS4, 10033, RG_FACT_SKIPPED,
	 RG_DOWNGRADE_GRACE_SKIPPED},
	{RG_REC_LOCK, 0, RG_CLAIM_RECLAIM, RG_STATUS_NFS4, 10033, RG_FACT_SKIPPED | LOCKD,
	 RG_DOWNGRADE_GRACE_SKIPPED},
	/* It was over; for locks only if lockd's is as well. */
	{RG_REC_OPEN, 0, RG_CLAIM_RECLAIM, RG_STATUS_NFS4, 10033, 0, RG_DOWNGRADE_GRACE_ENDED},
	{RG_REC_OPEN, 0, RG_CLAIM_DELEGATION_RECLAIM, RG_STATUS_NFS4, 10033, LOCKD,
	 RG_DOWNGRADE_GRACE_ENDED},
	{RG_REC_LOCK, 0, RG_CLAIM_RECLAIM, RG_STATUS_NFS4, 10033, 0, RG_DOWNGRADE_GRACE_ENDED},
	{RG_REC_LOCK, 0, RG_CLAIM_RECLAIM, RG_STATUS_NFS4, 10033, LOCKD, RG_DOWNGRADE_OTHER},
	/* None of these. */
	{RG_REC_OPEN, 0, RG_CLAIM_RECLAIM, RG_STATUS_NFS4, 10035, GRACE, RG_DOWNGRADE_OTHER},
	{RG_REC_LOCK, 0, RG_CLAIM_RECLAIM, RG_STATUS_NFS4, 10034, GRACE, RG_DOWNGRADE_OTHER},

	/* Granted; told to wait; an error that is not about grace; nothing answered. */
	{RG_REC_OPEN, 0, RG_CLAIM_RECLAIM, RG_STATUS_NFS4, 0, GRACE, RG_DOWNGRADE_NONE},
	{RG_REC_LOCK, 0, RG_CLAIM_RECLAIM, RG_STATUS_NFS4, 0, GRACE | RG_FACT_NFS,
	 RG_DOWNGRADE_NONE},
	{RG_REC_OPEN, 0, RG_CLAIM_RECLAIM, RG_STATUS_NFS4, 10013, 0, RG_DOWNGRADE_NONE},
	{RG_REC_LOCK, 0, RG_CLAIM_RECLAIM, RG_STATUS_NFS4, 10008, 0, RG_DOWNGRADE_NONE},
	{RG_REC_OPEN, 0, RG_CLAIM_RECLAIM, RG_STATUS_NFS4, 70, 0, RG_DOWNGRADE_NONE},
	{RG_REC_OPEN, 0, RG_CLAIM_RECLAIM, RG_STATUS_NONE, 10033, 0, RG_DOWNGRADE_NONE},
	{RG_REC_OPEN, 0, RG_CLAIM_RECLAIM, RG_STATUS_ERRNO, 10033, 0, RG_DOWNGRADE_NONE},
	/* What was no reclaim cannot become less. */
	{RG_REC_LOCK, 0, RG_CLAIM_RETAKE, RG_STATUS_NFS4, 10010, 0, RG_DOWNGRADE_NONE},
	{RG_REC_LOCK, 0, RG_CLAIM_ORDINARY, RG_STATUS_NFS4, 10033, 0, RG_DOWNGRADE_NONE},
	{RG_REC_LOCK, 0, RG_CLAIM_NONE, RG_STATUS_NFS4, 10033, 0, RG_DOWNGRADE_NONE},
	{RG_REC_OPEN, RG_SIDE_CLIENT, RG_CLAIM_NOGRACE, RG_STATUS_NFS4, 10033, 0,
	 RG_DOWNGRADE_NONE},
	{RG_REC_EXCHANGE_ID, 0, RG_CLAIM_RECLAIM, RG_STATUS_NFS4, 10033, 0, RG_DOWNGRADE_NONE},

	/* No locks on this kernel: the first LOCK says so, of whatever kind. */
	{RG_REC_LOCK, 0, RG_CLAIM_ORDINARY, RG_STATUS_NFS4, 10004, 0,
	 RG_DOWNGRADE_LOCKS_UNSUPPORTED},
	{RG_REC_LOCK, 0, RG_CLAIM_RECLAIM, RG_STATUS_NFS4, 10004, GRACE,
	 RG_DOWNGRADE_LOCKS_UNSUPPORTED},
	{RG_REC_LOCK, 0, RG_CLAIM_RETAKE, RG_STATUS_NFS4, 10004, 0, RG_DOWNGRADE_LOCKS_UNSUPPORTED},
	{RG_REC_LOCK, 0, RG_CLAIM_RETAKE, RG_STATUS_NFS4, 10004, RG_FACT_SAID, RG_DOWNGRADE_NONE},
	{RG_REC_LOCK, 0, RG_CLAIM_RECLAIM, RG_STATUS_NFS4, 10004, GRACE | RG_FACT_SAID,
	 RG_DOWNGRADE_NONE},
	{RG_REC_OPEN, 0, RG_CLAIM_ORDINARY, RG_STATUS_NFS4, 10004, 0, RG_DOWNGRADE_NONE},
	{RG_REC_LOCK, RG_SIDE_CLIENT, RG_CLAIM_RECLAIM, RG_STATUS_NFS4, 10004, 0,
	 RG_DOWNGRADE_NONE},
	{RG_REC_LOCK, 0, RG_CLAIM_ORDINARY, RG_STATUS_ERRNO, 10004, 0, RG_DOWNGRADE_NONE},

	/* NLM: granted is what is wrong with it, on NFS; else it is a reclaim. */
	{RG_REC_NLM_LOCK, 0, RG_CLAIM_RECLAIM, RG_STATUS_NLM, 0, LOCKD | RG_FACT_NFS,
	 RG_DOWNGRADE_GRANTED_AS_NEW},
	{RG_REC_NLM_LOCK, 0, RG_CLAIM_RECLAIM, RG_STATUS_NLM, 0, LOCKD, RG_DOWNGRADE_NONE},
	{RG_REC_NLM_LOCK, 0, RG_CLAIM_RECLAIM, RG_STATUS_NLM, 4, 0, RG_DOWNGRADE_GRACE_ENDED},
	{RG_REC_NLM_LOCK, 0, RG_CLAIM_RECLAIM, RG_STATUS_NLM, 1, LOCKD | RG_FACT_NFS,
	 RG_DOWNGRADE_OTHER},
	{RG_REC_NLM_LOCK, 0, RG_CLAIM_ORDINARY, RG_STATUS_NLM, 0, RG_FACT_NFS, RG_DOWNGRADE_NONE},

	/* This host's own reclaims. */
	{RG_REC_OPEN, RG_SIDE_CLIENT, RG_CLAIM_RECLAIM, RG_STATUS_NFS4, 10033, 0,
	 RG_DOWNGRADE_ORIGIN_NO_GRACE},
	{RG_REC_LOCK, RG_SIDE_CLIENT, RG_CLAIM_RECLAIM, RG_STATUS_NFS4, 10034, GRACE,
	 RG_DOWNGRADE_ORIGIN_RECLAIM_BAD},
	{RG_REC_LOCK, RG_SIDE_CLIENT, RG_CLAIM_RECLAIM, RG_STATUS_NFS4, 10035, 0,
	 RG_DOWNGRADE_ORIGIN_RECLAIM_CONFLICT},
	{RG_REC_LOCK, RG_SIDE_CLIENT, RG_CLAIM_RECLAIM, RG_STATUS_NFS4, 10010, 0,
	 RG_DOWNGRADE_ORIGIN_RECLAIM_CONFLICT},
	{RG_REC_LOCK, RG_SIDE_CLIENT, RG_CLAIM_RECLAIM, RG_STATUS_NFS4, 10013, 0,
	 RG_DOWNGRADE_NONE},
	{RG_REC_LOCK, RG_SIDE_CLIENT, RG_CLAIM_RECLAIM, RG_STATUS_NFS4, 10023, 0,
	 RG_DOWNGRADE_NONE},
	{RG_REC_LOCK, RG_SIDE_CLIENT, RG_CLAIM_RECLAIM, RG_STATUS_ERRNO, 5, 0, RG_DOWNGRADE_NONE},
	{RG_REC_NLM_LOCK, RG_SIDE_CLIENT, RG_CLAIM_RECLAIM, RG_STATUS_NLM, 0, 0, RG_DOWNGRADE_NONE},
	{RG_REC_NLM_LOCK, RG_SIDE_CLIENT, RG_CLAIM_RECLAIM, RG_STATUS_NLM, 4, 0,
	 RG_DOWNGRADE_ORIGIN_NO_GRACE},
	{RG_REC_NLM_LOCK, RG_SIDE_CLIENT, RG_CLAIM_RECLAIM, RG_STATUS_NLM, 1, 0,
	 RG_DOWNGRADE_ORIGIN_RECLAIM_CONFLICT},
	{RG_REC_NLM_LOCK, RG_SIDE_CLIENT, RG_CLAIM_RECLAIM, RG_STATUS_ERRNO, 4, 0,
	 RG_DOWNGRADE_ORIGIN_RECLAIM_CONFLICT},

	/* Told the original server that all was reclaimed, with end clients to come. */
	{RG_REC_GRACE_START, 0, RG_CLAIM_NONE, RG_STATUS_NONE, 0,
	 RG_FACT_EARLY_COMPLETE | RG_FACT_CLIENTS_DUE, RG_DOWNGRADE_PREMATURE_COMPLETE},
	{RG_REC_GRACE_START, 0, RG_CLAIM_NONE, RG_STATUS_NONE, 0, RG_FACT_EARLY_COMPLETE,
	 RG_DOWNGRADE_NONE},
	{RG_REC_GRACE_START, 0, RG_CLAIM_NONE, RG_STATUS_NONE, 0, RG_FACT_CLIENTS_DUE,
	 RG_DOWNGRADE_NONE},
	{RG_REC_GRACE_END, 0, RG_CLAIM_NONE, RG_STATUS_NONE, 0,
	 RG_FACT_EARLY_COMPLETE | RG_FACT_CLIENTS_DUE, RG_DOWNGRADE_NONE},
	{RG_REC_RECLAIM_COMPLETE, RG_SIDE_CLIENT, RG_CLAIM_NONE, RG_STATUS_NFS4, 0,
	 GRACE | RG_FACT_CLIENTS_DUE, RG_DOWNGRADE_PREMATURE_COMPLETE},
	{RG_REC_RECLAIM_COMPLETE, RG_SIDE_CLIENT, RG_CLAIM_NONE, RG_STATUS_NFS4, 10054,
	 GRACE | RG_FACT_CLIENTS_DUE, RG_DOWNGRADE_NONE},
	{RG_REC_RECLAIM_COMPLETE, RG_SIDE_CLIENT, RG_CLAIM_NONE, RG_STATUS_NFS4, 0, GRACE,
	 RG_DOWNGRADE_NONE},
	{RG_REC_RECLAIM_COMPLETE, RG_SIDE_CLIENT, RG_CLAIM_NONE, RG_STATUS_NFS4, 0,
	 RG_FACT_CLIENTS_DUE, RG_DOWNGRADE_NONE},
	{RG_REC_RECLAIM_COMPLETE, 0, RG_CLAIM_NONE, RG_STATUS_NFS4, 0, GRACE | RG_FACT_CLIENTS_DUE,
	 RG_DOWNGRADE_NONE},
};

/* Who has a lock that was denied: as far as what was done about it tells. */
static void test_taken_by(void **unused)
{
	static const struct {
		struct rg_back back[2];
		__u32 n_back, facts;
		const char *says;
	} with[] = {
		{{{RG_BACK_LOCK, RG_NFS4ERR_DENIED, 1}},
		 1,
		 0,
		 "somebody at the original server has it"},
		{{{RG_BACK_OPEN, 0, 1}, {RG_BACK_LOCK, RG_NFS4ERR_DENIED, 2}},
		 2,
		 0,
		 "somebody at the original server has it"},
		{{{RG_BACK_NFS_LOCK, EAGAIN, 1}}, 1, 0, "another end client has it on this host"},
		/* By NFSv3 the answer is the same whether the server was asked or not. */
		{{{RG_BACK_NLM_LOCK, EAGAIN, 1}}, 1, 0, "who has it was not seen"},
		{{{RG_BACK_LOCK, RG_NFS4ERR_DELAY, 1}}, 1, 0, "who has it was not seen"},
		{{{RG_BACK_LOCK, RG_NFS4ERR_DENIED, 1}}, 1, RG_FACT_BACK_CUT, "was not seen"},
		{{{0}}, 0, 0, "who has it was not seen"},
	};

	(void)unused;
	for (size_t i = 0; i < UNIT_COUNT(with); i++) {
		struct rg_record r = {.op = RG_REC_LOCK,
				      .downgrade = RG_DOWNGRADE_TAKEN,
				      .facts = with[i].facts,
				      .n_back = with[i].n_back};

		memcpy(r.back, with[i].back, sizeof(with[i].back));
		if (!strstr(rg_downgrade_consequence(&r), with[i].says))
			fail_msg("case %zu: %s", i, rg_downgrade_consequence(&r));
	}
}

/* A reclaim that the kernel module asked about: how it was answered. */
static void test_module(void **unused)
{
	static const struct {
		__u32 reclaim, status, expected;
	} with[] = {
		{RG_RECLAIM_UNPROVEN, 0, RG_DOWNGRADE_GRANTED_AS_NEW},
		{RG_RECLAIM_PROVEN, 0, RG_DOWNGRADE_NONE},
		{RG_RECLAIM_UNPROVEN, RG_NFS4ERR_DENIED, RG_DOWNGRADE_TAKEN},
		{RG_RECLAIM_PROVEN, RG_NFS4ERR_DENIED, RG_DOWNGRADE_TAKEN},
		{RG_RECLAIM_UNPROVEN, RG_NFS4ERR_DELAY, RG_DOWNGRADE_NONE},
		{RG_RECLAIM_UNASKED, 0, RG_DOWNGRADE_NONE},
		{RG_RECLAIM_UNASKED, RG_NFS4ERR_DENIED, RG_DOWNGRADE_NONE},
		{RG_RECLAIM_AUDITED, RG_NFS4ERR_NO_GRACE, RG_DOWNGRADE_REFUSED_BY_CLIENT},
	};

	(void)unused;
	for (size_t i = 0; i < UNIT_COUNT(with); i++) {
		struct rg_record r = {
			.op = RG_REC_LOCK,
			.claim = RG_CLAIM_RECLAIM,
			.status_kind = RG_STATUS_NFS4,
			.status = with[i].status,
			.reclaim = with[i].reclaim,
			.facts = GRACE | RG_FACT_NFS | RG_FACT_CLIENT_REFUSED,
		};

		if (rg_downgrade_of(&r) != with[i].expected)
			fail_msg("case %zu: %s, expected %s", i,
				 rg_downgrade_name(rg_downgrade_of(&r)),
				 rg_downgrade_name(with[i].expected));
		/* The same of a client-side event, or of what was no reclaim, is none. */
		r.claim = RG_CLAIM_ORDINARY;
		assert_int_equal(rg_downgrade_of(&r), RG_DOWNGRADE_NONE);
	}
}

static void test_cases(void **unused)
{
	__u32 seen = 0;

	(void)unused;
	for (size_t i = 0; i < UNIT_COUNT(cases); i++) {
		struct rg_record r = {
			.op = cases[i].op,
			.side = cases[i].side,
			.claim = cases[i].claim,
			.status_kind = cases[i].kind,
			.status = cases[i].status,
			.facts = cases[i].facts,
		};
		__u32 got = rg_downgrade_of(&r);

		if (got != cases[i].expected)
			fail_msg("case %zu: %s %s, status %u: %s, expected %s", i,
				 rg_side_name(r.side), rg_record_op_name(r.op), r.status,
				 rg_downgrade_name(got) ?: "none",
				 rg_downgrade_name(cases[i].expected) ?: "none");
		seen |= 1U << got;
	}
	/* Every reason there is has a case; this one is the module's (test_module). */
	seen |= 1U << RG_DOWNGRADE_TAKEN;
	assert_int_equal(seen, (1U << RG_NR_DOWNGRADES) - 1);
}

/* It goes by what it says it goes by, and by nothing else; and is one of those
 * there are. */
static void test_any_bytes(void **unused)
{
	__u64 seed = 5;

	(void)unused;
	for (int i = 0; i < 1000000; i++) {
		struct rg_record r, same;
		__u32 got;

		unit_any_record(&seed, &r);
		got = rg_downgrade_of(&r);
		assert_true(got < RG_NR_DOWNGRADES);
		unit_any_record(&seed, &same);
		same.op = r.op;
		same.side = r.side;
		same.claim = r.claim;
		same.status_kind = r.status_kind;
		same.status = r.status;
		same.facts = r.facts;
		same.reclaim = r.reclaim;
		assert_int_equal(rg_downgrade_of(&same), got);
		if (!got)
			continue;
		/* Nobody is told of a downgrade who was told to wait. */
		if (r.side != RG_SIDE_CLIENT && r.op != RG_REC_NLM_LOCK)
			assert_true(r.op == RG_REC_GRACE_START ||
				    (r.status != RG_NFS4ERR_GRACE && r.status != RG_NFS4ERR_DELAY));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_taken_by),
		cmocka_unit_test(test_module),
		cmocka_unit_test(test_any_bytes),
	};

	return cmocka_run_group_tests_name("downgrade", tests, NULL, NULL);
}
