// SPDX-License-Identifier: GPL-2.0-only
/*
 * A recording on disk: what is in its parts, that it has whole lines whatever
 * happens, and into what it is not written. And the lines that are no event.
 */
#include "unit_dir.h"
#include "unit_json.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "base/log.h"
#include "record/record_header.h"
#include "record/recording.h"
#include "text/size.h"

/* ---- helpers ---- */

static int setup(void **state)
{
	return dir_setup(state) ?: mkdir(dir, 0700);
}

static size_t head(void *arg, unsigned int part, char *buf, size_t size)
{
	(*(unsigned int *)arg)++;
	return (size_t)snprintf(buf, size, RG_RECORDING_MAGIC "\"part\":%u}\n", part);
}

static unsigned int heads;

static struct rg_recording_request request_of(const char *name, __u64 size, unsigned int keep)
{
	static char file[512];

	snprintf(file, sizeof(file), "%s/%s", dir, name);
	return (struct rg_recording_request){.file = file,
					     .size = size,
					     .keep = keep,
					     .head = head,
					     .arg = &heads};
}

static struct unit_ear ear;

/* Open; what was said is in `ear`. One line if it failed. */
static int begin(struct rg_recording *r, const struct rg_recording_request *request)
{
	int err, lines;

	heads = 0;
	unit_listen(&ear);
	err = rg_recording_open(r, request);
	lines = unit_heard(&ear);
	if (lines != (err ? 1 : 0))
		fail_msg("status %d, said: %s", err, ear.text);
	return err;
}

static void begin_well(struct rg_recording *r, const char *name, __u64 size, unsigned int keep)
{
	struct rg_recording_request request = request_of(name, size, keep);

	if (begin(r, &request))
		fail_msg("%s", ear.text);
}

static void add(struct rg_recording *r, unsigned int number)
{
	char line[64];
	int n = snprintf(line, sizeof(line), "{\"n\":%u}\n", number);

	assert_int_equal(rg_recording_add(r, line, (size_t)n), RG_DONE);
}

/* The whole file; owned by the caller. NULL: there is none. */
static char *contents(const char *name)
{
	FILE *f = fopen(path_of(name), "r");
	char *text;
	size_t n;

	if (!f)
		return NULL;
	text = calloc(1, 1 << 20);
	unit_need(text);
	n = fread(text, 1, (1 << 20) - 1, f);
	assert_int_equal(strlen(text), n);
	fclose(f);
	return text;
}

static bool is_there(const char *name)
{
	return access(path_of(name), F_OK) == 0;
}

/* Only whole lines, of which the first is the header of `part`. How many others
 * there are; *first: the number of the first of them. */
static unsigned int check_part(const char *name, unsigned int part, unsigned int *first)
{
	char *text = contents(name), *at, expected[64];
	unsigned int lines = 0, number, last = 0;

	if (!text)
		fail_msg("%s: not there", name);
	assert_true(*text && text[strlen(text) - 1] == '\n');
	snprintf(expected, sizeof(expected), RG_RECORDING_MAGIC "\"part\":%u}\n", part);
	assert_memory_equal(text, expected, strlen(expected));
	for (at = text + strlen(expected); *at; at = strchr(at, '\n') + 1) {
		assert_int_equal(sscanf(at, "{\"n\":%u}\n", &number), 1);
		if (!lines++)
			*first = number;
		else
			assert_int_equal(number, last + 1);
		last = number;
	}
	free(text);
	return lines;
}

/* ---- writing ---- */

