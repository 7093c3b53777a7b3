// SPDX-License-Identifier: GPL-2.0-only
/* Files are read to their ends, or not at all. */
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/whole_file.h"

static void write_bytes(const char *path, size_t n)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	for (size_t i = 0; i < n; i++)
		fputc('a' + (int)(i % 26), f);
	assert_int_equal(fclose(f), 0);
}

/* Around the sizes at which the buffer grows. */
static void test_any_length(void **unused)
{
	static const size_t lengths[] = {0,    1,    2,	   4093, 4094, 4095,
					 4096, 4097, 8190, 8191, 8192, 100000};
	char dir[] = "/tmp/rg-unit-XXXXXX", path[64];

	(void)unused;
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/file", dir);
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		char *text;
		size_t n;

		write_bytes(path, lengths[i]);
		assert_int_equal(rg_read_whole(path, 100000, &text, &n), 0);
		assert_int_equal(n, lengths[i]);
		assert_int_equal(strlen(text), n);
		for (size_t b = 0; b < n; b++)
			assert_int_equal(text[b], 'a' + (int)(b % 26));
		free(text);
		if (!lengths[i])
			continue;
		assert_int_equal(rg_read_whole(path, lengths[i] - 1, &text, &n), -EFBIG);
		assert_null(text);
	}
	unlink(path);
	rmdir(dir);
}

static void test_what_is_no_file(void **unused)
{
	char dir[] = "/tmp/rg-unit-XXXXXX", path[64], *text;

	(void)unused;
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/fifo", dir);
	assert_int_equal(rg_read_whole(path, 10, &text, NULL), -ENOENT);
	assert_null(text);
	assert_int_equal(rg_read_whole(dir, 10, &text, NULL), -EISDIR);
	assert_null(text);
	/* Nobody writes it: this must not wait. */
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(rg_read_whole(path, 10, &text, NULL), 0);
	assert_string_equal(text, "");
	free(text);
	unlink(path);
	rmdir(dir);
}

/* A file of /proc gives at most a page at a time, and says that its size is 0. */
static void test_proc(void **unused)
{
	char *text;
	size_t n;

	(void)unused;
	assert_int_equal(rg_read_whole("/proc/self/smaps", 1 << 24, &text, &n), 0);
	assert_true(n > 4096);
	assert_non_null(strstr(text, "[stack]"));
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_any_length),
		cmocka_unit_test(test_what_is_no_file),
		cmocka_unit_test(test_proc),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
