// SPDX-License-Identifier: GPL-2.0-only
/* report: what is told of recordings that tests/make-recordings has made. */
#include "report.h"

/* ---- recordings ---- */

static void test_settled(void **unused)
{
	struct rg_report r = read_well("settled");
	const struct rg_recovery *one = only(&r);

	(void)unused;
	assert_int_equal(one->verdict.outcome, RG_OUTCOME_AGAIN);
	assert_says(one, 0,
		    "10 locks were taken again by 1 end client before the gate opened to local "
		    "applications; among them the one that was refused a reclaim; no lock is known "
		    "to "
		    "be lost.");
	assert_true(one->reached_end);
	assert_int_equal(one->n_clients, 1);
	assert_string_equal(one->clients[0].name, "Linux NFSv4.2 cli");
	assert_int_equal(one->clients[0].opens.granted, 1);
	assert_int_equal(one->clients[0].locks.refused, 1);
	assert_int_equal(one->clients[0].retaken_locks, 10);
	assert_int_equal(one->clients[0].slowest_ns, 4100000);
	assert_int_equal(one->refused_locks, 1);
	assert_int_equal(one->again_refused, 1);
	assert_int_equal(one->again_unrefused, 9);
	assert_int_equal(one->again_exposed, 0);
	assert_int_equal(one->all_downgrades, 2);
	assert_int_equal(one->n_apps, 1);
	assert_int_equal(one->held_now, 0);
	assert_int_equal(one->apps[0].waited_ns / 1000000, 16234);
	assert_int_equal(one->n_changes, 4);
	assert_true(text_has(&r, "47 s without a renewal at 10.77.1.1, lease 90 s: in time"));
	assert_true(text_has(&r, "-9.412  17:31:55.588  client  EXCHANGE_ID"));
	assert_true(text_has(&r, "backup (530) got through: lock, waited 16.234 s"));
	/* Reclaimed by a handle without a name; the name came later. */
	assert_true(text_has(&r, "LOCK   10.77.2.2 Linux NFSv4.2 cli  /srv/reexport/a/db  byte 0"));
	check_outputs(&r);
	rg_report_free(&r);
}

static void test_stolen(void **unused)
{
	struct rg_report r = read_well("stolen");
	const struct rg_recovery *one = only(&r);

	(void)unused;
	assert_int_equal(one->verdict.outcome, RG_OUTCOME_LOST);
	assert_says(one, 0,
		    "3 locks of 2 end clients are lost or given up: 1 was refused a reclaim and "
		    "not "
		    "taken again, 2 were asked for again and denied, as somebody else has them.");
	assert_true(says(one, "Its own log counts them"));
	assert_int_equal(one->clients[0].fates[RG_FATE_NOT_AGAIN], 1);
	assert_int_equal(one->clients[1].fates[RG_FATE_DENIED], 2);
	assert_string_equal(one->clients[0].gone, "expired");
	assert_true(text_has(&r, "No gate."));
	check_outputs(&r);
	rg_report_free(&r);
}

/* A real one: a power cut in the laboratory, 5 locks, NFSv4.2. */
static void test_powercut(void **unused)
{
	struct rg_report r = read_well("powercut");
	const struct rg_recovery *one = only(&r);

	(void)unused;
	assert_int_equal(one->verdict.outcome, RG_OUTCOME_AGAIN);
	assert_true(one->reached_end);
	assert_int_equal(one->n_clients, 1);
	assert_int_equal(one->clients[0].opens.granted, 1);
	assert_int_equal(one->clients[0].locks.refused, 1);
	assert_int_equal(one->clients[0].retaken_locks, 5);
	assert_int_equal(one->again_refused, 1);
	assert_int_equal(one->again_unrefused, 4);
	assert_int_equal(one->again_exposed, 0);
	assert_int_equal(one->all_downgrades, 2);
	assert_int_equal(one->n_apps, 1);
	assert_int_equal(one->held_now, 0);
	check_outputs(&r);
	rg_report_free(&r);
}

