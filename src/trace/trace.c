// SPDX-License-Identifier: GPL-2.0-only
/* The verb trace: prints and records what the tracing programs see. Reads this tracer's own
 * ring, and adds what no program sends: changes of gates and lost records. Ends by a signal, by
 * --count or --duration, when its reader goes away, and after `disable`. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include <cap-ng.h>

#include "trace/parts.h"
#include "cli/verbs.h"
#include "load/programs.h"
#include "pins/flows.h"
#include "pins/listing.h"

/* Records to read at the end, at most, since they may come faster than they are written. */
#define LAST_RECORDS ((size_t)RG_TRACER_RING_BYTES / sizeof(struct rg_record))
/* Time that a slow reader gets at the end. */
#define LAST_MS 1000
#define TICK_NS RG_NS_PER_SEC
/* How often, and after which time, listening to the role of an original server is tried again. */
#define ROLE_TRIES 100
#define ROLE_TRY_US 50000
/* Time between two looks at gates and losses. Records may wake us thousands of times a second,
 * each look calls bpf(2), and no kprobe runs on this CPU meanwhile (base/read_map.h). */
#define LOOK_NS (20ULL * 1000 * 1000)

/* Reads the last records, writes the last line, and delivers everything. */
static void finish(struct trace *t)
{
	size_t taken = 0;
	int err;

	do {
		rg_trace_consume(t);
		taken += t->batch;
	} while (t->batch && taken < LAST_RECORDS);
	rg_trace_look_at_lost(t);
	rg_trace_look_at_losses(t);
	rg_trace_write_end(t);
	/* Ask for losses first. */
	rg_role_leave(&t->role);
	rg_tracer_close(&t->ring);
	if (rg_recording_close(&t->recording))
		t->status = RG_FAILED;
	err = rg_outlet_close(&t->out, LAST_MS);
	if (err && err != -EPIPE && err != -ETIMEDOUT && !t->status)
		t->status = rg_error(RG_FAILED, "standard output: %s", rg_strerror(err));
	if (t->out.left_out && err != -EPIPE)
		rg_trace_say_left_out(t);
	rg_trace_say_summary(t);
}

/* ---- the loop ---- */

static ino_t pinned_now(void)
{
	struct stat st;
	char path[256];

	return stat(rg_pin_path(path, rg_pin_of_map(RG_MAP_META)), &st) == 0 ? st.st_ino : 0;
}

static void look_at_pins(struct trace *t)
{
	ino_t now = pinned_now();

	if (now == t->pinned_ino && (t->guard || rg_role_listens(&t->role)))
		return;
	rg_info(now ? "enabled anew by another process: this trace ends; start it again"
		    : "disabled by another process: this trace ends");
	stop(t, "disabled");
}

static void tick(struct trace *t)
{
	t->tick_ns = rg_now_ns() + TICK_NS;
	t->mounts_may_be_read = true;
	rg_trace_read_clocks(t);
	rg_trace_look_at_terminal(t);
	rg_trace_look_at_gates(t, true);
	rg_trace_look_at_losses(t);
	rg_role_look(&t->role, &t->ring, rg_now_ns(), rg_trace_on_made, t);
	rg_trace_flush_recording(t);
	look_at_pins(t);
}

static void on_signal(struct trace *t)
{
	struct signalfd_siginfo info;

	while (read(t->signal_fd, &info, sizeof(info)) == sizeof(info)) {
		stop(t, "signal");
		rg_outlet_hurry(&t->out, LAST_MS);
	}
}

static void on_event(struct trace *t, int fd)
{
	uint64_t expired;

	if (fd == t->signal_fd)
		on_signal(t);
	else if (fd == t->mounts_fd)
		rg_trace_read_mounts(t);
	else if (fd == STDOUT_FILENO)
		stop_now(t, "reader");
	else if (fd == t->timer_fd && read(fd, &expired, sizeof(expired)) < 0 && errno != EAGAIN)
		rg_warn("timer: %s", rg_strerror(errno));
}

