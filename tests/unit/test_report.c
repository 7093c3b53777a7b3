// SPDX-License-Identifier: GPL-2.0-only
/* report: what is told of recordings that tests/make-recordings has made, of lines made
 * up here, and of bytes that are no recording. */
#include "unit.h"

#include <sys/stat.h>
#include <sys/wait.h>

#include "report/advice.h"
#include "report/collect.h"
#include "report/report.h"

/* ---- reading ---- */

/* Of files in tests/unit/data; what is said goes into ear, which is at its end. */
static struct rg_report report_of(struct unit_ear *ear, size_t n, const char *const *names)
{
	struct rg_report r;
	char *paths[4];

	assert_true(n <= UNIT_COUNT(paths));
	for (size_t i = 0; i < n; i++)
		paths[i] = names[i][0] == '/' ? rg_text("%s", names[i])
					      : rg_text("%s/%s.ndjson", RG_TEST_DATA, names[i]);
	rg_report_init(&r);
	unit_listen(ear);
	rg_report_read(&r, paths, n);
	unit_heard(ear);
	for (size_t i = 0; i < n; i++)
		free(paths[i]);
	return r;
}

/* One that is read without a word. */
static struct rg_report read_well(const char *name)
{
	struct unit_ear ear;
	struct rg_report r = report_of(&ear, 1, &name);

	assert_string_equal(ear.text, "");
	assert_int_equal(r.bad_lines, 0);
	return r;
}

/* Lines as they are, each a recording's; a header comes first if it is asked for. */
#define HEADER                                                                                     \
	"{\"event\":\"header\",\"schema\":1,\"host\":\"rex\",\"boot_ns\":1000000000,"              \
	"\"boot_id\":\"one\",\"netns\":7,\"policy\":{\"release\":\"%s\",\"scope\":\"locks\","      \
	"\"action\":\"%s\"}}"

static void RG_PRINTF(2, 3) feed(struct rg_report *r, const char *fmt, ...)
{
	json_object *line;
	va_list args;
	char *text;

	va_start(args, fmt);
	text = rg_vtext(fmt, args);
	va_end(args);
	line = json_tokener_parse(text);
	unit_need(line);
	assert_true(rg_report_line(r, line));
	json_object_put(line);
	free(text);
}

#define MS "000000"
/* At so many milliseconds; `rest` begins with a comma. */
static void tell(struct rg_report *r, int ms, const char *event, const char *rest)
{
	feed(r, "{\"boot_ns\":%d" MS ",\"netns\":7,\"event\":\"%s\"%s}", ms, event, rest);
}

static void tell_gate(struct rg_report *r, int ms, const char *state)
{
	feed(r,
	     "{\"boot_ns\":%d" MS ",\"netns\":7,\"event\":\"GATE\",\"side\":\"gate\","
	     "\"state\":\"%s\",\"why\":\"x\"}",
	     ms, state);
}

/* A LOCK of end client `who`, of byte `byte`, by owner `owner` (0: none). */
static void tell_lock(struct rg_report *r, int ms, int who, int byte, int owner, const char *claim,
		      const char *status)
{
	char text[64] = "";

	if (owner)
		snprintf(text, sizeof(text), ",\"owner\":\"%016x\"", (unsigned int)owner);
	feed(r,
	     "{\"boot_ns\":%d" MS ",\"netns\":7,\"event\":\"LOCK\",\"side\":\"server\","
	     "\"claim\":\"%s\",\"client\":{\"addr\":\"10.0.0.%d\",\"minor\":2,\"name\":\"c%d\"},"
	     "\"file\":{\"dev\":\"0:45\",\"fileid\":5},\"start\":%d,\"length\":1%s,"
	     "\"status\":\"%s\"}",
	     ms, claim, who, who, byte, text, status);
}

#define REFUSED "reclaim", "NFS4ERR_NO_GRACE"
#define AGAIN "retake", "NFS4_OK"

static void begin(struct rg_report *r, const char *release, const char *action)
{
	rg_report_init(r);
	feed(r, HEADER, release, action);
	tell_gate(r, 1000, "closed");
	tell(r, 2000, "KNFSD_STARTING", ",\"side\":\"server\"");
	tell(r, 2100, "GRACE_START", ",\"side\":\"server\",\"grace_s\":15,\"expected\":1");
}

static const struct rg_recovery *only(struct rg_report *r)
{
	assert_int_equal(r->n, 1);
	return r->at[0];
}

static const struct rg_recovery *finish(struct rg_report *r)
{
	rg_report_finish(r);
	return only(r);
}

static void assert_says(const struct rg_recovery *r, size_t i, const char *text)
{
	assert_true(i < r->verdict.n);
	assert_string_equal(r->verdict.sentences[i], text);
}

static bool says(const struct rg_recovery *r, const char *part)
{
	for (size_t i = 0; i < r->verdict.n; i++)
		if (strstr(r->verdict.sentences[i], part))
			return true;
	return false;
}

/* ---- writing ---- */

static char *written(const struct rg_report *r, void (*write)(const struct rg_report *, FILE *))
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	unit_need(out);
	write(r, out);
	assert_int_equal(fclose(out), 0);
	unit_need(text);
	return text;
}

static void write_json(const struct rg_report *r, FILE *out)
{
	json_object *o = rg_report_json(r);

	fputs(json_object_to_json_string(o), out);
	json_object_put(o);
}

/* Whatever came in: JSON is JSON, and nobody's text is a tag or moves a terminal. */
static void check_outputs(const struct rg_report *r)
{
	char *text = written(r, rg_report_text), *html = written(r, rg_report_html),
	     *json = written(r, write_json);
	json_object *o = json_tokener_parse(json);

	unit_need(o);
	assert_int_equal(json_object_get_int(json_object_object_get(o, "schema")), 1);
	for (const char *c = text; *c; c++)
		assert_true((unsigned char)*c >= ' ' || *c == '\n');
	for (const char *c = html; *c; c++)
		assert_true((unsigned char)*c >= ' ' || *c == '\n');
	assert_null(strstr(html, "<script"));
	assert_null(strstr(html, "<img"));
	assert_null(strstr(html, "=\"nan"));
	assert_null(strstr(html, "=\"-nan"));
	assert_null(strstr(html, "=\"inf"));
	assert_null(strstr(html, "http://"));
	assert_null(strstr(html, "https://"));
	assert_non_null(strstr(html, "</html>"));
	json_object_put(o);
	free(text);
	free(html);
	free(json);
}

/* Runs of blanks are one: how lines are broken and columns are filled does not count. */
static char *squeezed(const char *text)
{
	char *out = calloc(1, strlen(text) + 1), *at = out;

	unit_need(out);
	for (; *text; text++)
		if (*text != ' ' && *text != '\n')
			*at++ = *text;
		else if (at > out && at[-1] != ' ')
			*at++ = ' ';
	return out;
}

static bool text_has(const struct rg_report *r, const char *part)
{
	char *text = written(r, rg_report_text), *in = squeezed(text), *what = squeezed(part);
	bool has = strstr(in, what) != NULL;

	free(text);
	free(in);
	free(what);
	return has;
}

/* ---- small parts ---- */

static void check_clean(const char *in, size_t len, const char *out)
{
	char *text = rg_clean(in, len);

	assert_string_equal(text, out);
	free(text);
}

static void test_clean(void **unused)
{
	char longest[2000];
	char *text;

	(void)unused;
	check_clean("", 0, "");
	check_clean("Linux NFSv4.2 cli", 17, "Linux NFSv4.2 cli");
	check_clean("gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x94\x92", 15,
		    "gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x94\x92");
	check_clean("a\nb\0c\x1b[31m\x7f", 11, "a\\012b\\000c\\033[31m\\177");
	check_clean("\xc2\x85", 2, "\\302\\205");
	check_clean("\xe2\x80\xaegnp", 6, "\\342\\200\\256gnp");
	check_clean("\xef\xbb\xbf", 3, "\\357\\273\\277");
	check_clean("\xf3\xa0\x81\x81", 4, "\\363\\240\\201\\201");
	/* No UTF-8: alone, cut off, longer than need be, a surrogate, out of range. */
	check_clean("\xff\x80", 2, "\\377\\200");
	check_clean("\xe2\x82", 2, "\\342\\202");
	check_clean("\xc0\xaf", 2, "\\300\\257");
	check_clean("\xed\xa0\x80", 3, "\\355\\240\\200");
	check_clean("\xf4\x90\x80\x80", 4, "\\364\\220\\200\\200");
	memset(longest, '\1', sizeof(longest));
	text = rg_clean(longest, sizeof(longest));
	assert_int_equal(strlen(text), 4UL * RG_REPORT_TEXT_MAX + strlen("…"));
	free(text);
}