static void test_one_part(void **unused)
{
	struct rg_recording r;
	unsigned int first;
	struct stat st;

	(void)unused;
	umask(0);
	begin_well(&r, "rec", 1 << 20, 4);
	/* The header is there at once. */
	assert_int_equal(check_part("rec", 1, &first), 0);
	assert_int_equal(stat(path_of("rec"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_true(fcntl(r.fd, F_GETFD) & FD_CLOEXEC);
	assert_true(fcntl(r.dir_fd, F_GETFD) & FD_CLOEXEC);
	add(&r, 1);
	add(&r, 2);
	assert_int_equal(check_part("rec", 1, &first), 0);
	assert_int_equal(rg_recording_flush(&r), RG_DONE);
	assert_int_equal(check_part("rec", 1, &first), 2);
	add(&r, 3);
	assert_int_equal(rg_recording_close(&r), RG_DONE);
	assert_int_equal(check_part("rec", 1, &first), 3);
	assert_int_equal(first, 1);
	assert_int_equal(heads, 1);
	assert_false(is_there("rec.1"));
	/* Nothing is what becomes of it afterwards. */
	add(&r, 4);
	assert_int_equal(rg_recording_close(&r), RG_DONE);
}

static void test_rotation(void **unused)
{
	static const char *const names[] = {"rec", "rec.1", "rec.2"};
	struct rg_recording r;
	unsigned int first, next = 0;
	struct stat st;

	(void)unused;
	begin_well(&r, "rec", 200, 3);
	for (unsigned int i = 100; i < 200; i++)
		add(&r, i);
	assert_int_equal(rg_recording_close(&r), RG_DONE);
	assert_false(is_there("rec.3"));
	assert_int_equal(heads, r.part);
	assert_true(r.part > 4);
	/* The newest ends with the last line, and each goes on where the one before
	 * it ends. */
	next = 200;
	for (unsigned int i = 0; i < UNIT_COUNT(names); i++) {
		unsigned int lines = check_part(names[i], r.part - i, &first);

		assert_true(lines > 0);
		assert_int_equal(first + lines, next);
		next = first;
		assert_int_equal(stat(path_of(names[i]), &st), 0);
		assert_in_range(st.st_size, 1, 200);
		/* It is full: one line more would not have fitted. */
		if (i)
			assert_in_range(st.st_size, 200 - 9, 200);
		assert_int_equal(st.st_mode & 07777, 0600);
	}
}

static void test_keep_one(void **unused)
{
	struct rg_recording r;
	unsigned int first, lines;

	(void)unused;
	begin_well(&r, "rec", 100, 1);
	for (unsigned int i = 0; i < 50; i++)
		add(&r, i);
	assert_int_equal(rg_recording_close(&r), RG_DONE);
	lines = check_part("rec", r.part, &first);
	assert_int_equal(first + lines, 50);
	assert_false(is_there("rec.1"));
}

/* A line longer than a part is has one of its own. */
static void test_long_lines(void **unused)
{
	static char line[RG_RECORDING_LINE_MAX];
	struct rg_recording r;
	struct stat st;

	(void)unused;
	memset(line, 'x', sizeof(line));
	line[sizeof(line) - 1] = '\n';
	begin_well(&r, "rec", 10, 1000);
	for (int i = 0; i < 9; i++)
		assert_int_equal(rg_recording_add(&r, line, sizeof(line)), RG_DONE);
	assert_int_equal(rg_recording_close(&r), RG_DONE);
	assert_int_equal(r.part, 9);
	assert_int_equal(stat(path_of("rec.8"), &st), 0);
	assert_true((size_t)st.st_size > sizeof(line));
	assert_false(is_there("rec.9"));
}

/* More than the buffer has room for, without a flush. */
static void test_much(void **unused)
{
	struct rg_recording r;
	unsigned int first;

	(void)unused;
	begin_well(&r, "rec", 1 << 30, 4);
	for (unsigned int i = 0; i < 60000; i++)
		add(&r, i);
	assert_int_equal(rg_recording_close(&r), RG_DONE);
	assert_int_equal(check_part("rec", 1, &first), 60000);
}

/* ---- what is there already ---- */

static void test_again(void **unused)
{
	struct rg_recording r;
	unsigned int first;

	(void)unused;
	for (unsigned int i = 0; i < 5; i++) {
		begin_well(&r, "rec", 1 << 20, 3);
		add(&r, i);
		assert_int_equal(rg_recording_close(&r), RG_DONE);
	}
	assert_int_equal(check_part("rec", 1, &first), 1);
	assert_int_equal(first, 4);
	assert_int_equal(check_part("rec.2", 1, &first), 1);
	assert_int_equal(first, 2);
	assert_false(is_there("rec.3"));
	/* An empty one is used as it is, with the mode it has. */
	unlink(path_of("rec"));
	assert_int_equal(close(open(path_of("rec"), O_CREAT | O_WRONLY, 0640)), 0);
	begin_well(&r, "rec", 1 << 20, 3);
	assert_int_equal(rg_recording_close(&r), RG_DONE);
	check_part("rec", 1, &first);
	assert_int_equal(check_part("rec.1", 1, &first), 1);
	assert_int_equal(first, 3);
}

static void check_refused(const char *name, const char *why)
{
	struct rg_recording_request request = request_of(name, 1 << 20, 3);
	struct rg_recording r;

	assert_int_equal(begin(&r, &request), RG_FAILED);
	if (!strstr(ear.text, why) || !strstr(ear.text, name))
		fail_msg("\"%s\" is not in: %s", why, ear.text);
	assert_int_equal(heads, 0);
	assert_int_equal(rg_recording_close(&r), RG_DONE);
}

static void write_file(const char *name, const char *text)
{
	FILE *f = fopen(path_of(name), "w");

	unit_need(f);
	fputs(text, f);
	fclose(f);
}

static void check_contents(const char *name, const char *expected)
{
	char *text = contents(name);

	unit_need(text);
	assert_string_equal(text, expected);
	free(text);
}

static void test_what_is_left_alone(void **unused)
{
	(void)unused;
	write_file("precious", "root:x:0:0:\n");
	check_refused("precious", "not a recording");
	check_contents("precious", "root:x:0:0:\n");

	/* Through a link, be its target there or not, and a recording or not. */
	assert_int_equal(symlink("precious", path_of("link")), 0);
	check_refused("link", "symbolic link");
	check_contents("precious", "root:x:0:0:\n");
	assert_int_equal(symlink("nowhere", path_of("dangling")), 0);
	check_refused("dangling", "symbolic link");
	assert_false(is_there("nowhere"));

	assert_int_equal(mkfifo(path_of("fifo"), 0600), 0);
	check_refused("fifo", "not a regular file");
	assert_int_equal(mkdir(path_of("subdir"), 0700), 0);
	check_refused("subdir", "not a regular file");
	check_refused("subdir/", "names no file");
	check_refused(".", "names no file");
	check_refused("none/rec", "No such file");

	/* What rotation would overwrite. */
	write_file("rec.2", "somebody's\n");
	check_refused("rec", "rec.2: there already");
	assert_false(is_there("rec"));
	check_contents("rec.2", "somebody's\n");
	/* Beyond what is kept nothing is looked at. */
	unlink(path_of("rec.2"));
	write_file("rec.3", "somebody's\n");
	{
		struct rg_recording r;

		begin_well(&r, "rec", 1 << 20, 3);
		assert_int_equal(rg_recording_close(&r), RG_DONE);
	}
	check_contents("rec.3", "somebody's\n");
}

static void test_devices(void **unused)
{
	struct rg_recording_request request = request_of("", 1 << 20, 1);
	struct rg_recording r;

	(void)unused;
	request.file = "/dev/full";
	assert_int_equal(begin(&r, &request), RG_FAILED);
	assert_non_null(strstr(ear.text, "/dev/full: not a regular file"));
	request.file = "";
	assert_int_equal(begin(&r, &request), RG_FAILED);
}

static void test_names(void **unused)
{
	char name[NAME_MAX + 2];
	struct rg_recording_request request;
	struct rg_recording r;

	(void)unused;
	memset(name, 'n', sizeof(name));
	name[NAME_MAX - 3] = '\0';
	request = request_of(name, 1 << 20, 10);
	assert_int_equal(begin(&r, &request), RG_DONE);
	assert_int_equal(rg_recording_close(&r), RG_DONE);
	/* The name of a part would be too long. */
	request.keep = 1000;
	assert_int_equal(begin(&r, &request), RG_FAILED);
	assert_non_null(strstr(ear.text, "too long"));
	name[NAME_MAX - 3] = 'n';
	name[NAME_MAX + 1] = '\0';
	request = request_of(name, 1 << 20, 1);
	assert_int_equal(begin(&r, &request), RG_FAILED);
	/* In the working directory. */
	assert_int_equal(chdir(dir), 0);
	request.file = "here";
	assert_int_equal(begin(&r, &request), RG_DONE);
	assert_int_equal(rg_recording_close(&r), RG_DONE);
	assert_true(is_there("here"));
	assert_int_equal(chdir("/"), 0);
}

static void test_two_at_once(void **unused)
{
	struct rg_recording r;
	unsigned int first;

	(void)unused;
	begin_well(&r, "rec", 100, 3);
	check_refused("rec", "another `reexport-guard trace`");
	/* After a rotation, too. */
	for (unsigned int i = 0; i < 20; i++)
		add(&r, i);
	check_refused("rec", "another `reexport-guard trace`");
	assert_int_equal(rg_recording_close(&r), RG_DONE);
	assert_true(check_part("rec", r.part, &first) > 0);
	begin_well(&r, "rec", 100, 3);
	assert_int_equal(rg_recording_close(&r), RG_DONE);
}

/* ---- failures ---- */

/* A full disk, by the limit of what a process may write: the error comes in the
 * middle of a line. In a process of its own, which ends with the number of the
 * lines in the file, or 255. What it says goes into a pipe, which has no limit. */
static int fill(unsigned int limit)
{
	struct rlimit rlimit = {.rlim_cur = limit, .rlim_max = limit};
	char said[1024] = "";
	struct rg_recording r;
	unsigned int first;
	int ends[2];

	begin_well(&r, "rec", 1 << 20, 3);
	signal(SIGXFSZ, SIG_IGN);
	if (setrlimit(RLIMIT_FSIZE, &rlimit) < 0 || pipe2(ends, O_NONBLOCK) < 0 ||
	    dup2(ends[1], STDERR_FILENO) < 0)
		return 255;
	for (unsigned int i = 100; i < 200; i++)
		add(&r, i);
	/* Said once, however often it is tried. */
	for (int i = 0; i < 3; i++)
		if (rg_recording_flush(&r) != RG_FAILED)
			return 254;
	if (rg_recording_add(&r, "x\n", 2) != RG_FAILED || rg_recording_close(&r) != RG_FAILED)
		return 253;
	if (read(ends[0], said, sizeof(said) - 1) <= 0 ||
	    strchr(said, '\n') != said + strlen(said) - 1 ||
	    !strstr(said, "rec: cannot be written") || !strstr(said, "File too large"))
		return 252;
	return (int)check_part("rec", 1, &first);
}

static void test_full_disk(void **unused)
{
	(void)unused;
	/* The header alone has 28 bytes, a line 10. */
	for (unsigned int limit = 40; limit < 80; limit++) {
		pid_t child = fork();
		int status;

		unit_need(child >= 0);
		if (!child)
			_exit(fill(limit));
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_true(WIFEXITED(status));
		assert_int_equal(WEXITSTATUS(status), (limit - 28) / 10);
	}
}

/* The directory cannot be written to any more when it is time to rotate. */
static void test_rotation_fails(void **unused)
{
	struct rg_recording r;
	unsigned int i, lines;
	int err = RG_DONE;

	(void)unused;
	begin_well(&r, "rec", 100, 2);
	assert_int_equal(mkdir(path_of("rec.1"), 0700), 0);
	unit_listen(&ear);
	for (i = 0; !err && i < 100; i++)
		err = rg_recording_add(&r, "{\"n\":1}\n", 8);
	assert_int_equal(rg_recording_flush(&r), RG_FAILED);
	assert_int_equal(rg_recording_close(&r), RG_FAILED);
	assert_int_equal(unit_heard(&ear), 1);
	assert_non_null(strstr(ear.text, "rec: cannot be rotated"));
	assert_int_equal(err, RG_FAILED);
	/* All but the line for which there was no room. */
	{
		char *text = contents("rec");

		unit_need(text);
		lines = 0;
		for (const char *at = text; (at = strchr(at, '\n')); at++)
			lines++;
		free(text);
		assert_int_equal(lines, i); /* the header, and i - 1 lines */
	}
}

static void test_none(void **unused)
{
	struct rg_recording none = {};

	(void)unused;
	assert_int_equal(rg_recording_add(&none, "x\n", 2), RG_DONE);
	assert_int_equal(rg_recording_flush(&none), RG_DONE);
	assert_int_equal(rg_recording_close(&none), RG_DONE);
}

/* ---- sizes ---- */

static void test_sizes(void **unused)
{
	static const struct {
		const char *text;
		__u64 expected;
	} cases[] = {
		{"4096", 4096},
		{"4K", 4096},
		{"64M", 64ULL << 20},
		{"1G", 1ULL << 30},
		{"1024G", 1ULL << 40},
		{"1025G", 0},
		{"4095", 0},
		{"3K", 0},
		{"0", 0},
		{"", 0},
		{"K", 0},
		{"4k", 0},
		{"4KB", 0},
		{"4 K", 0},
		{" 4K", 0},
		{"-4K", 0},
		{"+4K", 0},
		{"1.5M", 0},
		{"18446744073709551615", 0},
		{"18446744073709551616", 0},
		{"18014398509481984K", 0},
		{"99999999999999999999999G", 0},
	};

	(void)unused;
	for (size_t i = 0; i < UNIT_COUNT(cases); i++)
		if (rg_size_of(cases[i].text, 4096, 1ULL << 40) != cases[i].expected)
			fail_msg("%s is %llu", cases[i].text,
				 rg_size_of(cases[i].text, 4096, 1ULL << 40));
	assert_true(rg_size_of("16G", 1, ~0ULL) == 16ULL << 30);
	assert_true(rg_size_of("17179869184G", 1, ~0ULL) == 0);
	assert_true(rg_size_of("18446744073709551615", 1, ~0ULL) == ~0ULL);
}

/* ---- header and end ---- */

static char line[RG_HEADER_JSON_MAX];

/* That of docs/events.md. */
static void test_header(void **unused)
{
	static struct rg_budget budget = {
		.n = 1,
		.at = {{.minorversion = 2,
			.name = "10.77.1.1",
			.back_ns = 147 * RG_NS_PER_SEC,
			.last_ns = 148 * RG_NS_PER_SEC,
			.lease_s = 60,
			.before = {.lease_s = 90, .last_ns = 100 * RG_NS_PER_SEC}}},
	};
	struct rg_header h = {
		.host = "rex",
		.kernel = "6.1.0-56-amd64",
		.wall_ns = 1795368600000000000ULL,
		.boot_ns = 95000000000ULL,
		.boot_id = "2a6f1fbe-0000-4000-8000-7d3c1a2b3c4d",
		.netns = 4026531840U,
		.regimes = {{RG_REGIME_FORWARDED, RG_REGIME_REFUSED}},
		.has_policy = true,
		.policy = {.release = RG_RELEASE_SETTLED, .max_hold_s = 900},
		.lease_s = 90,
		.grace_s = 90,
		.budget = &budget,
		.part = 1,
	};
	static const char expected[] =
		"{\"event\":\"header\",\"schema\":1,\"tool\":\"" RG_VERSION "\",\"host\":\"rex\","
		"\"kernel\":\"6.1.0-56-amd64\",\"time\":\"2026-11-22T17:30:00.000000000Z\","
		"\"boot_ns\":95000000000,\"boot_id\":\"2a6f1fbe-0000-4000-8000-7d3c1a2b3c4d\","
		"\"netns\":4026531840,"
		"\"regime\":{\"nfs4_locks\":\"forwarded\",\"nlm_locks\":\"refused\"},"
		"\"policy\":{\"release\":\"settled\",\"scope\":\"locks\",\"action\":\"hold\","
		"\"max_hold_s\":900},\"lease_s\":90,\"grace_s\":90,"
		"\"origins\":[{\"name\":\"10.77.1.1\",\"minor\":2,\"lease_s\":90,\"away_s\":47,"
		"\"in_time\":true}],\"part\":1}\n";
	size_t n = rg_header_json(&h, line, sizeof(line));

	(void)unused;
	line[n] = '\0';
	assert_string_equal(line, expected);
	assert_memory_equal(line, RG_RECORDING_MAGIC, strlen(RG_RECORDING_MAGIC));
	for (size_t size = 0; size < n; size++) {
		char *buf = malloc(size ? size : 1); /* ASan watches its end */

		unit_need(buf);
		assert_int_equal(rg_header_json(&h, buf, size), 0);
		free(buf);
	}
}

/* What is not known is left out. */
static void test_header_of_nothing(void **unused)
{
	static const char *const missing[] = {"regime",	 "policy",   "lease_s", "grace_s",
					      "origins", "filtered", "untraced"};
	struct rg_header h = {.part = 3};
	size_t n = rg_header_json(&h, line, sizeof(line));
	json_object *o = unit_json(line, n);

	(void)unused;
	for (size_t i = 0; i < UNIT_COUNT(missing); i++)
		assert_null(json_object_object_get(o, missing[i]));
	assert_int_equal(json_object_get_int(json_object_object_get(o, "part")), 3);
	json_object_put(o);
	h.filtered = true;
	h.untraced = 5;
	h.regimes.of[RG_LOCKS_NLM] = RG_REGIME_FORWARDED;
	o = unit_json(line, rg_header_json(&h, line, sizeof(line)));
	assert_true(json_object_get_boolean(json_object_object_get(o, "filtered")));
	assert_string_equal(json_object_to_json_string_ext(json_object_object_get(o, "untraced"),
							   JSON_C_TO_STRING_PLAIN),
			    "[\"open_begins\",\"lock_begins\"]");
	assert_int_equal(json_object_object_length(json_object_object_get(o, "regime")), 1);
	json_object_put(o);
}

/* As many origins as there may be, with names that are all escaped; in time, late,
 * not back, not known. */
static void test_header_longest(void **unused)
{
	struct rg_budget *budget = calloc(1, sizeof(*budget));
	struct rg_header h = {.budget = budget, .wall_ns = ~0ULL, .boot_ns = ~0ULL, .part = ~0U};
	json_object *o, *origins;
	size_t n;

	(void)unused;
	unit_need(budget);
	memset(h.host, 1, sizeof(h.host));
	memset(h.kernel, 0xff, sizeof(h.kernel));
	memset(h.boot_id, '"', sizeof(h.boot_id));
	budget->n = RG_MAX_SERVERS;
	for (size_t i = 0; i < RG_MAX_SERVERS; i++) {
		memset(budget->at[i].name, 1, sizeof(budget->at[i].name));
		budget->at[i].lease_s = ~0U;
		budget->at[i].minorversion = 0xffff;
		if (i % 4 == 0)
			continue;
		budget->at[i].before.last_ns = RG_NS_PER_SEC;
		budget->at[i].before.lease_s = i % 4 == 1 ? ~0U : 1;
		budget->at[i].back_ns = i % 4 == 3 ? 0 : 100 * RG_NS_PER_SEC;
	}
	n = rg_header_json(&h, line, sizeof(line));
	assert_in_range(n, 20000, RG_HEADER_JSON_MAX - 4096);
	o = unit_json(line, n);
	origins = json_object_object_get(o, "origins");
	assert_int_equal(json_object_array_length(origins), RG_MAX_SERVERS);
	assert_null(json_object_object_get(json_object_array_get_idx(origins, 0), "away_s"));
	assert_true(json_object_get_boolean(
		json_object_object_get(json_object_array_get_idx(origins, 1), "in_time")));
	assert_false(json_object_get_boolean(
		json_object_object_get(json_object_array_get_idx(origins, 2), "in_time")));
	json_object_put(o);
	free(budget);
}

static void test_end(void **unused)
{
	struct rg_end end = {.wall_ns = 1795368600000000001ULL,
			     .boot_ns = 7,
			     .events = 12,
			     .lost = 3,
			     .failures = 4,
			     .reason = "signal"};
	size_t n = rg_end_json(&end, line, sizeof(line));

	(void)unused;
	line[n] = '\0';
	assert_string_equal(line, "{\"time\":\"2026-11-22T17:30:00.000000001Z\",\"boot_ns\":7,"
				  "\"event\":\"end\",\"events\":12,\"lost\":3,"
				  "\"failures\":4,\"reason\":\"signal\"}\n");
	assert_int_equal(rg_end_json(&end, line, n - 1), 0);
	end.reason = NULL;
	line[rg_end_json(&end, line, sizeof(line))] = '\0';
	assert_non_null(strstr(line, "\"lost\":3,\"failures\":4}\n"));
}

#define IN_DIR(test) cmocka_unit_test_setup_teardown(test, setup, dir_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_DIR(test_one_part),
		IN_DIR(test_rotation),
		IN_DIR(test_keep_one),
		IN_DIR(test_long_lines),
		IN_DIR(test_much),
		IN_DIR(test_again),
		IN_DIR(test_what_is_left_alone),
		cmocka_unit_test(test_devices),
		IN_DIR(test_names),
		IN_DIR(test_two_at_once),
		IN_DIR(test_full_disk),
		IN_DIR(test_rotation_fails),
		cmocka_unit_test(test_none),
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_header),
		cmocka_unit_test(test_header_of_nothing),
		cmocka_unit_test(test_header_longest),
		cmocka_unit_test(test_end),
	};

	return cmocka_run_group_tests_name("recording", tests, NULL, NULL);
}
