// SPDX-License-Identifier: GPL-2.0-only
/* What `trace` writes is what `report` reads: no field is unknown to it, and a recovery
 * comes out as it went in. */
#include "unit.h"

#include "record/record_header.h"
#include "record/record_json.h"
#include "report/report.h"
#include "unit_record.h"

static void add_line(struct rg_report *r, const char *line, size_t n)
{
	json_tokener *tok = json_tokener_new();
	json_object *o;

	unit_need(tok && n);
	o = json_tokener_parse_ex(tok, line, (int)n);
	unit_need(o);
	assert_true(rg_report_line(r, o));
	json_object_put(o);
	json_tokener_free(tok);
}

static void add_record(struct rg_report *r, const struct rg_record *record)
{
	char line[RG_RECORD_JSON_MAX];
	struct rg_second kept = {};

	add_line(r, line, rg_record_json(record, &unit_around, &kept, line, sizeof(line)));
}

static void add_header(struct rg_report *r)
{
	struct rg_header h = {.host = "rex",
			      .kernel = "6.1.0",
			      .boot_id = "8d1f0a2e-0000-4000-8000-000000000001",
			      .netns = 4026531840U,
			      .regimes = {{RG_REGIME_FORWARDED}},
			      .has_policy = true,
			      .policy = {.release = RG_RELEASE_SETTLED},
			      .lease_s = 90,
			      .wall_ns = 1795368600000000000ULL,
			      .boot_ns = 95000000000ULL,
			      .part = 1};
	char line[RG_HEADER_JSON_MAX];

	add_line(r, line, rg_header_json(&h, line, sizeof(line)));
}

static void add_op(struct rg_report *r, __u64 s, __u32 op, __u64 value, __u8 how)
{
	add_record(r, &(struct rg_record){.time_ns = s * 1000000000,
					  .op = (__u16)op,
					  .side = op == RG_REC_GATE ? RG_SIDE_GATE : RG_SIDE_SERVER,
					  .netns = 4026531840U,
					  .value = value,
					  .how = how,
					  .expected = 1,
					  .complete = 1});
}

static void add_end(struct rg_report *r)
{
	const struct rg_end end = {.boot_ns = 200000000000ULL, .events = 8, .reason = "signal"};
	char line[1024];

	add_line(r, line, rg_end_json(&end, line, sizeof(line)));
}

static void test_a_recovery(void **unused)
{
	struct rg_record lock = unit_lock_record();
	const struct rg_recovery *one;
	struct rg_report r;

	(void)unused;
	rg_report_init(&r);
	add_header(&r);
	add_op(&r, 96, RG_REC_GATE, RG_STATE_CLOSED, RG_WHY_KNFSD_DOWN);
	add_op(&r, 166, RG_REC_KNFSD_STARTING, 0, 0);
	add_op(&r, 167, RG_REC_GRACE_START, 15, 0);
	add_op(&r, 167, RG_REC_GATE, RG_STATE_GRACE, RG_WHY_KNFSD_GRACE);
	add_record(&r, &lock);
	add_op(&r, 169, RG_REC_GRACE_END, 0, 0);
	lock.time_ns += 10000000000ULL;
	lock.claim = RG_CLAIM_RETAKE;
	lock.downgrade = RG_DOWNGRADE_NONE;
	lock.status = 0;
	add_record(&r, &lock);
	add_op(&r, 178, RG_REC_GATE, RG_STATE_OPEN, RG_WHY_SETTLED);
	add_end(&r);
	rg_report_finish(&r);
	assert_int_equal(r.unknown_events, 0);
	assert_int_equal(r.unknown_fields, 0);
	assert_true(r.ended);
	assert_int_equal(r.n, 1);
	one = r.at[0];
	assert_int_equal(one->verdict.outcome, RG_OUTCOME_AGAIN);
	assert_string_equal(one->verdict.sentences[0],
			    "The one lock that was refused a reclaim was taken again before the "
			    "gate "
			    "opened to local applications; no lock is known to be lost.");
	assert_string_equal(one->header.release, "settled");
	assert_int_equal(one->grace_s, 15);
	assert_int_equal(one->expected, 1);
	assert_string_equal(one->clients[0].addr, "10.77.2.2");
	assert_string_equal(one->clients[0].name, "Linux NFSv4.2 cli");
	assert_string_equal(one->clients[0].clientid, "6562a3b41a2b3c4d");
	assert_int_equal(one->clients[0].minor, 2);
	assert_int_equal(one->clients[0].slowest_ns, 812345);
	assert_int_equal(one->clients[0].downgrades[RG_DOWNGRADE_REFUSED_BY_CLIENT], 1);
	assert_string_equal(one->files[0].path, "/srv/reexport/a/db");
	assert_int_equal(one->files[0].fileid, 131);
	assert_string_equal(one->changes[2].why, "settled");
	rg_report_free(&r);
}

/* Whatever bytes a record has: its line is an event of which every field is known. */
static void test_any_record(void **unused)
{
	__u64 seed = 3;

	(void)unused;
	for (int round = 0; round < 20; round++) {
		FILE *nowhere = fopen("/dev/null", "we");
		struct rg_report r;

		unit_need(nowhere);
		rg_report_init(&r);
		if (round % 2)
			add_header(&r);
		for (int i = 0; i < 200; i++) {
			struct rg_record record;

			unit_any_record(&seed, &record);
			add_record(&r, &record);
		}
		rg_report_finish(&r);
		assert_int_equal(r.unknown_fields, 0);
		rg_report_text(&r, nowhere);
		rg_report_html(&r, nowhere);
		json_object_put(rg_report_json(&r));
		fclose(nowhere);
		rg_report_free(&r);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_recovery),
		cmocka_unit_test(test_any_record),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
