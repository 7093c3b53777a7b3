// SPDX-License-Identifier: GPL-2.0-only
/*
 * Documents that others build on say what the program does: docs/events.md every
 * field and every word that a recording can have, docs/pins.md every pin with what
 * it is attached to and how big it is, the man page every option of --help, and the
 * examples of a report what report says.
 */
#include "unit_record.h"
#include "unit_text.h"

#include <ctype.h>

#include <bpf/libbpf.h>
#include <json-c/json.h>

#include "cli/options.h"
#include "cli/verbs.h"
#include "load/programs.h"
#include "load/hooks.h"
#include "base/names.h"
#include "record/record_header.h"
#include "record/record_json.h"
#include "record/record_names.h"
#include "report/report.h"

#define DOCS UNIT_SOURCE "docs/"

/* ---- text ---- */

/* What is below the line `heading`, up to the next one like it; the caller frees. */
static char *section(const char *text, const char *heading)
{
	char first[128];
	const char *from, *to;

	snprintf(first, sizeof(first), "\n%s\n", heading);
	from = strstr(text, first);
	if (!from)
		fail_msg("no section \"%s\"", heading);
	unit_need(from);
	from += strlen(first);
	to = strstr(from, "\n## ");
	return to ? strndup(from, (size_t)(to - from)) : strdup(from);
}

/* The row of a table whose first cell names `key`; the caller frees. NULL: none. */
static char *row_of(const char *text, const char *key)
{
	char span[96];

	snprintf(span, sizeof(span), "`%s`", key);
	for (const char *at = text, *end; (end = strchr(at, '\n')); at = end + 1) {
		const char *cell = at + 2, *found;

		if (strncmp(at, "| `", 3) != 0)
			continue;
		found = strstr(cell, span);
		if (found && found < strstr(cell, " | "))
			return strndup(at, (size_t)(end - at));
	}
	return NULL;
}

/* Is there a `...` that is `word`, or ends with ".word"? */
static bool has_code(const char *text, const char *word)
{
	size_t n = strlen(word);

	for (const char *at = text, *end; (at = strchr(at, '`')); at = end + 1) {
		end = strchr(++at, '`');
		if (!end)
			return false;
		if ((size_t)(end - at) >= n && memcmp(end - n, word, n) == 0 &&
		    ((size_t)(end - at) == n || end[-(long)n - 1] == '.'))
			return true;
	}
	return false;
}

static void check_words(const char *what, const char *text, const char *word)
{
	if (word && !has_code(text, word))
		fail_msg("%s: `%s` is not there", what, word);
}

/* ---- docs/events.md ---- */

/* Sections of it. */
static struct {
	char *all, *header, *every, *events, *downgrades;
} doc;

/* Every key of an object and of those in it is in `text`, or in `row`. */
static void check_keys(const char *event, json_object *o, const char *text, const char *row)
{
	if (json_object_is_type(o, json_type_array)) {
		for (size_t i = 0; i < json_object_array_length(o); i++)
			check_keys(event, json_object_array_get_idx(o, i), text, row);
		return;
	}
	if (!json_object_is_type(o, json_type_object))
		return;
	json_object_object_foreach(o, key, value)
	{
		if (!has_code(text, key) && !(row && has_code(row, key)))
			fail_msg("docs/events.md: %s: field `%s` is not there", event, key);
		check_keys(event, value, text, row);
	}
}

static void check_line(const char *event, const char *line, size_t n, const char *text,
		       const char *row)
{
	json_object *o;

	assert_true(n > 0);
	o = json_tokener_parse(line);
	unit_need(o);
	check_keys(event, o, text, row);
	json_object_put(o);
}

/* With all that a record can have. */
static void test_fields_of_events(void **unused)
{
	(void)unused;
	for (__u32 op = RG_REC_NONE + 1; op < RG_NR_RECORD_OPS; op++) {
		const char *name = rg_record_op_name(op);
		char *row = row_of(doc.events, name);

		if (!row)
			fail_msg("docs/events.md: event %s is not there", name);
		for (__u32 side = 0; side < RG_NR_SIDES; side++) {
			struct rg_record r = unit_lock_record();
			char line[RG_RECORD_JSON_MAX + 1];
			struct rg_second kept = {};
			size_t n;

			r.op = (__u16)op;
			r.side = (__u8)side;
			r.tgid = 1;
			r.value = 1;
			r.verifier = 1;
			r.facts |= RG_FACT_NAME_CUT | RG_FACT_PATH_CUT;
			n = rg_record_json(&r, &unit_around, &kept, line, sizeof(line) - 1);
			line[n] = '\0';
			check_line(name, line, n, doc.every, row);
		}
		free(row);
	}
}

