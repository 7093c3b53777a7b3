// SPDX-License-Identifier: GPL-2.0-only
/*
 * The verb `trace` from its beginning to its end, in a process of its own, with
 * pins and a ring that are made up here (the Makefile wraps what is __wrap_ below):
 * what it prints and records, and every way in which it ends.
 */
#include <bpf/libbpf.h>

#include "unit_dir.h"
#include "unit_record.h"

#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

#include "cli/verbs.h"
#include "pins/gates.h"
#include "base/log.h"
#include "base/netns.h"
#include "record/record_names.h"
#include "record/tracer.h"

#define TIMEOUT_MS 60000

/* ---- the kernel, as `trace` sees it; shared between the two processes ---- */

static struct world {
	int enabled;   /* enum rg_exit of opening the set */
	int no_ring;   /* errno of opening the ring */
	int listening; /* a place among the tracers is taken */
	__u64 lost, failed;
	struct rg_gate gates[RG_MAX_GATES];
	char pin[256];
} * world;

static int ring[2]; /* records, through a pipe */

#define FD_OF_MAP 1000

int __wrap_rg_pins_open_enabled(struct rg_pins *p, enum rg_lock_mode mode)
{
	(void)mode;
	rg_pins_init(p);
	for (int i = 0; i < RG_NR_MAPS; i++)
		p->map_fd[i] = FD_OF_MAP + i;
	return world->enabled;
}

char *__wrap_rg_pin_path(char *buf, const char *name)
{
	(void)name;
	return strcpy(buf, world->pin);
}

int __wrap_bpf_map_lookup_elem(int fd, const void *key, void *value)
{
	__u32 at = *(const __u32 *)key;

	switch (fd - FD_OF_MAP) {
	case RG_MAP_GATES:
		memcpy(value, &world->gates[at], sizeof(world->gates[at]));
		return 0;
	case RG_MAP_GATE_OF:
		*(__u32 *)value = 1;
		break;
	case RG_MAP_META:
		memset(value, 0, sizeof(struct rg_meta));
		snprintf(((struct rg_meta *)value)->state_dir, RG_PATH_SIZE, "/none");
		return 0;
	case RG_MAP_FLOW_TOTALS: /* of each CPU */
		memset(value, 0,
		       sizeof(struct rg_flow_totals) * (size_t)libbpf_num_possible_cpus());
		((struct rg_flow_totals *)value)->failed = world->failed;
		return 0;
	case RG_MAP_FLOW_STORMS:
		*(struct rg_flow_storm *)value =
			(struct rg_flow_storm){.grace_ns = 90 * RG_NS_PER_SEC};
		return 0;
	default:
		break;
	}
	errno = ENOENT;
	return fd == FD_OF_MAP + RG_MAP_GATE_OF && at == world->gates[1].netns ? 0 : -1;
}

int __wrap_capng_apply(int set)
{
	(void)set;
	return 0;
}

int __wrap_rg_tracer_open(const struct rg_pins *p, __u32 bytes, rg_record_fn *fn, void *arg,
			  struct rg_tracer_ring *t)
{
	(void)p;
	(void)bytes;
	*t = (struct rg_tracer_ring){.fn = fn, .arg = arg};
	if (world->no_ring)
		return -world->no_ring;
	world->listening = 1;
	return 0;
}

int __wrap_rg_tracer_fd(const struct rg_tracer_ring *t)
{
	(void)t;
	return ring[0];
}

int __wrap_rg_tracer_consume(struct rg_tracer_ring *t)
{
	struct rg_record r;
	int n = 0;

	while (read(ring[0], &r, sizeof(r)) == sizeof(r)) {
		n++;
		if (t->fn(t->arg, &r))
			return 0;
	}
	return n;
}

__u64 __wrap_rg_tracer_lost(const struct rg_tracer_ring *t)
{
	(void)t;
	assert_true(world->listening);
	return world->lost;
}

void __wrap_rg_tracer_close(struct rg_tracer_ring *t)
{
	(void)t;
	world->listening = 0;
}

/* ---- the process ---- */

static struct running {
	pid_t pid;
	int out, err; /* what it says; -1: not through a pipe */
	char said[1 << 20], told[4096];
	size_t n_said, n_told;
} run;

