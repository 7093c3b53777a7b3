// SPDX-License-Identifier: GPL-2.0-only
/* report: end clients that go, are told late, or have two names or addresses. */
#include "report.h"

/* ---- after a success; names; protocols ---- */

/* lockd's grace period was over when a cluster's sm-notify came: NFSv3 is spoken of, not
 * NFSv4. */
static void test_late_notify(void **unused)
{
	struct rg_report r = read_well("late-notify");
	const struct rg_recovery *one = only(&r);

	(void)unused;
	assert_int_equal(one->verdict.outcome, RG_OUTCOME_LOST);
	assert_true(says(one, "2 locks of 1 end client were refused"));
	assert_true(says(one, "by NFSv3 asks for each of its locks once"));
	assert_true(says(one, "came to reclaim 11.000 s after lockd's grace period was over"));
	assert_false(says(one, "stops reclaiming at the first refusal"));
	assert_true(text_has(&r, "NLM4_DENIED_GRACE_PERIOD"));
	check_outputs(&r);
	rg_report_free(&r);
}

/* Two end clients with one name throw each other out. */
static void test_same_name(void **unused)
{
	struct rg_report r = read_well("same-name");
	const struct rg_recovery *one = only(&r);

	(void)unused;
	assert_int_equal(one->verdict.outcome, RG_OUTCOME_LOST);
	assert_int_equal(one->fates[RG_FATE_THROWN_OUT], 1);
	assert_int_equal(one->fates[RG_FATE_AGAIN], 1);
	assert_true(says(one, "1 lock of 1 end client was lost after it had been reclaimed"));
	assert_true(says(one, "10.77.2.2 and 10.77.2.3 share the name"));
	assert_false(says(one, "no lock is known to be lost"));
	/* Statuses have the names of the RFC. */
	assert_true(text_has(&r, "NFS4ERR_NO_GRACE"));
	check_outputs(&r);
	rg_report_free(&r);
}

/* An end client of this name and clientid, by this address. */
static void tell_client(struct rg_report *r, int ms, const char *event, int addr, int id,
			const char *more)
{
	char rest[256];

	snprintf(rest, sizeof(rest),
		 ",\"side\":\"server\",\"client\":{\"addr\":\"10.0.0.%d\",\"minor\":2,\"name\":"
		 "\"c1\","
		 "\"clientid\":\"%016x\"}%s",
		 addr, (unsigned int)id, more);
	tell(r, ms, event, rest);
}

/* Knfsd lets go of it, as `how`, after it had its lock again. */
static void gone_after(const char *how, int by, enum rg_outcome outcome, const char *sentence)
{
	const struct rg_recovery *one;
	struct rg_report r;
	char text[64];

	begin(&r, "settled", "hold");
	tell_client(&r, 2200, "EXCHANGE_ID", 1, 16, ",\"status\":\"NFS4_OK\"");
	tell_lock(&r, 2300, 1, 0, 5, REFUSED);
	tell_lock(&r, 2400, 1, 0, 5, AGAIN);
	if (by)
		tell_client(&r, 2500, "EXCHANGE_ID", by, 17, ",\"status\":\"NFS4_OK\"");
	snprintf(text, sizeof(text), ",\"how\":\"%s\"", how);
	tell_client(&r, 2510, "CLIENT_GONE", 1, 16, text);
	tell(&r, 2600, "GRACE_END", ",\"side\":\"server\",\"expected\":1,\"complete\":1");
	tell_gate(&r, 2700, "open");
	one = finish(&r);
	assert_int_equal(one->verdict.outcome, outcome);
	assert_true(!sentence || says(one, sentence));
	check_outputs(&r);
	rg_report_free(&r);
}

static void test_gone(void **unused)
{
	(void)unused;
	gone_after("replaced", 2, RG_OUTCOME_LOST, "10.0.0.1 was thrown out by 10.0.0.2");
	gone_after("expired", 0, RG_OUTCOME_LOST, "let go of the end client");
	gone_after("admin", 0, RG_OUTCOME_LOST, "let go of the end client");
	/* It restarted, or was through: it had nothing to lose. */
	gone_after("replaced", 1, RG_OUTCOME_AGAIN, "no lock is known to be lost");
	gone_after("destroyed", 0, RG_OUTCOME_AGAIN, "no lock is known to be lost");
}

/* One end client by two addresses, with one clientid, is one. */
static void test_two_addresses(void **unused)
{
	const char *const lock = ",\"claim\":\"%s\",\"start\":0,\"length\":1,\"status\":\"%s\"";
	const struct rg_recovery *one;
	struct rg_report r;
	char text[128];

	(void)unused;
	begin(&r, "settled", "hold");
	tell_client(&r, 2200, "EXCHANGE_ID", 1, 16, ",\"status\":\"NFS4_OK\"");
	snprintf(text, sizeof(text), lock, "reclaim", "NFS4ERR_NO_GRACE");
	tell_client(&r, 2300, "LOCK", 1, 16, text);
	snprintf(text, sizeof(text), lock, "retake", "NFS4_OK");
	tell_client(&r, 2400, "LOCK", 2, 16, text);
	tell(&r, 2600, "GRACE_END", ",\"side\":\"server\",\"expected\":1,\"complete\":1");
	tell_gate(&r, 2700, "open");
	one = finish(&r);
	assert_int_equal(one->n_clients, 1);
	assert_int_equal(one->verdict.outcome, RG_OUTCOME_AGAIN);
	check_outputs(&r);
	rg_report_free(&r);
}

/* A verdict of nothing is given only where nothing was missed. */

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_late_notify),
		cmocka_unit_test(test_same_name),
		cmocka_unit_test(test_gone),
		cmocka_unit_test(test_two_addresses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