static void test_granted(void **unused)
{
	struct rg_report r = read_well("granted");
	const struct rg_recovery *one = only(&r);

	(void)unused;
	assert_int_equal(one->verdict.outcome, RG_OUTCOME_GRANTED);
	assert_int_equal(one->verdict.n, 1);
	assert_says(one, 0, "No reclaim was downgraded: all 8 were granted (6 locks, 2 opens).");
	assert_int_equal(one->fates[RG_FATE_RECLAIMED], 6);
	assert_int_equal(one->all_downgrades, 0);
	check_outputs(&r);
	rg_report_free(&r);
}

static void test_nfsv3(void **unused)
{
	struct rg_report r = read_well("nfsv3");
	const struct rg_recovery *one = only(&r);

	(void)unused;
	assert_int_equal(one->verdict.outcome, RG_OUTCOME_UNPROVEN);
	assert_says(one, 0,
		    "4 reclaims by NFSv3, of 1 end client, were granted as new locks: that nobody "
		    "else "
		    "had them in between is unproven.");
	assert_int_equal(one->clients[0].minor, -1);
	assert_int_equal(one->clients[0].downgrades[RG_DOWNGRADE_GRANTED_AS_NEW], 4);
	assert_true(text_has(&r, "cli restarted"));
	check_outputs(&r);
	rg_report_free(&r);
}

static void test_truncated(void **unused)
{
	const char *name = "truncated";
	struct unit_ear ear;
	struct rg_report r = report_of(&ear, 1, &name);

	(void)unused;
	assert_non_null(strstr(ear.text,
			       "truncated.ndjson: line 18: truncated; what precedes it is "
			       "reported\n"));
	assert_int_equal(r.bad_lines, 1);
	assert_int_equal(only(&r)->verdict.outcome, RG_OUTCOME_LOST);
	assert_true(says(only(&r), "The recording does not reach to the end of the recovery."));
	assert_true(says(only(&r), "1 line could not be read: all counts are lower bounds."));
	assert_true(text_has(&r, "line 18: truncated; what precedes it is reported."));
	assert_true(text_has(&r, "was not ended in an orderly way"));
	check_outputs(&r);
	rg_report_free(&r);
}

static void test_garbage(void **unused)
{
	const char *name = "garbage";
	struct unit_ear ear;
	struct rg_report r = report_of(&ear, 1, &name), well = read_well("settled");

	(void)unused;
	assert_non_null(strstr(ear.text, "garbage.ndjson: line 7: no JSON; passed over\n"));
	assert_int_equal(r.bad_lines, 1);
	assert_int_equal(r.events, well.events);
	/* What the line was is not known. */
	assert_int_equal(only(&r)->verdict.outcome, RG_OUTCOME_UNPROVEN);
	assert_int_equal(only(&well)->verdict.outcome, RG_OUTCOME_AGAIN);
	assert_int_equal(only(&r)->again_unrefused, 9);
	check_outputs(&r);
	rg_report_free(&r);
	rg_report_free(&well);
}

static void test_hostile(void **unused)
{
	struct rg_report r = read_well("hostile");
	char *html = written(&r, rg_report_html);

	(void)unused;
	assert_int_equal(only(&r)->n_clients, 4);
	assert_string_equal(only(&r)->clients[2].name, "\\033[31mred\\007\\000");
	assert_string_equal(only(&r)->clients[3].name, "\\342\\200\\256gnp.exe &amp; <b>");
	assert_non_null(strstr(html, "&lt;script&gt;document.documentElement.id="));
	assert_non_null(strstr(html, "a&quot; onload=&quot;x&#39;y"));
	assert_non_null(strstr(html, "\\342\\200\\256gnp.exe &amp;amp; &lt;b&gt;"));
	assert_non_null(strstr(html, "&lt;img src=x onerror=alert(1)&gt;&amp;"));
	assert_non_null(strstr(html, "&lt;/title&gt;&lt;script&gt;"));
	free(html);
	check_outputs(&r);
	rg_report_free(&r);
}

/* Like the command line `make-recordings storm`: 200 end clients, 100 reclaims each. */
static void make_storm(char *path)
{
	char *command = rg_text("%s/../../make-recordings storm 200 100 >%s", RG_TEST_DATA, path);

	assert_int_equal(system(command), 0); // NOLINT(cert-env33-c): paths of ours
	free(command);
}

