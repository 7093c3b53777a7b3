// SPDX-License-Identifier: GPL-2.0-only
/* A record as a line for people: what is in it, that it lines up, and that it
 * is never wider than the terminal, whatever the record. */
#include "unit_record.h"

#include <locale.h>
#include <time.h>
#include <wchar.h>

#include "base/names.h"
#include "record/record_names.h"
#include "record/record_text.h"

static char text[RG_RECORD_TEXT_MAX + 1];

static const char *text_of(const struct rg_record *r, const struct rg_text_style *style)
{
	static struct rg_second kept;
	size_t n = rg_record_text(r, &unit_around, style, &kept, text, sizeof(text) - 1);

	assert_true(n > 0);
	text[n] = '\0';
	assert_int_equal(strlen(text), n);
	assert_int_equal(text[n - 1], '\n');
	return text;
}

static const struct rg_text_style plain = {};

static void check(const struct rg_record *r, const struct rg_text_style *style,
		  const char *expected)
{
	assert_string_equal(text_of(r, style), expected);
}

/* Of a file or a pipe: one line, whole. */
static void test_plain(void **unused)
{
	struct rg_record r = unit_lock_record();
	char expected[1024];

	(void)unused;
	snprintf(expected, sizeof(expected),
		 "17:31:12.304 server LOCK              reclaim  10.77.2.2       "
		 "/srv/reexport/a/db write:0-0   NFS4ERR_NO_GRACE 812us    "
		 "-> nothing sent, ENOGRACE | reclaim-refused-by-client: %s; %s\n",
		 rg_downgrade_text(r.downgrade), rg_downgrade_consequence(&r));
	check(&r, &plain, expected);

	r = (struct rg_record){.op = RG_REC_GATE,
			       .side = RG_SIDE_GATE,
			       .time_ns = unit_lock_record().time_ns,
			       .value = RG_STATE_CLOSED,
			       .how = RG_WHY_KNFSD_DOWN};
	snprintf(expected, sizeof(expected),
		 "17:31:12.304 gate   GATE              -        -               "
		 "-                -             closed: %s\n",
		 rg_why_text(RG_WHY_KNFSD_DOWN));
	check(&r, &plain, expected);

	/* Nothing is cut, and nothing is at the end that would line up. */
	r = (struct rg_record){.op = RG_REC_KNFSD_STARTING, .time_ns = unit_lock_record().time_ns};
	check(&r, &plain,
	      "17:31:12.304 server KNFSD_STARTING    -        -               -                "
	      "-\n");
	/* What was asked has its answer where the answers are. */
	r = (struct rg_record){.op = RG_REC_RECLAIM_COMPLETE,
			       .time_ns = unit_lock_record().time_ns,
			       .status_kind = RG_STATUS_NFS4,
			       .expected = 1};
	check(&r, &plain,
	      "17:31:12.304 server RECLAIM_COMPLETE  -        -               -                "
	      "-             NFS4_OK          -        0 of 1 end client done\n");
}

static void test_head(void **unused)
{
	static const struct rg_text_style narrow = {.width = 20};

	(void)unused;
	text[rg_record_text_head(&plain, text, sizeof(text) - 1)] = '\0';
	assert_string_equal(text,
			    "TIME         SIDE   EVENT             CLAIM    WHO             "
			    "FILE             RANGE         STATUS           TAKEN    BACK\n");
	text[rg_record_text_head(&narrow, text, sizeof(text) - 1)] = '\0';
	assert_string_equal(text, "TIME         SIDE   \n");
	assert_int_equal(rg_record_text_head(&plain, text, 10), 0);
}

/* The columns of the head are those of the lines, at every width. */
static void test_columns(void **unused)
{
	struct rg_record r = unit_lock_record();

	(void)unused;
	r.downgrade = 0;
	for (unsigned int width = 0; width < 300; width++) {
		struct rg_text_style style = {.width = width};
		char head[512];
		const char *status;
		size_t n = rg_record_text_head(&style, head, sizeof(head) - 1);

		assert_true(n > 0);
		head[n] = '\0';
		text_of(&r, &style);
		status = strstr(head, "STATUS");
		if (status)
			assert_memory_equal(text + (status - head), "NFS4ER", 6);
		/* What came of it is there from 80 columns on, the rest where there is
		 * room. */
		if (!width || width >= 79)
			assert_non_null(strstr(text, "NFS4ERR_NO_GRACE"));
		assert_int_equal(strstr(head, " FILE ") != NULL, !width || width >= 92);
		assert_int_equal(strstr(head, " RANGE ") != NULL, !width || width >= 110);
		assert_int_equal(strstr(head, "BACK") != NULL, !width || width >= 124);
		if (width >= 145)
			assert_non_null(strstr(text, "-> nothing sent, ENOGRACE"));
	}
}