/* Sets the timer for whatever is due next. */
static void set_timer(const struct trace *t)
{
	__u64 next_ns = t->tick_ns;
	struct itimerspec alarm = {};

	if (t->gates_change_ns && t->gates_change_ns < next_ns)
		next_ns = t->gates_change_ns;
	if (t->look_due || next_ns < t->look_ns)
		next_ns = t->look_ns;
	if (t->end_ns && t->end_ns < next_ns)
		next_ns = t->end_ns;
	/* A timer of 0 would be off. */
	alarm.it_value.tv_sec = (time_t)((next_ns + 1) / RG_NS_PER_SEC);
	alarm.it_value.tv_nsec = (long)((next_ns + 1) % RG_NS_PER_SEC);
	timerfd_settime(t->timer_fd, TFD_TIMER_ABSTIME, &alarm, NULL);
}

static void serve(struct trace *t)
{
	while (!t->stop) {
		struct epoll_event events[8];
		__u64 now_ns;
		int n;

		set_timer(t);
		n = epoll_wait(t->epoll_fd, events, 8, -1);
		if (n < 0 && errno != EINTR) {
			t->status = rg_error(RG_FAILED, "epoll_wait: %s", rg_strerror(errno));
			return;
		}
		for (int i = 0; i < n; i++)
			on_event(t, events[i].data.fd);
		t->look_due = rg_now_ns() < t->look_ns;
		if (!t->look_due)
			rg_trace_look_at_gates(t, false);
		rg_trace_consume(t);
		if (!t->look_due) {
			rg_trace_look_at_lost(t);
			t->look_ns = rg_now_ns() + LOOK_NS;
		}
		rg_trace_handle_outlet(t, rg_outlet_flush(&t->out));
		now_ns = rg_now_ns();
		if (now_ns >= t->tick_ns)
			tick(t);
		if (t->end_ns && now_ns >= t->end_ns)
			stop(t, "duration");
	}
}

/* ---- beginning ---- */

static int watch_fd(const struct trace *t, int fd, uint32_t events)
{
	struct epoll_event e = {.events = events, .data.fd = fd};

	return epoll_ctl(t->epoll_fd, EPOLL_CTL_ADD, fd, &e) < 0 ? -errno : 0;
}

/* End on a hangup, unless started by nohup(1). */
static void block_signals(sigset_t *set)
{
	struct sigaction hangup;

	sigemptyset(set);
	sigaddset(set, SIGINT);
	sigaddset(set, SIGTERM);
	if (sigaction(SIGHUP, NULL, &hangup) == 0 && hangup.sa_handler != SIG_IGN)
		sigaddset(set, SIGHUP);
	sigprocmask(SIG_BLOCK, set, NULL);
	/* write(2) reports both. */
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
}

static int set_up(struct trace *t)
{
	sigset_t set;

	block_signals(&set);
	t->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	t->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	t->timer_fd = timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK);
	if (t->epoll_fd < 0 || t->signal_fd < 0 || t->timer_fd < 0 ||
	    watch_fd(t, t->signal_fd, EPOLLIN) || watch_fd(t, t->timer_fd, EPOLLIN))
		return rg_error(RG_FAILED, "cannot set up: %s", rg_strerror(errno));
	/* Without it, read mounts again when a record has an unknown one. */
	t->mounts_fd = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
	if (t->mounts_fd >= 0)
		watch_fd(t, t->mounts_fd, EPOLLPRI);
	/* Watch a pipe for a reader that goes away. */
	if (t->to_json || t->to_text)
		watch_fd(t, STDOUT_FILENO, 0);
	return RG_DONE;
}

/* Listens to the role of an original server, where it is enabled. Without a guard there is nothing
 * else to listen to: waits for whoever works on it. */
static int listen_to_role(struct trace *t)
{
	for (int tries = 0; tries < ROLE_TRIES; tries++) {
		rg_role_look(&t->role, &t->ring, rg_now_ns(), rg_trace_on_made, t);
		if (t->guard || rg_role_listens(&t->role))
			return RG_DONE;
		usleep(ROLE_TRY_US);
	}
	return rg_error(RG_FAILED,
			"%s: cannot be listened to: another process works on it, or disabled it; "
			"try again",
			RG_ORG_PIN_DIR);
}

