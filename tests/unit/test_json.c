// SPDX-License-Identifier: GPL-2.0-only
/* JSON that goes out: written as json-c writes it, and never with a part missing because memory
 * was short. Each value, and each place in an object or array, fails in turn. */
#include <json-c/json.h>

#include "check/finding.h"
#include "cli/verbs.h"
#include "report/report.h"
#include "status/parts.h"
#include "text/json.h"
#include "unit.h"
#include "unit_snapshot.h"

static unsigned long made, fails;

static bool may_fail(void)
{
	return ++made == fails;
}

#define WRAP(function, type, ...)                                                                  \
	type __real_##function(TYPES_##function);                                                  \
	type __wrap_##function(TYPES_##function)                                                   \
	{                                                                                          \
		return may_fail() ? FAILED_##type : __real_##function(__VA_ARGS__);                \
	}
typedef json_object *object_p;
#define FAILED_object_p NULL
#define FAILED_int (-1)
#define TYPES_json_object_new_object void
#define TYPES_json_object_new_array void
#define TYPES_json_object_new_boolean json_bool is
#define TYPES_json_object_new_int64 int64_t n
#define TYPES_json_object_new_uint64 uint64_t n
#define TYPES_json_object_new_double double n
#define TYPES_json_object_new_double_s double n, const char *text
#define TYPES_json_object_new_string const char *text
#define TYPES_json_object_new_string_len const char *text, int n
#define TYPES_json_object_object_add json_object *o, const char *key, json_object *value
#define TYPES_json_object_array_add json_object *o, json_object *value
WRAP(json_object_new_object, object_p)
WRAP(json_object_new_array, object_p)
WRAP(json_object_new_boolean, object_p, is)
WRAP(json_object_new_int64, object_p, n)
WRAP(json_object_new_uint64, object_p, n)
WRAP(json_object_new_double, object_p, n)
WRAP(json_object_new_double_s, object_p, n, text)
WRAP(json_object_new_string, object_p, text)
WRAP(json_object_new_string_len, object_p, text, n)
WRAP(json_object_object_add, int, o, key, value)
WRAP(json_object_array_add, int, o, value)

/* ---- written ---- */

static void test_written(void **unused)
{
	static const int pretty = JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED |
				  JSON_C_TO_STRING_NOSLASHESCAPE,
			 plain = JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE;
	static const char *const texts[] = {
		"null",
		"{\"d\":null,\"e\":[1,[2,{\"f\":[3]}]]}",
		"[0,-1,9223372036854775807,-9223372036854775808,18446744073709551615]",
		"[0.5,1.0,-2.25,1e100,0.1,123456789.125,true,false]",
		"[\"\",\"a/b\\\\c\\\"d\",\"\\b\\n\\r\\t\\f\\u0001\\u001f\\u007f\"]",
		"[\"\\u0000x\",\"ä…😀\"]",
		"{\"\\n\\\"\":\"\\u001b[2J\"}",
	};

	(void)unused;
	for (size_t i = 0; i < UNIT_COUNT(texts); i++) {
		json_object *o = json_tokener_parse(texts[i]);
		char *text = NULL, *expected;
		size_t n = 0;
		FILE *out = open_memstream(&text, &n);

		unit_need(out && (o || i == 0));
		rg_json_print(out, o);
		unit_need(asprintf(&expected, "%s\n", json_object_to_json_string_ext(o, pretty)) >
			  0);
		fflush(out);
		assert_string_equal(text, expected);
		free(expected);
		rewind(out);
		expected = strdup(json_object_to_json_string_ext(o, plain));
		rg_json_write(out, o, false);
		unit_need(fclose(out) == 0 && expected && text);
		assert_memory_equal(text, expected, strlen(expected));
		free(expected);
		free(text);
	}
}

