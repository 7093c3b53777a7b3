// SPDX-License-Identifier: GPL-2.0-only
/* Which process was held, and who else has stopped it: from the text of
 * /proc/PID/stat and /proc/PID/status. */
#include "unit.h"

#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "pins/gates.h"
#include "pins/held.h"

/* Fields 3 to 21, then 22 and what follows. */
#define TO_21 "S 1 812 812 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0"
#define FROM_23 "5320704 1014 18446744073709551615"

static void expect_ticks(const char *stat, __u64 ticks)
{
	__u64 got = rg_start_ticks_of_stat(stat);

	if (got != ticks)
		fail_msg("%llu ticks, expected %llu, of: %s", (unsigned long long)got,
			 (unsigned long long)ticks, stat);
}

static void test_start_ticks(void **unused)
{
	(void)unused;
	expect_ticks("812 (bash) " TO_21 " 123456 " FROM_23 "\n", 123456);
	expect_ticks("812 (bash) " TO_21 " 123456\n", 123456);
	expect_ticks("812 (bash) " TO_21 " 18446744073709551615 " FROM_23, 18446744073709551615ULL);
	/* A name may be anything that fits in 15 bytes. */
	expect_ticks("812 (a b c) " TO_21 " 77 " FROM_23, 77);
	expect_ticks("812 () " TO_21 " 77 " FROM_23, 77);
	expect_ticks("812 ()) S 1 2) " TO_21 " 77 " FROM_23, 77);
	expect_ticks("812 ((((() " TO_21 " 77 " FROM_23, 77);
	expect_ticks("812 (x) R 1 9 9 9) " TO_21 " 77 " FROM_23, 77);
	expect_ticks("812 (a\nb) " TO_21 " 77 " FROM_23, 77);
	expect_ticks("812 (\xff\xfe) " TO_21 " 77 " FROM_23, 77);
}

static void test_start_ticks_of_damaged_text(void **unused)
{
	static const char whole[] = "812 (ba sh) " TO_21 " 123456 " FROM_23;
	const size_t before = strlen("812 (ba sh) " TO_21 " ");
	char part[sizeof(whole)];

	(void)unused;
	/* Cut off before field 22 has begun, it is unknown. */
	for (size_t n = 0; n <= before; n++) {
		memcpy(part, whole, n);
		part[n] = '\0';
		expect_ticks(part, 0);
	}
	expect_ticks("", 0);
	expect_ticks(")", 0);
	expect_ticks("812", 0);
	expect_ticks("no parentheses at all, and more than twenty-two a b c d e f g h i j k l m",
		     0);
	expect_ticks("812 (bash) " TO_21 " soon " FROM_23, 0);
}

static void test_start_ticks_of_garbage(void **unused)
{
	__u64 seed = 29;

	(void)unused;
	for (int i = 0; i < 5000; i++) {
		char text[256];
		size_t n = unit_below(&seed, sizeof(text));

		for (size_t b = 0; b < n; b++)
			text[b] = (char)(1 + unit_below(&seed, 255));
		text[n] = '\0';
		if (!strchr(text, ')'))
			expect_ticks(text, 0);
		else
			rg_start_ticks_of_stat(text); /* under ASan */
	}
}

/* Against the kernel's own text: a child with the worst of names. */
static void test_start_ticks_of_a_process(void **unused)
{
	__u64 per_second = (__u64)sysconf(_SC_CLK_TCK), ticks, before, after, start_ns;
	struct rlimit files, none;
	int ready[2], status, err;
	char byte;
	pid_t child;

	(void)unused;
	assert_int_equal(pipe(ready), 0);
	before = rg_now_ns() / (RG_NS_PER_SEC / per_second);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		FILE *f = fopen("/proc/self/comm", "w");

		if (!f || fputs(") S 1 2 (3", f) < 0 || fclose(f))
			_exit(1);
		if (write(ready[1], "x", 1) != 1)
			_exit(1);
		pause();
		_exit(0);
	}
	after = rg_now_ns() / (RG_NS_PER_SEC / per_second);
	close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	assert_int_equal(rg_process_start_ticks((__u32)child, &ticks), 0);
	assert_in_range(ticks, before, after);
	start_ns = ticks * (RG_NS_PER_SEC / per_second);
	assert_int_equal(rg_process_is((__u32)child, start_ns), 0);
	assert_int_equal(rg_process_is((__u32)child, start_ns + RG_NS_PER_SEC), -ESRCH);
	/* What cannot be read is unknown: taken for gone, a held process would stay stopped. */
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &files), 0);
	none = (struct rlimit){.rlim_max = files.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	err = rg_process_is((__u32)child, start_ns);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &files), 0);
	assert_int_equal(err, -EMFILE);
	kill(child, SIGKILL);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(rg_process_start_ticks((__u32)child, &ticks), -ESRCH);
	assert_int_equal(rg_process_is((__u32)child, start_ns), -ESRCH);
}

/* ---- somebody else's stop ---- */

#define STATUS(shd)                                                                                \
	"Name:\tbash\nState:\tT (stopped)\nThreads:\t1\nSigQ:\t0/95\n"                             \
	"SigPnd:\t0000000000040000\nShdPnd:\t" shd "\nSigBlk:\t0000000000040000\n"

static void test_stop_is_pending(void **unused)
{
	(void)unused;
	assert_true(rg_stop_is_pending(STATUS("0000000000040000")));
	assert_true(rg_stop_is_pending(STATUS("ffffffffffffffff")));
	assert_true(rg_stop_is_pending(STATUS("0000000000044001")));
	/* The thread's own is ours, and so is one that is blocked. */
	assert_false(rg_stop_is_pending(STATUS("0000000000000000")));
	/* SIGCONT, SIGTSTP */
	assert_false(rg_stop_is_pending(STATUS("0000000000020000")));
	assert_false(rg_stop_is_pending(STATUS("0000000000080000")));
	assert_false(rg_stop_is_pending(STATUS("fffffffffffbffff")));
	assert_int_equal(1ULL << (SIGSTOP - 1), 0x40000);
}

static void test_stop_is_pending_of_damaged_text(void **unused)
{
	(void)unused;
	assert_false(rg_stop_is_pending(""));
	assert_false(rg_stop_is_pending("Name:\tbash\n"));
	assert_false(rg_stop_is_pending("Name:\tbash\nShdPnd:\t"));
	assert_false(rg_stop_is_pending("Name:\tbash\nShdPnd:\tnone\n"));
	/* A name with it, as the kernel writes one: a newline is escaped. */
	assert_false(rg_stop_is_pending("Name:\t\\nShdPnd:\t0000000000040000\n"
					"ShdPnd:\t0000000000000000\n"));
	assert_true(rg_stop_is_pending("Name:\tShdPnd:\t0000000000000000\n"
				       "ShdPnd:\t0000000000040000\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_start_ticks),
		cmocka_unit_test(test_start_ticks_of_damaged_text),
		cmocka_unit_test(test_start_ticks_of_garbage),
		cmocka_unit_test(test_start_ticks_of_a_process),
		cmocka_unit_test(test_stop_is_pending),
		cmocka_unit_test(test_stop_is_pending_of_damaged_text),
	};

	return cmocka_run_group_tests_name("held", tests, NULL, NULL);
}
