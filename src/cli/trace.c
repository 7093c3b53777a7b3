// SPDX-License-Identifier: GPL-2.0-only
/* The verb trace: prints and records what the tracing programs see. Reads this tracer's own
 * ring, and adds what no program sends: changes of gates and lost records. Ends by a signal, by
 * --count or --duration, when its reader goes away, and after `disable`. */
#include <errno.h>
#include <fcntl.h>
#include <langinfo.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <cap-ng.h>

#include "cli/outlet.h"
#include "cli/trace_wish.h"
#include "cli/verbs.h"
#include "load/programs.h"
#include "pins/flows.h"
#include "pins/gates.h"
#include "pins/listing.h"
#include "record/gate_event.h"
#include "record/record_header.h"
#include "record/record_json.h"
#include "record/record_lost.h"
#include "record/record_text.h"
#include "record/recording.h"
#include "record/tracer.h"

/* Records to read between two looks at everything else. */
#define BATCH 4096
/* Records to read at the end, at most, since they may come faster than they are written. */
#define LAST_RECORDS ((size_t)RG_TRACER_RING_BYTES / sizeof(struct rg_record))
/* Time that a slow reader gets at the end. */
#define LAST_MS 1000
#define TICK_NS RG_NS_PER_SEC
/* Time between two looks at gates and losses. Records may wake us thousands of times a second,
 * each look calls bpf(2), and no kprobe runs on this CPU meanwhile (base/read_map.h). */
#define LOOK_NS (20ULL * 1000 * 1000)

struct trace {
	struct rg_trace_wish wish;
	struct rg_pins p;
	ino_t pinned_ino; /* id of map_meta, by which another set is noticed */
	struct rg_tracer_ring ring;
	int epoll_fd, signal_fd, timer_fd, mounts_fd;

	struct rg_record_around around;
	struct rg_mountpoints mounts;
	bool mounts_may_be_read; /* at most once a second */
	struct rg_second json_second, text_second;
	struct rg_text_style style;

	bool to_json, to_text; /* on standard output */
	struct rg_outlet out;
	struct rg_header header;
	struct rg_recording recording;

	struct rg_gate_told gates[RG_MAX_GATES];
	struct rg_lost_told told_lost[RG_MAX_GATES];
	struct stat lost_file; /* as last read */
	char boot_id[RG_BOOT_ID_SIZE];
	__u32 set, init_netns;
	__u64 gates_change_ns; /* time at which a gate changes by itself; 0: never */
	__u64 look_ns;	       /* earliest time of the next look; see look_due() */
	__u64 tick_ns, end_ns; /* of the next look, and of the end; end 0: no limit */

	__u64 events, downgrades, lost, failures; /* records printed */
	__u64 failed_before;	   /* failures of tracing programs before this began */
	bool recovery, downgraded; /* records read, printed or not */
	unsigned int batch;
	bool look_due; /* at look_ns */
	bool stop;     /* end after the last records */
	bool over;     /* end without taking another record */
	const char *reason;
	int status; /* enum rg_exit to end with */
};

/* Keep the first reason. */
static void stop(struct trace *t, const char *reason)
{
	if (!t->stop)
		t->reason = reason;
	t->stop = true;
}

static void stop_now(struct trace *t, const char *reason)
{
	stop(t, reason);
	t->over = true;
}

/* ---- where it goes ---- */

static void handle_outlet(struct trace *t, int err)
{
	switch (err) {
	case 0:
		return;
	case -EINTR:	 /* the loop reads the signal */
	case -ETIMEDOUT: /* the end reports what was left out */
		return;
	case -EPIPE:
		stop_now(t, "reader");
		return;
	default:
		t->status = rg_error(RG_FAILED, "standard output: %s", rg_strerror(err));
		stop_now(t, NULL);
	}
}

static void print(struct trace *t, const char *line, size_t n)
{
	if (n)
		handle_outlet(t, rg_outlet_add(&t->out, line, n));
}

static void record(struct trace *t, const char *line, size_t n)
{
	if (!n || !rg_recording_add(&t->recording, line, n))
		return;
	t->status = RG_FAILED;
	stop_now(t, NULL);
}

static void flush_recording(void *arg)
{
	struct trace *t = arg;

	if (rg_recording_flush(&t->recording)) {
		t->status = RG_FAILED;
		stop_now(t, NULL);
	}
}