static void test_time(void **unused)
{
	static const char *const bad[] = {"",
					  "2026-11-22T17:30:00",
					  "2026-11-22 17:30:00Z",
					  "2026-13-22T17:30:00Z",
					  "1869-11-22T17:30:00Z",
					  "2026-11-22T17:30:00.Zx",
					  "2026-11-22T17:30",
					  "22.11.2026"};
	const char *good = "2026-11-22T17:30:00.000000001Z";
	__u64 ns = 0;

	(void)unused;
	assert_true(rg_report_time_of(good, strlen(good), &ns));
	assert_true(ns == 1795368600000000001ULL);
	assert_true(rg_report_time_of("1970-01-01T00:00:01Z", 20, &ns));
	assert_true(ns == 1000000000ULL);
	for (size_t i = 0; i < UNIT_COUNT(bad); i++)
		assert_false(rg_report_time_of(bad[i], strlen(bad[i]), &ns));
}

/* However far apart: nothing is forgotten, and it fits. */
static void test_storm(void **unused)
{
	__u64 seed = 1;

	(void)unused;
	for (int round = 0; round < 200; round++) {
		__u64 span = 1ULL << unit_below(&seed, 64), n = 1 + unit_below(&seed, 500), sum = 0;
		struct rg_storm s = {};

		for (__u64 i = 0; i < n; i++)
			rg_storm_add(&s, unit_below(&seed, RG_NR_STORMS),
				     unit_random(&seed) % span);
		for (int k = 0; k < RG_NR_STORMS; k++)
			for (int i = 0; i < RG_STORM_BUCKETS; i++)
				sum += s.n[k][i];
		assert_int_equal(sum, n);
		assert_true(s.first_ns <= s.last_ns);
	}
}

static __u64 hash_of(const void *array, __u32 i)
{
	return ((const __u64 *)array)[i] / 3; /* some collide */
}

static bool is(const void *array, __u32 i, const void *key)
{
	return ((const __u64 *)array)[i] == *(const __u64 *)key;
}

static void test_index(void **unused)
{
	struct rg_index x = {};
	__u64 numbers[1000] = {}, none = 1;

	(void)unused;
	assert_int_equal(rg_index_find(&x, 0, is, numbers, &none), -1);
	for (__u32 i = 0; i < UNIT_COUNT(numbers); i++) {
		numbers[i] = 7ULL * i;
		rg_index_add(&x, hash_of(numbers, i), i, hash_of, numbers);
	}
	for (__u32 i = 0; i < UNIT_COUNT(numbers); i++)
		assert_int_equal(rg_index_find(&x, hash_of(numbers, i), is, numbers, &numbers[i]),
				 i);
	assert_int_equal(rg_index_find(&x, 0, is, numbers, &none), -1);
	rg_index_free(&x);
}

/* ---- recordings ---- */

static void test_settled(void **unused)
{
	struct rg_report r = read_well("settled");
	const struct rg_recovery *one = only(&r);

	(void)unused;
	assert_int_equal(one->verdict.outcome, RG_OUTCOME_AGAIN);
	assert_says(one, 0,
		    "10 locks were taken again by 1 end client before the gate opened to local "
		    "applications; among them the one that was refused a reclaim; no lock is known "
		    "to "
		    "be lost.");
	assert_true(one->reached_end);
	assert_int_equal(one->n_clients, 1);
	assert_string_equal(one->clients[0].name, "Linux NFSv4.2 cli");
	assert_int_equal(one->clients[0].opens.granted, 1);
	assert_int_equal(one->clients[0].locks.refused, 1);
	assert_int_equal(one->clients[0].retaken_locks, 10);
	assert_int_equal(one->clients[0].slowest_ns, 4100000);
	assert_int_equal(one->refused_locks, 1);
	assert_int_equal(one->again_refused, 1);
	assert_int_equal(one->again_unrefused, 9);
	assert_int_equal(one->again_exposed, 0);
	assert_int_equal(one->all_downgrades, 2);
	assert_int_equal(one->n_apps, 1);
	assert_int_equal(one->held_now, 0);
	assert_int_equal(one->apps[0].waited_ns / 1000000, 16234);
	assert_int_equal(one->n_changes, 4);
	assert_true(text_has(&r, "47 s without a renewal at 10.77.1.1, lease 90 s: in time"));
	assert_true(text_has(&r, "-9.412  17:31:55.588  client  EXCHANGE_ID"));
	assert_true(text_has(&r, "backup (530) got through: lock, waited 16.234 s"));
	/* Reclaimed by a handle without a name; the name came later. */
	assert_true(text_has(&r, "LOCK   10.77.2.2 Linux NFSv4.2 cli  /srv/reexport/a/db  byte 0"));
	check_outputs(&r);
	rg_report_free(&r);
}

static void test_stolen(void **unused)
{
	struct rg_report r = read_well("stolen");
	const struct rg_recovery *one = only(&r);

	(void)unused;
	assert_int_equal(one->verdict.outcome, RG_OUTCOME_LOST);
	assert_says(one, 0,
		    "3 locks of 2 end clients are lost or given up: 1 was refused a reclaim and "
		    "not "
		    "taken again, 2 were asked for again and denied, as somebody else has them.");
	assert_true(says(one, "Its own log counts them"));
	assert_int_equal(one->clients[0].fates[RG_FATE_NOT_AGAIN], 1);
	assert_int_equal(one->clients[1].fates[RG_FATE_DENIED], 2);
	assert_string_equal(one->clients[0].gone, "expired");
	assert_true(text_has(&r, "No gate."));
	check_outputs(&r);
	rg_report_free(&r);
}

/* A real one: a power cut in the laboratory, 5 locks, NFSv4.2. */
static void test_powercut(void **unused)
{
	struct rg_report r = read_well("powercut");
	const struct rg_recovery *one = only(&r);

	(void)unused;
	assert_int_equal(one->verdict.outcome, RG_OUTCOME_AGAIN);
	assert_true(one->reached_end);
	assert_int_equal(one->n_clients, 1);
	assert_int_equal(one->clients[0].opens.granted, 1);
	assert_int_equal(one->clients[0].locks.refused, 1);
	assert_int_equal(one->clients[0].retaken_locks, 5);
	assert_int_equal(one->again_refused, 1);
	assert_int_equal(one->again_unrefused, 4);
	assert_int_equal(one->again_exposed, 0);
	assert_int_equal(one->all_downgrades, 2);
	assert_int_equal(one->n_apps, 1);
	assert_int_equal(one->held_now, 0);
	check_outputs(&r);
	rg_report_free(&r);
}

static void test_granted(void **unused)
{
	struct rg_report r = read_well("granted");
	const struct rg_recovery *one = only(&r);

	(void)unused;
	assert_int_equal(one->verdict.outcome, RG_OUTCOME_GRANTED);
	assert_int_equal(one->verdict.n, 1);
	assert_says(one, 0, "No reclaim was downgraded: all 8 were granted (6 locks, 2 opens).");
	assert_int_equal(one->fates[RG_FATE_RECLAIMED], 6);
	assert_int_equal(one->all_downgrades, 0);
	check_outputs(&r);
	rg_report_free(&r);
}

static void test_nfsv3(void **unused)
{
	struct rg_report r = read_well("nfsv3");
	const struct rg_recovery *one = only(&r);

	(void)unused;
	assert_int_equal(one->verdict.outcome, RG_OUTCOME_UNPROVEN);
	assert_says(one, 0,
		    "4 reclaims by NFSv3, of 1 end client, were granted as new locks: that nobody "
		    "else "
		    "had them in between is unproven.");
	assert_int_equal(one->clients[0].minor, -1);
	assert_int_equal(one->clients[0].downgrades[RG_DOWNGRADE_GRANTED_AS_NEW], 4);
	assert_true(text_has(&r, "cli restarted"));
	check_outputs(&r);
	rg_report_free(&r);
}

static void test_truncated(void **unused)
{
	const char *name = "truncated";
	struct unit_ear ear;
	struct rg_report r = report_of(&ear, 1, &name);

	(void)unused;
	assert_non_null(strstr(ear.text,
			       "truncated.ndjson: line 18: truncated; what precedes it is "
			       "reported\n"));
	assert_int_equal(r.bad_lines, 1);
	assert_int_equal(only(&r)->verdict.outcome, RG_OUTCOME_LOST);
	assert_true(says(only(&r), "The recording does not reach to the end of the recovery."));
	assert_true(says(only(&r), "1 line could not be read: all counts are lower bounds."));
	assert_true(text_has(&r, "line 18: truncated; what precedes it is reported."));
	assert_true(text_has(&r, "was not ended in an orderly way"));
	check_outputs(&r);
	rg_report_free(&r);
}

static void test_garbage(void **unused)
{
	const char *name = "garbage";
	struct unit_ear ear;
	struct rg_report r = report_of(&ear, 1, &name), well = read_well("settled");

	(void)unused;
	assert_non_null(strstr(ear.text, "garbage.ndjson: line 7: no JSON; passed over\n"));
	assert_int_equal(r.bad_lines, 1);
	assert_int_equal(r.events, well.events);
	/* What the line was is not known. */
	assert_int_equal(only(&r)->verdict.outcome, RG_OUTCOME_UNPROVEN);
	assert_int_equal(only(&well)->verdict.outcome, RG_OUTCOME_AGAIN);
	assert_int_equal(only(&r)->again_unrefused, 9);
	check_outputs(&r);
	rg_report_free(&r);
	rg_report_free(&well);
}

