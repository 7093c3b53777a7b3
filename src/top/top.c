// SPDX-License-Identifier: GPL-2.0-only
/* The verb top: watches a recovery. Reads the pinned maps and loads nothing; top_screen.c makes
 * the screen. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cli/terminal.h"
#include "top/screen.h"
#include "cli/verbs.h"

struct watch {
	struct rg_pins p;
	ino_t pinned_ino; /* id of map_meta, by which another set is noticed; 0: p is closed */
	struct rg_snapshot *now;
	__u64 tally[RG_NR_TALLIES]; /* the tally and the time from which rates count; 0: none */
	__u64 before_ns;
	struct rg_rates rates; /* the last rates */
	long interval_ms;
	bool in_place, colour, keys;
	bool stop;
	int signal_fd;
};

/* ---- looking ---- */

static ino_t pinned_now(void)
{
	struct stat st;
	char path[256];

	return stat(rg_pin_path(path, rg_pin_of_map(RG_MAP_META)), &st) == 0 ? st.st_ino : 0;
}

/* Opens the set, which may be disabled and enabled again meanwhile. Reports nothing: the screen
 * shows that nothing is enabled. */
static void follow_pins(struct watch *w)
{
	ino_t now = pinned_now();

	if (now == w->pinned_ino)
		return;
	rg_pins_close(&w->p);
	w->pinned_ino = 0;
	w->before_ns = 0;
	if (!now)
		return;
	if (rg_pins_lock(&w->p, RG_LOCK_SHARED, false) == 0 && rg_pins_open(&w->p) == 0) {
		rg_pins_unlock(&w->p);
		w->pinned_ino = now;
	} else {
		rg_pins_close(&w->p);
	}
}

/* Takes a new snapshot. Returns false, owning nothing, if there is none. */
static bool look(struct watch *w)
{
	if (w->pinned_ino && rg_snapshot_read(&w->p, RG_SNAPSHOT_FLOWS, w->now) == 0)
		return true;
	rg_snapshot_none(w->now);
	return false;
}

/* ---- showing ---- */

/* Keep the last rates for a screen that a change of size drew early: a few milliseconds give no
 * rate. */
static void work_out_rates(struct watch *w)
{
	const struct rg_snapshot *now = w->now;

	if (w->before_ns && now->now_ns - w->before_ns < (__u64)w->interval_ms * 500000)
		return;
	w->rates = w->before_ns ? rg_rates_of(w->tally, w->before_ns, now) : (struct rg_rates){};
	w->before_ns = now->now_ns;
	memcpy(w->tally, now->totals.tally, sizeof(w->tally));
}

/* Print everything where nobody has to scroll. */
static unsigned int lines_of_all(const struct rg_snapshot *s)
{
	return 2 * RG_MAX_GATES + 32 + s->ledger.n + s->flows.n + s->held.n +
	       (unsigned int)(s->n_slowest + s->n_downgrades);
}

static int show(struct watch *w)
{
	struct rg_top top = {.now = w->now, .keys = w->keys, .all = !w->in_place};
	unsigned int columns, lines;
	struct rg_screen screen;
	int err;

	if (!look(w))
		top.note = w->pinned_ino ? "the maps cannot be read"
					 : "not enabled: nothing is pinned, or not all of it";
	else
		work_out_rates(w);
	top.rates = w->rates;
	rg_terminal_size(&columns, &lines);
	if (!w->in_place)
		lines = lines_of_all(w->now);
	err = rg_screen_init(&screen, columns, lines) ?: rg_top_draw(&top, &screen);
	if (!err)
		rg_screen_print(&screen, stdout, w->in_place, w->colour);
	rg_screen_free(&screen);
	rg_snapshot_free(w->now);
	if (err)
		return rg_error(RG_FAILED, "top: %s", rg_strerror(err));
	/* Deliver the screen now, and end if the reader is gone. */
	return fflush(stdout) == EOF ? RG_FAILED : RG_DONE;
}

