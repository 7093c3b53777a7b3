// SPDX-License-Identifier: GPL-2.0-only
/* The command line: times, and which options are taken, by their full name. */
#include "unit.h"

#include "cli/options.h"
#include "base/log.h"
#include "check/finding.h"
#include "metrics/metrics.h"
#include "base/names.h"

#define ALL_OPTIONS                                                                                \
	((~0ULL >> (64 - RG_NR_OPTIONS)) & ~(RG_TAKES(RG_OPT_FILE) | RG_TAKES(RG_OPT_FILES)))

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

static void test_seconds_text(void **unused)
{
	static const struct {
		long seconds;
		const char *text;
	} cases[] = {{0, "0s"},	      {1, "1s"},      {59, "59s"},    {60, "1min"},
		     {61, "61s"},     {90, "90s"},    {900, "15min"}, {3600, "1h"},
		     {3660, "61min"}, {86400, "24h"}, {3601, "3601s"}};

	(void)unused;
	for (size_t i = 0; i < UNIT_COUNT(cases); i++) {
		char buf[32];

		assert_string_equal(rg_seconds_text(cases[i].seconds, buf), cases[i].text);
		assert_int_equal(rg_seconds_of(buf, 0, 86400), cases[i].seconds);
	}
}

/* ---- parsing ---- */

static struct rg_options parsed;
static char said[4096];

static char verb[] = "ignored";