static void test_fields_of_header_and_end(void **unused)
{
	static struct rg_budget budget = {
		.n = 1,
		.at = {{.name = "origin",
			.back_ns = 147 * RG_NS_PER_SEC,
			.last_ns = 148 * RG_NS_PER_SEC,
			.lease_s = 60,
			.before = {.lease_s = 90, .last_ns = 100 * RG_NS_PER_SEC}}},
	};
	const struct rg_header h = {
		.regimes = {{RG_REGIME_FORWARDED, RG_REGIME_REFUSED}},
		.has_policy = true,
		.lease_s = 1,
		.grace_s = 1,
		.budget = &budget,
		.filtered = true,
		.untraced = 1,
	};
	const struct rg_end end = {.reason = "signal"};
	static char line[RG_HEADER_JSON_MAX + 1];
	char *row = row_of(doc.events, "end");
	size_t n = rg_header_json(&h, line, sizeof(line) - 1);

	(void)unused;
	line[n] = '\0';
	check_line("header", line, n, doc.header, NULL);
	unit_need(row);
	n = rg_end_json(&end, line, sizeof(line) - 1);
	line[n] = '\0';
	check_line("end", line, n, doc.every, row);
	free(row);
}

static void test_words_of_events(void **unused)
{
	char *row;

	(void)unused;
	for (__u32 i = 0; i < RG_NR_SIDES; i++)
		check_words("side", doc.every, rg_side_name(i));
	for (__u32 i = 0; i < RG_NR_CLAIMS; i++)
		check_words("claim", doc.every, rg_claim_name(i));
	for (__u32 i = 0; i < RG_NR_FACTS; i++)
		check_words("facts", doc.every, rg_fact_name(i));
	for (__u32 i = RG_BACK_NONE + 1; i < RG_NR_BACK_OPS; i++)
		check_words("back", doc.every, rg_back_op_name(i));
	for (__u32 i = 1; i <= 3; i++)
		check_words("type", doc.every, rg_lock_type_name(i));
	for (__u32 i = 0; i < RG_NR_GONES; i++)
		check_words("how", doc.events, rg_gone_name(i));
	for (__u32 i = 0; i < RG_NR_DOORS; i++)
		check_words("what", doc.events, rg_door_name(i));
	for (__u32 i = 0; i < 32; i++)
		check_words("flags", doc.events, rg_exchange_flag_name(i));
	for (__u32 i = 0; i < RG_NR_KEPT_FROMS; i++)
		check_words("what", doc.events, rg_kept_from_name(i));
	for (__u32 i = 0; i < RG_NR_KEPT_WHYS; i++)
		check_words("why", doc.events, rg_kept_why_name(i));
	for (__u32 i = 0; i < RG_NR_STATES; i++)
		check_words("state", doc.events, rg_state_name(i));
	for (__u32 i = 0; i < 64; i++)
		check_words("state", doc.events, rg_state_manager_name(i));
	for (__u32 i = RG_DOWNGRADE_NONE + 1; i < RG_NR_DOWNGRADES; i++) {
		row = row_of(doc.downgrades, rg_downgrade_name(i));
		if (!row)
			fail_msg("docs/events.md: downgrade %s is not there", rg_downgrade_name(i));
		free(row);
	}
}

/* What the table names is an event. */
static void test_events_of_the_table(void **unused)
{
	int seen = 0;

	(void)unused;
	for (const char *at = doc.events, *end; (end = strchr(at, '\n')); at = end + 1) {
		const char *cell_end = strstr(at, " | "), *name = at, *name_end;

		while (strncmp(at, "| `", 3) == 0 && (name = strchr(name, '`')) &&
		       name < cell_end) {
			char word[64];

			name_end = strchr(++name, '`');
			unit_need(name_end);
			snprintf(word, sizeof(word), "%.*s", (int)(name_end - name), name);
			if (rg_record_op_of(word) < 0 && strcmp(word, "header") != 0 &&
			    strcmp(word, "end") != 0)
				fail_msg("docs/events.md: `%s` is no event", word);
			seen++;
			name = name_end + 1;
		}
	}
	assert_int_equal(seen, RG_NR_RECORD_OPS - 1 + 2);
}

/* ---- docs/pins.md ---- */

static struct bpf_object *object;
static char *pins;