static void test_open(void **unused)
{
	json_object *o = rg_json_object();
	char *text = NULL;
	size_t n = 0;
	FILE *out = open_memstream(&text, &n);

	(void)unused;
	unit_need(out);
	rg_json_put_uint(o, "a", 1);
	rg_json_write(out, o, true);
	unit_need(fclose(out) == 0);
	assert_string_equal(text, "{\"a\":1");
	free(text);
	/* Not as json-c 0.16, which ends an empty object on a line of its own. */
	out = open_memstream(&text, &n);
	o = json_tokener_parse("{\"a\":{},\"b\":[]}");
	unit_need(out && o);
	assert_true(rg_json_end(o, out));
	unit_need(fclose(out) == 0);
	assert_string_equal(text, "{\n  \"a\": {},\n  \"b\": []\n}\n");
	free(text);
	/* A number that JSON has not. */
	out = open_memstream(&text, &n);
	unit_need(out);
	assert_true(rg_json_end(rg_json_double(0.0 / 0.0), out));
	unit_need(fclose(out) == 0);
	assert_string_equal(text, "null\n");
	free(text);
}

/* ---- without memory ---- */

/* Makes a document, and prints it unless it lacks something. Returns whether it was printed. */
typedef bool maker(FILE *out);

static void fail_each(maker *make)
{
	unsigned long all;

	(void)rg_json_whole();
	for (unsigned long n = 0;; n++) {
		char *text = NULL;
		size_t size = 0;
		FILE *out = open_memstream(&text, &size);
		bool printed;

		unit_need(out);
		made = 0;
		fails = n;
		printed = make(out);
		fails = 0;
		unit_need(fclose(out) == 0);
		if (n == 0) {
			all = made;
			assert_true(printed && all > 10);
			json_object_put(json_tokener_parse(text));
		} else if (printed || size) {
			fail_msg("%lu of %lu fails, and is printed: %s", n, all, text);
		}
		free(text);
		if (n == all)
			return;
	}
}

static bool make_findings(FILE *out)
{
	struct rg_findings f = {};
	bool printed;

	rg_find(&f, RG_PROBLEM, RG_F_EXPORT_FSID, "/srv/\033a", "none");
	rg_find(&f, RG_WARNING, RG_F_RELEASE, NULL, "hm");
	printed = rg_findings_json(&f, RG_OK, out);
	rg_findings_free(&f);
	return printed;
}

static bool make_policy(FILE *out)
{
	struct rg_rule rule = {.kind = RG_RULE_EXPORT, .path = "/srv", .source = "o:/x"};
	struct rg_policy_shown shown = {.netns = 1, .rules = &rule, .n_rules = 1};
	bool printed;

	rg_config_init(&shown.config);
	printed = rg_policy_print(out, &shown, true);
	rg_config_free(&shown.config);
	return printed;
}

static struct rg_snapshot snapshot;

static bool make_status(FILE *out)
{
	json_object *all = rg_json_object(), *gates = rg_json_array();

	for (__u32 i = 1; i < RG_MAX_GATES; i++)
		if (snapshot.gates[i].netns)
			rg_json_add(gates, rg_status_gate(&snapshot.gates[i], NOW_NS));
	rg_json_put(all, "gates", gates);
	rg_json_put(all, "counters", rg_status_counters(&snapshot));
	rg_json_put(all, "tracing", rg_status_tracing(&snapshot));
	rg_json_put(all, "protect", rg_status_protect(&snapshot));
	return rg_json_end(all, out);
}

static struct rg_report report;

static bool make_report(FILE *out)
{
	return rg_json_end(rg_report_json(&report), out);
}

static void test_without_memory(void **unused)
{
	static char *const files[] = {RG_TEST_DATA "/lost.ndjson"};

	(void)unused;
	fail_each(make_findings);
	fail_each(make_policy);
	made_up_gates(&snapshot);
	fail_each(make_status);
	rg_report_init(&report);
	unit_need(rg_report_read(&report, files, 1));
	fail_each(make_report);
	rg_report_free(&report);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_written),
		cmocka_unit_test(test_open),
		cmocka_unit_test(test_without_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
