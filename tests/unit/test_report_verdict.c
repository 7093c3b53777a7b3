// SPDX-License-Identifier: GPL-2.0-only
/* report: what became of a lock and of a recovery, of lines made up here. */
#include "report.h"

/* ---- verdicts ---- */

static void test_all_of_many(void **unused)
{
	struct rg_report r;
	const struct rg_recovery *one;

	(void)unused;
	begin(&r, "settled", "hold");
	for (int i = 0; i < 12; i++)
		tell_lock(&r, 3000 + i, 1 + i % 3, i, i + 1, REFUSED);
	tell(&r, 4000, "GRACE_END", ",\"side\":\"server\"");
	for (int i = 0; i < 12; i++)
		tell_lock(&r, 5000 + i, 1 + i % 3, i, i + 1, AGAIN);
	tell_gate(&r, 6000, "open");
	one = finish(&r);
	assert_int_equal(one->verdict.outcome, RG_OUTCOME_AGAIN);
	assert_says(one, 0,
		    "12 of 12 locks that were refused a reclaim were taken again by 3 end clients "
		    "before "
		    "the gate opened to local applications; no lock is known to be lost.");
	rg_report_free(&r);
}

/* The gate has been open: nothing is claimed. */
static void check_exposed(const char *release, const char *action, int open_ms, const char *part)
{
	struct rg_report r;
	const struct rg_recovery *one;

	begin(&r, release, action);
	if (open_ms < 3000)
		tell_gate(&r, open_ms, "open");
	tell_lock(&r, 3000, 1, 0, 1, REFUSED);
	tell(&r, 4000, "GRACE_END", ",\"side\":\"server\"");
	if (open_ms >= 3000)
		tell_gate(&r, open_ms, "open");
	tell_lock(&r, 8000, 1, 0, 1, AGAIN);
	tell_gate(&r, 9000, "open");
	one = finish(&r);
	assert_int_equal(one->verdict.outcome, RG_OUTCOME_UNPROVEN);
	assert_true(says(one, part));
	assert_false(says(one, "before the gate opened"));
	rg_report_free(&r);
}

static void test_exposed(void **unused)
{
	(void)unused;
	check_exposed("grace-start", "hold", 2100, "when the gate had been open");
	check_exposed("grace-end", "hold", 4000, "when the gate had been open");
	check_exposed("settled", "audit", 9000, "(action audit)");
}

/* The gate opens within the LOCK that completes what was awaited: that one was not exposed;
 * one that was asked for later was. */
static void check_opener(const char *why, int open_ms, bool exposed)
{
	struct rg_report r;
	const struct rg_recovery *one;

	begin(&r, "settled", "hold");
	tell_lock(&r, 3000, 1, 0, 1, REFUSED);
	tell(&r, 4000, "GRACE_END", ",\"side\":\"server\"");
	feed(&r,
	     "{\"boot_ns\":%d" MS ",\"netns\":7,\"event\":\"GATE\",\"side\":\"gate\","
	     "\"state\":\"open\",\"why\":\"%s\"}",
	     open_ms, why);
	feed(&r,
	     "{\"boot_ns\":8000" MS ",\"netns\":7,\"event\":\"LOCK\",\"side\":\"server\","
	     "\"claim\":\"retake\",\"client\":{\"addr\":\"10.0.0.1\",\"minor\":2,\"name\":\"c1\"},"
	     "\"file\":{\"dev\":\"0:45\",\"fileid\":5},\"start\":0,\"length\":1,"
	     "\"status\":\"NFS4_OK\",\"duration_ns\":5" MS "}");
	one = finish(&r);
	assert_int_equal(one->again_refused, 1);
	assert_int_equal(one->again_exposed, exposed);
	rg_report_free(&r);
}

static void test_opener(void **unused)
{
	(void)unused;
	check_opener("settled", 7999, false);
	check_opener("settled", 8000, false);
	check_opener("settled", 7990, true);
	check_opener("settle-timeout", 7999, true);
	check_opener("released-by-hand", 7999, true);
}