/* ---- waiting ---- */

static void sleep_until_continued(struct watch *w)
{
	struct signalfd_siginfo info;

	rg_terminal_give_back();
	kill(getpid(), SIGSTOP);
	/* Read SIGCONT and other signals later. */
	while (read(w->signal_fd, &info, sizeof(info)) == sizeof(info))
		w->stop |= info.ssi_signo != SIGCONT && info.ssi_signo != SIGWINCH &&
			   info.ssi_signo != SIGTSTP;
	if (!w->stop)
		rg_terminal_take();
}

static void handle_signals(struct watch *w)
{
	struct signalfd_siginfo info;

	while (!w->stop && read(w->signal_fd, &info, sizeof(info)) == sizeof(info)) {
		switch (info.ssi_signo) {
		case SIGWINCH:
		case SIGCONT: /* others may have drawn over the screen: draw it again */
			break;
		case SIGTSTP:
			if (w->in_place)
				sleep_until_continued(w);
			else
				kill(getpid(), SIGSTOP);
			break;
		default:
			w->stop = true;
		}
	}
}

static void handle_keys(struct watch *w)
{
	char keys[64];
	ssize_t n = read(STDIN_FILENO, keys, sizeof(keys));

	if (n <= 0)
		w->keys = false; /* there is no keyboard */
	for (ssize_t i = 0; i < n; i++)
		w->stop |= keys[i] == 'q' || keys[i] == 'Q' || keys[i] == 3; /* Ctrl-C */
}

static long ms_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (long)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Waits until the next screen is due or a key is pressed. */
static void wait_until(struct watch *w, long until_ms)
{
	long left_ms = until_ms - ms_now();
	struct pollfd fds[] = {
		{.fd = w->signal_fd, .events = POLLIN},
		{.fd = w->keys ? STDIN_FILENO : -1, .events = POLLIN},
	};

	if (left_ms <= 0 || poll(fds, 2, (int)left_ms) <= 0)
		return;
	if (fds[0].revents)
		handle_signals(w);
	if (fds[1].revents)
		handle_keys(w);
}

/* Receive signals by a descriptor, so that none interrupts drawing. */
static int take_signals(struct watch *w)
{
	static const int heeded[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGWINCH, SIGTSTP, SIGCONT};
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < sizeof(heeded) / sizeof(heeded[0]); i++)
		sigaddset(&set, heeded[i]);
	sigprocmask(SIG_BLOCK, &set, NULL);
	w->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (w->signal_fd < 0)
		return rg_error(RG_FAILED, "top: signalfd: %s", rg_strerror(errno));
	return RG_DONE;
}

static int watch(struct watch *w)
{
	int err = take_signals(w);

	if (!err && w->in_place)
		rg_terminal_take();
	for (long next_ms = ms_now(); !err && !w->stop;) {
		follow_pins(w);
		err = show(w);
		if (ms_now() >= next_ms)
			next_ms = ms_now() + w->interval_ms;
		if (!err)
			wait_until(w, next_ms);
		if (!err && !w->in_place && !w->stop)
			putchar('\n');
	}
	rg_terminal_give_back();
	return err;
}

int rg_verb_top(const struct rg_options *o)
{
	struct watch w = {.now = calloc(1, sizeof(*w.now))};
	int err;

	if (!w.now)
		return rg_error(RG_FAILED, "top: out of memory");
	err = rg_pins_open_enabled(&w.p, RG_LOCK_SHARED);
	if (!err) {
		rg_pins_unlock(&w.p);
		w.pinned_ino = pinned_now();
		w.in_place = !o->once && rg_terminal_is_one();
		w.colour = w.in_place && rg_terminal_has_colours();
		w.keys = w.in_place && isatty(STDIN_FILENO);
		w.interval_ms = (o->interval_s ?: 1) * 1000;
		err = o->once ? show(&w) : watch(&w);
		rg_pins_close(&w.p);
	}
	free(w.now);
	return err;
}