static void test_hostile(void **unused)
{
	struct rg_report r = read_well("hostile");
	char *html = written(&r, rg_report_html);

	(void)unused;
	assert_int_equal(only(&r)->n_clients, 4);
	assert_string_equal(only(&r)->clients[2].name, "\\033[31mred\\007\\000");
	assert_string_equal(only(&r)->clients[3].name, "\\342\\200\\256gnp.exe &amp; <b>");
	assert_non_null(strstr(html, "&lt;script&gt;document.documentElement.id="));
	assert_non_null(strstr(html, "a&quot; onload=&quot;x&#39;y"));
	assert_non_null(strstr(html, "\\342\\200\\256gnp.exe &amp;amp; &lt;b&gt;"));
	assert_non_null(strstr(html, "&lt;img src=x onerror=alert(1)&gt;&amp;"));
	assert_non_null(strstr(html, "&lt;/title&gt;&lt;script&gt;"));
	free(html);
	check_outputs(&r);
	rg_report_free(&r);
}

/* Like the command line `make-recordings storm`: 200 end clients, 100 reclaims each. */
static void make_storm(char *path)
{
	char *command = rg_text("%s/../../make-recordings storm 200 100 >%s", RG_TEST_DATA, path);

	assert_int_equal(system(command), 0); // NOLINT(cert-env33-c): paths of ours
	free(command);
}

static void test_many(void **unused)
{
	char path[] = "/tmp/rg-unit-XXXXXX";
	const struct rg_recovery *one;
	struct rg_report r;
	int fd = mkstemp(path);

	(void)unused;
	unit_need(fd >= 0);
	close(fd);
	make_storm(path);
	r = read_well(path);
	unlink(path);
	one = only(&r);
	assert_int_equal(one->n_clients, 200);
	assert_int_equal(one->opens.granted, 10000);
	assert_int_equal(one->lock_tries.refused, 10000);
	assert_int_equal(one->refused_locks, 10000);
	assert_int_equal(one->again_refused, 9999);
	assert_int_equal(one->fates[RG_FATE_NOT_AGAIN], 1);
	assert_int_equal(one->clients[199].fates[RG_FATE_NOT_AGAIN], 1);
	assert_int_equal(one->held_now, 1);
	assert_int_equal(one->storm.total[RG_STORM_AGAIN], 9999);
	/* More than are kept: counted, and said. */
	assert_int_equal(one->n_downgraded, RG_REPORT_KEPT);
	assert_int_equal(one->more_downgraded, 1);
	assert_int_equal(one->all_downgrades, 10001);
	assert_true(text_has(&r, "Not all of them are listed."));
	assert_says(one, 0,
		    "1 lock of 1 end client was refused a reclaim and not taken again: lost or "
		    "given "
		    "up.");
	assert_true(text_has(&r, "first of 200: 10.77.2.2 Linux NFSv4.2 node0"));
	check_outputs(&r);
	rg_report_free(&r);
}

static void test_two(void **unused)
{
	struct rg_report r = read_well("two");

	(void)unused;
	assert_int_equal(r.n, 3);
	assert_int_equal(r.at[0]->ended, RG_ENDED_SHUTDOWN);
	assert_int_equal(r.at[1]->ended, RG_ENDED_BOOT);
	assert_int_equal(r.at[2]->ended, RG_ENDED_NOT);
	assert_int_equal(r.at[0]->verdict.outcome, RG_OUTCOME_AGAIN);
	assert_int_equal(r.at[1]->verdict.outcome, RG_OUTCOME_AGAIN);
	assert_int_equal(r.at[2]->verdict.outcome, RG_OUTCOME_UNDECIDED);
	assert_says(r.at[2], 0,
		    "1 lock of 1 end client was refused a reclaim and not taken again by the end "
		    "of the "
		    "recording.");
	assert_int_equal(r.at[0]->n_clients, 1);
	assert_int_equal(r.at[1]->refused_locks, 1);
	check_outputs(&r);
	rg_report_free(&r);
}

static void test_lost(void **unused)
{
	struct rg_report r = read_well("lost");

	(void)unused;
	assert_int_equal(rg_report_lost(&r), 37);
	assert_int_equal(r.unknown_events, 1);
	assert_int_equal(r.unknown_fields, 2);
	assert_true(says(only(&r), "37 events were lost: all counts are lower bounds"));
	assert_true(text_has(&r, "37 events were lost: counts are lower bounds."));
	assert_true(text_has(&r, "Passed over, as of a later version: 1 events, 2 fields."));
	check_outputs(&r);
	rg_report_free(&r);
}

/* In whatever order they are named. */
static void test_parts(void **unused)
{
	static const char *const names[][2] = {{"parts-1", "parts-2"}, {"parts-2", "parts-1"}};

	(void)unused;
	for (int i = 0; i < 2; i++) {
		struct unit_ear ear;
		struct rg_report r = report_of(&ear, 2, names[i]);

		assert_string_equal(ear.text, "");
		assert_int_equal(only(&r)->verdict.outcome, RG_OUTCOME_AGAIN);
		assert_int_equal(only(&r)->ended, RG_ENDED_NOT);
		assert_non_null(strstr(r.inputs[0].name, "parts-1"));
		rg_report_free(&r);
	}
}

/* A wrong file is said to be one, once, and is not read to its end. */
static void test_wrong_file(void **unused)
{
	char path[] = "/tmp/rg-wrong-XXXXXX";
	const char *names[] = {path};
	struct unit_ear ear;
	struct rg_report r;
	int fd = mkstemp(path);

	(void)unused;
	unit_need(fd >= 0);
	for (int i = 0; i < 100000; i++)
		unit_need(write(fd, "no event\n", 9) == 9);
	close(fd);
	r = report_of(&ear, 1, names);
	assert_non_null(strstr(ear.text, "none of its first 20 lines is an event\n"));
	assert_null(strchr(strchr(ear.text, '\n') + 1, '\n'));
	assert_int_equal(r.n_complaints, 1);
	assert_in_range(r.inputs[0].bytes, 1, 400000);
	rg_report_free(&r);
	unlink(path);
}

/* One end client and what is to be done about it, of each recording. */
static void test_advice(void **unused)
{
	static const struct {
		const char *path, *who, *what;
		size_t n;
	} all[] = {
		{"settled", NULL, "Nothing: no end client is known to lack a lock.", 0},
		{"granted", NULL, "Nothing: no end client is known to lack a lock.", 0},
		{"stolen", "10.77.2.2", "recover_lost_locks=1", 2},
		{"stolen", "10.77.2.3", "somebody else has 2 locks of it", 2},
		{"lost", "10.77.2.2", "restart the applications that held 1 lock", 1},
		{"nfsv3", "10.77.2.2", "4 locks of it were granted as new", 1},
		{"late-notify", "10.77.2.2", "of which they are not told", 1},
		{"same-name", "10.77.2.3", "which has the same name", 1},
		{"truncated", "10.77.2.2", "does not have the whole recovery", 2},
	};

	(void)unused;
	for (size_t i = 0; i < UNIT_COUNT(all); i++) {
		struct unit_ear ear;
		struct rg_report r = report_of(&ear, 1, &all[i].path);
		const struct rg_recovery *one = r.at[0];
		bool there = false;
		size_t n;
		struct rg_advice *a = rg_advice_of(one, &n);

		assert_int_equal(n, all[i].n);
		for (size_t k = 0; k < n; k++)
			there |= all[i].who && a[k].client >= 0 && strstr(a[k].text, all[i].what) &&
				 strcmp(one->clients[a[k].client].addr, all[i].who) == 0;
		if (n ? !there : strcmp(rg_advice_nothing(one), all[i].what) != 0)
			fail_msg("%s: no advice \"%s\"", all[i].path, all[i].what);
		assert_true(text_has(&r, "What to do\n"));
		rg_advice_free(a, n);
		rg_report_free(&r);
	}
}

static void test_no_recording(void **unused)
{
	static const struct {
		const char *path, *said;
	} all[] = {
		{"empty", "empty.ndjson: empty\n"},
		{"/tmp", "/tmp: Is a directory\n"},
		{"/no/such/file", "/no/such/file: No such file or directory\n"},
		{"/bin/true", "/bin/true: no recording of `reexport-guard trace`: none of its"},
	};

	(void)unused;
	for (size_t i = 0; i < UNIT_COUNT(all); i++) {
		struct unit_ear ear;
		struct rg_report r = report_of(&ear, 1, &all[i].path);

		assert_non_null(strstr(ear.text, all[i].said));
		assert_true(r.bad_lines > 0);
		assert_int_equal(r.n, 0);
		assert_true(text_has(&r, "No recovery is in it."));
		check_outputs(&r);
		rg_report_free(&r);
	}
}