/* It was already told its options; stdout is `out`. */
static void be_trace(char **argv, int out, int err)
{
	struct rg_options o;
	int argc = 0, status;

	while (argv[argc])
		argc++;
	dup2(out, STDOUT_FILENO);
	dup2(err, STDERR_FILENO);
	/* What an exec would close. */
	close(ring[1]);
	close(run.out);
	close(run.err);
	status = rg_options_parse("trace", argc, argv, RG_TAKES_TRACE, &o) ?: rg_verb_trace(&o);
	rg_options_free(&o);
	exit(status);
}

static void start(int out, int err, char **argv)
{
	run.pid = fork();
	unit_need(run.pid >= 0);
	if (!run.pid)
		be_trace(argv, out, err);
	close(ring[0]);
}

/* With both outputs in pipes. */
static void start_piped(char **argv)
{
	int out[2], err[2];

	unit_need(pipe2(out, O_CLOEXEC) == 0 && pipe2(err, O_CLOEXEC) == 0);
	run.out = out[0];
	run.err = err[0];
	start(out[1], err[1], argv);
	close(out[1]);
	close(err[1]);
}
#define START(...) start_piped((char *[]){(char *)"trace", ##__VA_ARGS__, NULL})

/* More of what it says; false: no more comes. */
static bool hear(int *fd, char *text, size_t *n, size_t size)
{
	struct pollfd p = {.fd = *fd, .events = POLLIN};
	ssize_t got;

	if (*fd < 0)
		return false;
	if (poll(&p, 1, TIMEOUT_MS) != 1)
		fail_msg("nothing more came after: %s", text);
	got = read(*fd, text + *n, size - 1 - *n);
	if (got <= 0) {
		close(*fd);
		*fd = -1;
		return false;
	}
	*n += (size_t)got;
	text[*n] = '\0';
	return true;
}

static void wait_told(const char *what)
{
	while (!strstr(run.told, what))
		if (!hear(&run.err, run.told, &run.n_told, sizeof(run.told)))
			fail_msg("never told \"%s\" but: %s", what, run.told);
}

static void wait_said(const char *what)
{
	while (!strstr(run.said, what))
		if (!hear(&run.out, run.said, &run.n_said, sizeof(run.said)))
			fail_msg("never said \"%s\" but: %s (%s)", what, run.said, run.told);
}

static void wait_listening(void)
{
	wait_told("tracing; Ctrl-C ends\n");
}

static void send_record(const struct rg_record *r)
{
	assert_int_equal(write(ring[1], r, sizeof(*r)), sizeof(*r));
}

static void send_record_of(__u16 op)
{
	struct rg_record r = unit_lock_record();

	r.op = op;
	send_record(&r);
}

/* The status it ends with; all it says is read. */
static int ended(void)
{
	int status;

	while (hear(&run.out, run.said, &run.n_said, sizeof(run.said)))
		;
	while (hear(&run.err, run.told, &run.n_told, sizeof(run.told)))
		;
	assert_int_equal(waitpid(run.pid, &status, 0), run.pid);
	run.pid = 0;
	if (!WIFEXITED(status))
		fail_msg("ended by signal %d: %s", WTERMSIG(status), run.told);
	assert_false(world->listening);
	return WEXITSTATUS(status);
}

static int end_by(int sig)
{
	kill(run.pid, sig);
	return ended();
}

static unsigned int lines_in(const char *text)
{
	unsigned int n = 0;

	while ((text = strchr(text, '\n'))) {
		text++;
		n++;
	}
	return n;
}

/* The i-th line as JSON; owned by the caller. */
static json_object *line_at(const char *text, unsigned int i)
{
	json_object *o;
	char *copy;

	while (i--)
		text = strchr(text, '\n') + 1;
	copy = strndup(text, strcspn(text, "\n"));
	o = json_tokener_parse(copy);
	if (!o)
		fail_msg("no JSON: %s", copy);
	free(copy);
	return o;
}

static void check_member(const char *text, unsigned int i, const char *key, const char *expected)
{
	json_object *o = line_at(text, i), *value = json_object_object_get(o, key);

	if (!value || strcmp(json_object_get_string(value), expected) != 0)
		fail_msg("%s of line %u is not %s: %s", key, i, expected,
			 json_object_get_string(o));
	json_object_put(o);
}

