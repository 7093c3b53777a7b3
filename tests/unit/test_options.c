// SPDX-License-Identifier: GPL-2.0-only
/* The command line: times, and which options are taken, by their full name. */
#include "unit.h"

#include "cli/options.h"
#include "loader/log.h"
#include "loader/names.h"

#define ALL_OPTIONS ((1u << RG_NR_OPTIONS) - 1)

/* ---- times ---- */

static void test_seconds(void **unused)
{
	static const struct {
		const char *text;
		long min, max, expected;
	} cases[] = {
		{"0", 0, 3600, 0},
		{"90", 0, 3600, 90},
		{"90s", 0, 3600, 90},
		{"090", 0, 3600, 90}, /* not octal */
		{"15min", 0, 3600, 900},
		{"15m", 0, 3600, 900},
		{"1h", 0, 3600, 3600},
		{"0h", 0, 3600, 0},
		{"24h", 1, 86400, 86400},
		/* the edges */
		{"0", 1, 3600, -1},
		{"1", 1, 3600, 1},
		{"3600", 0, 3600, 3600},
		{"3601", 0, 3600, -1},
		{"60min", 0, 3600, 3600},
		{"61min", 0, 3600, -1},
		{"2h", 0, 3600, -1},
		{"1h", 0, 3599, -1},
		{"1min", 61, 3600, -1},
		/* too large for a long, and only so once multiplied */
		{"9223372036854775807", 0, 3600, -1},
		{"9223372036854775808", 0, 3600, -1},
		{"99999999999999999999999", 0, 3600, -1},
		{"9223372036854775807h", 0, 9223372036854775807L, -1},
		{"2562047788015216h", 0, 9223372036854775807L, -1},
		{"2562047788015215h", 0, 9223372036854775807L, 9223372036854774000L},
		{"9223372036854775807", 0, 9223372036854775807L, 9223372036854775807L},
		/* not times */
		{"", 0, 3600, -1},
		{"-1", 0, 3600, -1},
		{"+1", 0, 3600, -1},
		{" 1", 0, 3600, -1},
		{"1 ", 0, 3600, -1},
		{"1 s", 0, 3600, -1},
		{"5x", 0, 3600, -1},
		{"5S", 0, 3600, -1},
		{"5ms", 0, 3600, -1},
		{"5sec", 0, 3600, -1},
		{"5mins", 0, 3600, -1},
		{"5d", 0, 3600, -1},
		{"1.5h", 0, 3600, -1},
		{"1h30min", 0, 3600, -1},
		{"0x10", 0, 3600, -1},
		{"s", 0, 3600, -1},
		{"1\n", 0, 3600, -1},
	};

	(void)unused;
	for (size_t i = 0; i < UNIT_COUNT(cases); i++) {
		long got = rg_seconds_of(cases[i].text, cases[i].min, cases[i].max);

		if (got != cases[i].expected)
			fail_msg("\"%s\" in %ld..%ld is %ld, expected %ld", cases[i].text,
				 cases[i].min, cases[i].max, got, cases[i].expected);
	}
}

/* ---- parsing ---- */

static struct rg_options parsed;
static char said[4096];

static char verb[] = "verb";

/* Parse the words up to a NULL, the verb first; what was said is in `said`. */
static int parse(unsigned int takes, char **argv)
{
	struct unit_ear ear;
	int argc = 0, err, lines;

	while (argv[argc])
		argc++;
	unit_listen(&ear);
	err = rg_options_parse(argc, argv, takes, &parsed);
	lines = unit_heard(&ear);
	memcpy(said, ear.text, sizeof(said));
	/* One line for an error, which names the verb, and nothing without one. */
	assert_int_equal(lines, err ? 1 : 0);
	if (err)
		assert_non_null(strstr(said, "verb: "));
	return err;
}
#define PARSE(takes, ...) parse(takes, (char *[]){verb, ##__VA_ARGS__, NULL})

static void expect_refused(const char *part, int err, int line)
{
	if (err != RG_USAGE || !strstr(said, part))
		fail_msg("line %d: status %d, said \"%s\", expected %d and \"%s\"", line, err, said,
			 RG_USAGE, part);
}
#define REFUSED(part, takes, ...) expect_refused(part, PARSE(takes, __VA_ARGS__), __LINE__)

static void test_defaults(void **unused)
{
	(void)unused;
	memset(&parsed, 0xff, sizeof(parsed));
	assert_int_equal(PARSE(ALL_OPTIONS), RG_DONE);
	assert_int_equal(parsed.n_mounts, 0);
	assert_false(parsed.all || parsed.dry_run || parsed.json || parsed.help);
	assert_int_equal(parsed.action, RG_ACTION_HOLD);
	assert_int_equal(parsed.release, RG_RELEASE_GRACE_START);
	assert_int_equal(parsed.settle_s, RG_DEFAULT_SETTLE_TIME);
	assert_int_equal(parsed.max_hold_s, RG_DEFAULT_MAX_HOLD);
	assert_int_equal(parsed.force_rung, -1);
	assert_null(parsed.netns);
	assert_null(parsed.reason);
	assert_int_equal(parsed.given, 0);
}