static void test_many(void **unused)
{
	char path[] = "/tmp/rg-unit-XXXXXX";
	const struct rg_recovery *one;
	struct rg_report r;
	int fd = mkstemp(path);

	(void)unused;
	unit_need(fd >= 0);
	close(fd);
	make_storm(path);
	r = read_well(path);
	unlink(path);
	one = only(&r);
	assert_int_equal(one->n_clients, 200);
	assert_int_equal(one->opens.granted, 10000);
	assert_int_equal(one->lock_tries.refused, 10000);
	assert_int_equal(one->refused_locks, 10000);
	assert_int_equal(one->again_refused, 9999);
	assert_int_equal(one->fates[RG_FATE_NOT_AGAIN], 1);
	assert_int_equal(one->clients[199].fates[RG_FATE_NOT_AGAIN], 1);
	assert_int_equal(one->held_now, 1);
	assert_int_equal(one->storm.total[RG_STORM_AGAIN], 9999);
	/* More than are kept: counted, and said. */
	assert_int_equal(one->n_downgraded, RG_REPORT_KEPT);
	assert_int_equal(one->more_downgraded, 1);
	assert_int_equal(one->all_downgrades, 10001);
	assert_true(text_has(&r, "Not all of them are listed."));
	assert_says(one, 0,
		    "1 lock of 1 end client was refused a reclaim and not taken again: lost or "
		    "given "
		    "up.");
	assert_true(text_has(&r, "first of 200: 10.77.2.2 Linux NFSv4.2 node0"));
	check_outputs(&r);
	rg_report_free(&r);
}

static void test_two(void **unused)
{
	struct rg_report r = read_well("two");

	(void)unused;
	assert_int_equal(r.n, 3);
	assert_int_equal(r.at[0]->ended, RG_ENDED_SHUTDOWN);
	assert_int_equal(r.at[1]->ended, RG_ENDED_BOOT);
	assert_int_equal(r.at[2]->ended, RG_ENDED_NOT);
	assert_int_equal(r.at[0]->verdict.outcome, RG_OUTCOME_AGAIN);
	assert_int_equal(r.at[1]->verdict.outcome, RG_OUTCOME_AGAIN);
	assert_int_equal(r.at[2]->verdict.outcome, RG_OUTCOME_UNDECIDED);
	assert_says(r.at[2], 0,
		    "1 lock of 1 end client was refused a reclaim and not taken again by the end "
		    "of the "
		    "recording.");
	assert_int_equal(r.at[0]->n_clients, 1);
	assert_int_equal(r.at[1]->refused_locks, 1);
	check_outputs(&r);
	rg_report_free(&r);
}

static void test_lost(void **unused)
{
	struct rg_report r = read_well("lost");

	(void)unused;
	assert_int_equal(rg_report_lost(&r), 37);
	assert_int_equal(r.unknown_events, 1);
	assert_int_equal(r.unknown_fields, 2);
	assert_true(says(only(&r), "37 events were lost: all counts are lower bounds"));
	assert_true(text_has(&r, "37 events were lost: counts are lower bounds."));
	assert_true(text_has(&r, "Passed over, as of a later version: 1 events, 2 fields."));
	check_outputs(&r);
	rg_report_free(&r);
}

/* In whatever order they are named. */
static void test_parts(void **unused)
{
	static const char *const names[][2] = {{"parts-1", "parts-2"}, {"parts-2", "parts-1"}};

	(void)unused;
	for (int i = 0; i < 2; i++) {
		struct unit_ear ear;
		struct rg_report r = report_of(&ear, 2, names[i]);

		assert_string_equal(ear.text, "");
		assert_int_equal(only(&r)->verdict.outcome, RG_OUTCOME_AGAIN);
		assert_int_equal(only(&r)->ended, RG_ENDED_NOT);
		assert_non_null(strstr(r.inputs[0].name, "parts-1"));
		rg_report_free(&r);
	}
}