static void test_header_only(void **unused)
{
	struct rg_report r = read_well("header");

	(void)unused;
	assert_int_equal(r.n, 0);
	assert_true(text_has(&r, "No recovery is in it."));
	check_outputs(&r);
	rg_report_free(&r);
}

/* ---- what files may be made of ---- */

static int memory_file(const void *bytes, size_t n, char path[32])
{
	int fd = memfd_create("unit-recording", MFD_CLOEXEC);

	unit_need(fd >= 0);
	assert_int_equal(write(fd, bytes, n), (ssize_t)n);
	snprintf(path, 32, "/proc/self/fd/%d", fd);
	return fd;
}

static void test_long_line(void **unused)
{
	static const char last[] = "\n{\"event\":\"end\",\"lost\":0}\n   ";
	size_t n = 10 << 20;
	char *bytes = malloc(n), path[32];
	const char *name = path;
	struct unit_ear ear;
	struct rg_report r;
	int fd;

	(void)unused;
	unit_need(bytes);
	memset(bytes, '[', n);
	memcpy(bytes + n - (sizeof(last) - 1), last, sizeof(last) - 1);
	fd = memory_file(bytes, n, path);
	r = report_of(&ear, 1, &name);
	assert_non_null(strstr(ear.text, "line 1: longer than 1048576 bytes"));
	assert_int_equal(r.bad_lines, 1);
	assert_int_equal(r.events, 1);
	close(fd);
	free(bytes);
	rg_report_free(&r);
}

/* Values of other types than they should be, and lines that are JSON but no events. */
static void test_odd_lines(void **unused)
{
	static const char lines[] =
		"null\n[]\n7\n{}\n\n{\"event\":3}\n{\"event\":null}\n"
		"{\"event\":\"LOCK\"}\n"
		"{\"event\":\"LOCK\",\"client\":[],\"file\":3,\"status\":10026,\"claim\":"
		"\"reclaim\"}\n"
		"{\"event\":\"LOCK\",\"client\":{\"addr\":{},\"name\":7},\"boot_ns\":-5,\"side\":9,"
		"\"claim\":\"moon\",\"owner\":\"zz\",\"downgrade\":{\"reason\":5}}\n"
		"{\"event\":\"HELD\"}\n{\"event\":\"CONTINUED\",\"duration_ns\":99}\n"
		"{\"event\":\"GATE\",\"state\":[\"open\"]}\n{\"event\":\"STATE_MANAGER\",\"state\":"
		"[1,{}]}\n"
		"{\"event\":\"GRACE_START\",\"boot_ns\":18446744073709551615,\"expected\":1e99}\n"
		"{\"event\":\"CLIENT_GONE\",\"how\":{}}\n{\"event\":\"HAND\"}\n{\"event\":\"LOST\"}"
		"\n"
		"{\"event\":\"header\",\"origins\":[1,{\"away_s\":\"x\"},{}],\"policy\":[],"
		"\"time\":\"soon\"}\n"
		"{\"event\":\"end\",\"lost\":-3}\n{\"event\":\"LOCK\"} {}\n";
	const char *name;
	char path[32];
	struct unit_ear ear;
	struct rg_report r;
	int fd = memory_file(lines, sizeof(lines) - 1, path);

	(void)unused;
	name = path;
	r = report_of(&ear, 1, &name);
	assert_int_equal(r.bad_lines, 7);
	assert_int_equal(r.events, 13);
	check_outputs(&r);
	close(fd);
	rg_report_free(&r);
}

static char *whole_file(const char *name, size_t *n)
{
	char *path = rg_text("%s/%s.ndjson", RG_TEST_DATA, name), *bytes = calloc(1, 1 << 20);
	FILE *in = fopen(path, "re");

	unit_need(in && bytes);
	*n = fread(bytes, 1, 1 << 20, in);
	assert_int_equal(fclose(in), 0);
	free(path);
	return bytes;
}

/* Any byte, or one that gets further. */
static char unit_byte(__u64 *seed, const char *likely)
{
	if (unit_below(seed, 2))
		return likely[unit_below(seed, strlen(likely))];
	return (char)unit_below(seed, 256);
}

/* Bytes of recordings, changed: nothing is read or written that is not there. */
static void test_damaged(void **unused)
{
	static const char *const names[] = {"settled", "hostile", "two", "stolen", "lost"};
	static const char likely[] = "{}[]\",:\\-0189en\n\xff\x80";
	__u64 seed = 7;

	(void)unused;
	for (int round = 0; round < 2000; round++) {
		size_t n;
		char *bytes = whole_file(names[round % UNIT_COUNT(names)], &n), path[32];
		const char *name = path;
		__u64 changes = 1 + unit_below(&seed, 8);
		struct unit_ear ear;
		struct rg_report r;
		int fd;

		for (__u64 i = 0; i < changes; i++)
			bytes[unit_below(&seed, n)] = unit_byte(&seed, likely);
		fd = memory_file(bytes, n - unit_below(&seed, 4) * unit_below(&seed, n / 4), path);
		r = report_of(&ear, 1, &name);
		if (round % 8 == 0)
			check_outputs(&r);
		rg_report_free(&r);
		close(fd);
		free(bytes);
	}
}

/* ---- verdicts ---- */

static void test_all_of_many(void **unused)
{
	struct rg_report r;
	const struct rg_recovery *one;

	(void)unused;
	begin(&r, "settled", "hold");
	for (int i = 0; i < 12; i++)
		tell_lock(&r, 3000 + i, 1 + i % 3, i, i + 1, REFUSED);
	tell(&r, 4000, "GRACE_END", ",\"side\":\"server\"");
	for (int i = 0; i < 12; i++)
		tell_lock(&r, 5000 + i, 1 + i % 3, i, i + 1, AGAIN);
	tell_gate(&r, 6000, "open");
	one = finish(&r);
	assert_int_equal(one->verdict.outcome, RG_OUTCOME_AGAIN);
	assert_says(one, 0,
		    "12 of 12 locks that were refused a reclaim were taken again by 3 end clients "
		    "before "
		    "the gate opened to local applications; no lock is known to be lost.");
	rg_report_free(&r);
}

/* The gate has been open: nothing is claimed. */
static void check_exposed(const char *release, const char *action, int open_ms, const char *part)
{
	struct rg_report r;
	const struct rg_recovery *one;

	begin(&r, release, action);
	if (open_ms < 3000)
		tell_gate(&r, open_ms, "open");
	tell_lock(&r, 3000, 1, 0, 1, REFUSED);
	tell(&r, 4000, "GRACE_END", ",\"side\":\"server\"");
	if (open_ms >= 3000)
		tell_gate(&r, open_ms, "open");
	tell_lock(&r, 8000, 1, 0, 1, AGAIN);
	tell_gate(&r, 9000, "open");
	one = finish(&r);
	assert_int_equal(one->verdict.outcome, RG_OUTCOME_UNPROVEN);
	assert_true(says(one, part));
	assert_false(says(one, "before the gate opened"));
	rg_report_free(&r);
}

static void test_exposed(void **unused)
{
	(void)unused;
	check_exposed("grace-start", "hold", 2100, "when the gate had been open");
	check_exposed("grace-end", "hold", 4000, "when the gate had been open");
	check_exposed("settled", "audit", 9000, "(action audit)");
}

/* The gate opens within the LOCK that completes what was awaited: that one was not exposed;
 * one that was asked for later was. */
static void check_opener(const char *why, int open_ms, bool exposed)
{
	struct rg_report r;
	const struct rg_recovery *one;

	begin(&r, "settled", "hold");
	tell_lock(&r, 3000, 1, 0, 1, REFUSED);
	tell(&r, 4000, "GRACE_END", ",\"side\":\"server\"");
	feed(&r,
	     "{\"boot_ns\":%d" MS ",\"netns\":7,\"event\":\"GATE\",\"side\":\"gate\","
	     "\"state\":\"open\",\"why\":\"%s\"}",
	     open_ms, why);
	feed(&r,
	     "{\"boot_ns\":8000" MS ",\"netns\":7,\"event\":\"LOCK\",\"side\":\"server\","
	     "\"claim\":\"retake\",\"client\":{\"addr\":\"10.0.0.1\",\"minor\":2,\"name\":\"c1\"},"
	     "\"file\":{\"dev\":\"0:45\",\"fileid\":5},\"start\":0,\"length\":1,"
	     "\"status\":\"NFS4_OK\",\"duration_ns\":5" MS "}");
	one = finish(&r);
	assert_int_equal(one->again_refused, 1);
	assert_int_equal(one->again_exposed, exposed);
	rg_report_free(&r);
}

static void test_opener(void **unused)
{
	(void)unused;
	check_opener("settled", 7999, false);
	check_opener("settled", 8000, false);
	check_opener("settled", 7990, true);
	check_opener("settle-timeout", 7999, true);
	check_opener("released-by-hand", 7999, true);
}

