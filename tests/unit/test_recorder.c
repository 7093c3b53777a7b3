// SPDX-License-Identifier: GPL-2.0-only
/* The daemon's own recording: it begins with the first record and not before, says what it
 * lost, survives a disk that refuses, and is what `report` reads. */
#include "unit_dir.h"
#include "unit_json.h"
#include "unit_record.h"

#include "base/log.h"
#include "record/recorder.h"
#include "report/report.h"

#define SIZE (RG_RECORD_PARTS * (1ULL << 20))

static struct rg_gate gates[RG_MAX_GATES];

static int setup(void **state)
{
	memset(gates, 0, sizeof(gates));
	gates[1] = (struct rg_gate){.netns = 4026531840U,
				    .policy = {.release = RG_RELEASE_SETTLED, .max_hold_s = 900},
				    .closed_ns = RG_NS_PER_SEC};
	return dir_setup(state) ?: mkdir(dir, 0700);
}

static void begin(struct rg_recorder *r, const char *name)
{
	struct rg_header header = {.netns = 4026531840U, .host = "rex", .kernel = "9.9"};

	assert_int_equal(rg_recorder_open(r, path_of(name), SIZE, &header), 0);
	assert_int_equal(rg_recorder_state(r), RG_RECORDER_ON);
}

/* Reads a recording; the caller frees with rg_report_free(). */
static void read_back(struct rg_report *r, const char *name)
{
	char *paths[] = {(char *)path_of(name)};

	rg_report_init(r);
	assert_true(rg_report_read(r, paths, 1));
	assert_int_equal(r->bad_lines, 0);
	assert_true(r->has_header);
}

/* A start of the daemon during which nothing happens leaves no file, and pushes none out. */
static void test_idle(void **unused)
{
	struct rg_recorder r;

	(void)unused;
	begin(&r, "idle");
	rg_recorder_look(&r, gates, 2 * RG_NS_PER_SEC, 0, 0);
	gates[1].hand = RG_HAND_OPEN;
	rg_recorder_look(&r, gates, 3 * RG_NS_PER_SEC, 0, 0);
	assert_true(rg_recorder_close(&r, "signal", 10));
	assert_int_equal(access(path_of("idle"), F_OK), -1);
}

/* What the gate was before the first record is in the recording as well. */
static void test_recovery(void **unused)
{
	struct rg_record lock = unit_lock_record();
	struct rg_recorder r;
	struct rg_report report;

	(void)unused;
	begin(&r, "recovery");
	rg_recorder_look(&r, gates, 2 * RG_NS_PER_SEC, 0, 0);
	for (int i = 0; i < 100; i++)
		rg_recorder_add(&r, &lock);
	rg_recorder_look(&r, gates, 3 * RG_NS_PER_SEC, 0, 0);
	rg_recorder_add(&r, &lock);
	/* 7 in the ring, and twice a program that failed: one line says so, once. */
	rg_recorder_look(&r, gates, 4 * RG_NS_PER_SEC, 7, 2);
	rg_recorder_look(&r, gates, 5 * RG_NS_PER_SEC, 7, 2);
	assert_int_equal(r.dropped, 7);
	assert_true(rg_recorder_close(&r, "signal", 10));
	read_back(&report, "recovery");
	/* The header, GATE, 101 locks, LOST, the end. */
	assert_int_equal(report.events, 1 + 1 + 101 + 1 + 1);
	assert_int_equal(rg_report_lost(&report), 7);
	assert_int_equal(rg_report_failures(&report), 2);
	assert_true(report.ended);
	assert_int_equal(report.n, 1);
	assert_string_equal(report.header.release, "settled");
	rg_report_free(&report);
	/* The next start begins a part of its own, and keeps this one. */
	begin(&r, "recovery");
	rg_recorder_add(&r, &lock);
	assert_true(rg_recorder_close(&r, "signal", 10));
	read_back(&report, "recovery");
	assert_int_equal(report.events, 1 + 1 + 1);
	rg_report_free(&report);
	read_back(&report, "recovery.1");
	assert_int_equal(report.events, 1 + 1 + 101 + 1 + 1);
	rg_report_free(&report);
}

