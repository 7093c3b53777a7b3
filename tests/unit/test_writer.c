// SPDX-License-Identifier: GPL-2.0-only
/* Files that are written by a thread: state/writer.h. */
#include <errno.h>
#include <pthread.h>
#include <time.h>

#include "state/state.h"
#include "state/writer.h"
#include "unit.h"
#include "unit_dir.h"

/* A disk that does not answer until it is told to. */
static pthread_mutex_t disk = PTHREAD_MUTEX_INITIALIZER;
static int written, answer;
static char last[64];

static int to_disk(const char *dir, int dir_fd, const char *name, const void *bytes, size_t n)
{
	(void)dir;
	(void)dir_fd;
	(void)name;
	pthread_mutex_lock(&disk);
	written++;
	memcpy(last, bytes, n);
	last[n] = '\0';
	pthread_mutex_unlock(&disk);
	return answer;
}

static int put(const char *name, const char *text)
{
	return rg_writer_put(to_disk, "/d", -1, name, text, strlen(text));
}

static double seconds_since(const struct timespec *from)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)(t.tv_sec - from->tv_sec) + (double)(t.tv_nsec - from->tv_nsec) / 1e9;
}

static void a_disk_that_stalls(void **state)
{
	struct timespec begun;

	(void)state;
	written = answer = 0;
	assert_int_equal(rg_writer_start(), 0);
	assert_true(rg_writer_takes());
	pthread_mutex_lock(&disk);
	clock_gettime(CLOCK_MONOTONIC, &begun);
	assert_int_equal(put("ledger", "0"), 0);
	while (!rg_writer_waits_s() && seconds_since(&begun) < 10)
		usleep(10000);
	assert_true(rg_writer_waits_s() >= 1);
	/* Nobody waits for it, and of one file only the newest content is kept. */
	clock_gettime(CLOCK_MONOTONIC, &begun);
	for (int i = 0; i < 1000; i++)
		assert_int_equal(put("ledger", "old"), 0);
	assert_int_equal(put("ledger", "new"), 0);
	assert_true(seconds_since(&begun) < 5);
	assert_false(rg_writer_stop(1));
	pthread_mutex_unlock(&disk);
	assert_true(rg_writer_stop(20));
	assert_int_equal(written, 2);
	assert_string_equal(last, "new");
}

static void failures_are_told_once_and_counted(void **state)
{
	unsigned int failed = rg_writer_failed();

	(void)state;
	written = 0;
	answer = -EIO;
	assert_int_equal(rg_writer_start(), 0);
	assert_int_equal(put("ledger", "a"), 0);
	for (int i = 0; i < 1000 && written < 1; i++)
		usleep(10000);
	while (rg_writer_waits_s())
		;
	answer = 0;
	usleep(100000);
	assert_int_equal(put("budget", "b"), 0); /* another file */
	assert_int_equal(put("ledger", "c"), -EIO);
	assert_int_equal(put("ledger", "d"), 0);
	assert_int_equal(rg_writer_result("/d", "ledger"), 0);
	assert_int_equal(rg_writer_result("/d", "nothing"), 0);
	assert_true(rg_writer_stop(20));
	assert_int_equal(rg_writer_failed(), failed + 1);
}

static void no_more_than_there_is_room_for(void **state)
{
	char name[16];

	(void)state;
	answer = 0;
	assert_int_equal(rg_writer_start(), 0);
	pthread_mutex_lock(&disk);
	for (int i = 0; i < RG_WRITER_FILES; i++) {
		snprintf(name, sizeof(name), "file%d", i);
		put(name, "x");
	}
	put("file0", "x"); /* whichever is under way: all places are taken */
	put("file1", "x");
	assert_int_equal(put("one more", "x"), -ENOSPC);
	pthread_mutex_unlock(&disk);
	assert_true(rg_writer_stop(20));
	assert_false(rg_writer_takes());
}

static void state_files_by_the_thread(void **state)
{
	char *text = NULL;
	size_t n = 0;

	(void)state;
	assert_int_equal(rg_writer_start(), 0);
	assert_int_equal(rg_state_write(dir, "ledger.json", "{}", 2), 0);
	assert_int_equal(rg_state_write(dir, "../ledger.json", "{}", 2), -EINVAL);
	assert_true(rg_writer_stop(20));
	assert_int_equal(rg_state_read(dir, "ledger.json", &text, &n), 0);
	assert_string_equal(text, "{}");
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_disk_that_stalls),
		cmocka_unit_test(failures_are_told_once_and_counted),
		cmocka_unit_test(no_more_than_there_is_room_for),
		cmocka_unit_test_setup_teardown(state_files_by_the_thread, dir_setup, dir_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
