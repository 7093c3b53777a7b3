// SPDX-License-Identifier: GPL-2.0-only
#include "cli/terminal.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

static struct {
	volatile sig_atomic_t taken;
	bool prepared; /* restored when the program ends */
	bool keys;     /* standard input is a terminal as well */
	struct termios before;
} terminal;

bool rg_terminal_is_one(void)
{
	const char *kind = getenv("TERM");

	return isatty(STDOUT_FILENO) && kind && *kind && strcmp(kind, "dumb") != 0;
}

bool rg_terminal_has_colours(void)
{
	const char *no = getenv("NO_COLOR");

	return rg_terminal_is_one() && !(no && *no);
}

static unsigned int number(const char *variable, unsigned int otherwise)
{
	const char *text = getenv(variable);
	unsigned long n = text && *text >= '0' && *text <= '9' ? strtoul(text, NULL, 10) : 0;

	return n >= 1 && n <= 4096 ? (unsigned int)n : otherwise;
}

void rg_terminal_size(unsigned int *columns, unsigned int *lines)
{
	struct winsize size;

	*columns = number("COLUMNS", isatty(STDOUT_FILENO) ? 80 : 160);
	*lines = number("LINES", 24);
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col && size.ws_row) {
		*columns = size.ws_col;
		*lines = size.ws_row;
	}
}

unsigned int rg_terminal_width(void)
{
	unsigned int columns, lines;

	if (!isatty(STDOUT_FILENO))
		return number("COLUMNS", 0);
	rg_terminal_size(&columns, &lines);
	return columns;
}

static void put(const char *order)
{
	ssize_t unused = write(STDOUT_FILENO, order, strlen(order));

	(void)unused; /* nobody can be told of a failure */
}

void rg_terminal_give_back(void)
{
	int err = errno;

	if (!terminal.taken)
		return;
	terminal.taken = 0;
	put("\033[0m\033[?25h\033[?1049l");
	if (terminal.keys)
		tcsetattr(STDIN_FILENO, TCSAFLUSH, &terminal.before);
	errno = err;
}

static void on_crash(int signal)
{
	rg_terminal_give_back();
	raise(signal); /* SA_RESETHAND: raise the signal again, to end as without us */
}

static void prepare_for_the_end(void)
{
	static const int crashes[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGSYS};
	struct sigaction action = {.sa_handler = on_crash, .sa_flags = SA_RESETHAND};

	terminal.prepared = true;
	atexit(rg_terminal_give_back);
	for (size_t i = 0; i < sizeof(crashes) / sizeof(crashes[0]); i++)
		sigaction(crashes[i], &action, NULL);
}

void rg_terminal_take(void)
{
	struct termios raw;

	if (terminal.taken)
		return;
	if (!terminal.prepared)
		prepare_for_the_end();
	terminal.keys = tcgetattr(STDIN_FILENO, &terminal.before) == 0;
	terminal.taken = 1;
	if (terminal.keys) {
		raw = terminal.before;
		/* Keep ISIG: Ctrl-C and Ctrl-Z still send signals. */
		raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
		raw.c_cc[VMIN] = 1;
		raw.c_cc[VTIME] = 0;
		tcsetattr(STDIN_FILENO, TCSAFLUSH, &raw);
	}
	put("\033[?1049h\033[?25l");
}