static void test_no_gate(void **unused)
{
	struct rg_report r;
	const struct rg_recovery *one;

	(void)unused;
	rg_report_init(&r);
	tell(&r, 2000, "KNFSD_STARTING", "");
	tell(&r, 2100, "GRACE_START", "");
	tell_lock(&r, 3000, 1, 0, 1, REFUSED);
	tell(&r, 4000, "GRACE_END", "");
	tell_lock(&r, 8000, 1, 0, 1, AGAIN);
	tell(&r, 30000, "LOCKD_GRACE_END", "");
	one = finish(&r);
	assert_int_equal(one->verdict.outcome, RG_OUTCOME_UNPROVEN);
	assert_true(says(one, "with no gate seen"));
	assert_true(one->reached_end);
	rg_report_free(&r);
}

/* The same lock: by owner where both have one, else by file and range. */
static void check_same(int refused_by, int again_by, int byte, bool same)
{
	struct rg_report r;
	const struct rg_recovery *one;

	begin(&r, "settled", "hold");
	tell_lock(&r, 3000, 1, 7, refused_by, REFUSED);
	tell(&r, 4000, "GRACE_END", "");
	tell_lock(&r, 5000, 1, byte, again_by, AGAIN);
	tell_gate(&r, 6000, "open");
	one = finish(&r);
	assert_int_equal(one->again_refused, same);
	assert_int_equal(one->fates[RG_FATE_NOT_AGAIN], !same);
	assert_int_equal(one->verdict.outcome, same ? RG_OUTCOME_AGAIN : RG_OUTCOME_LOST);
	rg_report_free(&r);
}

static void test_same_lock(void **unused)
{
	(void)unused;
	check_same(1, 1, 7, true);
	check_same(0, 1, 7, true);
	check_same(1, 0, 7, true);
	check_same(0, 0, 7, true);
	check_same(1, 2, 7, false);
	check_same(1, 1, 8, false);
}

/* What comes last counts, in whatever order it is read. */
static void test_order(void **unused)
{
	struct rg_report r;
	const struct rg_recovery *one;

	(void)unused;
	begin(&r, "settled", "hold");
	tell_lock(&r, 5000, 1, 0, 1, AGAIN);
	tell_lock(&r, 3000, 1, 0, 1, REFUSED);
	/* Denied first, and had later; had first, and refused later. */
	tell_lock(&r, 3000, 1, 1, 1, REFUSED);
	tell_lock(&r, 4500, 1, 1, 1, "retake", "NFS4ERR_DENIED");
	tell_lock(&r, 5500, 1, 1, 1, AGAIN);
	tell_lock(&r, 3100, 1, 2, 1, "reclaim", "NFS4_OK");
	tell_lock(&r, 3200, 1, 2, 1, REFUSED);
	/* To wait is neither; a LOCK of somebody new is nobody's loss. */
	tell_lock(&r, 3300, 1, 3, 1, "reclaim", "NFS4ERR_GRACE");
	tell_lock(&r, 3400, 1, 4, 1, "ordinary", "NFS4ERR_DENIED");
	tell(&r, 5000, "GRACE_END", "");
	tell_gate(&r, 6000, "open");
	one = finish(&r);
	assert_int_equal(one->refused_locks, 3);
	assert_int_equal(one->again_refused, 2);
	assert_int_equal(one->fates[RG_FATE_NOT_AGAIN], 1);
	assert_int_equal(one->fates[RG_FATE_DENIED], 0);
	assert_int_equal(one->lock_tries.waited, 1);
	rg_report_free(&r);
}