/* A recording, or a part of one. Static. */
static const char *contents(const char *name)
{
	static char text[8 << 20];
	FILE *f = fopen(path_of(name), "r");
	size_t n;

	unit_need(f);
	n = fread(text, 1, sizeof(text) - 1, f);
	fclose(f);
	text[n] = '\0';
	return text;
}

static char *file_arg(const char *name)
{
	static char path[512];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return path;
}

static void make_pin(void)
{
	assert_int_equal(close(open(world->pin, O_CREAT | O_EXCL | O_WRONLY, 0600)), 0);
}

static int setup(void **state)
{
	if (dir_setup(state) || mkdir(dir, 0700))
		return -1;
	memset(world, 0, sizeof(*world));
	memset(&run, 0, sizeof(run));
	snprintf(world->pin, sizeof(world->pin), "%s/pin", dir);
	make_pin();
	world->gates[1] = (struct rg_gate){
		.netns = rg_netns_self(),
		.generation = 2,
		.closed_ns = 1,
		.knfsd = RG_KNFSD_GRACE,
		.knfsd_start_ns = rg_now_ns(),
		.lease_s = 90,
		.policy = {.release = RG_RELEASE_SETTLED, .max_hold_s = 900},
	};
	return pipe2(ring, O_CLOEXEC | O_NONBLOCK);
}

static int teardown(void **state)
{
	if (run.pid) {
		kill(run.pid, SIGKILL);
		waitpid(run.pid, NULL, 0);
	}
	close(ring[1]);
	return dir_teardown(state);
}

/* ---- what it prints ---- */

static void test_text(void **unused)
{
	(void)unused;
	START();
	wait_listening();
	wait_said("\n");
	assert_non_null(strstr(run.said, " gate   GATE "));
	assert_non_null(strstr(run.said, " grace: "));
	send_record_of(RG_REC_LOCK);
	send_record_of(RG_REC_OPEN);
	wait_said(" OPEN ");
	assert_int_equal(end_by(SIGINT), RG_DONE);
	/* Not on a terminal: no head, no colours, no summary; a line each. */
	assert_int_equal(lines_in(run.said), 3);
	assert_null(strchr(run.said, '\033'));
	assert_null(strstr(run.said, "TIME"));
	assert_string_equal(run.told, "reexport-guard: tracing; Ctrl-C ends\n");
	assert_non_null(strstr(run.said, " | reclaim-refused-by-client: "));
}

static void test_json(void **unused)
{
	(void)unused;
	START((char *)"--json");
	wait_listening();
	send_record_of(RG_REC_LOCK);
	wait_said("\"event\":\"LOCK\"");
	assert_int_equal(end_by(SIGTERM), RG_DONE);
	assert_int_equal(lines_in(run.said), 4);
	check_member(run.said, 0, "event", "header");
	check_member(run.said, 0, "part", "1");
	check_member(run.said, 0, "lease_s", "90");
	check_member(run.said, 0, "grace_s", "90");
	check_member(run.said, 1, "event", "GATE");
	check_member(run.said, 1, "state", "grace");
	check_member(run.said, 1, "generation", "2");
	check_member(run.said, 2, "event", "LOCK");
	check_member(run.said, 3, "event", "end");
	check_member(run.said, 3, "events", "2");
	check_member(run.said, 3, "lost", "0");
	check_member(run.said, 3, "reason", "signal");
}

/* What is in the ring when it is told to end is still told. */
static void test_nothing_is_left(void **unused)
{
	(void)unused;
	START((char *)"--json");
	wait_listening();
	for (int i = 0; i < 100; i++)
		send_record_of(RG_REC_OPEN);
	world->lost = 7;
	assert_int_equal(end_by(SIGTERM), RG_DONE);
	assert_int_equal(lines_in(run.said), 104);
	check_member(run.said, 102, "event", "LOST");
	check_member(run.said, 102, "lost", "7");
	check_member(run.said, 103, "events", "102");
	check_member(run.said, 103, "lost", "7");
}

static void test_lost(void **unused)
{
	(void)unused;
	START((char *)"--json");
	wait_listening();
	world->lost = 5;
	wait_said("\"lost\":5");
	/* What a tracing program could not do is in the recording as well. */
	world->failed = 22;
	wait_said("\"lost\":0,\"failures\":22");
	world->lost = 8;
	wait_said("\"lost\":3");
	assert_int_equal(end_by(SIGTERM), RG_DONE);
	check_member(run.said, lines_in(run.said) - 1, "lost", "8");
}

