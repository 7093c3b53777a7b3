// SPDX-License-Identifier: GPL-2.0-only
/* Standard output of a verb that goes on for ever: all of it to a reader that
 * reads, and never stuck in one that does not. */
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <time.h>

#include "cli/outlet.h"

static int out[2], stop;
static struct rg_outlet o;

static int setup(void **unused)
{
	(void)unused;
	signal(SIGPIPE, SIG_IGN);
	stop = eventfd(0, EFD_CLOEXEC);
	return stop < 0 || pipe2(out, O_CLOEXEC | O_NONBLOCK) || fcntl(out[1], F_SETFL, 0) < 0 ||
	       rg_outlet_open(&o, out[1], stop);
}

static int teardown(void **unused)
{
	(void)unused;
	close(out[0]);
	close(out[1]);
	close(stop);
	free(o.buffer);
	return 0;
}

static int add(unsigned int number)
{
	char line[128];
	int n = snprintf(line, sizeof(line), "%-99u\n", number);

	return rg_outlet_add(&o, line, (size_t)n);
}

/* All that is there; its lines are whole and count up from `next`. Returns the number
 * after the last; `gap`: one may be left out once. */
static unsigned int take(unsigned int next, bool gap)
{
	static char text[1 << 20];
	ssize_t n = read(out[0], text, sizeof(text) - 1);

	if (n <= 0)
		return next;
	assert_int_equal(n % 100, 0);
	for (ssize_t i = 0; i < n; i += 100) {
		unsigned int number = (unsigned int)atoi(text + i);

		assert_int_equal(text[i + 99], '\n');
		if (gap && number > next) {
			next = number;
			gap = false;
		}
		assert_int_equal(number, next);
		next++;
	}
	return next;
}

static __u64 now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (__u64)now.tv_sec * 1000 + (__u64)now.tv_nsec / 1000000;
}

static void test_all_of_it(void **unused)
{
	unsigned int next = 0;

	(void)unused;
	for (unsigned int i = 0; i < 600; i++)
		assert_int_equal(add(i), 0);
	/* Not before it is told to. */
	assert_int_equal(take(0, false), 0);
	assert_int_equal(rg_outlet_flush(&o), 0);
	next = take(next, false);
	assert_int_equal(next, 600);
	assert_int_equal(add(600), 0);
	assert_int_equal(rg_outlet_close(&o, 1000), 0);
	assert_int_equal(take(next, false), 601);
	assert_true(o.left_out == 0);
}

static void test_reader_gone(void **unused)
{
	(void)unused;
	close(out[0]);
	assert_int_equal(add(0), 0);
	assert_int_equal(rg_outlet_flush(&o), -EPIPE);
	assert_int_equal(rg_outlet_close(&o, 1000), -EPIPE);
}

/* The reader does not read: what stops the waiting is stop_fd. */
static void test_stopped(void **unused)
{
	__u64 from = now_ms();
	unsigned int i = 0;
	int err = 0;

	(void)unused;
	assert_int_equal(eventfd_write(stop, 1), 0);
	while (!err && i < 100000)
		err = add(i++);
	assert_int_equal(err, -EINTR);
	assert_true(o.left_out == 1);
	assert_int_equal(rg_outlet_flush(&o), -EINTR);
	/* A while for the last of it, and no longer. */
	assert_int_equal(rg_outlet_close(&o, 300), -ETIMEDOUT);
	assert_in_range(now_ms() - from, 300, 20000);
	/* The pipe has 64 KiB; every line is counted, but for the one that is cut. */
	assert_in_range(o.left_out, i - 657, i - 650);
}

/* In a hurry it waits no more, all in all. */
static void test_hurry(void **unused)
{
	__u64 from = now_ms();
	unsigned int i = 0;
	int err = 0;

	(void)unused;
	rg_outlet_hurry(&o, 200);
	while (!err && i < 100000)
		err = add(i++);
	assert_int_equal(err, -ETIMEDOUT);
	for (int j = 0; j < 1000; j++)
		assert_int_equal(add(i++), -ETIMEDOUT);
	assert_true(o.left_out == 1001);
	/* As soon as there is room again, it is used. */
	assert_true(read(out[0], (char[8192]){}, 8192) == 8192);
	assert_int_equal(add(i), 0);
	assert_in_range(now_ms() - from, 200, 20000);
}

