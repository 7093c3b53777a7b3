// SPDX-License-Identifier: GPL-2.0-only
/* The role of an original server, as far as it needs no kernel: names, when something of a client
 * is kept still, the options of the role, and that docs/original.md has every counter. */
#include "unit.h"
#include "unit_text.h"

#include "cli/verbs.h"
#include "original/original.h"

static void test_names(void **unused)
{
	(void)unused;
	for (__u32 i = 0; i < RG_NR_ORG_COUNTERS; i++) {
		assert_non_null(rg_org_counter_name(i));
		for (__u32 j = 0; j < i; j++)
			assert_string_not_equal(rg_org_counter_name(i), rg_org_counter_name(j));
	}
	assert_null(rg_org_counter_name(RG_NR_ORG_COUNTERS));
	assert_null(rg_org_counter_name(0xffffffff));
	for (__u32 i = 0; i < RG_NR_ORG_MODES; i++)
		assert_int_equal(rg_org_mode_of(rg_org_mode_name(i)), i);
	assert_string_equal(rg_org_mode_name(RG_NR_ORG_MODES), "?");
	assert_int_equal(rg_org_mode_of("loud"), -1);
	assert_int_equal(rg_org_mode_of(""), -1);
}

/* Time alone ends it, and so does the last range; an overflow only time. */
static void test_is_active(void **unused)
{
	struct rg_keeper k = {.until_ns = 100, .left = 2};

	(void)unused;
	assert_true(rg_keeper_is_active(&k, 0));
	assert_true(rg_keeper_is_active(&k, 99));
	assert_false(rg_keeper_is_active(&k, 100));
	assert_false(rg_keeper_is_active(&k, ~0ULL));
	k.left = 0;
	assert_false(rg_keeper_is_active(&k, 0));
	k.overflow = 1;
	assert_true(rg_keeper_is_active(&k, 99));
	assert_false(rg_keeper_is_active(&k, 100));
	k.until_ns = 0; /* let go of, as knfsd shut down */
	assert_false(rg_keeper_is_active(&k, 0));
}

static int mixed(__u64 given, bool original)
{
	struct rg_options o = {.verb = "enable", .given = given, .original = original};
	int err = -1;

	assert_int_equal(rg_is_original(&o, &err), original);
	return err;
}

static void test_options_of_one_role(void **unused)
{
	const __u64 role = RG_TAKES(RG_OPT_ROLE);

	(void)unused;
	assert_int_equal(mixed(0, false), RG_DONE);
	assert_int_equal(mixed(role, false), RG_DONE);
	assert_int_equal(mixed(role, true), RG_DONE);
	assert_int_equal(mixed(role | RG_TAKES(RG_OPT_MODE) | RG_TAKES(RG_OPT_KEEP_FOR), true),
			 RG_DONE);
	assert_int_equal(mixed(RG_TAKES(RG_OPT_MODE), false), RG_USAGE);
	assert_int_equal(mixed(role | RG_TAKES(RG_OPT_KEEP_FOR), false), RG_USAGE);
	assert_int_equal(mixed(role | RG_TAKES(RG_KEY_SCOPE), true), RG_USAGE);
	assert_int_equal(mixed(role | RG_TAKES(RG_OPT_NETNS), true), RG_USAGE);
}

static void test_parsed(void **unused)
{
	char *good[] = {"enable", "--role", "original", "--mode=quiet", "--keep-for", "2min", NULL};
	char *bad[][5] = {
		{"enable", "--role", "origin", NULL},
		{"enable", "--role=original", "--mode", "loud", NULL},
		{"enable", "--role=original", "--keep-for", "0s", NULL},
		{"enable", "--role=original", "--keep-for", "61min", NULL},
	};
	struct rg_options o;

	(void)unused;
	assert_int_equal(rg_options_parse("enable", 6, good, RG_TAKES_ORIGINAL, &o), RG_DONE);
	assert_true(o.original);
	assert_int_equal(o.mode, RG_ORG_QUIET);
	assert_int_equal(o.keep_for_s, 120);
	rg_options_free(&o);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		int n = 0;

		while (bad[i][n])
			n++;
		assert_int_equal(rg_options_parse("enable", n, bad[i], RG_TAKES_ORIGINAL, &o),
				 RG_USAGE);
		rg_options_free(&o);
	}
}

static void test_documented(void **unused)
{
	char *text = unit_text(UNIT_SOURCE "docs/original.md");

	(void)unused;
	for (__u32 i = 0; i < RG_NR_ORG_COUNTERS; i++) {
		char cell[64];

		snprintf(cell, sizeof(cell), "| `%s` |", rg_org_counter_name(i));
		if (!strstr(text, cell))
			fail_msg("docs/original.md: %s is not there", cell);
	}
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_is_active),
		cmocka_unit_test(test_options_of_one_role),
		cmocka_unit_test(test_parsed),
		cmocka_unit_test(test_documented),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