/* Prints a line of JSON that is no event. */
static void write_json(struct trace *t, const char *line, size_t n)
{
	record(t, line, n);
	if (t->to_json)
		print(t, line, n);
}

/* ---- the clocks, the mounts, the terminal ---- */

static __u64 clock_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (__u64)now.tv_sec * RG_NS_PER_SEC + (__u64)now.tv_nsec;
}

/* Read both clocks again, since the wall clock may be set at any time. */
static void read_clocks(struct trace *t)
{
	__u64 before_ns = clock_ns(CLOCK_BOOTTIME), wall_ns = clock_ns(CLOCK_REALTIME),
	      after_ns = clock_ns(CLOCK_BOOTTIME);

	t->around.wall_offset_ns = (__s64)(wall_ns - before_ns - (after_ns - before_ns) / 2);
}

static void read_mounts(struct trace *t)
{
	struct rg_mounts mounts;

	t->mounts_may_be_read = false;
	if (rg_mounts_read("/proc/self/mountinfo", &mounts))
		return; /* as they were before */
	rg_mountpoints_of(&mounts, &t->mounts);
	rg_mounts_free(&mounts);
}

static void learn_mount(struct trace *t, const struct rg_record *r)
{
	if (t->mounts_may_be_read && r->dev && r->path[0] &&
	    !rg_mountpoint_find(&t->mounts, r->dev))
		read_mounts(t);
}

static void look_at_terminal(struct trace *t)
{
	struct winsize size;

	if (t->style.width && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col)
		t->style.width = size.ws_col;
}

static void choose_style(struct trace *t)
{
	const char *no_colour = getenv("NO_COLOR"), *terminal = getenv("TERM");

	setlocale(LC_CTYPE, "");
	t->style.utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
	if (!isatty(STDOUT_FILENO))
		return;
	t->style.colour = (!no_colour || !*no_colour) && terminal && strcmp(terminal, "dumb") != 0;
	t->style.width = 80;
	look_at_terminal(t);
}

/* ---- records ---- */

static void emit(struct trace *t, const struct rg_record *r)
{
	char line[RG_RECORD_JSON_MAX];
	size_t n;

	t->recovery |= rg_claim_is_reclaim(r->claim) || r->op == RG_REC_GRACE_START;
	t->downgraded |= rg_record_is_downgrade(r);
	learn_mount(t, r);
	if (!rg_filter_wants(&t->wish.filter, r))
		return;
	t->events++;
	t->downgrades += rg_record_is_downgrade(r);
	if (t->to_json || t->recording.open) {
		n = rg_record_json(r, &t->around, &t->json_second, line, sizeof(line));
		write_json(t, line, n);
	}
	if (t->to_text) {
		n = rg_record_text(r, &t->around, &t->style, &t->text_second, line, sizeof(line));
		print(t, line, n);
	}
	if (t->events == t->wish.count)
		stop_now(t, "count");
}
_Static_assert(RG_RECORD_TEXT_MAX <= RG_RECORD_JSON_MAX, "one buffer for both");

static int on_record(void *arg, const struct rg_record *r)
{
	struct trace *t = arg;

	emit(t, r);
	return t->over || ++t->batch >= BATCH;
}

static void consume(struct trace *t)
{
	int n;

	t->batch = 0;
	if (t->over)
		return;
	n = rg_tracer_consume(&t->ring);
	if (n >= 0)
		return;
	t->status = rg_error(RG_FAILED, "ring of records: cannot be read: %s", rg_strerror(n));
	stop_now(t, NULL);
}

/* Returns how often tracing programs failed since this began (no memory for a thread's storage,
 * a failed helper). An unreadable counter counts as one. */
static __u64 failures_now(const struct trace *t)
{
	struct rg_flow_totals totals;

	if (rg_flow_totals_read(&t->p, &totals))
		return t->failures ?: 1;
	return totals.failed - t->failed_before;
}

static void look_at_lost(struct trace *t)
{
	__u64 lost = rg_tracer_lost(&t->ring), failures = failures_now(t), more;
	struct rg_record r = {.op = RG_REC_LOST, .time_ns = rg_now_ns()};

	if (lost <= t->lost && failures <= t->failures)
		return;
	more = failures > t->failures ? failures - t->failures : 0;
	r.value = lost > t->lost ? lost - t->lost : 0;
	r.expected = more > ~0U ? ~0U : (__u32)more;
	t->lost += r.value;
	t->failures += more;
	if (!t->over)
		emit(t, &r);
}

