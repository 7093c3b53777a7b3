// SPDX-License-Identifier: GPL-2.0-only
/* Files that are replaced as a whole, whatever comes in between. */
#include "unit_dir.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "rg_limits.h"
#include "text/utf8.h"

#define S RG_NS_PER_SEC

/* ---- calls that fail when told to; ours come before libc's ---- */

static struct {
	char order[16];	     /* f: fsync of a file, d: of a directory, r: rename */
	char fails;	     /* the one of these that fails, with ENOSPC */
	bool dies_at_rename; /* as with kill -9 */
} fault;

static void note(char what)
{
	size_t n = strlen(fault.order);

	if (n + 1 < sizeof(fault.order))
		fault.order[n] = what;
}

int fsync(int fd)
{
	struct stat st;
	char what = fstat(fd, &st) == 0 && S_ISDIR(st.st_mode) ? 'd' : 'f';

	note(what);
	if (fault.fails == what) {
		errno = ENOSPC;
		return -1;
	}
	return (int)syscall(SYS_fsync, fd);
}

int renameat(int from_fd, const char *from, int to_fd, const char *to)
{
	note('r');
	if (fault.dies_at_rename)
		raise(SIGKILL);
	if (fault.fails == 'r') {
		errno = ENOSPC;
		return -1;
	}
	return (int)syscall(SYS_renameat2, from_fd, from, to_fd, to, 0);
}

static int setup(void **state)
{
	memset(&fault, 0, sizeof(fault));
	return dir_setup(state);
}

static int count_files(void)
{
	DIR *d = opendir(dir);
	struct dirent *e;
	int n = 0;

	unit_need(d);
	while ((e = readdir(d)))
		n += strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0;
	closedir(d);
	return n;
}

static mode_t mode_of(const char *path)
{
	struct stat st;

	unit_need(stat(path, &st) == 0);
	return st.st_mode & 07777;
}

static void expect_file(const char *name, const char *expected)
{
	char *text = NULL;
	size_t n = 0;

	assert_int_equal(rg_state_read(dir, name, &text, &n), 0);
	assert_int_equal(n, strlen(expected));
	assert_string_equal(text, expected);
	free(text);
}

static void test_directory(void **unused)
{
	char deeper[128];

	(void)unused;
	assert_int_equal(rg_state_make(dir), 0);
	assert_int_equal(mode_of(dir), 0700);
	assert_int_equal(rg_state_make(dir), 0);
	/* One that was there may be others' as well. */
	assert_int_equal(chmod(dir, 0755), 0);
	assert_int_equal(rg_state_make(dir), 0);
	assert_int_equal(mode_of(dir), 0755);
	snprintf(deeper, sizeof(deeper), "%s/no/such", dir);
	assert_int_equal(rg_state_make(deeper), -ENOENT);
	assert_int_equal(count_files(), 0);
	rmdir(dir);
	unit_need(close(open(dir, O_CREAT | O_WRONLY, 0600)) == 0);
	assert_int_equal(rg_state_make(dir), -ENOTDIR);
	assert_int_equal(write_text("a", "text"), -ENOTDIR);
}

static void test_write_and_read(void **unused)
{
	static const char bytes[] = "a\0b";
	char *text = NULL;
	size_t n = 0;

	(void)unused;
	assert_int_equal(rg_state_read(dir, "a", &text, &n), -ENOENT);
	/* A directory that is missing is made, and so that it stays. */
	assert_int_equal(write_text("a", "one"), 0);
	assert_string_equal(fault.order, "dfrd");
	assert_int_equal(mode_of(dir), 0700);
	assert_int_equal(mode_of(path_of("a")), 0600);
	expect_file("a", "one");
	memset(&fault, 0, sizeof(fault));
	assert_int_equal(write_text("a", "two, and longer"), 0);
	assert_string_equal(fault.order, "frd");
	expect_file("a", "two, and longer");
	assert_int_equal(write_text("a", ""), 0);
	expect_file("a", "");
	assert_int_equal(rg_state_write(dir, "a", bytes, sizeof(bytes)), 0);
	assert_int_equal(rg_state_read(dir, "a", &text, &n), 0);
	assert_int_equal(n, sizeof(bytes));
	assert_memory_equal(text, bytes, n);
	free(text);
	assert_int_equal(rg_state_read(dir, "b", &text, &n), -ENOENT);
	assert_int_equal(count_files(), 1);

	assert_int_equal(write_text("", "x"), -EINVAL);
	assert_int_equal(write_text("../a", "x"), -EINVAL);
	assert_int_equal(write_text(".a", "x"), -EINVAL);
}