static void test_nothing(void **unused)
{
	struct rg_report r;

	(void)unused;
	begin(&r, "settled", "hold");
	tell(&r, 17000, "GRACE_END", ",\"expected\":1,\"complete\":0");
	tell_gate(&r, 17001, "open");
	rg_report_finish(&r);
	assert_int_equal(only(&r)->verdict.outcome, RG_OUTCOME_NOTHING);
	assert_says(only(&r), 0, "Nobody reclaimed: 1 end client could have.");
	rg_report_free(&r);
	/* What is recorded all day is no recovery. */
	rg_report_init(&r);
	feed(&r, HEADER, "settled", "hold");
	tell_gate(&r, 1000, "open");
	tell(&r, 2000, "EXCHANGE_ID", ",\"side\":\"server\",\"client\":{\"addr\":\"1.2.3.4\"}");
	rg_report_finish(&r);
	assert_int_equal(r.n, 0);
	rg_report_free(&r);
}

static void test_filtered(void **unused)
{
	struct rg_report r;
	const struct rg_recovery *one;

	(void)unused;
	rg_report_init(&r);
	feed(&r, "{\"event\":\"header\",\"boot_ns\":1,\"netns\":7,\"filtered\":true}");
	tell(&r, 2000, "KNFSD_STARTING", "");
	tell(&r, 2100, "GRACE_START", "");
	tell_lock(&r, 3000, 1, 0, 1, REFUSED);
	tell(&r, 4000, "GRACE_END", "");
	feed(&r, "{\"event\":\"end\",\"boot_ns\":90000" MS ",\"lost\":0}");
	one = finish(&r);
	assert_int_equal(one->verdict.outcome, RG_OUTCOME_UNDECIDED);
	assert_says(one, 0,
		    "1 lock of 1 end client was refused a reclaim and not taken again in this "
		    "recording.");
	assert_true(says(one, "made with a filter"));
	assert_true(one->reached_end);
	rg_report_free(&r);
}

static void test_host(void **unused)
{
	struct rg_report r;
	const struct rg_recovery *one;

	(void)unused;
	begin(&r, "settled", "hold");
	for (int i = 0; i < 3; i++)
		feed(&r,
		     "{\"boot_ns\":250%d" MS ",\"netns\":7,\"event\":\"LOCK\",\"side\":\"client\","
		     "\"claim\":\"reclaim\",\"origin\":{\"addr\":\"10.0.0.9\",\"minor\":2},"
		     "\"status\":\"%s\",\"downgrade\":{\"reason\":\"origin-no-grace\"}}",
		     i, i ? "NFS4ERR_NO_GRACE" : "NFS4_OK");
	tell(&r, 2600, "LOCK_LOST",
	     ",\"side\":\"client\",\"file\":{\"dev\":\"0:45\",\"fileid\":5}");
	tell(&r, 4000, "GRACE_END", "");
	tell_gate(&r, 5000, "open");
	one = finish(&r);
	assert_int_equal(one->verdict.outcome, RG_OUTCOME_LOST);
	assert_true(says(one, "2 refused, 1 granted"));
	assert_true(says(one, "gave up 1 lock,"));
	assert_int_equal(one->n_origins, 1);
	assert_int_equal(one->n_clients, 0);
	check_outputs(&r);
	rg_report_free(&r);
}

/* Two namespaces at a time are two recoveries. */
static void test_namespaces(void **unused)
{
	struct rg_report r;

	(void)unused;
	begin(&r, "settled", "hold");
	feed(&r, "{\"boot_ns\":2200" MS ",\"netns\":8,\"event\":\"KNFSD_STARTING\"}");
	tell_lock(&r, 3000, 1, 0, 1, REFUSED);
	rg_report_finish(&r);
	assert_int_equal(r.n, 2);
	assert_int_equal(r.at[0]->refused_locks, 1);
	assert_int_equal(r.at[1]->refused_locks, 0);
	assert_int_equal(r.at[1]->netns, 8);
	check_outputs(&r);
	rg_report_free(&r);
}

/* The last of them are kept. */
static void test_too_many_recoveries(void **unused)
{
	struct rg_report r;

	(void)unused;
	begin(&r, "settled", "hold");
	for (int i = 0; i < RG_REPORT_RECOVERIES + 5; i++)
		tell(&r, 3000 + i, "KNFSD_STARTING", "");
	rg_report_finish(&r);
	assert_int_equal(r.n, RG_REPORT_RECOVERIES);
	assert_int_equal(r.dropped, 6);
	assert_true(text_has(&r, "6 recoveries before these are left out."));
	rg_report_free(&r);
}

