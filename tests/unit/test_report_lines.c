// SPDX-License-Identifier: GPL-2.0-only
/* report: files of odd lines, and of bytes that are no recording. */
#include "report.h"

/* ---- what files may be made of ---- */

static int memory_file(const void *bytes, size_t n, char path[32])
{
	int fd = memfd_create("unit-recording", MFD_CLOEXEC);

	unit_need(fd >= 0);
	assert_int_equal(write(fd, bytes, n), (ssize_t)n);
	snprintf(path, 32, "/proc/self/fd/%d", fd);
	return fd;
}

static void test_long_line(void **unused)
{
	static const char last[] = "\n{\"event\":\"end\",\"lost\":0}\n   ";
	size_t n = 10 << 20;
	char *bytes = malloc(n), path[32];
	const char *name = path;
	struct unit_ear ear;
	struct rg_report r;
	int fd;

	(void)unused;
	unit_need(bytes);
	memset(bytes, '[', n);
	memcpy(bytes + n - (sizeof(last) - 1), last, sizeof(last) - 1);
	fd = memory_file(bytes, n, path);
	r = report_of(&ear, 1, &name);
	assert_non_null(strstr(ear.text, "line 1: longer than 1048576 bytes"));
	assert_int_equal(r.bad_lines, 1);
	assert_int_equal(r.events, 1);
	close(fd);
	free(bytes);
	rg_report_free(&r);
}

/* Values of other types than they should be, and lines that are JSON but no events. */
static void test_odd_lines(void **unused)
{
	static const char lines[] =
		"null\n[]\n7\n{}\n\n{\"event\":3}\n{\"event\":null}\n"
		"{\"event\":\"LOCK\"}\n"
		"{\"event\":\"LOCK\",\"client\":[],\"file\":3,\"status\":10026,\"claim\":"
		"\"reclaim\"}\n"
		"{\"event\":\"LOCK\",\"client\":{\"addr\":{},\"name\":7},\"boot_ns\":-5,\"side\":9,"
		"\"claim\":\"moon\",\"owner\":\"zz\",\"downgrade\":{\"reason\":5}}\n"
		"{\"event\":\"HELD\"}\n{\"event\":\"CONTINUED\",\"duration_ns\":99}\n"
		"{\"event\":\"GATE\",\"state\":[\"open\"]}\n{\"event\":\"STATE_MANAGER\",\"state\":"
		"[1,{}]}\n"
		"{\"event\":\"GRACE_START\",\"boot_ns\":18446744073709551615,\"expected\":1e99}\n"
		"{\"event\":\"CLIENT_GONE\",\"how\":{}}\n{\"event\":\"HAND\"}\n{\"event\":\"LOST\"}"
		"\n"
		"{\"event\":\"header\",\"origins\":[1,{\"away_s\":\"x\"},{}],\"policy\":[],"
		"\"time\":\"soon\"}\n"
		"{\"event\":\"end\",\"lost\":-3}\n{\"event\":\"LOCK\"} {}\n";
	const char *name;
	char path[32];
	struct unit_ear ear;
	struct rg_report r;
	int fd = memory_file(lines, sizeof(lines) - 1, path);

	(void)unused;
	name = path;
	r = report_of(&ear, 1, &name);
	assert_int_equal(r.bad_lines, 7);
	assert_int_equal(r.events, 13);
	check_outputs(&r);
	close(fd);
	rg_report_free(&r);
}

static char *whole_file(const char *name, size_t *n)
{
	char *path = rg_text("%s/%s.ndjson", RG_TEST_DATA, name), *bytes = calloc(1, 1 << 20);
	FILE *in = fopen(path, "re");

	unit_need(in && bytes);
	*n = fread(bytes, 1, 1 << 20, in);
	assert_int_equal(fclose(in), 0);
	free(path);
	return bytes;
}

/* Any byte, or one that gets further. */
static char unit_byte(__u64 *seed, const char *likely)
{
	if (unit_below(seed, 2))
		return likely[unit_below(seed, strlen(likely))];
	return (char)unit_below(seed, 256);
}

/* Bytes of recordings, changed: nothing is read or written that is not there. */
static void test_damaged(void **unused)
{
	static const char *const names[] = {"settled", "hostile", "two", "stolen", "lost"};
	static const char likely[] = "{}[]\",:\\-0189en\n\xff\x80";
	__u64 seed = 7;

	(void)unused;
	for (int round = 0; round < 2000; round++) {
		size_t n;
		char *bytes = whole_file(names[round % UNIT_COUNT(names)], &n), path[32];
		const char *name = path;
		__u64 changes = 1 + unit_below(&seed, 8);
		struct unit_ear ear;
		struct rg_report r;
		int fd;

		for (__u64 i = 0; i < changes; i++)
			bytes[unit_below(&seed, n)] = unit_byte(&seed, likely);
		fd = memory_file(bytes, n - unit_below(&seed, 4) * unit_below(&seed, n / 4), path);
		r = report_of(&ear, 1, &name);
		if (round % 8 == 0)
			check_outputs(&r);
		rg_report_free(&r);
		close(fd);
		free(bytes);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_long_line),
		cmocka_unit_test(test_odd_lines),
		cmocka_unit_test(test_damaged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