static void test_every_option(void **unused)
{
	(void)unused;
	assert_int_equal(PARSE(ALL_OPTIONS, "--mount", "/a", "--mount=/b", "--all", "--action",
			       "audit", "--release=settled", "--settle-time", "2min",
			       "--max-hold=24h", "--netns", "blue", "--reason", "a b", "--dry-run",
			       "--json", "--force-rung", "fmod_ret", "--help"),
			 RG_DONE);
	assert_int_equal(parsed.n_mounts, 2);
	assert_string_equal(parsed.mounts[0], "/a");
	assert_string_equal(parsed.mounts[1], "/b");
	assert_true(parsed.all && parsed.dry_run && parsed.json && parsed.help);
	assert_int_equal(parsed.action, RG_ACTION_AUDIT);
	assert_int_equal(parsed.release, RG_RELEASE_SETTLED);
	assert_int_equal(parsed.settle_s, 120);
	assert_int_equal(parsed.max_hold_s, 86400);
	assert_string_equal(parsed.netns, "blue");
	assert_string_equal(parsed.reason, "a b");
	assert_int_equal(parsed.force_rung, RG_RUNG_FMOD_RET);
	assert_int_equal(parsed.given, ALL_OPTIONS);
}

static void test_given_is_what_was_given(void **unused)
{
	(void)unused;
	assert_int_equal(PARSE(ALL_OPTIONS, "--settle-time", "20s", "--all"), RG_DONE);
	assert_int_equal(parsed.given, RG_TAKES(RG_OPT_SETTLE_TIME) | RG_TAKES(RG_OPT_ALL));
	assert_int_equal(PARSE(0, "-h"), RG_DONE);
	assert_true(parsed.help);
	assert_int_equal(PARSE(0, "--help"), RG_DONE);
	assert_true(parsed.help);
	assert_int_equal(PARSE(0), RG_DONE); /* nothing left over of the last time */
	assert_false(parsed.help);
}

static void test_last_one_counts(void **unused)
{
	(void)unused;
	assert_int_equal(PARSE(ALL_OPTIONS, "--action=deny", "--action", "audit"), RG_DONE);
	assert_int_equal(parsed.action, RG_ACTION_AUDIT);
}

/* getopt_long() would take these. */
static void test_prefixes_are_refused(void **unused)
{
	(void)unused;
	REFUSED("--mou: no such option", ALL_OPTIONS, "--mou", "/a");
	REFUSED("--mou=/a: no such option", ALL_OPTIONS, "--mou=/a");
	REFUSED("--js: no such option", ALL_OPTIONS, "--js");
	REFUSED("--hel: no such option", 0, "--hel");
	REFUSED("--m: no such option", ALL_OPTIONS, "--m", "/a"); /* mount, max-hold */
	/* It is the one at fault that is named. */
	REFUSED("--dry: no such option", ALL_OPTIONS, "--mount", "/a", "--all", "--dry");
}

static void test_unknown_options(void **unused)
{
	(void)unused;
	REFUSED("--nonsense: no such option", ALL_OPTIONS, "--nonsense");
	REFUSED("-x: no such option", ALL_OPTIONS, "-x");
	REFUSED("--mounts: no such option", ALL_OPTIONS, "--mounts", "/a");
	REFUSED("--MOUNT: no such option", ALL_OPTIONS, "--MOUNT", "/a");
	REFUSED("--all: takes no value", ALL_OPTIONS, "--all=yes");
}

static void test_option_of_another_verb(void **unused)
{
	const unsigned int takes = RG_TAKES(RG_OPT_JSON);

	(void)unused;
	assert_int_equal(PARSE(takes, "--json"), RG_DONE);
	REFUSED("--mount: no such option", takes, "--mount", "/a");
	REFUSED("--netns: no such option", takes, "--json", "--netns", "1");
	REFUSED("--json: no such option", RG_TAKES(RG_OPT_NETNS), "--json");
}

static void test_missing_value(void **unused)
{
	(void)unused;
	REFUSED("--mount: needs a value", ALL_OPTIONS, "--mount");
	REFUSED("--release: needs a value", ALL_OPTIONS, "--all", "--release");
	REFUSED("--settle-time : expected", ALL_OPTIONS, "--settle-time=");
}