static void test_filter(void **unused)
{
	(void)unused;
	START((char *)"--json", (char *)"--op", (char *)"lock", (char *)"--downgrades");
	wait_listening();
	send_record_of(RG_REC_OPEN);
	send_record_of(RG_REC_LOCK);
	wait_said("\"event\":\"LOCK\"");
	assert_int_equal(end_by(SIGTERM), RG_DONE);
	assert_int_equal(lines_in(run.said), 3);
	check_member(run.said, 0, "filtered", "true");
	check_member(run.said, 2, "events", "1");
}

static void test_gates(void **unused)
{
	(void)unused;
	START((char *)"--json");
	wait_listening();
	wait_said("\"state\":\"grace\"");
	world->gates[1].knfsd_end_ns = rg_now_ns();
	world->gates[1].knfsd = RG_KNFSD_OVER;
	wait_said("\"why\":\"nobody-refused\"");
	/* Another one comes, and it opens by time alone. */
	world->gates[5] = (struct rg_gate){
		.netns = 5,
		.closed_ns = rg_now_ns() - 897 * RG_NS_PER_SEC,
		.policy = {.release = RG_RELEASE_SETTLED, .max_hold_s = 900},
	};
	wait_said("\"why\":\"knfsd-down\"");
	wait_said("\"why\":\"timed-out\"");
	assert_int_equal(end_by(SIGTERM), RG_DONE);
	assert_int_equal(lines_in(run.said), 6);
	check_member(run.said, 4, "netns", "5");
	{
		json_object *o = line_at(run.said, 4);

		/* When it came into the state, and not when that was seen. */
		assert_true(json_object_get_uint64(json_object_object_get(o, "boot_ns")) ==
			    world->gates[5].closed_ns + 900 * RG_NS_PER_SEC);
		json_object_put(o);
	}
}

/* ---- how it ends ---- */

static void test_count(void **unused)
{
	(void)unused;
	START((char *)"--json", (char *)"--op", (char *)"LOCK", (char *)"--count", (char *)"3");
	wait_listening();
	for (int i = 0; i < 10; i++)
		send_record_of(RG_REC_LOCK);
	assert_int_equal(ended(), RG_DONE);
	assert_int_equal(lines_in(run.said), 5);
	check_member(run.said, 4, "events", "3");
	check_member(run.said, 4, "reason", "count");
}

static void test_duration(void **unused)
{
	__u64 from_ns = rg_now_ns();

	(void)unused;
	START((char *)"--json", (char *)"--duration", (char *)"1s");
	assert_int_equal(ended(), RG_DONE);
	assert_true(rg_now_ns() - from_ns >= RG_NS_PER_SEC);
	check_member(run.said, 2, "reason", "duration");
}

/* The reader goes away, and nothing happens that it could be told of. */
static void test_reader_gone(void **unused)
{
	(void)unused;
	START((char *)"--json", (char *)"--record", file_arg("rec"));
	wait_listening();
	wait_said("GATE");
	close(run.out);
	run.out = -1;
	assert_int_equal(ended(), RG_DONE);
	assert_string_equal(run.told, "reexport-guard: tracing; Ctrl-C ends\n");
	assert_int_equal(lines_in(contents("rec")), 3);
	check_member(contents("rec"), 2, "reason", "reader");
}

static void test_disabled(void **unused)
{
	(void)unused;
	START((char *)"--json");
	wait_listening();
	unlink(world->pin);
	assert_int_equal(ended(), RG_DONE);
	assert_non_null(strstr(run.told, "disabled by another process: this trace ends\n"));
	check_member(run.said, 2, "reason", "disabled");
}

static void test_enabled_anew(void **unused)
{
	char other[300];

	(void)unused;
	START((char *)"--json");
	wait_listening();
	/* Beside it, so that it is another inode. */
	snprintf(other, sizeof(other), "%s.new", world->pin);
	assert_int_equal(close(open(other, O_CREAT | O_EXCL | O_WRONLY, 0600)), 0);
	assert_int_equal(rename(other, world->pin), 0);
	assert_int_equal(ended(), RG_DONE);
	assert_non_null(strstr(run.told, "enabled anew by another process"));
	check_member(run.said, 2, "reason", "disabled");
}

