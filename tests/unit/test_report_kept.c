// SPDX-License-Identifier: GPL-2.0-only
/* report: what an original server kept, and local applications that were held. */
#include "report.h"

#define BOX                                                                                        \
	",\"client\":{\"addr\":\"10.0.0.3\",\"clientid\":\"00000001000000ab\",\"minor\":2,"        \
	"\"name\":\"box\"}"
#define KEPT_FILE                                                                                  \
	",\"file\":{\"dev\":\"8:1\",\"fileid\":5},\"type\":\"write\",\"start\":4,\"length\":2"

static bool has_moment(const struct rg_recovery *r, const char *event, const char *text)
{
	for (size_t i = 0; i < r->n_moments; i++)
		if (strcmp(r->moments[i].event, event) == 0 && strstr(r->moments[i].text, text))
			return true;
	return false;
}

/* An original server without a guard: what it kept, and why it ended. */
static void test_kept(void **unused)
{
	const struct rg_recovery *one;
	struct rg_report r;

	(void)unused;
	rg_report_init(&r);
	feed(&r, "{\"event\":\"header\",\"schema\":1,\"boot_ns\":1,\"netns\":7,\"guard\":false}");
	tell(&r, 1000, "KEPT",
	     ",\"side\":\"server\",\"ranges\":3,\"keep_for_s\":90,\"overflow\":true" BOX);
	tell(&r, 2000, "KEPT_FROM",
	     ",\"side\":\"server\",\"what\":\"lock\",\"kept_for\":\"00000001000000ab\","
	     "\"status\":\"NFS4ERR_DELAY\",\"client\":{\"addr\":\"10.0.0.4\",\"minor\":2,\"name\":"
	     "\"other\"}" KEPT_FILE);
	tell(&r, 2100, "KEPT_FROM",
	     ",\"side\":\"gate\",\"what\":\"lock\",\"kept_for\":\"00000000000000ff\",\"comm\":"
	     "\"cp\","
	     "\"status\":\"EAGAIN\",\"file\":{\"dev\":\"8:1\",\"fileid\":5}");
	tell(&r, 3000, "RETAKEN", ",\"side\":\"server\",\"left\":2" BOX KEPT_FILE);
	tell(&r, 4000, "KEPT_ENDED", ",\"side\":\"server\",\"why\":\"over\",\"left\":2" BOX);
	tell(&r, 5000, "NOT_KEPT", ",\"side\":\"server\",\"why\":\"of a later version\"" BOX);
	one = finish(&r);
	assert_int_equal(one->verdict.outcome, RG_OUTCOME_NOTHING);
	assert_int_equal(one->kept.clients + one->kept.retaken + one->kept.ended +
				 one->kept.not_kept,
			 4);
	assert_int_equal(one->kept.ranges, 3);
	assert_int_equal(one->kept.asked, 2);
	assert_says(one, 0,
		    "This original server kept locks for 1 client that rebooted, 3 ranges: taken "
		    "back 1 time, asked for by others 2 times meanwhile.");
	assert_true(says(one, "2 of the kept ranges were not taken back"));
	assert_true(says(one, "The guard was not enabled on this host"));
	assert_false(says(one, "kept still"));
	assert_true(has_moment(one, "KEPT",
			       "10.0.0.3 box rebooted: 3 ranges kept for it for 90 s; not all"));
	assert_true(
		has_moment(one, "KEPT_FROM",
			   "10.0.0.4 other asked for bytes 4 to 5 of fileid 5 on 8:1 (lock), kept "
			   "for 10.0.0.3 box: NFS4ERR_DELAY"));
	assert_true(
		has_moment(one, "KEPT_FROM",
			   "the local application cp asked for fileid 5 on 8:1 (lock), kept for a "
			   "client: EAGAIN"));
	assert_true(has_moment(one, "RETAKEN",
			       "10.0.0.3 box took back bytes 4 to 5 of fileid 5 on 8:1; 2 left"));
	assert_true(has_moment(one, "KEPT_ENDED", "keep-for is over; 2 not taken back"));
	assert_true(has_moment(one, "NOT_KEPT", "as of a later version"));
	check_outputs(&r);
	rg_report_free(&r);

	/* It is kept still, on a host that has a guard as well. */
	rg_report_init(&r);
	feed(&r, HEADER, "settled", "hold");
	tell(&r, 1000, "KEPT", ",\"side\":\"server\",\"ranges\":1,\"keep_for_s\":90" BOX);
	one = finish(&r);
	assert_true(says(one, "Something is kept still at the end of the recording."));
	assert_false(says(one, "The guard was not enabled"));
	rg_report_free(&r);
}

/* What is not there may have been left out. */
static void test_apps(void **unused)
{
	struct rg_report r;
	const struct rg_recovery *one;

	(void)unused;
	begin(&r, "settled", "hold");
	tell(&r, 2200, "HELD", ",\"tid\":1,\"tgid\":1,\"comm\":\"a\",\"what\":\"lock\"");
	tell(&r, 2300, "HELD", ",\"tid\":1,\"tgid\":1,\"comm\":\"a\",\"what\":\"lock\"");
	tell(&r, 2400, "HELD", ",\"tid\":2,\"tgid\":2,\"comm\":\"b\",\"what\":\"open\"");
	tell(&r, 2500, "CONTINUED",
	     ",\"tid\":9,\"comm\":\"old\",\"what\":\"lock\",\"duration_ns\":2000000000");
	for (int i = 0; i < 5; i++)
		tell(&r, 2600 + i, "DENIED",
		     ",\"tid\":3,\"tgid\":3,\"comm\":\"c\",\"what\":\"lock\"");
	tell(&r, 3000, "CONTINUED", ",\"tid\":1,\"comm\":\"a\",\"what\":\"lock\"");
	tell(&r, 3100, "HELD", ",\"tid\":1,\"tgid\":1,\"comm\":\"a\",\"what\":\"lock\"");
	one = finish(&r);
	assert_int_equal(one->n_apps, 4);
	assert_int_equal(one->held_now, 2);
	assert_int_equal(one->apps[0].waited_ns / 1000000, 800);
	assert_int_equal(one->apps[2].held_ns / 1000000, 500);
	assert_int_equal(one->denied, 5);
	assert_int_equal(one->n_turned, 1);
	assert_int_equal(one->turned[0].n, 5);
	assert_true(text_has(&r, "still held when the recording ended, or ended while held."));
	check_outputs(&r);
	rg_report_free(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kept),
		cmocka_unit_test(test_apps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