static void look_at_guard(struct trace *t)
{
	struct rg_flow_totals before;

	t->header.untraced = rg_traces_missing();
	t->set = rg_pins_set_id(&t->p);
	if (rg_flow_totals_read(&t->p, &before) == 0)
		t->failed_before = before.failed;
}

static int listen(struct trace *t)
{
	int err = rg_tracer_open(t->guard ? &t->p : NULL, RG_TRACER_RING_BYTES, rg_trace_on_record,
				 t, &t->ring);

	if (err == -EUSERS)
		return rg_error(RG_FAILED,
				"%d tracers are running already, which is all there is room for: "
				"end one of them",
				RG_MAX_TRACERS);
	if (err)
		return rg_error(RG_FAILED, "ring of records: cannot be made: %s", rg_strerror(err));
	if (watch_fd(t, rg_tracer_fd(&t->ring), EPOLLIN))
		return rg_error(RG_FAILED, "ring of records: cannot be watched: %s",
				rg_strerror(errno));
	t->init_netns = rg_state_init_netns();
	if (rg_boot_id(t->boot_id))
		t->boot_id[0] = '\0';
	if (t->guard)
		look_at_guard(t);
	return listen_to_role(t);
}

/* Keep the capabilities for maps, and for rotating a recording in another user's directory. */
static int drop_capabilities(const struct trace *t)
{
	capng_clear(CAPNG_SELECT_BOTH);
	if (capng_updatev(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED, CAP_BPF,
			  t->recording.open ? CAP_DAC_OVERRIDE : -1, -1) < 0 ||
	    capng_apply(CAPNG_SELECT_BOTH) < 0)
		return rg_error(RG_FAILED, "capabilities: cannot be dropped: %s",
				rg_strerror(errno));
	return RG_DONE;
}

/* Hold the lock until a place is taken, so that no two tracers take the same one. */
static int open_pins(struct trace *t)
{
	int err;

	if (!pinned_now() && rg_role_is_enabled())
		return RG_DONE;
	err = rg_pins_open_enabled(&t->p, RG_LOCK_EXCLUSIVE);
	t->guard = !err;
	if (!err)
		t->pinned_ino = pinned_now();
	return err;
}

static int begin(struct trace *t)
{
	int err = open_pins(t) ?: set_up(t);

	/* Check this before rotating an existing recording away. */
	err = err ?: listen(t);
	rg_pins_unlock(&t->p); /* let others work on the set */
	err = err ?: rg_trace_begin_recording(t);
	err = err ?: rg_trace_begin_output(t);
	return err ?: drop_capabilities(t);
}

static void let_go(struct trace *t)
{
	rg_role_leave(&t->role);
	rg_tracer_close(&t->ring);
	rg_recording_close(&t->recording);
	free(t->out.buffer);
	rg_header_free(&t->header);
	rg_mountpoints_free(&t->mounts);
	rg_pins_close(&t->p);
}

int rg_verb_trace(const struct rg_options *o)
{
	struct trace *t = calloc(1, sizeof(*t));
	int err;

	if (!t)
		return rg_error(RG_FAILED, "trace: out of memory");
	rg_pins_init(&t->p);
	t->role = rg_role_none;
	err = rg_trace_request_of(o, &t->request);
	t->request.filter.mounts = &t->mounts;
	t->around.mounts = &t->mounts;
	rg_trace_choose_style(t);
	t->to_json = t->request.json;
	t->to_text = !t->request.json && (!t->request.record || t->style.width);
	err = err ?: begin(t);
	if (!err) {
		rg_trace_read_mounts(t);
		tick(t);
		if (t->request.duration_ns)
			t->end_ns = rg_now_ns() + t->request.duration_ns;
		rg_info("tracing; Ctrl-C ends");
		serve(t);
		finish(t);
		err = t->status;
	}
	let_go(t);
	free(t);
	return err;
}