/* Parse the words up to a NULL; what was said is in `said`. */
static int parse(__u64 takes, char **argv)
{
	struct unit_ear ear;
	int argc = 0, err, lines;

	while (argv[argc])
		argc++;
	rg_options_free(&parsed);
	unit_listen(&ear);
	err = rg_options_parse("the verb", argc, argv, takes, &parsed);
	lines = unit_heard(&ear);
	memcpy(said, ear.text, sizeof(said));
	/* One line for an error, which names the verb, and nothing without one. */
	assert_int_equal(lines, err ? 1 : 0);
	if (err)
		assert_non_null(strstr(said, "the verb: "));
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

static int free_parsed(void **unused)
{
	(void)unused;
	rg_options_free(&parsed);
	return 0;
}

static void test_defaults(void **unused)
{
	(void)unused;
	assert_int_equal(PARSE(ALL_OPTIONS), RG_DONE);
	assert_string_equal(parsed.verb, "the verb");
	assert_int_equal(parsed.n_settings, 0);
	assert_null(parsed.config);
	assert_null(parsed.file);
	assert_false(parsed.dry_run || parsed.json || parsed.help);
	assert_int_equal(parsed.force_rung, -1);
	assert_int_equal(parsed.force_follow, -1);
	assert_int_equal(parsed.force_continue, -1);
	assert_int_equal(parsed.force_max_held, 0);
	assert_null(parsed.netns);
	assert_null(parsed.reason);
	for (size_t i = 0; i < RG_NR_TRACE_OPTIONS; i++)
		assert_null(parsed.trace[i]);
	assert_int_equal(parsed.given, 0);
}

static void test_every_option(void **unused)
{
	static const struct rg_setting expected[] = {
		{RG_KEY_MOUNT, "/a"},
		{RG_KEY_MOUNT, "/b"},
		{RG_KEY_ALL, "yes"},
		{RG_KEY_EXPORTS, "yes"},
		{RG_KEY_EXCEPT, "/a/c"},
		{RG_KEY_ACTION, "audit"},
		{RG_KEY_SCOPE, "opens"},
		{RG_KEY_RELEASE, "settled"},
		{RG_KEY_SETTLE_TIMEOUT, "lease"},
		{RG_KEY_SETTLE_QUIET, "2min"},
		{RG_KEY_MAX_HOLD, "24h"},
		{RG_KEY_ON_ORIGIN_NO_GRACE, "end-grace"},
		{RG_KEY_PROGRAM, "/bin/true"},
		{RG_KEY_STATE_DIR, "/state"},
		{RG_KEY_METRICS_DIR, "/metrics"},
		{RG_KEY_NOTIFY_NFSV3, "off"},
		{RG_KEY_MODULE, "require"},
		{RG_KEY_FORWARD, "proven"},
		{RG_KEY_ONLY_CLIENT, "yes"},
		{RG_KEY_ORG_MODE, "quiet"},
		{RG_KEY_ORG_KEEP_FOR, "2min"},
	};
	static const char *const trace[RG_NR_TRACE_OPTIONS] = {
		"10.0.0.0/8", "db", "LOCK", "server", "yes", "yes", "rec", "1M", "2", "5", "9s",
	};
	__u64 not_there = RG_TAKES(RG_KEY_DEFAULTS) | RG_TAKES(RG_KEY_LEDGER_INTERVAL) |
			  RG_TAKES(RG_KEY_METRICS_INTERVAL) | RG_TAKES(RG_KEY_RECORD) |
			  RG_TAKES(RG_KEY_RECORD_SIZE) | RG_TAKES(RG_KEY_ORG_EXPORT) |
			  RG_TAKES(RG_KEY_ORG_CLIENT);

	(void)unused;
	assert_int_equal(PARSE(ALL_OPTIONS, "--mount", "/a", "--mount=/b", "--all", "--exports",
			       "--except", "/a/c", "--action", "audit", "--scope", "opens",
			       "--release=settled", "--settle-timeout", "lease", "--settle-quiet",
			       "2min", "--max-hold=24h", "--on-origin-no-grace", "end-grace",
			       "--exempt", "/bin/true", "--state-dir", "/state", "--metrics-dir",
			       "/metrics", "--notify-nfsv3=off", "--module", "require",
			       "--forward=proven", "--only-client", "--format", "prometheus",
			       "--interval", "2min", "--once", "--config", "x", "--netns", "blue",
			       "--reason", "a b", "--dry-run", "--json", "--html", "--output",
			       "out", "--force-rung", "fmod_ret", "--force-max-held", "16384",
			       "--force-max-ranges=16384", "--force-without", "grace_end",
			       "--force-without=lock_done", "--client", "10.0.0.0/8", "--file=db",
			       "--op", "LOCK", "--side", "server", "--errors", "--downgrades",
			       "--record", "rec", "--record-size", "1M", "--record-keep", "2",
			       "--count", "5", "--duration", "9s", "--timeout", "1h", "--role",
			       "original", "--mode", "quiet", "--keep-for", "2min", "--yes",
			       "--verbose", "--severity", "warning", "--quiet", "--exit-code",
			       "--replay", "--speed", "1000", "--help"),
			 RG_DONE);
	assert_int_equal(parsed.n_settings, UNIT_COUNT(expected));
	for (size_t i = 0; i < UNIT_COUNT(expected); i++) {
		assert_int_equal(parsed.settings[i].key, expected[i].key);
		assert_string_equal(parsed.settings[i].value, expected[i].value);
	}
	assert_true(parsed.dry_run && parsed.json && parsed.html && parsed.help && parsed.once);
	assert_true(parsed.verbose && parsed.quiet && parsed.exit_code && parsed.replay);
	assert_int_equal(parsed.speed, 1000);
	assert_int_equal(parsed.severity, RG_WARNING);
	assert_int_equal(parsed.format, RG_METRICS_PROMETHEUS);
	assert_int_equal(parsed.interval_s, 120);
	assert_int_equal(parsed.timeout_s, 3600);
	assert_string_equal(parsed.output, "out");
	assert_string_equal(parsed.config, "x");
	assert_string_equal(parsed.netns, "blue");
	assert_string_equal(parsed.reason, "a b");
	assert_int_equal(parsed.force_rung, RG_RUNG_FMOD_RET);
	assert_int_equal(parsed.force_follow, -1);
	assert_int_equal(parsed.force_max_held, RG_MAX_HELD);
	assert_int_equal(parsed.force_max_ranges, RG_MAX_RANGES);
	assert_int_equal(parsed.force_left_out, 1u << RG_LINK_GRACE_END | 1u << RG_LINK_LOCK_DONE);
	for (size_t i = 0; i < RG_NR_TRACE_OPTIONS; i++)
		assert_string_equal(parsed.trace[i], trace[i]);
	assert_int_equal(parsed.given, ALL_OPTIONS & ~not_there);
}

static void test_given_is_what_was_given(void **unused)
{
	(void)unused;
	assert_int_equal(PARSE(ALL_OPTIONS, "--settle-quiet", "20s", "--all"), RG_DONE);
	assert_int_equal(parsed.given, RG_TAKES(RG_KEY_SETTLE_QUIET) | RG_TAKES(RG_KEY_ALL));
	assert_int_equal(PARSE(0, "-h"), RG_DONE);
	assert_true(parsed.help);
	/* Options of one letter, alone and together; a verb that does not take one refuses it. */
	assert_int_equal(PARSE(RG_TAKES(RG_OPT_VERBOSE) | RG_TAKES(RG_OPT_QUIET), "-vq"), RG_DONE);
	assert_true(parsed.verbose && parsed.quiet);
	assert_int_equal(parsed.given, RG_TAKES(RG_OPT_VERBOSE) | RG_TAKES(RG_OPT_QUIET));
	REFUSED("-v: no such option", RG_TAKES(RG_OPT_QUIET), "-v");
	REFUSED("-q: no such option", RG_TAKES(RG_OPT_VERBOSE), "-q");
	assert_int_equal(PARSE(0, "--help"), RG_DONE);
	assert_true(parsed.help);
	assert_int_equal(PARSE(0), RG_DONE); /* nothing left over of the last time */
	assert_false(parsed.help);
}

/* getopt_long() would take these. */
static void test_prefixes_are_refused(void **unused)
{
	(void)unused;
	REFUSED("--mou: no such option", ALL_OPTIONS, "--mou", "/a");
	REFUSED("--mou=/a: no such option", ALL_OPTIONS, "--mou=/a");
	REFUSED("--js: no such option", ALL_OPTIONS, "--js");
	REFUSED("--hel: no such option", 0, "--hel");
	REFUSED("--m: no such option", ALL_OPTIONS, "--m", "/a");   /* mount, max-hold */
	REFUSED("--ex: no such option", ALL_OPTIONS, "--ex", "/a"); /* exports, except, exempt */
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
	REFUSED("--exports: takes no value", ALL_OPTIONS, "--exports=no");
	/* of an earlier version, and keys of the file alone */
	REFUSED("--settle-time: no such option", ALL_OPTIONS, "--settle-time", "20s");
	REFUSED("--ledger-interval: no such option", ALL_OPTIONS, "--ledger-interval", "2s");
	REFUSED("--defaults: no such option", ALL_OPTIONS, "--defaults", "yes");
	REFUSED("--program: no such option", ALL_OPTIONS, "--program", "/bin/true");
}

static void test_option_of_another_verb(void **unused)
{
	const __u64 takes = RG_TAKES(RG_OPT_JSON);

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
	REFUSED("--settle-quiet : expected", ALL_OPTIONS, "--settle-quiet=");
	REFUSED("--mount : expected", ALL_OPTIONS, "--mount=");
}

static void test_arguments(void **unused)
{
	const __u64 takes = RG_TAKES(RG_OPT_FILE) | RG_TAKES(RG_OPT_JSON);

	(void)unused;
	REFUSED("/srv: takes no such argument", ALL_OPTIONS, "/srv");
	REFUSED("more: takes no such argument", ALL_OPTIONS, "--all", "more");
	REFUSED("more: takes no such argument", ALL_OPTIONS, "--all", "--", "more");
	/* An option behind it does not hide it. */
	REFUSED("more: takes no such argument", ALL_OPTIONS, "more", "--all");
	assert_int_equal(PARSE(ALL_OPTIONS, "--all", "--"), RG_DONE);

	assert_int_equal(PARSE(takes), RG_DONE);
	assert_null(parsed.file);
	assert_int_equal(PARSE(takes, "--json", "x.conf"), RG_DONE);
	assert_string_equal(parsed.file, "x.conf");
	assert_true(parsed.json);
	assert_int_equal(PARSE(takes, "--", "--json"), RG_DONE);
	assert_string_equal(parsed.file, "--json");
	REFUSED("y.conf: takes no such argument", takes, "x.conf", "y.conf");
	REFUSED("--json: takes no such argument", takes, "x.conf", "--json");
	REFUSED("no such option", takes, "--=");
}

static void expect_files(size_t n, const char *first, const char *last)
{
	assert_int_equal(parsed.n_files, n);
	assert_string_equal(parsed.files[0], first);
	assert_string_equal(parsed.files[n - 1], last);
}

/* Where a verb takes several, options may stand between them. */
static void test_files(void **unused)
{
	const __u64 takes =
		RG_TAKES(RG_OPT_FILES) | RG_TAKES(RG_OPT_JSON) | RG_TAKES(RG_OPT_OUTPUT);

	(void)unused;
	assert_int_equal(PARSE(takes), RG_DONE);
	assert_int_equal(parsed.n_files, 0);
	assert_int_equal(PARSE(takes, "a"), RG_DONE);
	expect_files(1, "a", "a");
	assert_int_equal(PARSE(takes, "a", "--json", "b", "--output", "x", "-"), RG_DONE);
	expect_files(3, "a", "-");
	assert_true(parsed.json);
	assert_string_equal(parsed.output, "x");
	assert_int_equal(PARSE(takes, "a", "--", "--json", "b"), RG_DONE);
	expect_files(3, "a", "b");
	assert_false(parsed.json);
	assert_int_equal(PARSE(takes, "--", "--json"), RG_DONE);
	expect_files(1, "--json", "--json");
	REFUSED("--jso: no such option", takes, "a", "--jso", "b");
	REFUSED("--output: needs a value", takes, "a", "b", "--output");
}

static void test_bad_values(void **unused)
{
	(void)unused;
	REFUSED("--action stop: expected hold|deny|audit", ALL_OPTIONS, "--action", "stop");
	REFUSED("--action HOLD: expected", ALL_OPTIONS, "--action=HOLD");
	REFUSED("--scope lock: expected locks|opens|access", ALL_OPTIONS, "--scope", "lock");
	REFUSED("--release now: expected grace-start|grace-end|settled", ALL_OPTIONS, "--release",
		"now");
	REFUSED("--release grace: expected", ALL_OPTIONS, "--release", "grace");
	REFUSED("--settle-timeout 0: expected lease, or a time like 90s, from 1s to 1h",
		ALL_OPTIONS, "--settle-timeout", "0");
	REFUSED("--settle-timeout 61min: expected", ALL_OPTIONS, "--settle-timeout", "61min");
	REFUSED("--settle-quiet lease: expected a time like 10s, from 0s to 10min", ALL_OPTIONS,
		"--settle-quiet", "lease");
	REFUSED("--max-hold 0: expected a time like 15min, from 1s to 24h", ALL_OPTIONS,
		"--max-hold", "0");
	REFUSED("--max-hold 25h: expected", ALL_OPTIONS, "--max-hold", "25h");
	REFUSED("--on-origin-no-grace end: expected report|end-grace", ALL_OPTIONS,
		"--on-origin-no-grace", "end");
	REFUSED("--mount srv: expected an absolute path", ALL_OPTIONS, "--mount", "srv");
	REFUSED("--except /a/../b: expected an absolute path", ALL_OPTIONS, "--except", "/a/../b");
	REFUSED("--exempt ./x: expected an absolute path", ALL_OPTIONS, "--exempt", "./x");
	REFUSED("--state-dir : expected an absolute path", ALL_OPTIONS, "--state-dir", "");
	REFUSED("--metrics-dir m: expected none, or an absolute path", ALL_OPTIONS, "--metrics-dir",
		"m");
	REFUSED("--format json: expected openmetrics|prometheus", ALL_OPTIONS, "--format", "json");
	REFUSED("--interval 0: expected a time like 2s, from 1s to 1h", ALL_OPTIONS, "--interval",
		"0");
	REFUSED("--interval 61min: expected", ALL_OPTIONS, "--interval", "61min");
	REFUSED("--force-rung fexit: expected", ALL_OPTIONS, "--force-rung", "fexit");
	REFUSED("--force-without open_ends: expected a program that follows, like grace_end, or "
		"tracing",
		ALL_OPTIONS, "--force-without", "open_ends");
	REFUSED("--force-max-held 0: expected 1 to 16384", ALL_OPTIONS, "--force-max-held", "0");
	REFUSED("--force-max-held 16385: expected", ALL_OPTIONS, "--force-max-held", "16385");
	REFUSED("--force-max-ranges 0: expected 1 to 16384", ALL_OPTIONS, "--force-max-ranges",
		"0");
	REFUSED("--force-max-ranges 9x: expected", ALL_OPTIONS, "--force-max-ranges", "9x");
	REFUSED("--force-max-held -1: expected", ALL_OPTIONS, "--force-max-held", "-1");
	REFUSED("--force-max-held 1x: expected", ALL_OPTIONS, "--force-max-held", "1x");
	/* A bad one that a later one would replace is bad all the same. */
	REFUSED("--action stop: expected", ALL_OPTIONS, "--action", "stop", "--action", "hold");
}

static void test_many_mounts(void **unused)
{
	static char option[] = "--mount", path[RG_MAX_RULES + 1][24];
	static char *words[2 * (RG_MAX_RULES + 1) + 2] = {verb};
	size_t n = 1;

	(void)unused;
	for (int i = 0; i <= RG_MAX_RULES; i++) {
		snprintf(path[i], sizeof(path[i]), "/mnt/%d", i);
		words[n++] = option;
		words[n++] = path[i];
	}
	words[n] = NULL;
	assert_int_equal(parse(ALL_OPTIONS, words), RG_USAGE);
	assert_non_null(strstr(said, "--mount /mnt/1024: expected 1024 of them at most"));
	words[n - 2] = NULL;
	assert_int_equal(parse(ALL_OPTIONS, words), RG_DONE);
	assert_int_equal(parsed.n_settings, RG_MAX_RULES);
	for (int i = 0; i < RG_MAX_RULES; i++)
		assert_ptr_equal(parsed.settings[i].value, path[i]);
}

/* ---- --help ---- */

static char *help(__u64 takes)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	rg_options_help(out, takes);
	fclose(out);
	return text;
}