static void test_stray_argument(void **unused)
{
	(void)unused;
	REFUSED("/srv: takes no such argument", ALL_OPTIONS, "/srv");
	REFUSED("more: takes no such argument", ALL_OPTIONS, "--all", "more");
	REFUSED("more: takes no such argument", ALL_OPTIONS, "--all", "--", "more");
	/* An option behind it does not hide it. */
	REFUSED("more: takes no such argument", ALL_OPTIONS, "more", "--all");
	assert_int_equal(PARSE(ALL_OPTIONS, "--all", "--"), RG_DONE);
}

static void test_bad_values(void **unused)
{
	(void)unused;
	REFUSED("--action stop: expected hold|deny|audit", ALL_OPTIONS, "--action", "stop");
	REFUSED("--action HOLD: expected", ALL_OPTIONS, "--action=HOLD");
	REFUSED("--release now: expected grace-start|grace-end|settled", ALL_OPTIONS, "--release",
		"now");
	REFUSED("--release grace: expected", ALL_OPTIONS, "--release", "grace");
	REFUSED("--settle-time 5x: expected", ALL_OPTIONS, "--settle-time", "5x");
	REFUSED("--settle-time 61min: expected", ALL_OPTIONS, "--settle-time", "61min");
	REFUSED("--max-hold 0: expected", ALL_OPTIONS, "--max-hold", "0");
	REFUSED("--max-hold 25h: expected", ALL_OPTIONS, "--max-hold", "25h");
	REFUSED("--force-rung kprobe: expected", ALL_OPTIONS, "--force-rung", "kprobe");
	assert_int_equal(PARSE(ALL_OPTIONS, "--settle-time", "0", "--max-hold", "1"), RG_DONE);
	assert_int_equal(parsed.settle_s, 0);
	assert_int_equal(parsed.max_hold_s, 1);
}

static void test_many_mounts(void **unused)
{
	static char option[] = "--mount", path[RG_MAX_PATHS + 1][24];
	char *words[2 * (RG_MAX_PATHS + 1) + 2] = {verb};
	size_t n = 1;

	(void)unused;
	for (int i = 0; i <= RG_MAX_PATHS; i++) {
		snprintf(path[i], sizeof(path[i]), "/mnt/%d", i);
		words[n++] = option;
		words[n++] = path[i];
	}
	words[n] = NULL;
	assert_int_equal(parse(ALL_OPTIONS, words), RG_USAGE);
	assert_non_null(strstr(said, "--mount: 256 at most"));
	words[n - 2] = NULL;
	assert_int_equal(parse(ALL_OPTIONS, words), RG_DONE);
	assert_int_equal(parsed.n_mounts, RG_MAX_PATHS);
	for (int i = 0; i < RG_MAX_PATHS; i++)
		assert_ptr_equal(parsed.mounts[i], path[i]);
}

/* ---- --help ---- */

static void test_help(void **unused)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	(void)unused;
	assert_non_null(out);
	rg_options_help(out, RG_TAKES(RG_OPT_JSON) | RG_TAKES(RG_OPT_FORCE_RUNG) |
				     RG_TAKES(RG_OPT_ACTION));
	fclose(out);
	assert_non_null(strstr(text, "  --json "));
	assert_non_null(strstr(text, "  --action hold|deny|audit"));
	assert_non_null(strstr(text, "  --help "));
	assert_null(strstr(text, "--force-rung")); /* for tests only */
	assert_null(strstr(text, "--mount"));
	free(text);
}

/* The defaults that --help tells are those there are. */
static void test_help_tells_the_defaults(void **unused)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	(void)unused;
	assert_non_null(out);
	rg_options_help(out, ALL_OPTIONS);
	fclose(out);
	assert_int_equal(rg_seconds_of("20s", 0, RG_MAX_SETTLE_TIME), RG_DEFAULT_SETTLE_TIME);
	assert_non_null(strstr(text, "(20s)"));
	assert_int_equal(rg_seconds_of("15min", 1, RG_MAX_MAX_HOLD), RG_DEFAULT_MAX_HOLD);
	assert_non_null(strstr(text, "(15min)"));
	for (const char *at = text, *end; (end = strchr(at, '\n')); at = end + 1)
		assert_in_range(end - at, 1, 110);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_seconds),
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_every_option),
		cmocka_unit_test(test_given_is_what_was_given),
		cmocka_unit_test(test_last_one_counts),
		cmocka_unit_test(test_prefixes_are_refused),
		cmocka_unit_test(test_unknown_options),
		cmocka_unit_test(test_option_of_another_verb),
		cmocka_unit_test(test_missing_value),
		cmocka_unit_test(test_stray_argument),
		cmocka_unit_test(test_bad_values),
		cmocka_unit_test(test_many_mounts),
		cmocka_unit_test(test_help),
		cmocka_unit_test(test_help_tells_the_defaults),
	};

	return cmocka_run_group_tests_name("options", tests, NULL, NULL);
}