static void test_not_enabled(void **unused)
{
	(void)unused;
	world->enabled = RG_NOT_ENABLED;
	START((char *)"--record", file_arg("rec"));
	assert_int_equal(ended(), RG_NOT_ENABLED);
	assert_int_equal(access(path_of("rec"), F_OK), -1);
}

static void test_too_many(void **unused)
{
	(void)unused;
	START((char *)"--record", file_arg("rec"), (char *)"--duration", (char *)"1");
	assert_int_equal(ended(), RG_DONE);
	memset(&run, 0, sizeof(run));
	unit_need(pipe2(ring, O_CLOEXEC | O_NONBLOCK) == 0);
	world->no_ring = EUSERS;
	START((char *)"--record", file_arg("rec"));
	assert_int_equal(ended(), RG_FAILED);
	assert_int_equal(lines_in(run.told), 1);
	assert_non_null(strstr(run.told, "4 tracers are running already"));
	/* The recording that is there was not rotated away for nothing. */
	assert_int_equal(access(path_of("rec"), F_OK), 0);
	assert_int_equal(access(path_of("rec.1"), F_OK), -1);
}

static void test_usage(void **unused)
{
	static const char *const cases[][2] = {
		{"--op", "LOCKED"},
		{"--side", "both"},
		{"--client", "10.0.0.0/40"},
		{"--file", ""},
		{"--count", "0"},
		{"--count", "x"},
		{"--count", "-1"},
		{"--duration", "0"},
		{"--duration", "1d"},
		{"--record", ""},
		{"--record-keep", "3"},
		{"--record-size", "64M"},
		{"--count", "18446744073709551616"},
	};

	(void)unused;
	for (size_t i = 0; i < UNIT_COUNT(cases); i++) {
		START((char *)cases[i][0], (char *)cases[i][1]);
		assert_int_equal(ended(), RG_USAGE);
		assert_int_equal(lines_in(run.told), 1);
		assert_non_null(strstr(run.told, cases[i][0]));
		memset(&run, 0, sizeof(run));
		unit_need(pipe2(ring, O_CLOEXEC | O_NONBLOCK) == 0);
	}
	START((char *)"--record", file_arg("rec"), (char *)"--record-size", (char *)"1K");
	assert_int_equal(ended(), RG_USAGE);
}

/* ---- recordings ---- */

static void test_record(void **unused)
{
	(void)unused;
	START((char *)"--record", file_arg("rec"));
	wait_listening();
	send_record_of(RG_REC_LOCK);
	/* Written within about a second, without being asked. */
	while (lines_in(contents("rec")) < 3)
		usleep(10000);
	assert_int_equal(end_by(SIGTERM), RG_DONE);
	assert_int_equal(run.n_said, 0);
	assert_int_equal(lines_in(contents("rec")), 4);
	check_member(contents("rec"), 0, "event", "header");
	check_member(contents("rec"), 2, "event", "LOCK");
	check_member(contents("rec"), 3, "reason", "signal");
}

static void test_record_and_print(void **unused)
{
	(void)unused;
	START((char *)"--json", (char *)"--record", file_arg("rec"));
	wait_listening();
	send_record_of(RG_REC_LOCK);
	wait_said("\"event\":\"LOCK\"");
	assert_int_equal(end_by(SIGTERM), RG_DONE);
	assert_int_equal(lines_in(run.said), 4);
	/* But for the header's own time it is the same. */
	assert_string_equal(strchr(run.said, '\n'), strchr(contents("rec"), '\n'));
}

static void test_rotated(void **unused)
{
	unsigned int events = 0;

	(void)unused;
	START((char *)"--record", file_arg("rec"), (char *)"--record-size", (char *)"4K",
	      (char *)"--record-keep", (char *)"100");
	wait_listening();
	for (int i = 0; i < 50; i++)
		send_record_of(RG_REC_LOCK);
	assert_int_equal(end_by(SIGTERM), RG_DONE);
	for (unsigned int i = 0; i < 100; i++) {
		char name[32];

		snprintf(name, sizeof(name), i ? "rec.%u" : "rec", i);
		if (access(path_of(name), F_OK) < 0)
			break;
		check_member(contents(name), 0, "event", "header");
		events += lines_in(contents(name)) - 1;
	}
	assert_int_equal(events, 52); /* GATE, and the end */
}