/* A wider terminal is for paths. */
static void test_paths(void **unused)
{
	struct rg_text_style narrow = {.width = 130}, wide = {.width = 170};
	struct rg_record r = unit_lock_record();

	(void)unused;
	strcpy(r.path, "/one/two/three/four");
	assert_non_null(strstr(text_of(&r, &narrow), " ..two/three/four write:0-0"));
	assert_non_null(strstr(text_of(&r, &wide), " /srv/reexport/one/two/three/four "));
	/* Its beginning is missing in the record. */
	r.facts |= RG_FACT_PATH_CUT;
	assert_non_null(strstr(text_of(&r, &wide), " ../one/two/three/four "));
	r.path[0] = '\0';
	assert_non_null(strstr(text_of(&r, &narrow), " 0:45 inode 131 "));
	/* The mount itself. */
	r = unit_lock_record();
	strcpy(r.path, "/");
	assert_non_null(strstr(text_of(&r, &plain), " /srv/reexport "));
}

static void test_who(void **unused)
{
	struct rg_text_style terminal = {.width = 200};
	struct rg_record r = unit_lock_record();

	(void)unused;
	/* The original server by its name, an end client by its address. */
	r.side = RG_SIDE_CLIENT;
	strcpy(r.name, "origin");
	r.name_len = 6;
	assert_non_null(strstr(text_of(&r, &plain), " origin "));
	r.name_len = 0;
	memset(r.name, 0, sizeof(r.name));
	assert_non_null(strstr(text_of(&r, &plain), " 10.77.2.2 "));
	/* A name, where there is no address; cut on a terminal. */
	r.side = RG_SIDE_SERVER;
	r.family = 0;
	memset(r.name, 'n', 30);
	assert_non_null(strstr(text_of(&r, &plain), " nnnnnnnnnnnnnnnnnnnnnnnnnnnnnn "));
	assert_non_null(strstr(text_of(&r, &terminal), " nnnnnnnnnnnnnnnnnnnnnn.. "));
	r.side = RG_SIDE_GATE;
	memset(r.name, 0, sizeof(r.name));
	strcpy(r.name, "backup");
	assert_non_null(strstr(text_of(&r, &plain), " backup[811] "));
	/* Bytes that are none of ours to print. */
	r.side = RG_SIDE_SERVER;
	strcpy(r.name, "a\033[31m\n\\\xff");
	assert_non_null(strstr(text_of(&r, &plain), " a\\033[31m\\012\\134\\377 "));
}

static void test_ranges(void **unused)
{
	static const struct {
		__u32 type;
		__u64 start, length;
		const char *expected;
	} cases[] = {
		{1, 0, 1, " read:0-0 "},
		{2, 10, 5, " write:10-14 "},
		{2, 10, ~0ULL, " write:10-EOF "},
		{2, ~0ULL, 1, " write:18446744073709551615-18446744073709551615 "},
		{2, ~0ULL, 2, "-EOF "},
		{2, 5, 0, " write:5-EOF "},
		{0, 1, 1, " -:1-1 "},
	};
	struct rg_record r = unit_lock_record();

	(void)unused;
	for (size_t i = 0; i < UNIT_COUNT(cases); i++) {
		r.lock_type = cases[i].type;
		r.start = cases[i].start;
		r.length = cases[i].length;
		if (!strstr(text_of(&r, &plain), cases[i].expected))
			fail_msg("no %s in %s", cases[i].expected, text);
	}
	r.op = RG_REC_OPEN;
	r.lock_type = 3;
	assert_non_null(strstr(text_of(&r, &plain), " both "));
}

static void test_durations(void **unused)
{
	static const struct {
		__u64 ns;
		const char *expected;
	} cases[] = {
		{0, " - "},
		{1, " 0us "},
		{999999, " 999us "},
		{1000000, " 1.0ms "},
		{1299999, " 1.2ms "},
		{99999999, " 99.9ms "},
		{100000000, " 100ms "},
		{999999999, " 999ms "},
		{1000000000, " 1.0s "},
		{99949999999, " 99.9s "},
		{900000000000, " 900s "},
		{~0ULL, " 18446744073s "},
	};
	struct rg_record r = unit_lock_record();

	(void)unused;
	for (size_t i = 0; i < UNIT_COUNT(cases); i++) {
		r.duration_ns = cases[i].ns;
		if (!strstr(text_of(&r, &plain), cases[i].expected))
			fail_msg("no %s in %s", cases[i].expected, text);
	}
}

