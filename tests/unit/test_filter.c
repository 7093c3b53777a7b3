// SPDX-License-Identifier: GPL-2.0-only
/* Which records somebody wants to see: what is taken from the command line,
 * and what comes of it for a record. */
#include "unit_record.h"

#include "record/record_filter.h"
#include "record/record_names.h"

static char expected[RG_FILTER_EXPECTED];

/* ---- from the command line ---- */

typedef bool take_fn(struct rg_filter *f, const char *text, char *expected);

static void check_taken(take_fn *take, const char *text)
{
	struct rg_filter f = {};

	if (!take(&f, text, expected))
		fail_msg("\"%s\" was refused: expected %s", text, expected);
	assert_true(rg_filter_is_set(&f));
}

static void check_refused(take_fn *take, const char *text, const char *why)
{
	struct rg_filter f = {};

	expected[0] = '\0';
	if (take(&f, text, expected))
		fail_msg("\"%s\" was taken", text);
	if (!strstr(expected, why))
		fail_msg("\"%s\": expected %s", text, expected);
	/* Half a condition is none. */
	assert_false(rg_filter_is_set(&f));
}

static void test_clients_taken(void **unused)
{
	struct rg_filter f = {};

	(void)unused;
	assert_true(rg_filter_client(&f, "10.77.2.2", expected));
	assert_int_equal(f.family, AF_INET);
	assert_int_equal(f.prefix, 32);
	assert_null(f.name);
	assert_true(rg_filter_client(&f, "fd00::1/7", expected));
	assert_int_equal(f.family, AF_INET6);
	assert_int_equal(f.prefix, 7);
	check_taken(rg_filter_client, "0.0.0.0/0");
	check_taken(rg_filter_client, "::/128");
	check_taken(rg_filter_client, "::ffff:10.0.0.1");
	/* Names: whatever does not look like an address. */
	check_taken(rg_filter_client, "Linux NFSv4.2 cli");
	check_taken(rg_filter_client, "a/b");
	check_taken(rg_filter_client, "10");
	check_taken(rg_filter_client, "beef");
	check_taken(rg_filter_client, "host.example.com");

	check_refused(rg_filter_client, "", "an address");
	check_refused(rg_filter_client, "10.77.2", "an address");
	check_refused(rg_filter_client, "10.77.2.256", "an address");
	check_refused(rg_filter_client, "10.0/8", "an address");
	check_refused(rg_filter_client, ":::", "an address");
	check_refused(rg_filter_client, "fd00::1::2", "an address");
	check_refused(rg_filter_client, "/8.", "an address");
	check_refused(rg_filter_client,
		      "1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb:cccc:dddd",
		      "an address");
	check_refused(rg_filter_client, "10.0.0.0/33", "0 to 32");
	check_refused(rg_filter_client, "10.0.0.0/", "0 to 32");
	check_refused(rg_filter_client, "10.0.0.0/8/8", "0 to 32");
	check_refused(rg_filter_client, "fd00::/129", "0 to 128");
	check_refused(rg_filter_client, "fd00::/99999999999999999999", "0 to 128");
}

static void test_files_taken(void **unused)
{
	struct rg_filter f = {};

	(void)unused;
	assert_true(rg_filter_file(&f, "131", expected));
	assert_true(f.by_fileid && f.fileid == 131 && !f.path);
	assert_true(rg_filter_file(&f, "18446744073709551615", expected));
	assert_true(f.fileid == ~0ULL);
	/* Too large for a fileid: so it is a name. */
	assert_true(rg_filter_file(&f, "18446744073709551616", expected));
	assert_true(!f.by_fileid && f.path);
	assert_true(rg_filter_file(&f, "/131", expected));
	assert_string_equal(f.path, "/131");
	check_refused(rg_filter_file, "", "a fileid");
}