static void test_too_long(void **unused)
{
	char *big = calloc(1, RG_STATE_MAX + 1), *text = NULL;
	size_t n = 0;

	(void)unused;
	unit_need(big);
	assert_int_equal(rg_state_write(dir, "a", big, RG_STATE_MAX + 1), -EFBIG);
	assert_int_equal(rg_state_write(dir, "a", big, RG_STATE_MAX), 0);
	assert_int_equal(rg_state_read(dir, "a", &text, &n), 0);
	assert_int_equal(n, RG_STATE_MAX);
	free(text);
	free(big);
	assert_int_equal(truncate(path_of("a"), (off_t)RG_STATE_MAX + 1), 0);
	assert_int_equal(rg_state_read(dir, "a", &text, &n), -EFBIG);
}

static void test_no_regular_file(void **unused)
{
	char *text = NULL;
	size_t n = 0;

	(void)unused;
	assert_int_equal(rg_state_make(dir), 0);
	assert_int_equal(mkfifo(path_of("fifo"), 0600), 0);
	assert_int_equal(rg_state_read(dir, "fifo", &text, &n), -EINVAL);
	assert_int_equal(mkdir(path_of("sub"), 0700), 0);
	assert_int_equal(rg_state_read(dir, "sub", &text, &n), -EINVAL);
	assert_int_equal(write_text("sub", "x"), -EISDIR);
	assert_int_equal(symlink("/etc/passwd", path_of("link")), 0);
	assert_int_equal(rg_state_read(dir, "link", &text, &n), -ELOOP);
	/* A link is replaced, what it points to is not written. */
	assert_int_equal(write_text("link", "x"), 0);
	expect_file("link", "x");
	assert_int_equal(count_files(), 3);
}

static void test_failed_write(void **unused)
{
	static const char fails[] = {'f', 'r'};

	(void)unused;
	assert_int_equal(write_text("a", "old"), 0);
	for (size_t i = 0; i < sizeof(fails); i++) {
		fault.fails = fails[i];
		assert_int_equal(write_text("a", "new"), -ENOSPC);
		expect_file("a", "old");
		assert_int_equal(count_files(), 1);
	}
	/* Too late to be undone: the caller is told, and writes again. */
	fault.fails = 'd';
	assert_int_equal(write_text("a", "new"), -ENOSPC);
	expect_file("a", "new");
	assert_int_equal(count_files(), 1);
}

/* Half of it can be written: as on a disk that fills up. */
static void test_disk_full(void **unused)
{
	struct rlimit had, small;
	char big[8192];
	void (*handler)(int);

	(void)unused;
	assert_int_equal(write_text("a", "old"), 0);
	memset(big, 'x', sizeof(big));
	handler = signal(SIGXFSZ, SIG_IGN);
	unit_need(getrlimit(RLIMIT_FSIZE, &had) == 0);
	small = had;
	small.rlim_cur = sizeof(big) / 2;
	unit_need(setrlimit(RLIMIT_FSIZE, &small) == 0);
	assert_int_equal(rg_state_write(dir, "a", big, sizeof(big)), -EFBIG);
	unit_need(setrlimit(RLIMIT_FSIZE, &had) == 0);
	signal(SIGXFSZ, handler);
	expect_file("a", "old");
	assert_int_equal(count_files(), 1);
}

static void test_killed_before_rename(void **unused)
{
	int status;
	pid_t child;

	(void)unused;
	assert_int_equal(write_text("a", "old"), 0);
	fault.dies_at_rename = true;
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		write_text("a", "new");
		_exit(0);
	}
	fault.dies_at_rename = false;
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	expect_file("a", "old");
	assert_int_equal(count_files(), 2);
	/* The next daemon clears up; what others keep there stays. */
	unit_need(close(open(path_of(".other"), O_CREAT | O_WRONLY, 0600)) == 0);
	assert_int_equal(rg_state_make(dir), 0);
	assert_int_equal(count_files(), 2);
	expect_file("a", "old");
	expect_file(".other", "");
}