static void check_pin(const char *pin, const char *says)
{
	char *row = row_of(pins, pin);

	if (!row)
		fail_msg("docs/pins.md: %s is not there", pin);
	unit_need(row);
	if (says && !strstr(row, says))
		fail_msg("docs/pins.md: %s: \"%s\" is not in its row", pin, says);
	free(row);
}

static const struct bpf_map *map_of_pin(const char *pin)
{
	const char *name = strcmp(pin, "map_live") == 0 ? ".data.live" : pin + strlen("map_");
	const struct bpf_map *map = bpf_object__find_map_by_name(object, name);

	if (!map)
		fail_msg("%s: no map of the object", pin);
	return map;
}

static void test_maps(void **unused)
{
	(void)unused;
	for (int i = 0; i < RG_NR_MAPS; i++) {
		const char *pin = rg_pin_of_map(i);
		const struct bpf_map *map = map_of_pin(pin);
		__u32 n = bpf_map__max_entries(map), size = bpf_map__value_size(map);
		char says[64];

		if (bpf_map__type(map) == BPF_MAP_TYPE_RINGBUF)
			snprintf(says, sizeof(says), ", %u KiB |", n / 1024);
		else
			snprintf(says, sizeof(says), ", %u", n);
		check_pin(pin, says);
		snprintf(says, sizeof(says), ", %u bytes", size);
		if (size > sizeof(__u64))
			check_pin(pin, says);
	}
}

static const char *hook_of(const char *program, char *buf, size_t size)
{
	const struct bpf_program *prog = bpf_object__find_program_by_name(object, program);
	const char *section_name, *slash;

	unit_need(prog);
	section_name = bpf_program__section_name(prog);
	slash = strchr(section_name, '/');
	unit_need(slash);
	snprintf(buf, size, "%.*s `%s`", (int)(slash - section_name), section_name, slash + 1);
	return buf;
}

static void test_links(void **unused)
{
	char pin[96], hook[128];

	(void)unused;
	for (int i = 0; i < RG_NR_LINKS; i++) {
		const char *name = rg_pin_of_link(i);

		check_pin(name, i < RG_LINK_DOOR_LOCK
					? hook_of(name + strlen("link_"), hook, sizeof(hook))
					: NULL);
	}
	rg_for_each_program (t, RG_TRACE) {
		snprintf(pin, sizeof(pin), "trace_%s", t->name);
		check_pin(pin, hook_of(t->name, hook, sizeof(hook)));
		snprintf(hook, sizeof(hook), "(%s)", t->module);
		check_pin(pin, hook);
	}
}

/* One at a function has a kprobe, or a kretprobe, at the same. */
static void test_traces(void **unused)
{
	char name[64], hook[128], kprobe[128];

	(void)unused;
	rg_for_each_program (t, RG_TRACE) {
		bool at_function = hook_of(t->name, hook, sizeof(hook))[0] == 'f';
		struct bpf_program *prog;

		snprintf(name, sizeof(name), "kprobe_%s", t->name);
		prog = bpf_object__find_program_by_name(object, name);
		assert_int_equal(prog != NULL, at_function);
		assert_true(rg_program_index(t) < 64); /* sets of them are words */
		assert_ptr_equal(rg_program_named(name), t);
		assert_ptr_equal(rg_program_named(t->name), t);
		if (!prog)
			continue;
		assert_int_equal(rg_hook_returns(prog), hook[1] == 'e' && hook[2] == 'x');
		assert_string_equal(strchr(hook_of(name, kprobe, sizeof(kprobe)), ' '),
				    strchr(hook, ' '));
	}
}

/* What stands in for it hooks the same function, the return of it if that is followed. */
static void check_kprobe(const struct rg_program *f)
{
	enum rg_link enters = rg_link_that_enters(f->link);
	char name[64], hook[128], kprobe[128], text[160];
	const char *kind = enters < RG_NR_LINKS ? "kretprobe" : "kprobe";

	snprintf(name, sizeof(name), "kprobe_%s", f->name);
	assert_ptr_equal(rg_program_named(name), f);
	assert_ptr_equal(rg_program_named(f->name), f);
	hook_of(name, kprobe, sizeof(kprobe));
	hook_of(f->name, hook, sizeof(hook));
	/* A tracepoint has a function of another name. */
	snprintf(text, sizeof(text), "%s%s", kind,
		 f->link == RG_LINK_TASK_EXIT	? " `do_exit`"
		 : f->link == RG_LINK_SELF_STOP ? " `do_send_sig_info`"
						: strchr(hook, ' '));
	assert_string_equal(kprobe, text);
	assert_int_equal(enters < RG_NR_LINKS, strncmp(hook, "fexit ", 6) == 0);
	if (enters < RG_NR_LINKS) {
		snprintf(text, sizeof(text), "%s_enters", rg_pin_of_link(f->link));
		assert_string_equal(rg_pin_of_link(enters), text);
	}
}