static void test_lists_taken(void **unused)
{
	struct rg_filter f = {};

	(void)unused;
	assert_true(rg_filter_ops(&f, "LOCK", expected));
	assert_true(f.ops == 1ULL << RG_REC_LOCK);
	assert_true(rg_filter_ops(&f, "lock,Open,NLM_LOCK,lock", expected));
	assert_true(f.ops == (1ULL << RG_REC_LOCK | 1ULL << RG_REC_OPEN | 1ULL << RG_REC_NLM_LOCK));
	for (__u32 op = RG_REC_NONE + 1; op < RG_NR_RECORD_OPS; op++)
		check_taken(rg_filter_ops, rg_record_op_name(op));
	check_refused(rg_filter_ops, "", "EXCHANGE_ID, CREATE_SESSION,");
	check_refused(rg_filter_ops, "LOCKED", ", KEPT_ENDED, LOST");
	check_refused(rg_filter_ops, "LOCK,", "GATE");
	check_refused(rg_filter_ops, ",LOCK", "GATE");
	check_refused(rg_filter_ops, "LOCK OPEN", "GATE");
	check_refused(rg_filter_ops, "?", "GATE");
	check_refused(rg_filter_ops, "LOCKLOCKLOCKLOCKLOCKLOCKLOCKLOCKLOCK", "GATE");
	/* All of them are named. */
	assert_in_range(strlen(expected), 100, sizeof(expected) - 2);
	for (__u32 op = RG_REC_NONE + 1; op < RG_NR_RECORD_OPS; op++)
		assert_non_null(strstr(expected, rg_record_op_name(op)));

	assert_true(rg_filter_sides(&f, "server,gate", expected));
	assert_int_equal(f.sides, 1U << RG_SIDE_SERVER | 1U << RG_SIDE_GATE);
	check_refused(rg_filter_sides, "Server", "server, client, gate");
	check_refused(rg_filter_sides, "", "server, client, gate");
	check_refused(rg_filter_sides, "server,client,gate,", "server, client, gate");
}

/* ---- deciding ---- */

static void check(const struct rg_filter *f, const struct rg_record *r, bool wanted, int at)
{
	if (rg_filter_wants(f, r) != wanted)
		fail_msg("line %d: %s", at, wanted ? "not wanted" : "wanted");
}
#define WANTED(f, r) check(f, r, true, __LINE__)
#define NOT_WANTED(f, r) check(f, r, false, __LINE__)

static void test_by_address(void **unused)
{
	static const struct {
		const char *filter;
		bool wanted;
	} cases[] = {
		{"10.77.2.2", true},	 {"10.77.2.3", false},	      {"10.77.2.0/24", true},
		{"10.77.3.0/24", false}, {"10.0.0.0/8", true},	      {"11.0.0.0/8", false},
		{"10.77.2.0/30", true},	 {"10.77.2.4/30", false},     {"10.77.2.3/31", true},
		{"0.0.0.0/0", true},	 {"128.0.0.0/1", false},      {"0.0.0.0/1", true},
		{"::/0", false},	 {"::ffff:10.77.2.2", false},
	};
	struct rg_record r = unit_lock_record();

	(void)unused;
	for (size_t i = 0; i < UNIT_COUNT(cases); i++) {
		struct rg_filter f = {};

		assert_true(rg_filter_client(&f, cases[i].filter, expected));
		if (rg_filter_wants(&f, &r) != cases[i].wanted)
			fail_msg("%s", cases[i].filter);
	}
}