static void test_no_gate(void **unused)
{
	struct rg_report r;
	const struct rg_recovery *one;

	(void)unused;
	rg_report_init(&r);
	tell(&r, 2000, "KNFSD_STARTING", "");
	tell(&r, 2100, "GRACE_START", "");
	tell_lock(&r, 3000, 1, 0, 1, REFUSED);
	tell(&r, 4000, "GRACE_END", "");
	tell_lock(&r, 8000, 1, 0, 1, AGAIN);
	tell(&r, 30000, "LOCKD_GRACE_END", "");
	one = finish(&r);
	assert_int_equal(one->verdict.outcome, RG_OUTCOME_UNPROVEN);
	assert_true(says(one, "with no gate seen"));
	assert_true(one->reached_end);
	rg_report_free(&r);
}

/* The same lock: by owner where both have one, else by file and range. */
static void check_same(int refused_by, int again_by, int byte, bool same)
{
	struct rg_report r;
	const struct rg_recovery *one;

	begin(&r, "settled", "hold");
	tell_lock(&r, 3000, 1, 7, refused_by, REFUSED);
	tell(&r, 4000, "GRACE_END", "");
	tell_lock(&r, 5000, 1, byte, again_by, AGAIN);
	tell_gate(&r, 6000, "open");
	one = finish(&r);
	assert_int_equal(one->again_refused, same);
	assert_int_equal(one->fates[RG_FATE_NOT_AGAIN], !same);
	assert_int_equal(one->verdict.outcome, same ? RG_OUTCOME_AGAIN : RG_OUTCOME_LOST);
	rg_report_free(&r);
}

static void test_same_lock(void **unused)
{
	(void)unused;
	check_same(1, 1, 7, true);
	check_same(0, 1, 7, true);
	check_same(1, 0, 7, true);
	check_same(0, 0, 7, true);
	check_same(1, 2, 7, false);
	check_same(1, 1, 8, false);
}

/* What comes last counts, in whatever order it is read. */
static void test_order(void **unused)
{
	struct rg_report r;
	const struct rg_recovery *one;

	(void)unused;
	begin(&r, "settled", "hold");
	tell_lock(&r, 5000, 1, 0, 1, AGAIN);
	tell_lock(&r, 3000, 1, 0, 1, REFUSED);
	/* Denied first, and had later; had first, and refused later. */
	tell_lock(&r, 3000, 1, 1, 1, REFUSED);
	tell_lock(&r, 4500, 1, 1, 1, "retake", "NFS4ERR_DENIED");
	tell_lock(&r, 5500, 1, 1, 1, AGAIN);
	tell_lock(&r, 3100, 1, 2, 1, "reclaim", "NFS4_OK");
	tell_lock(&r, 3200, 1, 2, 1, REFUSED);
	/* To wait is neither; a LOCK of somebody new is nobody's loss. */
	tell_lock(&r, 3300, 1, 3, 1, "reclaim", "NFS4ERR_GRACE");
	tell_lock(&r, 3400, 1, 4, 1, "ordinary", "NFS4ERR_DENIED");
	tell(&r, 5000, "GRACE_END", "");
	tell_gate(&r, 6000, "open");
	one = finish(&r);
	assert_int_equal(one->refused_locks, 3);
	assert_int_equal(one->again_refused, 2);
	assert_int_equal(one->fates[RG_FATE_NOT_AGAIN], 1);
	assert_int_equal(one->fates[RG_FATE_DENIED], 0);
	assert_int_equal(one->lock_tries.waited, 1);
	rg_report_free(&r);
}

static void test_nothing(void **unused)
{
	struct rg_report r;

	(void)unused;
	begin(&r, "settled", "hold");
	tell(&r, 17000, "GRACE_END", ",\"expected\":1,\"complete\":0");
	tell_gate(&r, 17001, "open");
	rg_report_finish(&r);
	assert_int_equal(only(&r)->verdict.outcome, RG_OUTCOME_NOTHING);
	assert_says(only(&r), 0, "Nobody reclaimed: 1 end client could have.");
	rg_report_free(&r);
	/* What is recorded all day is no recovery. */
	rg_report_init(&r);
	feed(&r, HEADER, "settled", "hold");
	tell_gate(&r, 1000, "open");
	tell(&r, 2000, "EXCHANGE_ID", ",\"side\":\"server\",\"client\":{\"addr\":\"1.2.3.4\"}");
	rg_report_finish(&r);
	assert_int_equal(r.n, 0);
	rg_report_free(&r);
}

#define ORIGIN ",\"side\":\"client\",\"origin\":{\"addr\":\"10.0.0.9\",\"minor\":2,\"name\":\"o\"}"
/* A reclaim of end client 10.0.0.3 that was granted; with its claim, its facts and what was sent.
 */
#define RECLAIMED                                                                                  \
	",\"side\":\"server\",\"status\":\"NFS4_OK\",\"client\":{\"addr\":\"10.0.0.3\","           \
	"\"minor\":2,\"name\":\"c3\"},\"file\":{\"dev\":\"0:45\",\"fileid\":5},\"start\":0,"       \
	"\"length\":1,\"claim\":"
#define REEXPORT ",\"facts\":[\"knfsd-grace\",\"re-export\"]"
#define BACK(op, status) ",\"back\":[{\"op\":\"" op "\",\"status\":\"" status "\",\"at_ns\":5}]"

static const struct rg_recovery *ordered(struct rg_report *r)
{
	tell(r, 9000, "GRACE_END", ",\"side\":\"server\",\"expected\":1,\"complete\":1");
	tell_gate(r, 9000, "open");
	return finish(r);
}

/* A granted reclaim that the original server knows nothing of. */
static void test_order_of_reclaims(void **unused)
{
	static const struct {
		const char *rest;
		__u64 unassured;
	} cases[] = {
		{REEXPORT BACK("LOCK", "NFS4_OK"), 0},
		{REEXPORT BACK("NLM_LOCK", "NLM4_GRANTED"), 0},
		{REEXPORT BACK("LOCK", "NFS4ERR_DENIED"), 1},
		{REEXPORT BACK("OPEN", "NFS4_OK"), 1},
		{REEXPORT ",\"back\":[]", 1},
		/* The NFS client was asked, and has a delegation. */
		{REEXPORT ",\"back\":[],\"reclaim\":\"proven\"", 0},
		{REEXPORT ",\"back\":[],\"reclaim\":\"released\"", 1},
		/* It is not known what was sent, or it has nothing to do with another server. */
		{REEXPORT, 0},
		{",\"facts\":[\"re-export\",\"back-truncated\"],\"back\":[]", 0},
		{",\"facts\":[\"knfsd-grace\"],\"back\":[]", 0},
		{REEXPORT ",\"back\":5", 0},
		{REEXPORT ",\"back\":[5,{\"op\":5},{}]", 1},
	};

	(void)unused;
	for (size_t i = 0; i < UNIT_COUNT(cases); i++) {
		const struct rg_recovery *one;
		struct rg_report r;
		char *rest = rg_text("%s\"reclaim\"%s", RECLAIMED, cases[i].rest);

		begin(&r, "settled", "hold");
		tell(&r, 3000, "LOCK", rest);
		one = ordered(&r);
		assert_int_equal(one->order.unassured, cases[i].unassured);
		assert_int_equal(says(one, "10.0.0.3 c3 was granted a reclaim of 1 lock for which "
					   "this host got none"),
				 cases[i].unassured != 0);
		assert_int_equal(one->verdict.outcome,
				 cases[i].unassured ? RG_OUTCOME_UNPROVEN : RG_OUTCOME_GRANTED);
		check_outputs(&r);
		rg_report_free(&r);
		free(rest);
	}
}

static const struct rg_recovery *delegation(struct rg_report *r, const char *flags)
{
	begin(r, "settled", "hold");
	tell(r, 1500, "EXCHANGE_ID", flags);
	tell(r, 3000, "OPEN", RECLAIMED "\"delegation-reclaim\"" REEXPORT);
	tell(r, 3001, "OPEN", RECLAIMED "\"reclaim\"" REEXPORT);
	return ordered(r);
}

/* Delegations go with state that was retained. */
static void test_order_of_delegations(void **unused)
{
	const struct rg_recovery *one;
	struct rg_report r;

	(void)unused;
	one = delegation(&r, ",\"status\":\"OK\"" ORIGIN);
	assert_int_equal(one->order.delegations, 1);
	assert_false(one->origins[0].has_retains);
	assert_true(
		says(one, "10.0.0.3 c3 was given back 1 delegation, and no original server said"));
	rg_report_free(&r);
	one = delegation(&r, ",\"status\":\"OK\",\"flags\":[\"USE_NON_PNFS\"]" ORIGIN);
	assert_int_equal(one->order.delegations, 1);
	assert_true(one->origins[0].has_retains && !one->origins[0].retains);
	rg_report_free(&r);
	one = delegation(&r, ",\"status\":\"OK\",\"flags\":[\"RECLAIMABLE_R\"]" ORIGIN);
	assert_int_equal(one->order.delegations, 0);
	assert_true(one->origins[0].retains);
	assert_false(says(one, "was given back"));
	rg_report_free(&r);
}