/* ---- gates ---- */

static void look_at_gate(struct trace *t, __u32 slot, __u64 now_ns)
{
	struct rg_gate gate = {};
	struct rg_record r;

	if (bpf_map_lookup_elem(t->p.map_fd[RG_MAP_GATES], &slot, &gate) < 0)
		gate.netns = 0;
	if (rg_gate_event(&t->gates[slot], &gate, now_ns, &r, &t->gates_change_ns) && !t->over)
		emit(t, &r);
}

/* Reads the known gates, and once a second all of them, to find new ones. */
static void look_at_gates(struct trace *t, bool all)
{
	__u64 now_ns = rg_now_ns();

	t->gates_change_ns = 0;
	for (__u32 slot = RG_CANARY_SLOT + 1; slot < RG_MAX_GATES; slot++)
		if (all || t->gates[slot].there)
			look_at_gate(t, slot, now_ns);
}

/* ---- what was lost ---- */

static void tell_lost(struct trace *t, const struct rg_lost *l, struct rg_lost_told *told)
{
	struct rg_lost_when when = {.wall_ns = clock_ns(CLOCK_REALTIME), .boot_ns = rg_now_ns()};
	char line[RG_LOST_LINE_MAX];

	if (!rg_lost_is_news(l, told))
		return;
	write_json(t, line, rg_lost_line(l, &when, line, sizeof(line)));
	for (size_t i = 0; i < l->n && !t->over; i++)
		if (l->locks[i].why != RG_LOST_NOT)
			write_json(t, line, rg_lost_lock_line(l, i, &when, line, sizeof(line)));
}

/* Read what the daemon found out and wrote (state/lost.h). */
static void look_at_losses(struct trace *t)
{
	struct rg_gate gates[RG_MAX_GATES];
	char path[RG_PATH_SIZE + 16];
	struct rg_losts all;
	struct rg_meta meta;
	struct stat st;

	if (t->over || !(t->to_json || t->recording.open) || rg_pins_meta(&t->p, &meta) < 0)
		return;
	meta.state_dir[sizeof(meta.state_dir) - 1] = '\0';
	snprintf(path, sizeof(path), "%s/%s", meta.state_dir, RG_LOST_FILE);
	if (stat(path, &st) < 0 ||
	    (st.st_ino == t->lost_file.st_ino && st.st_size == t->lost_file.st_size &&
	     st.st_mtim.tv_sec == t->lost_file.st_mtim.tv_sec &&
	     st.st_mtim.tv_nsec == t->lost_file.st_mtim.tv_nsec))
		return;
	t->lost_file = st;
	if (rg_gates_read(&t->p, gates) ||
	    rg_losts_load(meta.state_dir, t->init_netns, t->boot_id, t->set, gates, &all))
		return;
	for (int slot = 0; slot < RG_MAX_GATES; slot++)
		if (all.at[slot])
			tell_lost(t, all.at[slot], &t->told_lost[slot]);
	rg_losts_free(&all);
}

/* ---- header and end ---- */

static size_t head(void *arg, unsigned int part, char *buf, size_t size)
{
	struct trace *t = arg;

	rg_header_fill(&t->header, &t->p);
	t->header.filtered = rg_filter_is_set(&t->wish.filter);
	t->header.wall_ns = clock_ns(CLOCK_REALTIME);
	t->header.boot_ns = rg_now_ns();
	t->header.part = part;
	return rg_header_json(&t->header, buf, size);
}

static int begin_output(struct trace *t)
{
	static char line[RG_HEADER_JSON_MAX];

	if (rg_outlet_open(&t->out, STDOUT_FILENO, t->signal_fd))
		return rg_error(RG_FAILED, "out of memory");
	/* Do not let a terminal delay the recording. */
	t->out.hasty = t->recording.open && t->style.width;
	t->out.meanwhile = flush_recording;
	t->out.arg = t;
	if (t->to_json)
		print(t, line, head(t, 1, line, sizeof(line)));
	else if (t->to_text && t->style.width)
		print(t, line, rg_record_text_head(&t->style, line, sizeof(line)));
	return t->status;
}

static int begin_recording(struct trace *t)
{
	struct rg_recording_wish wish = {
		.file = t->wish.record,
		.size = t->wish.record_size,
		.keep = t->wish.record_keep,
		.head = head,
		.arg = t,
	};

	return wish.file ? rg_recording_open(&t->recording, &wish) : RG_DONE;
}