/* ---- what was lost, by the ledger ---- */

#define LOST_LOCK                                                                                  \
	"{\"boot_ns\":9000000000,\"event\":\"lost-lock\",\"netns\":7,\"client\":"                  \
	"{\"addr\":\"10.0.0.1\",\"name\":\"one\"},\"file\":{\"fileid\":5,\"path\":\"/a/db\"},"     \
	"\"type\":\"write\",\"start\":%d,\"length\":1,\"reason\":\"%s\",\"text\":\"why\"}"
#define LOST                                                                                       \
	"{\"boot_ns\":9000000000,\"event\":\"lost\",\"netns\":7,\"total\":%d,\"unnamed\":%d,"      \
	"\"clients\":1,\"lower_bound\":%s,\"text\":\"as the ledger says\"}"

/* One reclaim was refused, and nine locks were never asked for again. */
static void test_ledger(void **unused)
{
	struct rg_report r;
	json_object *o, *ledger;
	char *text;

	(void)unused;
	rg_report_init(&r);
	feed(&r, HEADER, "settled", "hold");
	feed(&r, "{\"boot_ns\":2000000000,\"event\":\"KNFSD_STARTING\",\"side\":\"server\","
		 "\"netns\":7}");
	feed(&r,
	     "{\"boot_ns\":3000000000,\"event\":\"LOCK\",\"side\":\"server\",\"claim\":\"reclaim\","
	     "\"netns\":7,\"client\":{\"addr\":\"10.0.0.1\",\"name\":\"one\",\"minor\":2},\"file\":"
	     "{\"fileid\":5,\"path\":\"/a/db\"},\"type\":\"write\",\"start\":0,\"length\":1,"
	     "\"status\":\"NFS4ERR_NO_GRACE\"}");
	/* It is said twice: the last counts. */
	feed(&r, LOST, 1, 0, "false");
	feed(&r, LOST_LOCK, 0, "refused");
	feed(&r, LOST, 10, 8, "true");
	feed(&r, LOST_LOCK, 0, "refused");
	feed(&r, LOST_LOCK, 2, "absent");
	rg_report_finish(&r);
	assert_int_equal(r.n, 1);
	assert_int_equal(r.unknown_events, 0);
	assert_int_equal(r.unknown_fields, 0);
	assert_int_equal(r.at[0]->verdict.outcome, RG_OUTCOME_LOST);
	assert_string_equal(
		r.at[0]->verdict.sentences[0],
		"At least 10 locks that 1 end client held before are lost; the ledger had "
		"no range of 8 of them; it may be more, as the ledger was not up to date.");
	/* The one that was refused is among them, and no number of its own. */
	for (size_t i = 1; i < r.at[0]->verdict.n; i++)
		assert_null(strstr(r.at[0]->verdict.sentences[i], "not taken again"));
	o = rg_report_json(&r);
	ledger = json_object_object_get(
		json_object_array_get_idx(json_object_object_get(o, "recoveries"), 0), "ledger");
	assert_int_equal(json_object_get_int(json_object_object_get(ledger, "total")), 10);
	assert_int_equal(json_object_array_length(json_object_object_get(ledger, "locks")), 2);
	json_object_put(o);
	text = written(&r, rg_report_text);
	assert_non_null(strstr(text, "Locks lost, 10"));
	assert_non_null(strstr(text, "10.0.0.1 one"));
	assert_non_null(strstr(text, "byte 2"));
	free(text);
	rg_report_free(&r);
}