static void test_backs(void **unused)
{
	struct rg_record r = unit_lock_record();

	(void)unused;
	r.downgrade = 0;
	r.n_back = 4;
	r.back[0] = (struct rg_back){.op = RG_BACK_CACHED_OPEN};
	r.back[1] = (struct rg_back){.op = RG_BACK_LOCK, .status = 10010};
	r.back[2] = (struct rg_back){.op = RG_BACK_NFS_LOCK};
	r.back[3] = (struct rg_back){.op = RG_BACK_LOCK};
	assert_non_null(strstr(text_of(&r, &plain),
			       " -> cached OPEN, LOCK NFS4ERR_DENIED, nothing sent, LOCK "
			       "NFS4_OK\n"));
	r.n_back = 0;
	assert_non_null(strstr(text_of(&r, &plain), " -> nothing sent\n"));
	r.facts = 0;
	assert_null(strstr(text_of(&r, &plain), "->"));
}

/* What each event has to say for itself. */
static void test_own(void **unused)
{
	static const struct {
		__u16 op;
		const char *expected;
	} cases[] = {
		{RG_REC_EXCHANGE_ID, " verifier 0100000000000000\n"},
		{RG_REC_RECLAIM_COMPLETE, " 5 of 7 end clients done\n"},
		{RG_REC_CLIENT_GONE, " replaced\n"},
		{RG_REC_SM_NOTIFY, " state 3\n"},
		{RG_REC_GRACE_START, " 3 s, 7 end clients may reclaim\n"},
		{RG_REC_STATE_MANAGER, " manager-running, check-lease\n"},
		{RG_REC_STATE_MANAGER_FAILED, " reclaim reboot\n"},
		{RG_REC_HELD, " access\n"},
		{RG_REC_HAND, " nothing-to-protect\n"},
		{RG_REC_KEPT, " 3 ranges kept for 7 s; not all had room: others wait for any lock "
			      "of its file systems\n"},
		{RG_REC_NOT_KEPT, " its lease ran out\n"},
		{RG_REC_RETAKEN, " 3 ranges left\n"},
		{RG_REC_KEPT_FROM, " open: let through (observe)\n"},
		{RG_REC_KEPT_ENDED, " its lease ran out; 3 ranges not taken back\n"},
		{RG_REC_LOST, " 3 records came faster than they could be read; tracing programs "
			      "failed 7 times: events may be missing\n"},
	};

	(void)unused;
	for (size_t i = 0; i < UNIT_COUNT(cases); i++) {
		struct rg_record r = {.op = cases[i].op,
				      .value = 3,
				      .how = 2,
				      .expected = 7,
				      .complete = 5,
				      .verifier = 1,
				      .path = "reclaim reboot"};

		if (!strstr(text_of(&r, &plain), cases[i].expected))
			fail_msg("no %s in %s", cases[i].expected, text);
	}
}

static void test_colours(void **unused)
{
	struct rg_text_style style = {.width = 200, .colour = true};
	struct rg_record r = unit_lock_record();

	(void)unused;
	text_of(&r, &style);
	assert_non_null(strstr(text, "\033[31mNFS4ERR_NO_GRACE\033[0m"));
	assert_non_null(strstr(text, "\n             \033[31mreclaim-refused-by-client: "));
	r.downgrade = 0;
	text_of(&r, &style);
	assert_non_null(strstr(text, "\033[33mNFS4ERR_NO_GRACE\033[0m"));
	r.status = 0;
	assert_null(strchr(text_of(&r, &style), '\033'));
	/* What was cut off leaves no colour behind. */
	r = unit_lock_record();
	for (style.width = 1; style.width < 250; style.width++) {
		const char *last;

		text_of(&r, &style);
		last = strrchr(text, '\033');
		assert_true(!last || strncmp(last, "\033[0m", 4) == 0);
	}
	style.colour = false;
	assert_null(strchr(text_of(&r, &style), '\033'));
}

/* Columns that a line needs, as a terminal counts them. */
static unsigned int columns(const char *line, size_t n)
{
	unsigned int used = 0;

	for (size_t i = 0; i < n;) {
		mbstate_t state = {};
		wchar_t c;
		size_t one;
		int width;

		if (line[i] == '\033') {
			while (line[i] != 'm')
				i++;
			i++;
			continue;
		}
		one = mbrtowc(&c, line + i, n - i, &state);
		assert_in_range(one, 1, 4);
		width = wcwidth(c);
		assert_true(width >= 0); /* nothing that a terminal would act on */
		used += (unsigned int)width;
		i += one;
	}
	return used;
}

static void check_widths(const struct rg_text_style *style)
{
	unsigned int lines = 0;

	for (const char *at = text, *end; *at; at = end + 1) {
		end = strchr(at, '\n');
		unit_need(end);
		if (columns(at, (size_t)(end - at)) > style->width && style->width)
			fail_msg("wider than %u: %s", style->width, text);
		lines++;
	}
	assert_in_range(lines, 1, style->width ? 2 : 1);
}