/* The disk is full: what there is stays whole, and it is said once. */
static void test_full_disk(void **unused)
{
	struct rlimit limit = {.rlim_cur = 3000, .rlim_max = RLIM_INFINITY}, before;
	const char *text;

	(void)unused;
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	limit.rlim_max = before.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	START((char *)"--record", file_arg("rec"));
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	wait_listening();
	for (int i = 0; i < 100; i++)
		send_record_of(RG_REC_LOCK);
	assert_int_equal(ended(), RG_FAILED);
	assert_int_equal(lines_in(run.told), 2);
	assert_non_null(strstr(run.told, "rec: cannot be written"));
	text = contents("rec");
	assert_in_range(strlen(text), 1000, 3000);
	assert_int_equal(text[strlen(text) - 1], '\n');
	for (unsigned int i = 0; i < lines_in(text); i++)
		json_object_put(line_at(text, i));
}

/* ---- slow readers ---- */

/* Nobody reads, and the pipe is full: it ends all the same, and says so. */
static void test_stuck_reader(void **unused)
{
	__u64 from_ns;

	(void)unused;
	START((char *)"--json");
	wait_listening();
	/* The pipe has room for about 70 lines, the buffer for 280: then it waits, and
	 * the ring gets full. */
	for (int in_vain = 0; in_vain < 1000;) {
		struct rg_record r = unit_lock_record();

		if (write(ring[1], &r, sizeof(r)) == sizeof(r)) {
			in_vain = 0;
		} else {
			in_vain++;
			usleep(1000);
		}
	}
	from_ns = rg_now_ns();
	kill(run.pid, SIGTERM);
	wait_told("its reader is too slow: ");
	assert_true(rg_now_ns() - from_ns < 30 * RG_NS_PER_SEC);
	assert_int_equal(ended(), RG_FAILED);
	/* What was read has whole lines. */
	assert_true(lines_in(run.said) > 10);
}

/* A reader that is slow gets all of it. */
static void test_slow_reader(void **unused)
{
	unsigned int lines = 0;
	bool ending = false;
	int sent = 0;

	(void)unused;
	START((char *)"--json", (char *)"--op", (char *)"LOCK");
	wait_listening();
	while (run.out >= 0) {
		struct rg_record r = unit_lock_record();

		while (sent < 1000 && write(ring[1], &r, sizeof(r)) == sizeof(r))
			sent++;
		lines += lines_in(run.said);
		memset(run.said, 0, sizeof(run.said));
		run.n_said = 0;
		if (sent == 1000 && lines > 900 && !ending) {
			kill(run.pid, SIGTERM);
			ending = true;
		}
		hear(&run.out, run.said, &run.n_said, 2048);
	}
	lines += lines_in(run.said);
	assert_int_equal(lines, 1002);
	assert_int_equal(ended(), RG_DONE);
}

/* ---- terminals ---- */

static int terminal;

static void start_on_terminal(unsigned short columns, char **argv)
{
	struct winsize size = {.ws_row = 24, .ws_col = columns};
	int slave, err[2];

	unit_need(openpty(&terminal, &slave, NULL, NULL, &size) == 0);
	unit_need(pipe2(err, O_CLOEXEC) == 0);
	fcntl(terminal, F_SETFD, FD_CLOEXEC);
	run.out = terminal;
	run.err = err[0];
	setenv("TERM", "xterm", 1);
	start(slave, err[1], argv);
	close(slave);
	close(err[1]);
}

/* Its lines, as they are on a terminal: "\r\n", and no longer than it is wide. */
static void check_widths(unsigned int columns)
{
	for (const char *at = run.said, *end; (end = strchr(at, '\n')); at = end + 1) {
		unsigned int width = 0;

		for (const char *c = at; c < end; c++) {
			if (*c == '\033')
				c = strchr(c, 'm');
			else if (*c != '\r')
				width++;
		}
		if (width > columns)
			fail_msg("%u columns: %.*s", width, (int)(end - at), at);
	}
}

static void test_terminal(void **unused)
{
	char *argv[] = {(char *)"trace", NULL};

	(void)unused;
	unsetenv("NO_COLOR");
	start_on_terminal(100, argv);
	wait_listening();
	send_record_of(RG_REC_LOCK);
	wait_said("reclaim-refused-by-client");
	assert_memory_equal(run.said, "TIME ", 5);
	assert_non_null(strstr(run.said, "\033[31mLOCK\033[0m"));
	check_widths(100);
	/* It was made wider. */
	{
		struct winsize size = {.ws_row = 24, .ws_col = 200};

		assert_int_equal(ioctl(terminal, TIOCSWINSZ, &size), 0);
	}
	while (!strstr(run.said, "-> nothing sent, ENOGRACE")) {
		send_record_of(RG_REC_LOCK);
		hear(&run.out, run.said, &run.n_said, sizeof(run.said));
		usleep(100000);
	}
	check_widths(200);
	assert_int_equal(end_by(SIGINT), RG_DONE);
}

