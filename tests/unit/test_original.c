// SPDX-License-Identifier: GPL-2.0-only
/* The role of an original server, as far as it needs no kernel: names, when something of a client
 * is kept still, the options of the role, and that docs/original.md has every counter. */
#include "unit.h"
#include "unit_text.h"

#include <arpa/inet.h>

#include "cli/verbs.h"
#include "base/names.h"
#include "original/original.h"
#include "policy/pattern.h"
#include "record/kept_event.h"
#include "rg_org_asked.h"
#include "rg_org_cells.h"

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

/* Time ends it without a program that tells so; everything else is told by one. */
static void test_over(void **unused)
{
	struct rg_keeper k = {.until_ns = 100,
			      .left = 2,
			      .gen = 7,
			      .netns = 4026531840,
			      .cl_boot = 1,
			      .cl_id = 2,
			      .minorversion = 2,
			      .family = AF_INET,
			      .name_len = 100,
			      .addr = {10, 77, 3, 2},
			      .name = "Linux NFSv4.2 box"};
	struct rg_keeper_reported told = {};
	struct rg_record r;

	(void)unused;
	/* It was over when the tracer looked first. */
	assert_false(rg_kept_over(&told, &k, 100, &r));
	assert_false(rg_kept_over(&told, &k, 99, &r));
	assert_true(rg_kept_over(&told, &k, 150, &r));
	assert_int_equal(r.op, RG_REC_KEPT_ENDED);
	assert_int_equal(r.how, RG_KEPT_OVER);
	assert_int_equal(r.time_ns, 100);
	assert_int_equal(r.value, 2);
	assert_int_equal(r.netns, 4026531840);
	assert_int_equal(r.cl_id, 2);
	assert_int_equal(r.addr[1], 77);
	assert_string_equal(r.name, "Linux NFSv4.2 box");
	assert_true(r.facts & RG_FACT_NAME_CUT);
	assert_false(rg_kept_over(&told, &k, 151, &r)); /* once */

	/* A program ended it, and told so. */
	k.until_ns = 300;
	assert_false(rg_kept_over(&told, &k, 200, &r));
	k.until_ns = 250;
	k.why = RG_KEPT_EXPIRED;
	assert_false(rg_kept_over(&told, &k, 260, &r));
	/* It took everything back. */
	k = (struct rg_keeper){.until_ns = 400, .left = 1};
	assert_false(rg_kept_over(&told, &k, 300, &r));
	k.left = 0;
	k.why = RG_KEPT_RETAKEN;
	assert_false(rg_kept_over(&told, &k, 500, &r));
	/* knfsd shut down. */
	k = (struct rg_keeper){.until_ns = 600, .left = 1};
	assert_false(rg_kept_over(&told, &k, 500, &r));
	k.until_ns = 0;
	k.why = RG_KEPT_SHUTDOWN;
	assert_false(rg_kept_over(&told, &k, 700, &r));
	/* The place is another client's. */
	k = (struct rg_keeper){.until_ns = 800, .left = 1};
	assert_false(rg_kept_over(&told, &k, 700, &r));
	k = (struct rg_keeper){.until_ns = 850, .left = 1, .gen = 1};
	assert_false(rg_kept_over(&told, &k, 900, &r));
	/* It rebooted again and had more time. */
	k = (struct rg_keeper){.until_ns = 1000, .overflow = 1, .gen = 2};
	assert_false(rg_kept_over(&told, &k, 900, &r));
	k.until_ns = 1100;
	assert_false(rg_kept_over(&told, &k, 1050, &r));
	assert_true(rg_kept_over(&told, &k, 1100, &r));
	assert_int_equal(r.time_ns, 1100);
}

