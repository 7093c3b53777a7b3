// SPDX-License-Identifier: GPL-2.0-only
/* `status` in one screen: 80 columns, 24 lines, the verdict first, and every cut is said. */
#include "unit.h"

#include <json-c/json.h>

#include "status/status.h"
#include "text/wrap.h"

/* Nothing enabled would have less; what is not named here is not shown. */
static const char frame[] =
	"{\"verdict\":{\"protection\":\"%s\",\"text\":\"%s\"},\"daemon\":{\"alive\":%s,\"pid\":412}"
	","
	"\"left_out\":[],\"let_go\":[],\"regime\":{\"nfs4_locks\":\"forwarded\",\"nlm_locks\":"
	"\"unknown\",\"changed\":[]},\"tracing\":{\"missing\":[],\"records_lost\":%d},\"reboot\":["
	"{\"text\":\"origin (10.77.1.1): away 47 s of a 90 s lease: in time\"}],\"gates\":[%s],"
	"\"mounts\":[%s],\"held\":[%s],\"counters\":{\"held\":12,\"denied\":{\"total\":3},"
	"\"audited\":0,"
	"\"timed_out\":1,\"untold\":0,\"untold_clients\":0,\"evicted\":0,\"helper_failures\":{"
	"\"total\":0},\"skipped\":{\"total\":0}},\"protect\":{\"state\":\"off\",\"why\":null}"
	"}";

static const char verdict[] =
	"protected: gate settling for 12 s, 9 held, 40 end clients by NFSv4 with 312 locks, 2 "
	"awaited";

/* A list of n elements, all but the first `special` made by the second format; the caller
 * frees. */
static char *list_of(int n, int special, const char *first, const char *rest)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	unit_need(out);
	for (int i = 0; i < n; i++)
		fprintf(out, "%s%s", i ? "," : "", i < special ? first : rest);
	fclose(out);
	unit_need(text);
	return text;
}

static char *screen(const char *protection, bool daemon, int lost, int n, bool colour)
{
	char *clients =
		list_of(n, n - 1,
			"{\"address\":\"10.77.2.2\",\"name\":\"Linux NFSv4.2 compute-node-0017."
			"cluster.example.org\",\"state\":\"known\",\"seen\":true,\"locks\":20,"
			"\"refusals\":0}",
			"{\"address\":\"10.77.2.9\",\"name\":\"Linux NFSv4.2 late\",\"state\":"
			"\"awaited\",\"seen\":true,\"locks\":7,\"expected\":20,\"refusals\":1}");
	char *mounts = list_of(n, n,
			       "{\"path\":\"/srv/reexport/projects\",\"source\":\"origin:/export/"
			       "projects\"}",
			       "");
	char *held = list_of(n, n,
			     "{\"comm\":\"backup\",\"tgid\":530,\"since_seconds\":12.4,\"what\":"
			     "\"lock\","
			     "\"file\":\"/srv/reexport/projects/a/rather/long/path/of/a/data/base."
			     "sqlite3\"}",
			     "");
	char *gate, *all, *text = NULL;
	size_t size = 0;
	json_object *o;
	FILE *out = open_memstream(&text, &size);

	unit_need(
		asprintf(&gate,
			 "{\"state\":\"settling\",\"since_seconds\":12.2,\"why_text\":\"end "
			 "clients "
			 "are awaited\",\"changes_in_seconds\":78.0,\"action\":\"hold\",\"scope\":"
			 "\"locks\",\"release\":\"settled\",\"max_hold_seconds\":900,\"lost\":{"
			 "\"total\":%d,\"text\":\"%d locks of 1 end client lost\"},\"clients\":[%"
			 "s]}",
			 lost, lost, clients) > 0);
	unit_need(asprintf(&all, frame, protection, verdict, daemon ? "true" : "false", lost, gate,
			   mounts, held) > 0);
	o = json_tokener_parse(all);
	unit_need(o && out);
	rg_status_print(o, out, 80, colour);
	fclose(out);
	json_object_put(o);
	free(all);
	free(gate);
	free(held);
	free(mounts);
	free(clients);
	return text;
}

static void test_one_screen(void **unused)
{
	char *text = screen("protected", true, 0, 40, false), *save = NULL, *copy = strdup(text);
	int lines = 0;

	(void)unused;
	unit_need(copy);
	assert_true(strncmp(text, "● protected: gate settling", strlen("● protected: gate")) == 0);
	/* Who is awaited comes first, though it is last in the JSON. */
	assert_non_null(
		strstr(text, "end client 10.77.2.9 Linux NFSv4.2 late, awaited: 7 of 20 locks"));
	assert_non_null(strstr(text, "and 38 more end clients: see `reexport-guard status -v`"));
	assert_non_null(strstr(text, "and 38 more guarded mounts"));
	assert_non_null(strstr(text, "and 38 more held threads"));
	assert_non_null(strstr(text, "12 held, 3 denied, 0 let pass and counted, 1 let go by"));
	assert_null(strstr(text, "failures"));
	assert_null(strstr(text, "lost"));
	assert_null(strstr(text, "not possible"));
	assert_null(strstr(text, "\033"));
	for (char *line = strtok_r(copy, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		if (rg_columns(line) > 80)
			fail_msg("wider than 80 columns: %s", line);
		lines++;
	}
	assert_in_range(lines, 12, 24);
	free(copy);
	free(text);
}

static void test_trouble_and_colour(void **unused)
{
	char *text = screen("not-protected", false, 9, 1, true);

	(void)unused;
	assert_true(strncmp(text, "\033[31m●\033[m ", 11) == 0);
	assert_non_null(strstr(text, "daemon     none runs"));
	assert_non_null(strstr(text, "9 records lost"));
	assert_non_null(strstr(text, "lost       9 locks of 1 end client lost; `reexport-guard "));
	assert_null(strstr(text, "more end clients"));
	free(text);
	text = screen("partly-protected", true, 0, 1, true);
	assert_true(strncmp(text, "\033[33m", 5) == 0);
	free(text);
	text = screen("protected", true, 0, 1, true);
	assert_true(strncmp(text, "\033[32m", 5) == 0);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_screen),
		cmocka_unit_test(test_trouble_and_colour),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