static void test_not_whole(void **unused)
{
	const struct rg_recovery *one;
	struct rg_report r;

	(void)unused;
	begin(&r, "settled", "hold");
	tell(&r, 2500, "LOST", ",\"lost\":0,\"failures\":22");
	tell(&r, 2600, "GRACE_END", ",\"side\":\"server\",\"expected\":1,\"complete\":0");
	tell_gate(&r, 2700, "open");
	one = finish(&r);
	assert_int_equal(one->verdict.outcome, RG_OUTCOME_UNPROVEN);
	assert_true(says(one, "whether anybody reclaimed is not known"));
	assert_false(says(one, "Nobody reclaimed"));
	assert_true(says(one, "Tracing programs failed 22 times"));
	assert_true(text_has(&r, "Tracing programs failed 22 times: as many events may be"));
	check_outputs(&r);
	rg_report_free(&r);

	/* Whoever sees reclaims was not there. */
	rg_report_init(&r);
	feed(&r,
	     "{\"event\":\"header\",\"schema\":1,\"untraced\":[\"host_rebooted\",\"lock_ends\"]}");
	tell(&r, 2000, "KNFSD_STARTING", ",\"side\":\"server\"");
	tell(&r, 2100, "GRACE_SKIPPED", ",\"side\":\"server\"");
	one = finish(&r);
	assert_int_equal(one->verdict.outcome, RG_OUTCOME_UNPROVEN);
	assert_true(says(one, "the tracing programs host_rebooted lock_ends."));
	rg_report_free(&r);

	/* The same, but it came between the first event and knfsd's start; then it went again. */
	rg_report_init(&r);
	feed(&r,
	     "{\"event\":\"header\",\"schema\":1,\"untraced\":[\"host_rebooted\",\"lock_ends\"]}");
	tell_gate(&r, 1900, "closed");
	feed(&r, "{\"event\":\"header\",\"schema\":1,\"boot_ns\":1950" MS "}");
	tell(&r, 2000, "KNFSD_STARTING", ",\"side\":\"server\"");
	tell(&r, 2100, "GRACE_SKIPPED", ",\"side\":\"server\"");
	tell_gate(&r, 2200, "open");
	one = finish(&r);
	assert_int_equal(one->verdict.outcome, RG_OUTCOME_NOTHING);
	assert_false(says(one, "Not attached"));
	rg_report_free(&r);
	rg_report_init(&r);
	feed(&r, "{\"event\":\"header\",\"schema\":1}");
	tell(&r, 2000, "KNFSD_STARTING", ",\"side\":\"server\"");
	feed(&r, "{\"event\":\"header\",\"schema\":1,\"boot_ns\":2050" MS
		 ",\"untraced\":[\"lock_ends\"]}");
	tell(&r, 2100, "GRACE_SKIPPED", ",\"side\":\"server\"");
	one = finish(&r);
	assert_int_equal(one->verdict.outcome, RG_OUTCOME_UNPROVEN);
	assert_true(says(one, "the tracing programs lock_ends."));
	rg_report_free(&r);

	/* Before the first event, and told at the end alone. */
	rg_report_init(&r);
	feed(&r, HEADER, "settled", "hold");
	tell(&r, 1000, "LOST", ",\"lost\":3");
	tell(&r, 2000, "KNFSD_STARTING", ",\"side\":\"server\"");
	tell(&r, 2100, "GRACE_START", ",\"side\":\"server\",\"grace_s\":15,\"expected\":1");
	feed(&r, "{\"boot_ns\":9000" MS ",\"event\":\"end\",\"events\":3,\"lost\":3,"
		 "\"failures\":2}");
	one = finish(&r);
	assert_int_equal(one->lost, 3);
	assert_int_equal(one->failures, 2);
	assert_int_equal(one->verdict.outcome, RG_OUTCOME_UNPROVEN);
	rg_report_free(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_of_many),
		cmocka_unit_test(test_exposed),
		cmocka_unit_test(test_opener),
		cmocka_unit_test(test_no_gate),
		cmocka_unit_test(test_same_lock),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_nothing),
		cmocka_unit_test(test_filtered),
		cmocka_unit_test(test_host),
		cmocka_unit_test(test_namespaces),
		cmocka_unit_test(test_too_many_recoveries),
		cmocka_unit_test(test_ledger),
		cmocka_unit_test(test_not_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