/* A row for each follower's link, and its program is that of its pin. */
static void test_followers(void **unused)
{
	__u32 all = 0;

	(void)unused;
	rg_for_each_program (f, RG_FOLLOWER) {
		assert_string_equal(rg_pin_of_link(f->link) + strlen("link_"), f->name);
		assert_ptr_equal(rg_follower_named(f->name), f);
		assert_false(all & 1u << f->link);
		all |= 1u << f->link;
		check_pin(rg_pin_of_link(f->link), f->needed ? "needed" : "goes without");
		check_kprobe(f);
	}
	assert_int_equal(all, (1u << RG_LINK_DOOR_LOCK) - 1);
	assert_null(rg_follower_named("open_ends"));
}

static void test_versions(void **unused)
{
	char text[64];

	(void)unused;
	snprintf(text, sizeof(text), ", now %d, ", RG_PINS_VERSION);
	if (!strstr(pins, text))
		fail_msg("docs/pins.md: \"%s\" is not there", text);
	for (int i = 1; i <= RG_PINS_VERSION; i++) {
		snprintf(text, sizeof(text), "\n| %d | ", i);
		if (!strstr(pins, text))
			fail_msg("docs/pins.md: version %d is not there", i);
	}
}

/* ---- the man page ---- */

static void test_options(void **unused)
{
	static const __u64 verbs[] = {
		RG_TAKES_ARM | RG_TAKES(RG_OPT_DRY_RUN) | RG_TAKES(RG_OPT_REASON) |
			RG_TAKES_ORIGINAL,
		RG_TAKES_TRACE,
		RG_TAKES(RG_OPT_INTERVAL) | RG_TAKES(RG_OPT_ONCE) | RG_TAKES(RG_OPT_FORMAT),
		RG_TAKES(RG_OPT_JSON) | RG_TAKES(RG_OPT_HTML) | RG_TAKES(RG_OPT_OUTPUT) |
			RG_TAKES(RG_OPT_EXIT_CODE),
		RG_TAKES(RG_OPT_VERBOSE) | RG_TAKES(RG_OPT_SEVERITY) | RG_TAKES(RG_OPT_QUIET) |
			RG_TAKES(RG_OPT_REPLAY) | RG_TAKES(RG_OPT_SPEED),
		RG_TAKES(RG_OPT_YES) | RG_TAKES(RG_OPT_DRY_RUN) | RG_TAKES(RG_OPT_TIMEOUT),
	};
	char *page = unit_text(DOCS "reexport-guard.8.scd");

	(void)unused;
	for (size_t i = 0; i < UNIT_COUNT(verbs); i++) {
		char *help = NULL;
		size_t size = 0;
		FILE *out = open_memstream(&help, &size);

		unit_need(out);
		rg_options_help(out, verbs[i]);
		fclose(out);
		unit_need(help);
		for (const char *at = help; (at = strstr(at, "  --")); at += 4) {
			char name[64];

			snprintf(name, sizeof(name), "\n*%.*s*", (int)strcspn(at + 2, " \n"),
				 at + 2);
			if (!strstr(page, name))
				fail_msg("the man page has no entry %s", name + 1);
		}
		free(help);
	}
	free(page);
}

/* ---- runbooks ---- */

/* The anchor that a heading of Markdown has: lower case, blanks are dashes, and what is
 * neither letter, digit, dash nor underscore is left out. */
static void anchor_of(const char *heading, size_t n, char *anchor)
{
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)heading[i];

		if (c == ' ')
			*anchor++ = '-';
		else if (isalnum(c) || c == '-' || c == '_')
			*anchor++ = (char)tolower(c);
	}
	*anchor = '\0';
}

static bool has_anchor(const char *page, const char *wanted)
{
	for (const char *at = page; (at = strstr(at, "\n## ")); at += 4) {
		size_t n = strcspn(at + 4, "\n");
		char anchor[256];

		assert_true(n < sizeof(anchor));
		anchor_of(at + 4, n, anchor);
		if (strcmp(anchor, wanted) == 0)
			return true;
	}
	return false;
}