/* When this host comes to its original server, and when it says that it is through. */
static void test_order_at_the_origin(void **unused)
{
	const struct rg_recovery *one;
	struct rg_report r;

	(void)unused;
	/* As it should be. */
	begin(&r, "settled", "hold");
	tell(&r, 1500, "EXCHANGE_ID", ",\"generation\":1,\"status\":\"OK\"" ORIGIN);
	tell(&r, 9001, "RECLAIM_COMPLETE", ",\"generation\":1,\"status\":\"OK\"" ORIGIN);
	one = ordered(&r);
	assert_int_equal(one->order.early + one->order.late, 0);
	assert_false(says(one, "RECLAIM_COMPLETE"));
	rg_report_free(&r);
	/* As Linux does. */
	begin(&r, "settled", "hold");
	tell(&r, 1500, "EXCHANGE_ID", ",\"generation\":1,\"status\":\"OK\"" ORIGIN);
	tell(&r, 1501, "RECLAIM_COMPLETE", ",\"generation\":1,\"status\":\"OK\"" ORIGIN);
	one = ordered(&r);
	assert_int_equal(one->order.early, 1);
	assert_true(says(one,
			 "This host told its original server 10.0.0.9 o RECLAIM_COMPLETE 7.499 s "
			 "before knfsd's grace period ended"));
	check_outputs(&r);
	rg_report_free(&r);
	/* It was refused. */
	begin(&r, "settled", "hold");
	tell(&r, 1501, "RECLAIM_COMPLETE", ",\"status\":\"NFS4ERR_DELAY\"" ORIGIN);
	assert_int_equal(ordered(&r)->order.early, 0);
	rg_report_free(&r);
	/* It comes only after knfsd started. */
	begin(&r, "settled", "hold");
	tell(&r, 3100, "EXCHANGE_ID", ",\"generation\":1,\"status\":\"OK\"" ORIGIN);
	one = ordered(&r);
	assert_int_equal(one->order.late, 1);
	assert_true(says(one,
			 "This host came to its original server 10.0.0.9 o 1.000 s after knfsd's"));
	rg_report_free(&r);
	/* Not after a boot: the original server restarted. */
	begin(&r, "settled", "hold");
	tell(&r, 3100, "EXCHANGE_ID", ",\"generation\":2,\"status\":\"OK\"" ORIGIN);
	assert_int_equal(ordered(&r)->order.late, 0);
	rg_report_free(&r);
}

#define BOX                                                                                        \
	",\"client\":{\"addr\":\"10.0.0.3\",\"clientid\":\"00000001000000ab\",\"minor\":2,"        \
	"\"name\":\"box\"}"
#define KEPT_FILE                                                                                  \
	",\"file\":{\"dev\":\"8:1\",\"fileid\":5},\"type\":\"write\",\"start\":4,\"length\":2"

static bool has_moment(const struct rg_recovery *r, const char *event, const char *text)
{
	for (size_t i = 0; i < r->n_moments; i++)
		if (strcmp(r->moments[i].event, event) == 0 && strstr(r->moments[i].text, text))
			return true;
	return false;
}

/* An original server without a guard: what it kept, and why it ended. */
static void test_kept(void **unused)
{
	const struct rg_recovery *one;
	struct rg_report r;

	(void)unused;
	rg_report_init(&r);
	feed(&r, "{\"event\":\"header\",\"schema\":1,\"boot_ns\":1,\"netns\":7,\"guard\":false}");
	tell(&r, 1000, "KEPT",
	     ",\"side\":\"server\",\"ranges\":3,\"keep_for_s\":90,\"overflow\":true" BOX);
	tell(&r, 2000, "KEPT_FROM",
	     ",\"side\":\"server\",\"what\":\"lock\",\"kept_for\":\"00000001000000ab\","
	     "\"status\":\"NFS4ERR_DELAY\",\"client\":{\"addr\":\"10.0.0.4\",\"minor\":2,\"name\":"
	     "\"other\"}" KEPT_FILE);
	tell(&r, 2100, "KEPT_FROM",
	     ",\"side\":\"gate\",\"what\":\"lock\",\"kept_for\":\"00000000000000ff\",\"comm\":"
	     "\"cp\","
	     "\"status\":\"EAGAIN\",\"file\":{\"dev\":\"8:1\",\"fileid\":5}");
	tell(&r, 3000, "RETAKEN", ",\"side\":\"server\",\"left\":2" BOX KEPT_FILE);
	tell(&r, 4000, "KEPT_ENDED", ",\"side\":\"server\",\"why\":\"over\",\"left\":2" BOX);
	tell(&r, 5000, "NOT_KEPT", ",\"side\":\"server\",\"why\":\"of a later version\"" BOX);
	one = finish(&r);
	assert_int_equal(one->verdict.outcome, RG_OUTCOME_NOTHING);
	assert_int_equal(one->kept.clients + one->kept.retaken + one->kept.ended +
				 one->kept.not_kept,
			 4);
	assert_int_equal(one->kept.ranges, 3);
	assert_int_equal(one->kept.asked, 2);
	assert_says(one, 0,
		    "This original server kept locks for 1 client that rebooted, 3 ranges: taken "
		    "back 1 time, asked for by others 2 times meanwhile.");
	assert_true(says(one, "2 of the kept ranges were not taken back"));
	assert_true(says(one, "The guard was not enabled on this host"));
	assert_false(says(one, "kept still"));
	assert_true(has_moment(one, "KEPT",
			       "10.0.0.3 box rebooted: 3 ranges kept for it for 90 s; not all"));
	assert_true(
		has_moment(one, "KEPT_FROM",
			   "10.0.0.4 other asked for bytes 4 to 5 of fileid 5 on 8:1 (lock), kept "
			   "for 10.0.0.3 box: NFS4ERR_DELAY"));
	assert_true(
		has_moment(one, "KEPT_FROM",
			   "the local application cp asked for fileid 5 on 8:1 (lock), kept for a "
			   "client: EAGAIN"));
	assert_true(has_moment(one, "RETAKEN",
			       "10.0.0.3 box took back bytes 4 to 5 of fileid 5 on 8:1; 2 left"));
	assert_true(has_moment(one, "KEPT_ENDED", "keep-for is over; 2 not taken back"));
	assert_true(has_moment(one, "NOT_KEPT", "as of a later version"));
	check_outputs(&r);
	rg_report_free(&r);

	/* It is kept still, on a host that has a guard as well. */
	rg_report_init(&r);
	feed(&r, HEADER, "settled", "hold");
	tell(&r, 1000, "KEPT", ",\"side\":\"server\",\"ranges\":1,\"keep_for_s\":90" BOX);
	one = finish(&r);
	assert_true(says(one, "Something is kept still at the end of the recording."));
	assert_false(says(one, "The guard was not enabled"));
	rg_report_free(&r);
}

/* What is not there may have been left out. */
static void test_filtered(void **unused)
{
	struct rg_report r;
	const struct rg_recovery *one;

	(void)unused;
	rg_report_init(&r);
	feed(&r, "{\"event\":\"header\",\"boot_ns\":1,\"netns\":7,\"filtered\":true}");
	tell(&r, 2000, "KNFSD_STARTING", "");
	tell(&r, 2100, "GRACE_START", "");
	tell_lock(&r, 3000, 1, 0, 1, REFUSED);
	tell(&r, 4000, "GRACE_END", "");
	feed(&r, "{\"event\":\"end\",\"boot_ns\":90000" MS ",\"lost\":0}");
	one = finish(&r);
	assert_int_equal(one->verdict.outcome, RG_OUTCOME_UNDECIDED);
	assert_says(one, 0,
		    "1 lock of 1 end client was refused a reclaim and not taken again in this "
		    "recording.");
	assert_true(says(one, "made with a filter"));
	assert_true(one->reached_end);
	rg_report_free(&r);
}

static void test_host(void **unused)
{
	struct rg_report r;
	const struct rg_recovery *one;

	(void)unused;
	begin(&r, "settled", "hold");
	for (int i = 0; i < 3; i++)
		feed(&r,
		     "{\"boot_ns\":250%d" MS ",\"netns\":7,\"event\":\"LOCK\",\"side\":\"client\","
		     "\"claim\":\"reclaim\",\"origin\":{\"addr\":\"10.0.0.9\",\"minor\":2},"
		     "\"status\":\"%s\",\"downgrade\":{\"reason\":\"origin-no-grace\"}}",
		     i, i ? "NFS4ERR_NO_GRACE" : "NFS4_OK");
	tell(&r, 2600, "LOCK_LOST",
	     ",\"side\":\"client\",\"file\":{\"dev\":\"0:45\",\"fileid\":5}");
	tell(&r, 4000, "GRACE_END", "");
	tell_gate(&r, 5000, "open");
	one = finish(&r);
	assert_int_equal(one->verdict.outcome, RG_OUTCOME_LOST);
	assert_true(says(one, "2 refused, 1 granted"));
	assert_true(says(one, "gave up 1 lock,"));
	assert_int_equal(one->n_origins, 1);
	assert_int_equal(one->n_clients, 0);
	check_outputs(&r);
	rg_report_free(&r);
}