static void test_by_address_ipv6(void **unused)
{
	struct rg_record r = unit_lock_record(), mapped = unit_lock_record();
	struct rg_filter f = {}, v4 = {};

	(void)unused;
	r.family = AF_INET6;
	memcpy(r.addr, (__u8[16]){0xfd, 0x12, [15] = 1}, sizeof(r.addr));
	assert_true(rg_filter_client(&f, "fd12::1", expected));
	WANTED(&f, &r);
	assert_true(rg_filter_client(&f, "fd12::/16", expected));
	WANTED(&f, &r);
	assert_true(rg_filter_client(&f, "fd13::/16", expected));
	NOT_WANTED(&f, &r);
	assert_true(rg_filter_client(&f, "fd13::/15", expected));
	WANTED(&f, &r);
	/* IPv4 by a socket of IPv6. */
	mapped.family = AF_INET6;
	memcpy(mapped.addr, (__u8[16]){[10] = 0xff, [11] = 0xff, [12] = 10, 77, 2, 2}, 16);
	assert_true(rg_filter_client(&v4, "10.77.2.0/24", expected));
	WANTED(&v4, &mapped);
	NOT_WANTED(&v4, &r);
	/* No address that is known, and a process, has none. */
	r = unit_lock_record();
	r.family = 99;
	NOT_WANTED(&v4, &r);
	r.family = AF_INET;
	WANTED(&v4, &r);
	r.side = RG_SIDE_GATE;
	NOT_WANTED(&v4, &r);
	/* An original server is a peer like any other. */
	r.side = RG_SIDE_CLIENT;
	WANTED(&v4, &r);
}

static void test_by_name(void **unused)
{
	struct rg_record r = unit_lock_record();
	struct rg_filter f = {};

	(void)unused;
	assert_true(rg_filter_client(&f, "NFSv4.2", expected));
	WANTED(&f, &r);
	assert_true(rg_filter_client(&f, "nfsv4.2", expected));
	NOT_WANTED(&f, &r);
	/* Not beyond its end, and past a byte 0. */
	r.name_len = 12;
	assert_true(rg_filter_client(&f, "NFSv4.2", expected));
	NOT_WANTED(&f, &r);
	r.name_len = 20;
	r.name[1] = '\0';
	WANTED(&f, &r);
	memset(r.name, 'x', sizeof(r.name));
	r.name_len = 0xffff;
	assert_true(rg_filter_client(&f, "xxxx", expected));
	WANTED(&f, &r);
	r.side = RG_SIDE_GATE;
	NOT_WANTED(&f, &r);
}

static void test_by_file(void **unused)
{
	struct rg_filter f = {.mounts = &unit_mounts};
	struct rg_record r = unit_lock_record();

	(void)unused;
	assert_true(rg_filter_file(&f, "131", expected));
	WANTED(&f, &r);
	assert_true(rg_filter_file(&f, "132", expected));
	NOT_WANTED(&f, &r);
	assert_true(rg_filter_file(&f, "/srv/reexport/a/db", expected));
	WANTED(&f, &r);
	assert_true(rg_filter_file(&f, "port/a", expected));
	WANTED(&f, &r);
	assert_true(rg_filter_file(&f, "/db", expected));
	WANTED(&f, &r);
	assert_true(rg_filter_file(&f, "/db/", expected));
	NOT_WANTED(&f, &r);
	/* Where the mount is not known. */
	f.mounts = NULL;
	assert_true(rg_filter_file(&f, "/srv/reexport/a/db", expected));
	NOT_WANTED(&f, &r);
	assert_true(rg_filter_file(&f, "/a/db", expected));
	WANTED(&f, &r);
	/* The name of a section is no path; no path is none. */
	r.op = RG_REC_STATE_MANAGER_FAILED;
	NOT_WANTED(&f, &r);
	r.op = RG_REC_LOCK;
	r.path[0] = '\0';
	NOT_WANTED(&f, &r);
	/* What has no file is not file 0. */
	r = (struct rg_record){.op = RG_REC_GRACE_START};
	assert_true(rg_filter_file(&f, "0", expected));
	NOT_WANTED(&f, &r);
	r.dev = 45;
	WANTED(&f, &r);
}

static void test_what_went_wrong(void **unused)
{
	struct rg_filter errors = {.errors = true}, downgrades = {.downgrades = true},
			 both = {.errors = true, .downgrades = true};
	struct rg_record r = unit_lock_record();

	(void)unused;
	WANTED(&errors, &r);
	WANTED(&downgrades, &r);
	WANTED(&both, &r);
	/* An error that is none. */
	r.downgrade = RG_DOWNGRADE_NONE;
	WANTED(&errors, &r);
	NOT_WANTED(&downgrades, &r);
	WANTED(&both, &r);
	/* Granted, and less than it was. */
	r.downgrade = RG_DOWNGRADE_GRANTED_AS_NEW;
	r.status = 0;
	NOT_WANTED(&errors, &r);
	WANTED(&downgrades, &r);
	WANTED(&both, &r);
	r.downgrade = RG_DOWNGRADE_NONE;
	NOT_WANTED(&both, &r);
	/* Nothing answered. */
	r.status = 10033;
	r.status_kind = RG_STATUS_NONE;
	NOT_WANTED(&errors, &r);
}