/* A wrong file is said to be one, once, and is not read to its end. */
static void test_wrong_file(void **unused)
{
	char path[] = "/tmp/rg-wrong-XXXXXX";
	const char *names[] = {path};
	struct unit_ear ear;
	struct rg_report r;
	int fd = mkstemp(path);

	(void)unused;
	unit_need(fd >= 0);
	for (int i = 0; i < 100000; i++)
		unit_need(write(fd, "no event\n", 9) == 9);
	close(fd);
	r = report_of(&ear, 1, names);
	assert_non_null(strstr(ear.text, "none of its first 20 lines is an event\n"));
	assert_null(strchr(strchr(ear.text, '\n') + 1, '\n'));
	assert_int_equal(r.n_complaints, 1);
	assert_in_range(r.inputs[0].bytes, 1, 400000);
	rg_report_free(&r);
	unlink(path);
}

/* One end client and what is to be done about it, of each recording. */
static void test_advice(void **unused)
{
	static const struct {
		const char *path, *who, *what;
		size_t n;
	} all[] = {
		{"settled", NULL, "Nothing: no end client is known to lack a lock.", 0},
		{"granted", NULL, "Nothing: no end client is known to lack a lock.", 0},
		{"stolen", "10.77.2.2", "recover_lost_locks=1", 2},
		{"stolen", "10.77.2.3", "somebody else has 2 locks of it", 2},
		{"lost", "10.77.2.2", "restart the applications that held 1 lock", 1},
		{"nfsv3", "10.77.2.2", "4 locks of it were granted as new", 1},
		{"late-notify", "10.77.2.2", "of which they are not told", 1},
		{"same-name", "10.77.2.3", "which has the same name", 1},
		{"truncated", "10.77.2.2", "does not have the whole recovery", 2},
	};

	(void)unused;
	for (size_t i = 0; i < UNIT_COUNT(all); i++) {
		struct unit_ear ear;
		struct rg_report r = report_of(&ear, 1, &all[i].path);
		const struct rg_recovery *one = r.at[0];
		bool there = false;
		size_t n;
		struct rg_advice *a = rg_advice_of(one, &n);

		assert_int_equal(n, all[i].n);
		for (size_t k = 0; k < n; k++)
			there |= all[i].who && a[k].client >= 0 && strstr(a[k].text, all[i].what) &&
				 strcmp(one->clients[a[k].client].addr, all[i].who) == 0;
		if (n ? !there : strcmp(rg_advice_nothing(one), all[i].what) != 0)
			fail_msg("%s: no advice \"%s\"", all[i].path, all[i].what);
		assert_true(text_has(&r, "What to do\n"));
		rg_advice_free(a, n);
		rg_report_free(&r);
	}
}

static void test_no_recording(void **unused)
{
	static const struct {
		const char *path, *said;
	} all[] = {
		{"empty", "empty.ndjson: empty\n"},
		{"/tmp", "/tmp: Is a directory\n"},
		{"/no/such/file", "/no/such/file: No such file or directory\n"},
		{"/bin/true", "/bin/true: no recording of `reexport-guard trace`: none of its"},
	};

	(void)unused;
	for (size_t i = 0; i < UNIT_COUNT(all); i++) {
		struct unit_ear ear;
		struct rg_report r = report_of(&ear, 1, &all[i].path);

		assert_non_null(strstr(ear.text, all[i].said));
		assert_true(r.bad_lines > 0);
		assert_int_equal(r.n, 0);
		assert_true(text_has(&r, "No recovery is in it."));
		check_outputs(&r);
		rg_report_free(&r);
	}
}

static void test_header_only(void **unused)
{
	struct rg_report r = read_well("header");

	(void)unused;
	assert_int_equal(r.n, 0);
	assert_true(text_has(&r, "No recovery is in it."));
	check_outputs(&r);
	rg_report_free(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_settled),	     cmocka_unit_test(test_stolen),
		cmocka_unit_test(test_powercut),     cmocka_unit_test(test_granted),
		cmocka_unit_test(test_nfsv3),	     cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_garbage),	     cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_many),	     cmocka_unit_test(test_two),
		cmocka_unit_test(test_lost),	     cmocka_unit_test(test_parts),
		cmocka_unit_test(test_wrong_file),   cmocka_unit_test(test_advice),
		cmocka_unit_test(test_no_recording), cmocka_unit_test(test_header_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
