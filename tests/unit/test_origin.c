// SPDX-License-Identifier: GPL-2.0-only
/* What is said when an original server answered NO_GRACE, and knfsd's grace is
 * ended, or cannot be. */
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/syscall.h>

#include "base/netns.h"
#include "state/origin.h"

/* ---- v4_end_grace, without a knfsd: these come before libc's ---- */

#define END_GRACE "/proc/fs/nfsd/v4_end_grace"

static struct {
	int fd;		  /* of the file, while it is open to be written */
	int refuses;	  /* with this errno, if not 0 */
	const char *over; /* what it says when it is read */
	bool written;
} file;

int open(const char *path, int flags, ...)
{
	int fds[2];

	if (strcmp(path, END_GRACE) != 0)
		return (int)syscall(SYS_openat, AT_FDCWD, path, flags, 0);
	unit_need(pipe2(fds, O_CLOEXEC) == 0);
	if (flags & O_WRONLY) {
		close(fds[0]);
		return file.fd = fds[1];
	}
	unit_need(syscall(SYS_write, fds[1], file.over, 2) == 2);
	close(fds[1]);
	return fds[0];
}

ssize_t write(int fd, const void *text, size_t n)
{
	if (fd != file.fd)
		return syscall(SYS_write, fd, text, n);
	unit_need(n == 1 && *(const char *)text == 'Y');
	file.fd = -1;
	if (file.refuses) {
		errno = file.refuses;
		return -1;
	}
	file.written = true;
	return 1;
}

/* ---- */

static struct unit_ear ear;

/* A line, with `words` in it; is v4_end_grace written? */
static void expect(struct rg_gate g, const char *words, bool written)
{
	file.fd = -1;
	file.written = false;
	unit_listen(&ear);
	rg_origin_no_grace(&g);
	assert_int_equal(unit_heard(&ear), 1);
	assert_non_null(strstr(ear.text, "an original server answered NO_GRACE"));
	if (!strstr(ear.text, words))
		fail_msg("said: %s", ear.text);
	assert_int_equal(file.written, written);
}

static struct rg_gate in_grace(void)
{
	return (struct rg_gate){.netns = rg_netns_self(),
				.knfsd = RG_KNFSD_GRACE,
				.policy.end_grace = 1};
}

static void test_report(void **unused)
{
	struct rg_gate g = in_grace();

	(void)unused;
	memset(&file, 0, sizeof(file));
	g.policy.end_grace = 0;
	expect(g, "; on-origin-no-grace = end-grace would end knfsd's grace period\n", false);
	g.knfsd = RG_KNFSD_OVER;
	expect(g, "what end clients held there may be lost\n", false);
	g.policy.end_grace = 1;
	expect(g, "what end clients held there may be lost\n", false);
}

static void test_end_grace(void **unused)
{
	struct rg_gate g = in_grace();

	(void)unused;
	memset(&file, 0, sizeof(file));
	expect(g, "knfsd's grace period is ended", true);
	g.netns++;
	expect(g, "cannot be ended from here: write Y to its " END_GRACE "\n", false);
}

/* knfsd says EBUSY to more than one thing. */
static void test_end_grace_fails(void **unused)
{
	const struct rg_gate g = in_grace();

	(void)unused;
	memset(&file, 0, sizeof(file));
	file.refuses = EBUSY;
	file.over = "Y\n";
	expect(g, "knfsd's grace period was over before it could be ended\n", false);
	file.over = "N\n";
	expect(g, "knfsd's grace period cannot be ended: knfsd is shutting down", false);
	file.refuses = EACCES;
	expect(g, END_GRACE ": Permission denied: knfsd's grace period goes on\n", false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_report),
		cmocka_unit_test(test_end_grace),
		cmocka_unit_test(test_end_grace_fails),
	};

	return cmocka_run_group_tests_name("origin", tests, NULL, NULL);
}