static int meanwhiles;

static void meanwhile(void *arg)
{
	(void)arg;
	meanwhiles++;
	assert_true(read(out[0], (char[65536]){}, 65536) > 0);
}

static void test_meanwhile(void **unused)
{
	(void)unused;
	o.meanwhile = meanwhile;
	for (unsigned int i = 0; i < 1000; i++)
		assert_int_equal(add(i), 0);
	assert_int_equal(rg_outlet_flush(&o), 0);
	assert_int_equal(meanwhiles, 1);
}

/* What goes on without its reader: lines are left out, whole ones. */
static void test_hasty(void **unused)
{
	__u64 from = now_ms();
	unsigned int next = 0, i = 0;

	(void)unused;
	o.hasty = true;
	for (; i < 3000; i++) {
		assert_int_equal(add(i), 0);
		assert_int_equal(rg_outlet_flush(&o), 0);
	}
	assert_true(now_ms() - from < 20000);
	assert_in_range(o.left_out, 3000 - 656, 3000 - 600);
	/* All up to there, then what comes when there is room again. */
	next = take(next, false);
	assert_int_equal(next, 3000 - o.left_out);
	for (; i < 3010; i++)
		assert_int_equal(add(i), 0);
	assert_int_equal(rg_outlet_close(&o, 1000), 0);
	assert_int_equal(take(next, true), 3010);
}

/* In pieces that end in the middle of a line. */
static void test_hasty_in_pieces(void **unused)
{
	unsigned int next = 0, i = 0;

	(void)unused;
	o.hasty = true;
	for (int round = 0; round < 20; round++) {
		for (int j = 0; j < 1000; j++)
			assert_int_equal(add(i++), 0);
		assert_int_equal(rg_outlet_flush(&o), 0);
	}
	/* What is left of the line that was cut comes first. */
	for (int round = 0; round < 3; round++) {
		static char text[1 << 20];
		ssize_t n = 0, got;

		while ((got = read(out[0], text + n, sizeof(text) - 1 - (size_t)n)) > 0 || o.used) {
			n += got > 0 ? got : 0;
			assert_int_equal(rg_outlet_flush(&o), 0);
		}
		text[n] = '\0';
		assert_int_equal(n % 100, 0);
		for (ssize_t at = 0; at < n; at += 100) {
			assert_true((unsigned int)atoi(text + at) >= next);
			next = (unsigned int)atoi(text + at) + 1;
			assert_int_equal(text[at + 99], '\n');
		}
		for (int j = 0; j < 1000; j++)
			assert_int_equal(add(i++), 0);
	}
}

static void test_file(void **unused)
{
	int fd = memfd_create("out", MFD_CLOEXEC);

	(void)unused;
	free(o.buffer);
	assert_int_equal(rg_outlet_open(&o, fd, stop), 0);
	assert_int_equal(eventfd_write(stop, 1), 0);
	for (unsigned int i = 0; i < 10000; i++)
		assert_int_equal(add(i), 0);
	assert_int_equal(rg_outlet_close(&o, 0), 0);
	assert_int_equal(lseek(fd, 0, SEEK_END), 1000000);
	close(fd);
}

static void test_full_disk(void **unused)
{
	int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);

	(void)unused;
	free(o.buffer);
	assert_int_equal(rg_outlet_open(&o, fd, stop), 0);
	assert_int_equal(add(0), 0);
	assert_int_equal(rg_outlet_flush(&o), -ENOSPC);
	assert_int_equal(rg_outlet_close(&o, 0), -ENOSPC);
	close(fd);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_all_of_it), TEST(test_reader_gone),	  TEST(test_stopped),
		TEST(test_hurry),     TEST(test_meanwhile),	  TEST(test_hasty),
		TEST(test_file),      TEST(test_hasty_in_pieces), TEST(test_full_disk),
	};

	return cmocka_run_group_tests_name("outlet", tests, NULL, NULL);
}