/* Two namespaces at a time are two recoveries. */
static void test_namespaces(void **unused)
{
	struct rg_report r;

	(void)unused;
	begin(&r, "settled", "hold");
	feed(&r, "{\"boot_ns\":2200" MS ",\"netns\":8,\"event\":\"KNFSD_STARTING\"}");
	tell_lock(&r, 3000, 1, 0, 1, REFUSED);
	rg_report_finish(&r);
	assert_int_equal(r.n, 2);
	assert_int_equal(r.at[0]->refused_locks, 1);
	assert_int_equal(r.at[1]->refused_locks, 0);
	assert_int_equal(r.at[1]->netns, 8);
	check_outputs(&r);
	rg_report_free(&r);
}

/* The last of them are kept. */
static void test_too_many_recoveries(void **unused)
{
	struct rg_report r;

	(void)unused;
	begin(&r, "settled", "hold");
	for (int i = 0; i < RG_REPORT_RECOVERIES + 5; i++)
		tell(&r, 3000 + i, "KNFSD_STARTING", "");
	rg_report_finish(&r);
	assert_int_equal(r.n, RG_REPORT_RECOVERIES);
	assert_int_equal(r.dropped, 6);
	assert_true(text_has(&r, "6 recoveries before these are left out."));
	rg_report_free(&r);
}

static void test_apps(void **unused)
{
	struct rg_report r;
	const struct rg_recovery *one;

	(void)unused;
	begin(&r, "settled", "hold");
	tell(&r, 2200, "HELD", ",\"tid\":1,\"tgid\":1,\"comm\":\"a\",\"what\":\"lock\"");
	tell(&r, 2300, "HELD", ",\"tid\":1,\"tgid\":1,\"comm\":\"a\",\"what\":\"lock\"");
	tell(&r, 2400, "HELD", ",\"tid\":2,\"tgid\":2,\"comm\":\"b\",\"what\":\"open\"");
	tell(&r, 2500, "CONTINUED",
	     ",\"tid\":9,\"comm\":\"old\",\"what\":\"lock\",\"duration_ns\":2000000000");
	for (int i = 0; i < 5; i++)
		tell(&r, 2600 + i, "DENIED",
		     ",\"tid\":3,\"tgid\":3,\"comm\":\"c\",\"what\":\"lock\"");
	tell(&r, 3000, "CONTINUED", ",\"tid\":1,\"comm\":\"a\",\"what\":\"lock\"");
	tell(&r, 3100, "HELD", ",\"tid\":1,\"tgid\":1,\"comm\":\"a\",\"what\":\"lock\"");
	one = finish(&r);
	assert_int_equal(one->n_apps, 4);
	assert_int_equal(one->held_now, 2);
	assert_int_equal(one->apps[0].waited_ns / 1000000, 800);
	assert_int_equal(one->apps[2].held_ns / 1000000, 500);
	assert_int_equal(one->denied, 5);
	assert_int_equal(one->n_turned, 1);
	assert_int_equal(one->turned[0].n, 5);
	assert_true(text_has(&r, "still held when the recording ended, or ended while held."));
	check_outputs(&r);
	rg_report_free(&r);
}

/* ---- after a success; names; protocols ---- */

/* lockd's grace period was over when a cluster's sm-notify came: NFSv3 is spoken of, not
 * NFSv4. */
static void test_late_notify(void **unused)
{
	struct rg_report r = read_well("late-notify");
	const struct rg_recovery *one = only(&r);

	(void)unused;
	assert_int_equal(one->verdict.outcome, RG_OUTCOME_LOST);
	assert_true(says(one, "2 locks of 1 end client were refused"));
	assert_true(says(one, "by NFSv3 asks for each of its locks once"));
	assert_true(says(one, "came to reclaim 11.000 s after lockd's grace period was over"));
	assert_false(says(one, "stops reclaiming at the first refusal"));
	assert_true(text_has(&r, "NLM4_DENIED_GRACE_PERIOD"));
	check_outputs(&r);
	rg_report_free(&r);
}

/* Two end clients with one name throw each other out. */
static void test_same_name(void **unused)
{
	struct rg_report r = read_well("same-name");
	const struct rg_recovery *one = only(&r);

	(void)unused;
	assert_int_equal(one->verdict.outcome, RG_OUTCOME_LOST);
	assert_int_equal(one->fates[RG_FATE_THROWN_OUT], 1);
	assert_int_equal(one->fates[RG_FATE_AGAIN], 1);
	assert_true(says(one, "1 lock of 1 end client was lost after it had been reclaimed"));
	assert_true(says(one, "10.77.2.2 and 10.77.2.3 share the name"));
	assert_false(says(one, "no lock is known to be lost"));
	/* Statuses have the names of the RFC. */
	assert_true(text_has(&r, "NFS4ERR_NO_GRACE"));
	check_outputs(&r);
	rg_report_free(&r);
}

/* An end client of this name and clientid, by this address. */
static void tell_client(struct rg_report *r, int ms, const char *event, int addr, int id,
			const char *more)
{
	char rest[256];

	snprintf(rest, sizeof(rest),
		 ",\"side\":\"server\",\"client\":{\"addr\":\"10.0.0.%d\",\"minor\":2,\"name\":"
		 "\"c1\","
		 "\"clientid\":\"%016x\"}%s",
		 addr, (unsigned int)id, more);
	tell(r, ms, event, rest);
}

/* Knfsd lets go of it, as `how`, after it had its lock again. */
static void gone_after(const char *how, int by, enum rg_outcome outcome, const char *sentence)
{
	const struct rg_recovery *one;
	struct rg_report r;
	char text[64];

	begin(&r, "settled", "hold");
	tell_client(&r, 2200, "EXCHANGE_ID", 1, 16, ",\"status\":\"NFS4_OK\"");
	tell_lock(&r, 2300, 1, 0, 5, REFUSED);
	tell_lock(&r, 2400, 1, 0, 5, AGAIN);
	if (by)
		tell_client(&r, 2500, "EXCHANGE_ID", by, 17, ",\"status\":\"NFS4_OK\"");
	snprintf(text, sizeof(text), ",\"how\":\"%s\"", how);
	tell_client(&r, 2510, "CLIENT_GONE", 1, 16, text);
	tell(&r, 2600, "GRACE_END", ",\"side\":\"server\",\"expected\":1,\"complete\":1");
	tell_gate(&r, 2700, "open");
	one = finish(&r);
	assert_int_equal(one->verdict.outcome, outcome);
	assert_true(!sentence || says(one, sentence));
	check_outputs(&r);
	rg_report_free(&r);
}

static void test_gone(void **unused)
{
	(void)unused;
	gone_after("replaced", 2, RG_OUTCOME_LOST, "10.0.0.1 was thrown out by 10.0.0.2");
	gone_after("expired", 0, RG_OUTCOME_LOST, "let go of the end client");
	gone_after("admin", 0, RG_OUTCOME_LOST, "let go of the end client");
	/* It restarted, or was through: it had nothing to lose. */
	gone_after("replaced", 1, RG_OUTCOME_AGAIN, "no lock is known to be lost");
	gone_after("destroyed", 0, RG_OUTCOME_AGAIN, "no lock is known to be lost");
}

/* One end client by two addresses, with one clientid, is one. */
static void test_two_addresses(void **unused)
{
	const char *const lock = ",\"claim\":\"%s\",\"start\":0,\"length\":1,\"status\":\"%s\"";
	const struct rg_recovery *one;
	struct rg_report r;
	char text[128];

	(void)unused;
	begin(&r, "settled", "hold");
	tell_client(&r, 2200, "EXCHANGE_ID", 1, 16, ",\"status\":\"NFS4_OK\"");
	snprintf(text, sizeof(text), lock, "reclaim", "NFS4ERR_NO_GRACE");
	tell_client(&r, 2300, "LOCK", 1, 16, text);
	snprintf(text, sizeof(text), lock, "retake", "NFS4_OK");
	tell_client(&r, 2400, "LOCK", 2, 16, text);
	tell(&r, 2600, "GRACE_END", ",\"side\":\"server\",\"expected\":1,\"complete\":1");
	tell_gate(&r, 2700, "open");
	one = finish(&r);
	assert_int_equal(one->n_clients, 1);
	assert_int_equal(one->verdict.outcome, RG_OUTCOME_AGAIN);
	check_outputs(&r);
	rg_report_free(&r);
}

/* A verdict of nothing is given only where nothing was missed. */
/* ---- what was lost, by the ledger ---- */