/* The next daemon has the pid of the one that was killed. */
static void test_killed_with_the_same_pid(void **unused)
{
	char name[64];

	(void)unused;
	assert_int_equal(rg_state_make(dir), 0);
	snprintf(name, sizeof(name), ".rg-new-a.%d", (int)getpid());
	assert_int_equal(symlink("/etc/passwd", path_of(name)), 0);
	assert_int_equal(write_text("a", "new"), 0);
	expect_file("a", "new");
	assert_int_equal(count_files(), 1);
}

static void test_read_only_directory(void **unused)
{
	int status;
	pid_t child;

	(void)unused;
	assert_int_equal(write_text("a", "old"), 0);
	unit_need(chmod(path_of("a"), 0644) == 0);
	unit_need(chmod(dir, 0555) == 0 && chmod(top, 0755) == 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		/* Nothing is read-only to root. */
		if (getuid() == 0 && setresuid(65534, 65534, 65534) < 0)
			_exit(1);
		_exit(write_text("a", "new") == -EACCES ? 0 : 2);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	unit_need(chmod(dir, 0755) == 0);
	expect_file("a", "old");
	assert_int_equal(count_files(), 1);
}

/* Writers at once: each of them whole, one of them the last. */
static void test_many_writers(void **unused)
{
	size_t n = 0;
	char *text;

	(void)unused;
	assert_int_equal(rg_state_make(dir), 0);
	for (int i = 0; i < 8; i++) {
		pid_t child = fork();
		char big[5000];

		unit_need(child >= 0);
		if (child)
			continue;
		memset(big, 'a' + i, sizeof(big));
		for (int round = 0; round < 20; round++)
			if (rg_state_write(dir, "a", big, sizeof(big)))
				_exit(1);
		_exit(0);
	}
	for (int i = 0; i < 8; i++) {
		int status;

		assert_true(wait(&status) > 0);
		assert_int_equal(status, 0);
	}
	assert_int_equal(rg_state_read(dir, "a", &text, &n), 0);
	assert_int_equal(n, 5000);
	for (size_t i = 1; i < n; i++)
		assert_int_equal(text[i], text[0]);
	free(text);
	assert_int_equal(count_files(), 1);
}

static void test_due(void **unused)
{
	(void)unused;
	assert_false(rg_state_due(100 * S, 0, 2, false));
	assert_true(rg_state_due(100 * S, 0, 2, true));
	assert_false(rg_state_due(100 * S, 98 * S + 1, 2, true));
	assert_true(rg_state_due(100 * S, 98 * S, 2, true));
	assert_false(rg_state_due(100 * S, 10 * S, 2, false));
	assert_true(rg_state_due(100 * S, 100 * S, 0, true));
	assert_true(rg_state_due(100 * S, 101 * S, 60, true));
	assert_true(rg_state_due(~0ULL, 1, ~0U, true));
}

static void test_text(void **unused)
{
	static const char *const good[] = {"",
					   "a",
					   "Linux NFSv4.2 c1",
					   "gr\xc3\xbc\xc3\x9f",
					   "\xe2\x82\xac",
					   "\xf0\x9f\x98\x80",
					   "\xf4\x8f\xbf\xbf"};
	static const char *const bad[] = {"\n",
					  "\x7f",
					  "\xc2\x9b",
					  "\xff",
					  "\x80",
					  "\xc3",
					  "\xc0\xaf",
					  "\xe0\x80\xaf",
					  "\xed\xa0\x80",
					  "\xe2\x82",
					  "\xf4\x90\x80\x80",
					  "\xf8\x88\x80\x80\x80",
					  "a\xe2\x82",
					  "\xf0\x82\x82\xac"};

	(void)unused;
	for (size_t i = 0; i < UNIT_COUNT(good); i++)
		assert_true(rg_utf8_is_text(good[i], strlen(good[i])));
	for (size_t i = 0; i < UNIT_COUNT(bad); i++)
		if (rg_utf8_is_text(bad[i], strlen(bad[i])))
			fail_msg("bad[%zu] counts as text", i);
	assert_false(rg_utf8_is_text("a\0b", 3));
	assert_false(rg_utf8_is_text("\xc3\xbc", 1));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, dir_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_directory),
		TEST(test_write_and_read),
		TEST(test_too_long),
		TEST(test_no_regular_file),
		TEST(test_failed_write),
		TEST(test_disk_full),
		TEST(test_killed_before_rename),
		TEST(test_killed_with_the_same_pid),
		TEST(test_read_only_directory),
		TEST(test_many_writers),
		TEST(test_due),
		TEST(test_text),
	};

	return cmocka_run_group_tests_name("state", tests, NULL, NULL);
}