static void test_no_colour(void **unused)
{
	char *argv[] = {(char *)"trace", NULL};

	(void)unused;
	setenv("NO_COLOR", "1", 1);
	start_on_terminal(100, argv);
	wait_listening();
	send_record_of(RG_REC_LOCK);
	wait_said("reclaim-refused-by-client");
	assert_int_equal(end_by(SIGINT), RG_DONE);
	assert_null(strchr(run.said, '\033'));
	unsetenv("NO_COLOR");
}

/* The terminal is not read, as with Ctrl-S: the recording goes on, whole. */
static void test_recording_first(void **unused)
{
	char *argv[] = {(char *)"trace", (char *)"--record", file_arg("rec"), NULL};
	int sent = 0;

	(void)unused;
	start_on_terminal(100, argv);
	wait_listening();
	while (sent < 2000) {
		struct rg_record r = unit_lock_record();

		if (write(ring[1], &r, sizeof(r)) == sizeof(r))
			sent++;
		else
			usleep(1000);
	}
	while (lines_in(contents("rec")) < 500)
		usleep(10000);
	kill(run.pid, SIGTERM);
	wait_told("they are in the recording");
	assert_int_equal(ended(), RG_DONE);
	check_member(contents("rec"), lines_in(contents("rec")) - 1, "events", "2001");
}

/* The summary, where both outputs are terminals. */
static void test_summary(void **unused)
{
	static const struct {
		__u16 downgrade;
		const char *expected;
	} cases[] = {
		{RG_DOWNGRADE_NONE, "2 events, 0 downgrades, 0 lost; nothing was downgraded\r\n"},
		{RG_DOWNGRADE_OTHER, "2 events, 1 downgrades, 0 lost\r\n"},
	};

	(void)unused;
	for (size_t i = 0; i < UNIT_COUNT(cases); i++) {
		struct winsize size = {.ws_row = 24, .ws_col = 100};
		struct rg_record r = unit_lock_record();
		char *argv[] = {(char *)"trace", NULL};
		int slave;

		unit_need(openpty(&run.out, &slave, NULL, NULL, &size) == 0);
		run.err = -1;
		start(slave, slave, argv);
		close(slave);
		wait_said("tracing; Ctrl-C ends");
		r.downgrade = cases[i].downgrade;
		send_record(&r);
		wait_said("LOCK");
		kill(run.pid, SIGINT);
		wait_said("lost");
		if (ended() != RG_DONE)
			fail_msg("%s", run.said);
		if (!strstr(run.said, cases[i].expected))
			fail_msg("%s", run.said);
		memset(&run, 0, sizeof(run));
		unit_need(pipe2(ring, O_CLOEXEC | O_NONBLOCK) == 0);
	}
}

static int share(void **unused)
{
	(void)unused;
	world = mmap(NULL, sizeof(*world), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		     0);
	signal(SIGPIPE, SIG_IGN);
	setenv("LC_ALL", "C", 1);
	return world == MAP_FAILED ? -1 : 0;
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_text),
		TEST(test_json),
		TEST(test_nothing_is_left),
		TEST(test_lost),
		TEST(test_filter),
		TEST(test_gates),
		TEST(test_count),
		TEST(test_duration),
		TEST(test_reader_gone),
		TEST(test_disabled),
		TEST(test_enabled_anew),
		TEST(test_not_enabled),
		TEST(test_too_many),
		TEST(test_usage),
		TEST(test_record),
		TEST(test_record_and_print),
		TEST(test_rotated),
		TEST(test_full_disk),
		TEST(test_stuck_reader),
		TEST(test_slow_reader),
		TEST(test_terminal),
		TEST(test_no_colour),
		TEST(test_recording_first),
		TEST(test_summary),
	};

	cmocka_set_test_filter(getenv("ONLY"));
	return cmocka_run_group_tests_name("trace", tests, share, NULL);
}