#define LOST_LOCK                                                                                  \
	"{\"boot_ns\":9000000000,\"event\":\"lost-lock\",\"netns\":7,\"client\":"                  \
	"{\"addr\":\"10.0.0.1\",\"name\":\"one\"},\"file\":{\"fileid\":5,\"path\":\"/a/db\"},"     \
	"\"type\":\"write\",\"start\":%d,\"length\":1,\"reason\":\"%s\",\"text\":\"why\"}"
#define LOST                                                                                       \
	"{\"boot_ns\":9000000000,\"event\":\"lost\",\"netns\":7,\"total\":%d,\"unnamed\":%d,"      \
	"\"clients\":1,\"lower_bound\":%s,\"text\":\"as the ledger says\"}"

/* One reclaim was refused, and nine locks were never asked for again. */
static void test_ledger(void **unused)
{
	struct rg_report r;
	json_object *o, *ledger;
	char *text;

	(void)unused;
	rg_report_init(&r);
	feed(&r, HEADER, "settled", "hold");
	feed(&r, "{\"boot_ns\":2000000000,\"event\":\"KNFSD_STARTING\",\"side\":\"server\","
		 "\"netns\":7}");
	feed(&r,
	     "{\"boot_ns\":3000000000,\"event\":\"LOCK\",\"side\":\"server\",\"claim\":\"reclaim\","
	     "\"netns\":7,\"client\":{\"addr\":\"10.0.0.1\",\"name\":\"one\",\"minor\":2},\"file\":"
	     "{\"fileid\":5,\"path\":\"/a/db\"},\"type\":\"write\",\"start\":0,\"length\":1,"
	     "\"status\":\"NFS4ERR_NO_GRACE\"}");
	/* It is said twice: the last counts. */
	feed(&r, LOST, 1, 0, "false");
	feed(&r, LOST_LOCK, 0, "refused");
	feed(&r, LOST, 10, 8, "true");
	feed(&r, LOST_LOCK, 0, "refused");
	feed(&r, LOST_LOCK, 2, "absent");
	rg_report_finish(&r);
	assert_int_equal(r.n, 1);
	assert_int_equal(r.unknown_events, 0);
	assert_int_equal(r.unknown_fields, 0);
	assert_int_equal(r.at[0]->verdict.outcome, RG_OUTCOME_LOST);
	assert_string_equal(
		r.at[0]->verdict.sentences[0],
		"At least 10 locks that 1 end client held before are lost; the ledger had "
		"no range of 8 of them; it may be more, as the ledger was not up to date.");
	/* The one that was refused is among them, and no number of its own. */
	for (size_t i = 1; i < r.at[0]->verdict.n; i++)
		assert_null(strstr(r.at[0]->verdict.sentences[i], "not taken again"));
	o = rg_report_json(&r);
	ledger = json_object_object_get(
		json_object_array_get_idx(json_object_object_get(o, "recoveries"), 0), "ledger");
	assert_int_equal(json_object_get_int(json_object_object_get(ledger, "total")), 10);
	assert_int_equal(json_object_array_length(json_object_object_get(ledger, "locks")), 2);
	json_object_put(o);
	text = written(&r, rg_report_text);
	assert_non_null(strstr(text, "Locks lost, 10"));
	assert_non_null(strstr(text, "10.0.0.1 one"));
	assert_non_null(strstr(text, "byte 2"));
	free(text);
	rg_report_free(&r);
}

static void test_not_whole(void **unused)
{
	const struct rg_recovery *one;
	struct rg_report r;

	(void)unused;
	begin(&r, "settled", "hold");
	tell(&r, 2500, "LOST", ",\"lost\":0,\"failures\":22");
	tell(&r, 2600, "GRACE_END", ",\"side\":\"server\",\"expected\":1,\"complete\":0");
	tell_gate(&r, 2700, "open");
	one = finish(&r);
	assert_int_equal(one->verdict.outcome, RG_OUTCOME_UNPROVEN);
	assert_true(says(one, "whether anybody reclaimed is not known"));
	assert_false(says(one, "Nobody reclaimed"));
	assert_true(says(one, "Tracing programs failed 22 times"));
	assert_true(text_has(&r, "Tracing programs failed 22 times: as many events may be"));
	check_outputs(&r);
	rg_report_free(&r);

	/* Whoever sees reclaims was not there. */
	rg_report_init(&r);
	feed(&r,
	     "{\"event\":\"header\",\"schema\":1,\"untraced\":[\"host_rebooted\",\"lock_ends\"]}");
	tell(&r, 2000, "KNFSD_STARTING", ",\"side\":\"server\"");
	tell(&r, 2100, "GRACE_SKIPPED", ",\"side\":\"server\"");
	one = finish(&r);
	assert_int_equal(one->verdict.outcome, RG_OUTCOME_UNPROVEN);
	assert_true(says(one, "the tracing programs host_rebooted lock_ends."));
	rg_report_free(&r);

	/* The same, but it came between the first event and knfsd's start; then it went again. */
	rg_report_init(&r);
	feed(&r,
	     "{\"event\":\"header\",\"schema\":1,\"untraced\":[\"host_rebooted\",\"lock_ends\"]}");
	tell_gate(&r, 1900, "closed");
	feed(&r, "{\"event\":\"header\",\"schema\":1,\"boot_ns\":1950" MS "}");
	tell(&r, 2000, "KNFSD_STARTING", ",\"side\":\"server\"");
	tell(&r, 2100, "GRACE_SKIPPED", ",\"side\":\"server\"");
	tell_gate(&r, 2200, "open");
	one = finish(&r);
	assert_int_equal(one->verdict.outcome, RG_OUTCOME_NOTHING);
	assert_false(says(one, "Not attached"));
	rg_report_free(&r);
	rg_report_init(&r);
	feed(&r, "{\"event\":\"header\",\"schema\":1}");
	tell(&r, 2000, "KNFSD_STARTING", ",\"side\":\"server\"");
	feed(&r, "{\"event\":\"header\",\"schema\":1,\"boot_ns\":2050" MS
		 ",\"untraced\":[\"lock_ends\"]}");
	tell(&r, 2100, "GRACE_SKIPPED", ",\"side\":\"server\"");
	one = finish(&r);
	assert_int_equal(one->verdict.outcome, RG_OUTCOME_UNPROVEN);
	assert_true(says(one, "the tracing programs lock_ends."));
	rg_report_free(&r);

	/* Before the first event, and told at the end alone. */
	rg_report_init(&r);
	feed(&r, HEADER, "settled", "hold");
	tell(&r, 1000, "LOST", ",\"lost\":3");
	tell(&r, 2000, "KNFSD_STARTING", ",\"side\":\"server\"");
	tell(&r, 2100, "GRACE_START", ",\"side\":\"server\",\"grace_s\":15,\"expected\":1");
	feed(&r, "{\"boot_ns\":9000" MS ",\"event\":\"end\",\"events\":3,\"lost\":3,"
		 "\"failures\":2}");
	one = finish(&r);
	assert_int_equal(one->lost, 3);
	assert_int_equal(one->failures, 2);
	assert_int_equal(one->verdict.outcome, RG_OUTCOME_UNPROVEN);
	rg_report_free(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_clean),
		cmocka_unit_test(test_time),
		cmocka_unit_test(test_storm),
		cmocka_unit_test(test_index),
		cmocka_unit_test(test_settled),
		cmocka_unit_test(test_powercut),
		cmocka_unit_test(test_stolen),
		cmocka_unit_test(test_granted),
		cmocka_unit_test(test_nfsv3),
		cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_garbage),
		cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_two),
		cmocka_unit_test(test_lost),
		cmocka_unit_test(test_parts),
		cmocka_unit_test(test_wrong_file),
		cmocka_unit_test(test_advice),
		cmocka_unit_test(test_no_recording),
		cmocka_unit_test(test_header_only),
		cmocka_unit_test(test_long_line),
		cmocka_unit_test(test_odd_lines),
		cmocka_unit_test(test_damaged),
		cmocka_unit_test(test_all_of_many),
		cmocka_unit_test(test_exposed),
		cmocka_unit_test(test_opener),
		cmocka_unit_test(test_no_gate),
		cmocka_unit_test(test_same_lock),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_nothing),
		cmocka_unit_test(test_order_of_reclaims),
		cmocka_unit_test(test_order_of_delegations),
		cmocka_unit_test(test_order_at_the_origin),
		cmocka_unit_test(test_kept),
		cmocka_unit_test(test_filtered),
		cmocka_unit_test(test_host),
		cmocka_unit_test(test_namespaces),
		cmocka_unit_test(test_too_many_recoveries),
		cmocka_unit_test(test_apps),
		cmocka_unit_test(test_late_notify),
		cmocka_unit_test(test_same_name),
		cmocka_unit_test(test_gone),
		cmocka_unit_test(test_two_addresses),
		cmocka_unit_test(test_ledger),
		cmocka_unit_test(test_not_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