/* The daemon starts before the tracing programs are attached: a header says when they were. */
static void test_attached_later(void **unused)
{
	struct rg_header header = {.netns = 4026531840U, .host = "rex", .untraced = ~0ULL >> 8};
	struct rg_record lock = unit_lock_record();
	struct rg_recorder r;
	struct rg_report report;

	(void)unused;
	assert_int_equal(rg_recorder_open(&r, path_of("later"), SIZE, &header), 0);
	rg_recorder_untraced(&r, ~0ULL >> 8);
	assert_int_equal(r.events, 0);
	rg_recorder_add(&r, &lock);
	rg_recorder_untraced(&r, 0);
	rg_recorder_untraced(&r, 0);
	rg_recorder_add(&r, &lock);
	assert_true(rg_recorder_close(&r, "signal", 10));
	read_back(&report, "later");
	assert_int_equal(report.events, 1 + 1 + 1 + 1 + 1);
	assert_null(report.header.untraced);
	assert_non_null(report.at[0]->header.untraced); /* it began without them */
	rg_report_free(&report);
}

/* More than its size: parts, of which the oldest goes, and no more than there may be. */
static void test_bounded(void **unused)
{
	struct rg_record lock = unit_lock_record();
	char name[32];
	struct rg_recorder r;
	struct stat st;
	__u64 bytes = 0;

	(void)unused;
	begin(&r, "long");
	for (int i = 0; i < 20; i++) {
		struct rg_recorder_writer *before = r.writer;

		/* As the daemon does: the thread has time between two looks. */
		for (int k = 0; k < 1000; k++)
			rg_recorder_add(&r, &lock);
		assert_ptr_equal(r.writer, before);
		rg_recorder_look(&r, gates, (__u64)(2 + i) * RG_NS_PER_SEC, 0, 0);
	}
	assert_true(rg_recorder_close(&r, "signal", 60));
	assert_int_equal(r.n, 0);
	for (int i = 0; i <= RG_RECORD_PARTS; i++) {
		snprintf(name, sizeof(name), i ? "long.%d" : "long", i);
		if (stat(path_of(name), &st) == 0)
			bytes += (__u64)st.st_size;
	}
	assert_in_range(bytes, 1 << 20, SIZE);
	snprintf(name, sizeof(name), "long.%d", RG_RECORD_PARTS);
	assert_int_equal(access(path_of(name), F_OK), -1);
}

/* A disk that refuses costs the recording, is said once, and costs nothing else. */
static void test_refused(void **unused)
{
	struct rg_record lock = unit_lock_record();
	struct rg_recorder r;
	struct unit_ear ear;

	(void)unused;
	unit_need(mkdir(path_of("taken"), 0700) == 0);
	unit_listen(&ear);
	begin(&r, "taken"); /* a directory has its name */
	rg_recorder_add(&r, &lock);
	rg_recorder_look(&r, gates, 2 * RG_NS_PER_SEC, 0, 0);
	for (int i = 0; i < 1000 && rg_recorder_state(&r) == RG_RECORDER_ON; i++)
		usleep(10000);
	assert_int_equal(rg_recorder_state(&r), RG_RECORDER_FAILED);
	rg_recorder_add(&r, &lock);
	rg_recorder_look(&r, gates, 3 * RG_NS_PER_SEC, 0, 0);
	assert_false(rg_recorder_close(&r, "signal", 10));
	assert_int_equal(unit_heard(&ear), 1);
	assert_non_null(strstr(ear.text, "not a regular file"));
}

/* record = off: all of it does nothing. */
static void test_off(void **unused)
{
	struct rg_record lock = unit_lock_record();
	struct rg_recorder r = {};

	(void)unused;
	rg_recorder_add(&r, &lock);
	rg_recorder_look(&r, gates, RG_NS_PER_SEC, 5, 5);
	assert_int_equal(rg_recorder_state(&r), RG_RECORDER_OFF);
	assert_true(rg_recorder_close(&r, "signal", 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_idle, setup, dir_teardown),
		cmocka_unit_test_setup_teardown(test_recovery, setup, dir_teardown),
		cmocka_unit_test_setup_teardown(test_attached_later, setup, dir_teardown),
		cmocka_unit_test_setup_teardown(test_bounded, setup, dir_teardown),
		cmocka_unit_test_setup_teardown(test_refused, setup, dir_teardown),
		cmocka_unit_test_setup_teardown(test_off, setup, dir_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