static void write_end(struct trace *t)
{
	struct rg_end end = {
		.wall_ns = clock_ns(CLOCK_REALTIME),
		.boot_ns = rg_now_ns(),
		.events = t->events,
		.lost = t->lost,
		.failures = t->failures,
		.reason = t->reason,
	};
	char line[512];

	write_json(t, line, rg_end_json(&end, line, sizeof(line)));
}

static void say_summary(const struct trace *t)
{
	bool whole = !t->lost && !t->failures;

	if (t->failures)
		rg_warn("tracing programs failed %llu times: as many events may be missing",
			(unsigned long long)t->failures);
	if (!isatty(STDERR_FILENO))
		return;
	rg_info("%llu events, %llu downgrades, %llu lost%s", (unsigned long long)t->events,
		(unsigned long long)t->downgrades, (unsigned long long)t->lost,
		t->recovery && !t->downgraded && whole ? "; nothing was downgraded" : "");
}

static void say_left_out(struct trace *t)
{
	rg_warn("standard output: its reader is too slow: %llu lines were left out%s",
		(unsigned long long)t->out.left_out,
		t->wish.record ? "; they are in the recording" : "");
	/* Fail if output was not delivered, after finishing the recording. */
	if (!t->wish.record && !t->status)
		t->status = RG_FAILED;
}

/* Reads the last records, writes the last line, and delivers everything. */
static void finish(struct trace *t)
{
	size_t taken = 0;
	int err;

	do {
		consume(t);
		taken += t->batch;
	} while (t->batch && taken < LAST_RECORDS);
	look_at_lost(t);
	look_at_losses(t);
	write_end(t);
	/* Ask for losses first. */
	rg_tracer_close(&t->ring);
	if (rg_recording_close(&t->recording))
		t->status = RG_FAILED;
	err = rg_outlet_close(&t->out, LAST_MS);
	if (err && err != -EPIPE && err != -ETIMEDOUT && !t->status)
		t->status = rg_error(RG_FAILED, "standard output: %s", rg_strerror(err));
	if (t->out.left_out && err != -EPIPE)
		say_left_out(t);
	say_summary(t);
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

	if (now == t->pinned_ino)
		return;
	rg_info(now ? "enabled anew by another process: this trace ends; start it again"
		    : "disabled by another process: this trace ends");
	stop(t, "disabled");
}

static void tick(struct trace *t)
{
	t->tick_ns = rg_now_ns() + TICK_NS;
	t->mounts_may_be_read = true;
	read_clocks(t);
	look_at_terminal(t);
	look_at_gates(t, true);
	look_at_losses(t);
	flush_recording(t);
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
		read_mounts(t);
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
			look_at_gates(t, false);
		consume(t);
		if (!t->look_due) {
			look_at_lost(t);
			t->look_ns = rg_now_ns() + LOOK_NS;
		}
		handle_outlet(t, rg_outlet_flush(&t->out));
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

static int listen(struct trace *t)
{
	struct rg_flow_totals before;
	int err = rg_tracer_open(&t->p, RG_TRACER_RING_BYTES, on_record, t, &t->ring);

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
	t->header.untraced = rg_traces_missing();
	t->init_netns = rg_state_init_netns();
	t->set = rg_pins_set_id(&t->p);
	if (rg_boot_id(t->boot_id))
		t->boot_id[0] = '\0';
	if (rg_flow_totals_read(&t->p, &before) == 0)
		t->failed_before = before.failed;
	return RG_DONE;
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
	int err = rg_pins_open_enabled(&t->p, RG_LOCK_EXCLUSIVE);

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
	err = err ?: begin_recording(t);
	err = err ?: begin_output(t);
	return err ?: drop_capabilities(t);
}

static void let_go(struct trace *t)
{
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
	err = rg_trace_wish_of(o, &t->wish);
	t->wish.filter.mounts = &t->mounts;
	t->around.mounts = &t->mounts;
	choose_style(t);
	t->to_json = t->wish.json;
	t->to_text = !t->wish.json && (!t->wish.record || t->style.width);
	err = err ?: begin(t);
	if (!err) {
		read_mounts(t);
		tick(t);
		if (t->wish.duration_ns)
			t->end_ns = rg_now_ns() + t->wish.duration_ns;
		rg_info("tracing; Ctrl-C ends");
		serve(t);
		finish(t);
		err = t->status;
	}
	let_go(t);
	free(t);
	return err;
}