/* As the kernel reckons the bytes of a struct flock. */
static void test_asked_range(void **unused)
{
	static const __s64 max = RG_ORG_OFFSET_MAX, min = -RG_ORG_OFFSET_MAX - 1;
	const struct {
		struct rg_org_flock fl;
		__s64 pos, size;
		bool good;
		__u64 start, end;
	} cases[] = {
		{{.start = 5, .len = 1}, 100, 200, true, 5, 5},
		{{.start = 5}, 100, 200, true, 5, RG_ORG_OFFSET_MAX},
		{{.whence = 1, .start = -1, .len = 2}, 100, 200, true, 99, 100},
		{{.whence = 2, .start = 3, .len = -5}, 100, 200, true, 198, 202},
		{{.whence = 2}, 100, 200, true, 200, RG_ORG_OFFSET_MAX},
		{{.start = 5, .len = -5}, 0, 0, true, 0, 4},
		{{.start = max, .len = 1}, 0, 0, true, max, max},
		{{.start = 0, .len = max}, 0, 0, true, 0, max - 1},
		{{.start = 5, .len = -6}, 0, 0, false, 0, 0},
		{{.start = -1}, 0, 0, false, 0, 0},
		{{.start = max, .len = 2}, 0, 0, false, 0, 0},
		{{.whence = 1, .start = max}, 1, 0, false, 0, 0},
		{{.whence = 1, .start = min}, max, 0, false, 0, 0},
		{{.start = 0, .len = min}, 0, 0, false, 0, 0},
		{{.start = max, .len = min}, 0, 0, false, 0, 0},
		{{.whence = 3}, 0, 0, false, 0, 0},
		{{.whence = -1}, 0, 0, false, 0, 0},
		{{.whence = 1}, -1, 0, false, 0, 0},
	};

	(void)unused;
	for (size_t i = 0; i < UNIT_COUNT(cases); i++) {
		__u64 start = 0, end = 0;

		assert_int_equal(rg_org_asked_range(&cases[i].fl, cases[i].pos, cases[i].size,
						    &start, &end),
				 cases[i].good ? 0 : -1);
		assert_true(start == cases[i].start && end == cases[i].end);
	}
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
	assert_int_equal(mixed(role | RG_TAKES(RG_KEY_ORG_MODE) | RG_TAKES(RG_KEY_ORG_KEEP_FOR) |
				       RG_TAKES(RG_OPT_CONFIG),
			       true),
			 RG_DONE);
	assert_int_equal(mixed(RG_TAKES(RG_KEY_ORG_MODE), false), RG_USAGE);
	assert_int_equal(mixed(role | RG_TAKES(RG_KEY_ORG_KEEP_FOR), false), RG_USAGE);
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
	assert_int_equal(o.n_settings, 2);
	assert_int_equal(o.settings[0].key, RG_KEY_ORG_MODE);
	assert_string_equal(o.settings[0].value, "quiet");
	assert_int_equal(o.settings[1].key, RG_KEY_ORG_KEEP_FOR);
	assert_string_equal(o.settings[1].value, "2min");
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

/* A pattern, a client's address and name, and whether it is chosen. */
static void test_patterns(void **unused)
{
	static const struct {
		const char *pattern;
		const char *address, *name;
		bool chosen;
	} cases[] = {
		{"10.77.2.2", "10.77.2.2", "x", true},
		{"10.77.2.2", "10.77.2.3", "10.77.2.2", false},
		{"10.77.2.0/24", "10.77.2.200", "", true},
		{"10.77.2.0/25", "10.77.2.200", "", false},
		{"10.77.2.128/25", "10.77.2.200", "", true},
		{"0.0.0.0/0", "1.2.3.4", "", true},
		{"0.0.0.0/0", "fd00::1", "", false},
		{"fd00::/8", "fd12::1", "", true},
		{"fd00::/8", "fe12::1", "", false},
		{"::1", "::1", "", true},
		{"::1", "::2", "", false},
		{"rex", "1.2.3.4", "rex", true},
		{"rex", "1.2.3.4", "rex1", false},
		{"rex*", "1.2.3.4", "rex", true},
		{"rex*", "1.2.3.4", "Linux rex", false},
		{"*rex", "1.2.3.4", "Linux NFSv4.2 rex", true},
		{"*rex", "1.2.3.4", "Linux NFSv4.2 rexrex", true},
		{"*rex", "1.2.3.4", "Linux NFSv4.2 rexer", false},
		{"Linux NFSv4.? rex*", "1.2.3.4", "Linux NFSv4.1 rex-a/0x77", true},
		{"Linux NFSv4.? rex*", "1.2.3.4", "Linux NFSv4. rex", false},
		{"*a*b*c*", "1.2.3.4", "xxaxxbxxcxx", true},
		{"*a*b*c*", "1.2.3.4", "xxcxxbxxaxx", false},
		{"*aab", "1.2.3.4", "aaaaaaaaaaab", true},
		{"?", "1.2.3.4", "", false},
		{"*", "1.2.3.4", "", true},
		{"**", "1.2.3.4", "x", true},
	};

	(void)unused;
	for (size_t i = 0; i < UNIT_COUNT(cases); i++) {
		const __u16 family = strchr(cases[i].address, ':') ? AF_INET6 : AF_INET;
		char text[RG_PATTERN_TEXT];
		struct rg_org_peer peer;
		__u8 addr[16] = {};

		assert_int_equal(inet_pton(family, cases[i].address, addr), 1);
		assert_true(rg_pattern_of(cases[i].pattern, &peer));
		assert_string_equal(rg_pattern_text(&peer, text), cases[i].pattern);
		if (rg_pattern_chooses(&peer, family, addr, (const __u8 *)cases[i].name,
				       (__u32)strlen(cases[i].name)) != cases[i].chosen)
			fail_msg("%s: %s %s: expected %d", cases[i].pattern, cases[i].address,
				 cases[i].name, cases[i].chosen);
	}
}

/* The most that a pattern and a name can ask for is done in RG_ORG_GLOB_STEPS; of a longer name
 * what is there decides. */
static void test_long_names(void **unused)
{
	char pattern[RG_ORG_PATTERN + 2] = "*";
	__u8 name[4 * RG_ORG_NAME], addr[16] = {};
	struct rg_org_peer peer;

	(void)unused;
	memset(name, 'a', sizeof(name));
	memset(pattern + 1, 'a', RG_ORG_PATTERN - 2);
	pattern[RG_ORG_PATTERN - 1] = 'b';
	assert_true(rg_pattern_of(pattern, &peer));
	assert_false(rg_pattern_chooses(&peer, 0, addr, name, RG_ORG_NAME));
	name[RG_ORG_NAME - 1] = 'b';
	assert_true(rg_pattern_chooses(&peer, 0, addr, name, RG_ORG_NAME));
	assert_true(rg_pattern_chooses(&peer, 0, addr, name, RG_ORG_NAME + 1));
	assert_true(rg_pattern_of("a*z", &peer));
	assert_false(rg_pattern_chooses(&peer, 0, addr, name, RG_ORG_NAME));
	assert_true(rg_pattern_chooses(&peer, 0, addr, name, sizeof(name)));
	assert_true(rg_pattern_of("b*", &peer));
	assert_false(rg_pattern_chooses(&peer, 0, addr, name, sizeof(name)));
	pattern[RG_ORG_PATTERN] = 'b';
	assert_false(rg_pattern_of(pattern, &peer));
	assert_false(rg_pattern_of("", &peer));
	assert_false(rg_pattern_of("a\tb", &peer));
	assert_false(rg_pattern_of("r\303\251x", &peer));
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

/* Is a range found in one of the cells that a request looks at? */
static bool is_met(__u64 start, __u64 end, __u64 from, __u64 to)
{
	__u32 class = rg_org_class_of(start, end);
	__u64 first, n = rg_org_cells_of(from, to, class, &first);

	return rg_org_cell_of(start, class) >= first && rg_org_cell_of(start, class) - first < n;
}

static void test_cells(void **unused)
{
	const __u64 most = 0x7fffffffffffffff;
	const __u64 edges[] = {0,
			       1,
			       2,
			       7,
			       8,
			       9,
			       62,
			       63,
			       64,
			       65,
			       511,
			       512,
			       1 << 30,
			       4096,
			       most - 8,
			       most - 1,
			       most,
			       most / 2,
			       most / 2 + 1,
			       most / 8,
			       most / 64,
			       (most >> 3) + 1};

	(void)unused;
	assert_int_equal(rg_org_class_of(5, 5), 0);
	assert_int_equal(rg_org_class_of(5, 12), 1);
	assert_int_equal(rg_org_class_of(5, 13), 2);
	assert_int_equal(rg_org_class_of(0, most), RG_ORG_CLASSES - 1);
	for (size_t a = 0; a < UNIT_COUNT(edges); a++)
		for (size_t b = 0; b < UNIT_COUNT(edges); b++)
			for (size_t c = 0; c < UNIT_COUNT(edges); c++)
				for (size_t d = 0; d < UNIT_COUNT(edges); d++) {
					const __u64 start = edges[a], end = edges[b];
					const __u64 from = edges[c], to = edges[d];

					if (start > end || from > to || end < from || start > to)
						continue;
					assert_true(is_met(start, end, from, to));
				}
	/* A request of a byte looks at two cells of any class. */
	for (__u32 class = 0; class < RG_ORG_CLASSES; class ++) {
		__u64 first;

		assert_int_equal(rg_org_cells_of(most, most, class, &first),
				 rg_org_cell_of(most, class) ? 2 : 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_is_active),
		cmocka_unit_test(test_over),
		cmocka_unit_test(test_asked_range),
		cmocka_unit_test(test_options_of_one_role),
		cmocka_unit_test(test_parsed),
		cmocka_unit_test(test_patterns),
		cmocka_unit_test(test_long_names),
		cmocka_unit_test(test_documented),
		cmocka_unit_test(test_cells),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