static void test_by_kind(void **unused)
{
	struct rg_record r = unit_lock_record();
	struct rg_filter f = {};

	(void)unused;
	WANTED(&f, &r);
	assert_true(rg_filter_ops(&f, "OPEN,LOCK", expected));
	WANTED(&f, &r);
	r.op = RG_REC_NLM_LOCK;
	NOT_WANTED(&f, &r);
	r.op = 999;
	NOT_WANTED(&f, &r);
	r.op = RG_REC_LOCK;
	assert_true(rg_filter_sides(&f, "client,gate", expected));
	NOT_WANTED(&f, &r);
	r.side = RG_SIDE_CLIENT;
	WANTED(&f, &r);
	r.side = 200;
	NOT_WANTED(&f, &r);
	/* That something is missing is for everybody. */
	f = (struct rg_filter){.errors = true, .name = "nobody", .ops = 1ULL << RG_REC_LOCK};
	r = (struct rg_record){.op = RG_REC_LOST};
	WANTED(&f, &r);
}

/* All that are set must be met. */
static void test_together(void **unused)
{
	(void)unused;
	for (unsigned int wrong = 0; wrong < 16; wrong++) {
		struct rg_record r = unit_lock_record();
		struct rg_filter f = {};

		assert_true(rg_filter_client(&f, wrong & 1 ? "10.1.1.1" : "10.77.2.2", expected));
		assert_true(rg_filter_file(&f, wrong & 2 ? "132" : "131", expected));
		assert_true(rg_filter_ops(&f, wrong & 4 ? "OPEN" : "LOCK", expected));
		assert_true(rg_filter_sides(&f, wrong & 8 ? "client" : "server", expected));
		assert_int_equal(rg_filter_wants(&f, &r), wrong == 0);
	}
}

static void test_any_bytes(void **unused)
{
	static const char *const clients[] = {"10.0.0.0/8", "::/3", "x", "0.0.0.0/0"};
	static const char *const files[] = {"0", "/", "a"};
	struct rg_record *r = malloc(sizeof(*r)); /* ASan watches its end */
	__u64 seed = 7;
	unsigned int wanted = 0;

	(void)unused;
	unit_need(r);
	for (int i = 0; i < 200000; i++) {
		struct rg_filter f = {.mounts = &unit_mounts,
				      .errors = unit_below(&seed, 4) == 0,
				      .downgrades = unit_below(&seed, 4) == 0};

		unit_any_record(&seed, r);
		if (unit_below(&seed, 2))
			f.ops = unit_random(&seed);
		if (unit_below(&seed, 2))
			rg_filter_client(&f, clients[unit_below(&seed, UNIT_COUNT(clients))],
					 expected);
		if (unit_below(&seed, 2))
			rg_filter_file(&f, files[unit_below(&seed, UNIT_COUNT(files))], expected);
		wanted += rg_filter_wants(&f, r);
	}
	assert_in_range(wanted, 1000, 199000);
	free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_clients_taken),	cmocka_unit_test(test_files_taken),
		cmocka_unit_test(test_lists_taken),	cmocka_unit_test(test_by_address),
		cmocka_unit_test(test_by_address_ipv6), cmocka_unit_test(test_by_name),
		cmocka_unit_test(test_by_file),		cmocka_unit_test(test_what_went_wrong),
		cmocka_unit_test(test_by_kind),		cmocka_unit_test(test_together),
		cmocka_unit_test(test_any_bytes),
	};

	return cmocka_run_group_tests_name("filter", tests, NULL, NULL);
}