static void any_bytes(bool utf8)
{
	/* Wide characters, one of no width, and a byte that is none. */
	static const char wide_name[] = {'\xe6', '\xbc', '\xa2', '\xe5', '\xad',
					 '\x97', 'e',	 '\xcc', '\x81', '\xff'};
	static const char wide_path[] = {'/',	 '\xe6', '\xbc', '\xa2', '\xe5', '\xad',
					 '\x97', '\xf0', '\x9f', '\x98', '\x80'};
	struct rg_record *r = malloc(sizeof(*r)); /* ASan watches its end */
	__u64 seed = 6;

	unit_need(r);
	for (int i = 0; i < 40000; i++) {
		struct rg_text_style style = {.width = (unsigned int)unit_below(&seed, 260),
					      .colour = unit_below(&seed, 2),
					      .utf8 = utf8};

		unit_any_record(&seed, r);
		if (unit_below(&seed, 4) == 0)
			memcpy(r->name, wide_name, sizeof(wide_name));
		if (unit_below(&seed, 4) == 0)
			memcpy(r->path, wide_path, sizeof(wide_path));
		text_of(r, &style);
		check_widths(&style);
	}
	free(r);
}

static void test_any_bytes(void **unused)
{
	(void)unused;
	any_bytes(false);
}

static void test_any_bytes_utf8(void **unused)
{
	struct rg_text_style style = {.width = 200, .utf8 = true};
	struct rg_record r = unit_lock_record();

	(void)unused;
	if (!setlocale(LC_CTYPE, "C.UTF-8"))
		skip();
	strcpy(r.path, "/caf\xc3\xa9");
	text_of(&r, &style);
	assert_non_null(strstr(text, "/caf\xc3\xa9 "));
	assert_non_null(strstr(text, "\xe2\x86\x92 nothing sent, ENOGRACE"));
	any_bytes(true);
	setlocale(LC_CTYPE, "C");
	style.utf8 = false;
	assert_non_null(strstr(text_of(&r, &style), "/caf\\303\\251 "));
}

static void test_no_room(void **unused)
{
	struct rg_text_style style = {.width = 100, .colour = true};
	struct rg_record r = unit_lock_record();
	struct rg_second kept = {};
	size_t n = strlen(text_of(&r, &style));

	(void)unused;
	for (size_t size = 0; size <= n + 1; size++) {
		char *buf = malloc(size ? size : 1); /* ASan watches its end */

		unit_need(buf);
		assert_int_equal(rg_record_text(&r, &unit_around, &style, &kept, buf, size),
				 size < n ? 0 : n);
		free(buf);
	}
}

static void test_longest(void **unused)
{
	static char path[RG_PATH_SIZE];
	struct rg_mountpoint mount = {.dev = 45, .path = path, .path_n = RG_PATH_SIZE - 1};
	struct rg_mountpoints mounts = {.at = &mount, .n = 1};
	struct rg_record_around around = {.mounts = &mounts};
	struct rg_text_style style = {.colour = true};
	struct rg_record r = unit_lock_record();
	struct rg_second kept = {};
	size_t n;

	(void)unused;
	memset(path, 1, sizeof(path) - 1);
	memset(r.path, 1, sizeof(r.path));
	r.path[0] = '/';
	memset(r.name, 1, sizeof(r.name));
	r.name_len = sizeof(r.name);
	r.family = 0;
	r.n_back = 4;
	for (int i = 0; i < RG_BACK_MAX; i++)
		r.back[i] = (struct rg_back){.op = RG_BACK_NFS_LOCK, .status = 10055};
	n = rg_record_text(&r, &around, &style, &kept, text, sizeof(text) - 1);
	assert_in_range(n, 5000, RG_RECORD_TEXT_MAX - 1024);
}

static int in_utc(void **unused)
{
	(void)unused;
	setenv("TZ", "UTC", 1);
	tzset();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain),	  cmocka_unit_test(test_head),
		cmocka_unit_test(test_columns),	  cmocka_unit_test(test_paths),
		cmocka_unit_test(test_who),	  cmocka_unit_test(test_ranges),
		cmocka_unit_test(test_durations), cmocka_unit_test(test_backs),
		cmocka_unit_test(test_own),	  cmocka_unit_test(test_colours),
		cmocka_unit_test(test_any_bytes), cmocka_unit_test(test_any_bytes_utf8),
		cmocka_unit_test(test_no_room),	  cmocka_unit_test(test_longest),
	};

	return cmocka_run_group_tests_name("record_text", tests, in_utc, NULL);
}
