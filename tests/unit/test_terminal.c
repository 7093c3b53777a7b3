// SPDX-License-Identifier: GPL-2.0-only
/*
 * The terminal that top takes is given back as it was, however the program ends:
 * child processes on terminals of their own.
 */
#include "unit.h"

#include <fcntl.h>
#include <pty.h>
#include <utmp.h>
#include <signal.h>
#include <sys/wait.h>
#include <termios.h>

#include "cli/terminal.h"

#define TAKEN "\033[?1049h\033[?25l"
#define GIVEN_BACK "\033[0m\033[?25h\033[?1049l"

/* ---- how a child may end ---- */

static void end_by_return(void)
{
	rg_terminal_give_back();
}

static void end_by_exit(void)
{
	exit(3);
}

static void end_by_abort(void)
{
	abort();
}

static void end_by_segv(void)
{
	raise(SIGSEGV);
}

/* Twice each way, as around Ctrl-Z. */
static void end_after_more(void)
{
	rg_terminal_take();
	rg_terminal_give_back();
	rg_terminal_give_back();
	rg_terminal_take();
	exit(3);
}

static bool same(const struct termios *a, const struct termios *b)
{
	return a->c_iflag == b->c_iflag && a->c_oflag == b->c_oflag && a->c_lflag == b->c_lflag &&
	       a->c_cc[VMIN] == b->c_cc[VMIN] && a->c_cc[VTIME] == b->c_cc[VTIME];
}

/* Until the child has closed its side, which reads as EIO. */
static void read_all(int fd, char *out, size_t size)
{
	size_t used = 0;
	ssize_t n;

	while (used < size - 1 && (n = read(fd, out + used, size - 1 - used)) > 0)
		used += (size_t)n;
	out[used] = '\0';
}

/* Take it in a child that then ends so. Its status; what it wrote; and the terminal
 * must be as it was. */
static int taken_by_child(void (*end)(void), char *wrote, size_t size)
{
	struct termios before, after;
	int master, slave, status;
	pid_t pid;

	unit_need(openpty(&master, &slave, NULL, NULL, NULL) == 0);
	unit_need(tcgetattr(slave, &before) == 0);
	pid = fork();
	unit_need(pid >= 0);
	if (!pid) {
		struct termios raw;

		close(master);
		if (login_tty(dup(slave)))
			_exit(90);
		rg_terminal_take();
		if (tcgetattr(STDIN_FILENO, &raw) || raw.c_lflag & (ICANON | ECHO) ||
		    !(raw.c_lflag & ISIG))
			_exit(91);
		end();
		_exit(0);
	}
	unit_need(waitpid(pid, &status, 0) == pid);
	unit_need(tcgetattr(slave, &after) == 0);
	close(slave);
	read_all(master, wrote, size);
	close(master);
	assert_true(same(&before, &after));
	return status;
}

static void test_given_back(void **unused)
{
	char wrote[4096];
	int status;

	(void)unused;
	status = taken_by_child(end_by_return, wrote, sizeof(wrote));
	assert_int_equal(status, 0);
	assert_string_equal(wrote, TAKEN GIVEN_BACK);
	status = taken_by_child(end_by_exit, wrote, sizeof(wrote));
	assert_true(WIFEXITED(status));
	assert_non_null(strstr(wrote, TAKEN GIVEN_BACK));
	status = taken_by_child(end_after_more, wrote, sizeof(wrote));
	assert_true(WIFEXITED(status));
	assert_non_null(strstr(wrote, TAKEN GIVEN_BACK TAKEN GIVEN_BACK));
}

/* And the signal is what it ends by. */
static void test_given_back_by_signals(void **unused)
{
	char wrote[4096];
	int status;

	(void)unused;
	status = taken_by_child(end_by_abort, wrote, sizeof(wrote));
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGABRT);
	assert_non_null(strstr(wrote, TAKEN GIVEN_BACK));
	status = taken_by_child(end_by_segv, wrote, sizeof(wrote));
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGSEGV);
	assert_non_null(strstr(wrote, TAKEN GIVEN_BACK));
}

/* ---- what kind of terminal ---- */

static void test_size(void **unused)
{
	struct winsize size = {.ws_col = 123, .ws_row = 45};
	int master, slave, real = dup(STDOUT_FILENO),
			   null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	unsigned int columns, lines;

	(void)unused;
	unit_need(real >= 0 && null >= 0 && openpty(&master, &slave, NULL, NULL, &size) == 0);
	fflush(stdout);
	dup2(slave, STDOUT_FILENO);
	rg_terminal_size(&columns, &lines);
	setenv("TERM", "xterm", 1);
	unsetenv("NO_COLOR");
	bool is_one = rg_terminal_is_one(), colours = rg_terminal_has_colours();
	setenv("NO_COLOR", "1", 1);
	bool without = rg_terminal_has_colours();
	setenv("TERM", "dumb", 1);
	bool dumb = rg_terminal_is_one();
	dup2(null, STDOUT_FILENO);
	unsigned int no_columns, no_lines, other_columns, other_lines;
	unsetenv("COLUMNS");
	setenv("LINES", "0", 1);
	rg_terminal_size(&no_columns, &no_lines);
	setenv("COLUMNS", "60", 1);
	rg_terminal_size(&other_columns, &other_lines);
	setenv("TERM", "xterm", 1);
	bool file = rg_terminal_is_one();
	dup2(real, STDOUT_FILENO);
	close(real);
	close(null);
	close(master);
	close(slave);
	assert_int_equal(columns, 123);
	assert_int_equal(lines, 45);
	assert_true(is_one && colours);
	assert_false(without || dumb || file);
	assert_int_equal(no_columns, 160);
	assert_int_equal(no_lines, 24);
	assert_int_equal(other_columns, 60);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_given_back),
		cmocka_unit_test(test_given_back_by_signals),
		cmocka_unit_test(test_size),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
