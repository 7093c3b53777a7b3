// SPDX-License-Identifier: GPL-2.0-only
/* report: in which order a re-export server took its locks back. */
#include "report.h"

#define ORIGIN ",\"side\":\"client\",\"origin\":{\"addr\":\"10.0.0.9\",\"minor\":2,\"name\":\"o\"}"
/* A reclaim of end client 10.0.0.3 that was granted; with its claim, its facts and what was sent.
 */
#define RECLAIMED                                                                                  \
	",\"side\":\"server\",\"status\":\"NFS4_OK\",\"client\":{\"addr\":\"10.0.0.3\","           \
	"\"minor\":2,\"name\":\"c3\"},\"file\":{\"dev\":\"0:45\",\"fileid\":5},\"start\":0,"       \
	"\"length\":1,\"claim\":"
#define REEXPORT ",\"facts\":[\"knfsd-grace\",\"re-export\"]"
#define BACK(op, status) ",\"back\":[{\"op\":\"" op "\",\"status\":\"" status "\",\"at_ns\":5}]"

static const struct rg_recovery *ordered(struct rg_report *r)
{
	tell(r, 9000, "GRACE_END", ",\"side\":\"server\",\"expected\":1,\"complete\":1");
	tell_gate(r, 9000, "open");
	return finish(r);
}

/* A granted reclaim that the original server knows nothing of. */
static void test_order_of_reclaims(void **unused)
{
	static const struct {
		const char *rest;
		__u64 unassured;
	} cases[] = {
		{REEXPORT BACK("LOCK", "NFS4_OK"), 0},
		{REEXPORT BACK("NLM_LOCK", "NLM4_GRANTED"), 0},
		{REEXPORT BACK("LOCK", "NFS4ERR_DENIED"), 1},
		{REEXPORT BACK("OPEN", "NFS4_OK"), 1},
		{REEXPORT ",\"back\":[]", 1},
		/* The NFS client was asked, and has a delegation. */
		{REEXPORT ",\"back\":[],\"reclaim\":\"proven\"", 0},
		{REEXPORT ",\"back\":[],\"reclaim\":\"released\"", 1},
		/* It is not known what was sent, or it has nothing to do with another server. */
		{REEXPORT, 0},
		{",\"facts\":[\"re-export\",\"back-truncated\"],\"back\":[]", 0},
		{",\"facts\":[\"knfsd-grace\"],\"back\":[]", 0},
		{REEXPORT ",\"back\":5", 0},
		{REEXPORT ",\"back\":[5,{\"op\":5},{}]", 1},
	};

	(void)unused;
	for (size_t i = 0; i < UNIT_COUNT(cases); i++) {
		const struct rg_recovery *one;
		struct rg_report r;
		char *rest = rg_text("%s\"reclaim\"%s", RECLAIMED, cases[i].rest);

		begin(&r, "settled", "hold");
		tell(&r, 3000, "LOCK", rest);
		one = ordered(&r);
		assert_int_equal(one->order.unassured, cases[i].unassured);
		assert_int_equal(says(one, "10.0.0.3 c3 was granted a reclaim of 1 lock for which "
					   "this host got none"),
				 cases[i].unassured != 0);
		assert_int_equal(one->verdict.outcome,
				 cases[i].unassured ? RG_OUTCOME_UNPROVEN : RG_OUTCOME_GRANTED);
		check_outputs(&r);
		rg_report_free(&r);
		free(rest);
	}
}

static const struct rg_recovery *delegation(struct rg_report *r, const char *flags)
{
	begin(r, "settled", "hold");
	tell(r, 1500, "EXCHANGE_ID", flags);
	tell(r, 3000, "OPEN", RECLAIMED "\"delegation-reclaim\"" REEXPORT);
	tell(r, 3001, "OPEN", RECLAIMED "\"reclaim\"" REEXPORT);
	return ordered(r);
}

/* Delegations go with state that was retained. */
static void test_order_of_delegations(void **unused)
{
	const struct rg_recovery *one;
	struct rg_report r;

	(void)unused;
	one = delegation(&r, ",\"status\":\"OK\"" ORIGIN);
	assert_int_equal(one->order.delegations, 1);
	assert_false(one->origins[0].has_retains);
	assert_true(
		says(one, "10.0.0.3 c3 was given back 1 delegation, and no original server said"));
	rg_report_free(&r);
	one = delegation(&r, ",\"status\":\"OK\",\"flags\":[\"USE_NON_PNFS\"]" ORIGIN);
	assert_int_equal(one->order.delegations, 1);
	assert_true(one->origins[0].has_retains && !one->origins[0].retains);
	rg_report_free(&r);
	one = delegation(&r, ",\"status\":\"OK\",\"flags\":[\"RECLAIMABLE_R\"]" ORIGIN);
	assert_int_equal(one->order.delegations, 0);
	assert_true(one->origins[0].retains);
	assert_false(says(one, "was given back"));
	rg_report_free(&r);
}

/* When this host comes to its original server, and when it says that it is through. */
static void test_order_at_the_origin(void **unused)
{
	const struct rg_recovery *one;
	struct rg_report r;

	(void)unused;
	/* As it should be. */
	begin(&r, "settled", "hold");
	tell(&r, 1500, "EXCHANGE_ID", ",\"generation\":1,\"status\":\"OK\"" ORIGIN);
	tell(&r, 9001, "RECLAIM_COMPLETE", ",\"generation\":1,\"status\":\"OK\"" ORIGIN);
	one = ordered(&r);
	assert_int_equal(one->order.early + one->order.late, 0);
	assert_false(says(one, "RECLAIM_COMPLETE"));
	rg_report_free(&r);
	/* As Linux does. */
	begin(&r, "settled", "hold");
	tell(&r, 1500, "EXCHANGE_ID", ",\"generation\":1,\"status\":\"OK\"" ORIGIN);
	tell(&r, 1501, "RECLAIM_COMPLETE", ",\"generation\":1,\"status\":\"OK\"" ORIGIN);
	one = ordered(&r);
	assert_int_equal(one->order.early, 1);
	assert_true(says(one,
			 "This host told its original server 10.0.0.9 o RECLAIM_COMPLETE 7.499 s "
			 "before knfsd's grace period ended"));
	check_outputs(&r);
	rg_report_free(&r);
	/* It was refused. */
	begin(&r, "settled", "hold");
	tell(&r, 1501, "RECLAIM_COMPLETE", ",\"status\":\"NFS4ERR_DELAY\"" ORIGIN);
	assert_int_equal(ordered(&r)->order.early, 0);
	rg_report_free(&r);
	/* It comes only after knfsd started. */
	begin(&r, "settled", "hold");
	tell(&r, 3100, "EXCHANGE_ID", ",\"generation\":1,\"status\":\"OK\"" ORIGIN);
	one = ordered(&r);
	assert_int_equal(one->order.late, 1);
	assert_true(says(one,
			 "This host came to its original server 10.0.0.9 o 1.000 s after knfsd's"));
	rg_report_free(&r);
	/* Not after a boot: the original server restarted. */
	begin(&r, "settled", "hold");
	tell(&r, 3100, "EXCHANGE_ID", ",\"generation\":2,\"status\":\"OK\"" ORIGIN);
	assert_int_equal(ordered(&r)->order.late, 0);
	rg_report_free(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order_of_reclaims),
		cmocka_unit_test(test_order_of_delegations),
		cmocka_unit_test(test_order_at_the_origin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
