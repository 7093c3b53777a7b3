// SPDX-License-Identifier: GPL-2.0-only
/* report: how it writes text and times, and finds things by their keys. */
#include "report.h"

/* ---- small parts ---- */

static void check_clean(const char *in, size_t len, const char *out)
{
	char *text = rg_clean(in, len);

	assert_string_equal(text, out);
	free(text);
}

static void test_clean(void **unused)
{
	char longest[2000];
	char *text;

	(void)unused;
	check_clean("", 0, "");
	check_clean("Linux NFSv4.2 cli", 17, "Linux NFSv4.2 cli");
	check_clean("gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x94\x92", 15,
		    "gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x94\x92");
	check_clean("a\nb\0c\x1b[31m\x7f", 11, "a\\012b\\000c\\033[31m\\177");
	check_clean("\xc2\x85", 2, "\\302\\205");
	check_clean("\xe2\x80\xaegnp", 6, "\\342\\200\\256gnp");
	check_clean("\xef\xbb\xbf", 3, "\\357\\273\\277");
	check_clean("\xf3\xa0\x81\x81", 4, "\\363\\240\\201\\201");
	/* No UTF-8: alone, cut off, longer than need be, a surrogate, out of range. */
	check_clean("\xff\x80", 2, "\\377\\200");
	check_clean("\xe2\x82", 2, "\\342\\202");
	check_clean("\xc0\xaf", 2, "\\300\\257");
	check_clean("\xed\xa0\x80", 3, "\\355\\240\\200");
	check_clean("\xf4\x90\x80\x80", 4, "\\364\\220\\200\\200");
	memset(longest, '\1', sizeof(longest));
	text = rg_clean(longest, sizeof(longest));
	assert_int_equal(strlen(text), 4UL * RG_REPORT_TEXT_MAX + strlen("…"));
	free(text);
}

static void test_time(void **unused)
{
	static const char *const bad[] = {"",
					  "2026-11-22T17:30:00",
					  "2026-11-22 17:30:00Z",
					  "2026-13-22T17:30:00Z",
					  "1869-11-22T17:30:00Z",
					  "2026-11-22T17:30:00.Zx",
					  "2026-11-22T17:30",
					  "22.11.2026"};
	const char *good = "2026-11-22T17:30:00.000000001Z";
	__u64 ns = 0;

	(void)unused;
	assert_true(rg_report_time_of(good, strlen(good), &ns));
	assert_true(ns == 1795368600000000001ULL);
	assert_true(rg_report_time_of("1970-01-01T00:00:01Z", 20, &ns));
	assert_true(ns == 1000000000ULL);
	for (size_t i = 0; i < UNIT_COUNT(bad); i++)
		assert_false(rg_report_time_of(bad[i], strlen(bad[i]), &ns));
}

/* However far apart: nothing is forgotten, and it fits. */
static void test_storm(void **unused)
{
	__u64 seed = 1;

	(void)unused;
	for (int round = 0; round < 200; round++) {
		__u64 span = 1ULL << unit_below(&seed, 64), n = 1 + unit_below(&seed, 500), sum = 0;
		struct rg_storm s = {};

		for (__u64 i = 0; i < n; i++)
			rg_storm_add(&s, unit_below(&seed, RG_NR_STORMS),
				     unit_random(&seed) % span);
		for (int k = 0; k < RG_NR_STORMS; k++)
			for (int i = 0; i < RG_STORM_BUCKETS; i++)
				sum += s.n[k][i];
		assert_int_equal(sum, n);
		assert_true(s.first_ns <= s.last_ns);
	}
}

static __u64 hash_of(const void *array, __u32 i)
{
	return ((const __u64 *)array)[i] / 3; /* some collide */
}

static bool is(const void *array, __u32 i, const void *key)
{
	return ((const __u64 *)array)[i] == *(const __u64 *)key;
}

static void test_index(void **unused)
{
	struct rg_index x = {};
	__u64 numbers[1000] = {}, none = 1;

	(void)unused;
	assert_int_equal(rg_index_find(&x, 0, is, numbers, &none), -1);
	for (__u32 i = 0; i < UNIT_COUNT(numbers); i++) {
		numbers[i] = 7ULL * i;
		rg_index_add(&x, hash_of(numbers, i), i, hash_of, numbers);
	}
	for (__u32 i = 0; i < UNIT_COUNT(numbers); i++)
		assert_int_equal(rg_index_find(&x, hash_of(numbers, i), is, numbers, &numbers[i]),
				 i);
	assert_int_equal(rg_index_find(&x, 0, is, numbers, &none), -1);
	rg_index_free(&x);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_clean),
		cmocka_unit_test(test_time),
		cmocka_unit_test(test_storm),
		cmocka_unit_test(test_index),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