static void test_help(void **unused)
{
	char *text = help(RG_TAKES(RG_OPT_JSON) | RG_TAKES_FORCE | RG_TAKES(RG_KEY_ACTION) |
			  RG_TAKES(RG_OPT_FILE) | RG_TAKES(RG_KEY_DEFAULTS));

	(void)unused;
	assert_non_null(strstr(text, "  --json "));
	assert_non_null(strstr(text, "  --action hold|deny|audit"));
	assert_non_null(strstr(text, "  --help "));
	assert_null(strstr(text, "--force")); /* for tests only */
	assert_null(strstr(text, "--mount"));
	assert_null(strstr(text, "default")); /* the file's alone */
	free(text);
}

/* The defaults that --help tells are those there are. */
static void test_help_tells_the_defaults(void **unused)
{
	char *text = help(ALL_OPTIONS);

	(void)unused;
	assert_non_null(strstr(text, "(lease)"));
	assert_non_null(strstr(text, "(10s)"));
	assert_non_null(strstr(text, "(15min)"));
	assert_non_null(strstr(text, "(hold)"));
	assert_non_null(strstr(text, "(locks)"));
	assert_non_null(strstr(text, "(settled)"));
	assert_non_null(strstr(text, "(report)"));
	assert_non_null(strstr(text, "(" RG_STATE_DIR ")"));
	assert_non_null(strstr(text, "(" RG_CONFIG_FILE ")"));
	for (const char *at = text, *end; (end = strchr(at, '\n')); at = end + 1)
		assert_in_range(end - at, 1, 110);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_seconds),
		cmocka_unit_test(test_seconds_text),
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_every_option),
		cmocka_unit_test(test_given_is_what_was_given),
		cmocka_unit_test(test_prefixes_are_refused),
		cmocka_unit_test(test_unknown_options),
		cmocka_unit_test(test_option_of_another_verb),
		cmocka_unit_test(test_missing_value),
		cmocka_unit_test(test_arguments),
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_bad_values),
		cmocka_unit_test(test_many_mounts),
		cmocka_unit_test(test_help),
		cmocka_unit_test(test_help_tells_the_defaults),
	};

	return cmocka_run_group_tests_name("options", tests, NULL, free_parsed);
}