/* Every alert leads to a section of docs/troubleshooting.md, and so does its table. */
static void test_runbooks(void **unused)
{
	static const char to[] = "docs/troubleshooting.md#";
	char *rules = unit_text(DOCS "../packaging/monitoring/reexport-guard.rules.yml"),
	     *page = unit_text(DOCS "troubleshooting.md");
	int alerts = 0, links = 0;

	(void)unused;
	for (const char *at = rules; (at = strstr(at, "- alert: ")); alerts++) {
		const char *next = strstr(++at, "- alert: "), *book = strstr(at, " runbook: \"");
		char anchor[256];

		unit_need(book && (!next || book < next));
		book += strlen(" runbook: \"");
		assert_int_equal(strncmp(book, to, strlen(to)), 0);
		book += strlen(to);
		snprintf(anchor, sizeof(anchor), "%.*s", (int)strcspn(book, "\""), book);
		if (!has_anchor(page, anchor))
			fail_msg("docs/troubleshooting.md has no section #%s", anchor);
	}
	assert_in_range(alerts, 10, 100);
	for (const char *at = page; (at = strstr(at, "](#")); links++) {
		char anchor[256];

		at += 3;
		snprintf(anchor, sizeof(anchor), "%.*s", (int)strcspn(at, ")"), at);
		if (!has_anchor(page, anchor))
			fail_msg("docs/troubleshooting.md leads to no section #%s", anchor);
	}
	assert_in_range(links, 10, 100);
	free(rules);
	free(page);
}

/* ---- examples ---- */

/* What `report` says of a recording of tests/unit/data; the caller frees. */
static char *report_of(const char *path)
{
	char *const paths[] = {(char *)path};
	struct rg_report r;
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	unit_need(out);
	rg_report_init(&r);
	rg_report_read(&r, paths, 1);
	rg_report_text(&r, out);
	rg_report_free(&r);
	fclose(out);
	unit_need(text);
	return text;
}

/* The guide has it whole, README some of its lines, in this order. */
static void test_example_of_report(void **unused)
{
	char *text = report_of(RG_TEST_DATA "/powercut.ndjson");
	char *page = unit_text(DOCS "reexport-guard.7.scd"),
	     *readme = unit_text(DOCS "../README.md");
	const char *shown = strstr(page, "$ reexport-guard report powercut.ndjson\n");
	char *some = section(readme, "## Watch a recovery"), *save = NULL;
	const char *at = text;
	int lines = 0;

	(void)unused;
	unit_need(shown);
	shown = strchr(shown, '\n') + 1;
	if (strncmp(shown, text, strlen(text)) != 0)
		fail_msg("reexport-guard.7.scd: the example of report is not what report says");
	for (char *line = strtok_r(some, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		char whole[256];

		if (strncmp(line, "    ", 4) != 0 || strstr(line, "    reexport-guard ") == line)
			continue;
		snprintf(whole, sizeof(whole), "\n%s\n", line + 4);
		at = strstr(at, whole);
		if (!at)
			fail_msg("README.md: report does not say here: %s", line);
		unit_need(at);
		at += strlen(whole) - 1;
		lines++;
	}
	assert_in_range(lines, 10, 40);
	free(some);
	free(readme);
	free(page);
	free(text);
}

static int read_all(void **unused)
{
	(void)unused;
	doc.all = unit_text(DOCS "events.md");
	doc.header = section(doc.all, "## The header");
	doc.every = section(doc.all, "## Every event");
	doc.events = section(doc.all, "## Events");
	doc.downgrades = section(doc.all, "## Downgrades");
	pins = unit_text(DOCS "pins.md");
	object = bpf_object__open_file(RG_BUILD "/guard.bpf.o", NULL);
	return object ? 0 : -1;
}

static int free_all(void **unused)
{
	(void)unused;
	free(doc.all);
	free(doc.header);
	free(doc.every);
	free(doc.events);
	free(doc.downgrades);
	free(pins);
	bpf_object__close(object);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fields_of_events),
		cmocka_unit_test(test_fields_of_header_and_end),
		cmocka_unit_test(test_words_of_events),
		cmocka_unit_test(test_events_of_the_table),
		cmocka_unit_test(test_maps),
		cmocka_unit_test(test_links),
		cmocka_unit_test(test_traces),
		cmocka_unit_test(test_followers),
		cmocka_unit_test(test_versions),
		cmocka_unit_test(test_options),
		cmocka_unit_test(test_runbooks),
		cmocka_unit_test(test_example_of_report),
	};

	return cmocka_run_group_tests(tests, read_all, free_all);
}
