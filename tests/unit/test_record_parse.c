// SPDX-License-Identifier: GPL-2.0-only
/* A record that was written as JSON, read and written again is the same line: of a
 * recording that a machine made, and of records that have everything. */
#include "unit_record.h"
#include "unit_text.h"

#include "record/record_json.h"
#include "record/record_parse.h"

/* Writes `r` as the recording did that had `wall_ns` for it. */
static size_t write_down(const struct rg_record *r, __u64 wall_ns, char *line)
{
	const struct rg_record_around around = {.wall_offset_ns = (__s64)(wall_ns - r->time_ns)};
	struct rg_second kept = {};
	size_t n = rg_record_json(r, &around, &kept, line, RG_RECORD_JSON_MAX);

	line[n] = '\0';
	return n;
}

static int compare(const char *line)
{
	static char again[RG_RECORD_JSON_MAX + 1];
	json_object *o = json_tokener_parse(line);
	struct rg_record r;
	__u64 wall_ns;

	unit_need(o);
	if (!rg_record_of_json(o, &r, &wall_ns)) {
		json_object_put(o);
		return 0;
	}
	write_down(&r, wall_ns, again);
	again[strcspn(again, "\n")] = '\0';
	if (strcmp(line, again) != 0)
		fail_msg("%s\nbecame\n%s", line, again);
	json_object_put(o);
	return 1;
}

/* Header and end are no records. */
static void test_recording(void **unused)
{
	char *all = unit_text(RG_TEST_DATA "/powercut.ndjson"), *save = NULL;
	int lines = 0, records = 0;

	(void)unused;
	for (char *line = strtok_r(all, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save), lines++)
		records += compare(line);
	assert_int_equal(records, lines - 2);
	free(all);
}

/* Every event, with as much as it may have. */
static void test_every_event(void **unused)
{
	static char line[RG_RECORD_JSON_MAX + 1];

	(void)unused;
	for (__u32 op = RG_REC_NONE + 1; op < RG_NR_RECORD_OPS; op++)
		for (__u32 side = 0; side < RG_NR_SIDES; side++) {
			struct rg_record r = unit_lock_record();

			if (op == RG_REC_LOST && side) /* it is of no side */
				continue;
			r.op = (__u16)op;
			r.side = (__u8)side;
			r.tgid = 7;
			r.value = 1;
			r.how = 2;
			r.expected = 5;
			r.complete = 3;
			r.verifier = 0x0123456789abcdefULL;
			r.fsid_major = 0x1f;
			r.fsid_minor = 2;
			r.facts |= RG_FACT_PATH_CUT | RG_FACT_LOCKD_GRACE;
			r.reclaim = RG_RECLAIM_UNPROVEN;
			if (side == RG_SIDE_GATE)
				snprintf(r.name, sizeof(r.name), "backup");
			write_down(&r, 1795368672304118233ULL, line);
			line[strcspn(line, "\n")] = '\0';
			assert_int_equal(compare(line), 1);
		}
}

/* What is no event, or has members of the wrong kind, does no harm. */
static void test_nonsense(void **unused)
{
	static const char *const lines[] = {
		"{}",
		"[]",
		"3",
		"{\"event\":\"LOCK\"}",
		"{\"event\":\"NOTHING\",\"boot_ns\":1}",
		"{\"event\":3,\"boot_ns\":1}",
		"{\"event\":\"LOCK\",\"boot_ns\":-1}",
	};
	static const char wrong[] =
		"{\"event\":\"LOCK\",\"boot_ns\":1,\"side\":[],\"client\":[1],\"file\":\"x\","
		"\"back\":{\"op\":1},\"facts\":[1,null],\"status\":{},\"downgrade\":4,"
		"\"start\":-5,\"owner\":\"zz\",\"time\":\"yesterday\"}";
	json_object *o;
	struct rg_record r;
	__u64 wall_ns;

	(void)unused;
	for (size_t i = 0; i < UNIT_COUNT(lines); i++) {
		o = json_tokener_parse(lines[i]);
		unit_need(o);
		assert_false(rg_record_of_json(o, &r, &wall_ns));
		json_object_put(o);
	}
	o = json_tokener_parse(wrong);
	unit_need(o);
	assert_true(rg_record_of_json(o, &r, &wall_ns));
	assert_int_equal(r.op, RG_REC_LOCK);
	assert_int_equal(r.n_back + r.facts + r.status_kind + r.downgrade, 0);
	assert_int_equal(wall_ns, 0);
	json_object_put(o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_recording),
		cmocka_unit_test(test_every_event),
		cmocka_unit_test(test_nonsense),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
