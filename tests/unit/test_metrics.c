// SPDX-License-Identifier: GPL-2.0-only
/*
 * Metrics: every line of both formats by their grammar, what the numbers are, that
 * names from outside stay names, and that docs/metrics.md says the same.
 *
 * test_metrics --sample openmetrics|prometheus: the made-up state, for promtool.
 * test_metrics --table: the table of docs/metrics.md, as it is to be.
 */
#include "unit_snapshot.h"

#include <ctype.h>

#include "metrics/metrics.h"

#define P RG_METRICS_PREFIX

static struct rg_snapshot snapshot;
static struct rg_budget budget;
static char *text;
static size_t text_size;

static void write_as(enum rg_metrics_format format)
{
	FILE *out;

	free(text);
	text = NULL;
	out = open_memstream(&text, &text_size);
	unit_need(out);
	rg_metrics_write(out, &snapshot, format);
	unit_need(fclose(out) == 0);
}

static void make_up_original(void)
{
	snapshot.original = (struct rg_org_seen){
		.known = true,
		.enabled = true,
		.mode = RG_ORG_QUIET,
		.keep_for_ns = 90 * S,
		.clients = 2,
		.ranges = 5,
	};
	for (__u32 i = 0; i < RG_NR_ORG_COUNTERS; i++)
		snapshot.original.counters[i] = i + 1;
}

static void make_up_budget(void)
{
	struct rg_budget_server *at = budget.at;

	memset(&budget, 0, sizeof(budget));
	budget.n = 3;
	/* Back within the lease; its name is not what one expects. */
	at[0] = (struct rg_budget_server){.netns = NETNS_GRACE,
					  .minorversion = 2,
					  .family = AF_INET,
					  .name = "or\"i\\g\nin \xc3\xa9 \xff",
					  .lease_s = 90,
					  .last_ns = WALL_NS,
					  .back_ns = WALL_NS - 10 * S,
					  .before = {.boot_id = "x",
						     .lease_s = 90,
						     .last_ns = WALL_NS - 57 * S}};
	inet_pton(AF_INET, "10.77.1.1", at[0].addr);
	at[1] = at[0];
	at[1].family = AF_INET6;
	inet_pton(AF_INET6, "fd00::1", at[1].addr);
	at[1].before.last_ns = WALL_NS - 150 * S;
	at[2] = at[0];
	at[2].minorversion = 1;
	at[2].before = (struct rg_budget_before){};
	snapshot.budget = &budget;
}

static int setup(void **unused)
{
	(void)unused;
	made_up(&snapshot);
	make_up_budget();
	make_up_original();
	snapshot.protect = RG_PROTECT_ON;
	snapshot.protect_refused[RG_REFUSED_UNPIN] = 3;
	snapshot.n_progs = 3;
	snapshot.progs[0] = (struct rg_prog_counts){"lock_done", 1500, 3, 17};
	snapshot.progs[1] = (struct rg_prog_counts){"door_lock", 7 * S + 1, 1000000, 0};
	snapshot.progs[2] = (struct rg_prog_counts){"never_timed", 0, 0, 0};
	return 0;
}

static int teardown(void **unused)
{
	(void)unused;
	rg_snapshot_free(&snapshot);
	free(text);
	text = NULL;
	return 0;
}

/* ---- the grammar ---- */

static const char *const suffixes[] = {
	[RG_METRIC_GAUGE] = "",
	[RG_METRIC_COUNTER] = "_total",
	[RG_METRIC_INFO] = "_info",
	[RG_METRIC_HISTOGRAM] = "",
};

static bool is_name(const char *name, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!islower((unsigned char)name[i]) && name[i] != '_' &&
		    (!i || !isdigit((unsigned char)name[i])))
			return false;
	return n > 0;
}

/* {a="b",c="d"}: goes past it; the names, as rg_metric.labels has them. */
static const char *skip_labels(const char *at, char *names, size_t size)
{
	size_t used = 0;

	names[0] = '\0';
	if (*at != '{')
		return at;
	do {
		size_t n = strcspn(++at, "=");

		unit_need(is_name(at, n));
		used += (size_t)snprintf(names + used, size - used, "%s%.*s", used ? ", " : "",
					 (int)n, at);
		unit_need(used < size);
		at += n + 1;
		unit_need(*at == '"');
		for (at++; *at != '"'; at++) {
			unit_need(*at && *at != '\n');
			if (*at == '\\')
				unit_need(strchr("\\\"n", *++at));
		}
		at++;
	} while (*at == ',');
	unit_need(*at == '}');
	return at + 1;
}

static const char *expected_labels(const struct rg_metric *m, const char *suffix, char *buf)
{
	if (strcmp(suffix, "_bucket") != 0)
		return m->labels;
	snprintf(buf, 128, "%s%sle", m->labels, *m->labels ? ", " : "");
	return buf;
}

/* A sample of this family: its name, labels and value. */
static void check_sample(const struct rg_metric *m, const char *line)
{
	static const char *const of_histogram[] = {"_bucket", "_sum", "_count"};
	const char *const *all = m->type == RG_METRIC_HISTOGRAM ? of_histogram : &suffixes[m->type];
	size_t n_all = m->type == RG_METRIC_HISTOGRAM ? 3 : 1, i = 0, n = strcspn(line, "{ ");
	char names[128], expected[128], whole[128];
	char *end;

	for (; i < n_all; i++) {
		snprintf(whole, sizeof(whole), "%s%s%s", P, m->name, all[i]);
		if (strlen(whole) == n && strncmp(whole, line, n) == 0)
			break;
	}
	if (i == n_all) {
		fail_msg("no sample of %s: %s", m->name, line);
		return; /* for analyzers */
	}
	line = skip_labels(line + n, names, sizeof(names));
	assert_string_equal(names, expected_labels(m, all[i], expected));
	assert_int_equal(*line, ' ');
	assert_true(isdigit((unsigned char)line[1]));
	strtod(line + 1, &end);
	assert_int_equal(*end, '\0');
}

/* # HELP, # TYPE and # UNIT, each in its place; the first line of the family at
 * `line`. The next line. */
static char *check_head(const struct rg_metric *m, char *line, bool classic)
{
	static const char *const types[] = {"gauge", "counter", "info", "histogram"};
	const char *suffix = classic ? suffixes[m->type] : "";
	const char *type = classic && m->type == RG_METRIC_INFO ? "gauge" : types[m->type];
	char expected[600];
	int n = snprintf(expected, sizeof(expected),
			 "# HELP %s%s%s %s.\n# TYPE %s%s%s %s\n%s%s%s%s%s%s", P, m->name, suffix,
			 m->help, P, m->name, suffix, type, m->unit && !classic ? "# UNIT " : "",
			 m->unit && !classic ? P : "", m->unit && !classic ? m->name : "",
			 m->unit && !classic ? " " : "", m->unit && !classic ? m->unit : "",
			 m->unit && !classic ? "\n" : "");

	if (strncmp(line, expected, (size_t)n) != 0)
		fail_msg("expected\n%snot\n%.*s", expected, n, line);
	return line + n;
}

static bool seen_before(const char *line, size_t n)
{
	for (const char *at = text; at < line; at = strchr(at, '\n') + 1)
		if (strncmp(at, line, n) == 0)
			return true;
	return false;
}

/* The whole text; every family of the table is in it, in its order. */
static void check_text(enum rg_metrics_format format)
{
	bool classic = format == RG_METRICS_PROMETHEUS;
	char *at, *copy;

	write_as(format);
	copy = strdup(text);
	unit_need(copy);
	at = copy;
	for (size_t i = 0; i < rg_n_metrics; i++) {
		int samples = 0;

		at = check_head(&rg_metrics[i], at, classic);
		for (; *at && *at != '#'; samples++) {
			char *end = strchr(at, '\n');
			const char *twin = text + (at - copy);

			unit_need(end);
			*end = '\0';
			check_sample(&rg_metrics[i], at);
			assert_false(seen_before(twin, (size_t)(strrchr(at, ' ') - at) + 1));
			at = end + 1;
		}
		assert_true(samples > 0);
	}
	assert_string_equal(at, classic ? "" : "# EOF\n");
	free(copy);
}

static void test_openmetrics(void **unused)
{
	(void)unused;
	check_text(RG_METRICS_OPENMETRICS);
}

static void test_prometheus(void **unused)
{
	(void)unused;
	check_text(RG_METRICS_PROMETHEUS);
}

static void test_table(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < rg_n_metrics; i++) {
		const struct rg_metric *m = &rg_metrics[i];
		size_t n = strlen(m->name), unit = m->unit ? strlen(m->unit) : 0;

		assert_true(is_name(m->name, n));
		/* The unit is the end of the name, and the only place for one. */
		if (m->unit)
			assert_string_equal(m->name + n - unit, m->unit);
		else
			assert_null(strstr(m->name, "seconds"));
		assert_true(m->type != RG_METRIC_INFO || !m->unit);
		assert_null(strpbrk(m->help, "\n\\\""));
		assert_true(m->help[strlen(m->help) - 1] != '.');
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(m->name, rg_metrics[k].name);
	}
	assert_int_equal(rg_metrics_format_of("openmetrics"), RG_METRICS_OPENMETRICS);
	assert_int_equal(rg_metrics_format_of("prometheus"), RG_METRICS_PROMETHEUS);
	assert_int_equal(rg_metrics_format_of("json"), -1);
}

/* ---- the numbers ---- */

/* Is this line there, as it is? */
static void expect_line(const char *line)
{
	size_t n = strlen(line);

	for (const char *at = text; *at; at = strchr(at, '\n') + 1)
		if (strncmp(at, line, n) == 0 && at[n] == '\n')
			return;
	fail_msg("not there: %s", line);
}
#define GRACE "{netns=\"4026531840\""
#define SETTLING "{netns=\"4026532001\""
#define TIMED_OUT "{netns=\"4026532002\""

static void test_gates(void **unused)
{
	(void)unused;
	write_as(RG_METRICS_OPENMETRICS);
	expect_line(P "enabled 1");
	expect_line(P "daemon_up 1");
	expect_line(P "daemon_heartbeat_timestamp_seconds 1795455071.500000000");
	expect_line(P "boot_timestamp_seconds 1795454072.000000000");
	expect_line(P "gate_state" GRACE ",state=\"grace\"} 1");
	expect_line(P "gate_state" GRACE ",state=\"open\"} 0");
	expect_line(P "gate_why_info" GRACE ",why=\"knfsd-grace\"} 1");
	expect_line(P "gate_in_state_seconds" GRACE "} 47.000000000");
	expect_line(P "gate_closed_seconds" GRACE "} 60.000000000");
	expect_line(P "gate_deadline_seconds" GRACE "} 853.000000000");
	expect_line(P "gate_why_info" SETTLING ",why=\"awaited\"} 1");
	expect_line(P "gate_closed_seconds" SETTLING "} 200.000000000");
	expect_line(P "gate_deadline_seconds" SETTLING "} 57.000000000");
	expect_line(P "gate_settle_timeout_seconds" SETTLING "} 60");
	expect_line(P "gate_why_info" TIMED_OUT ",why=\"timed-out\"} 1");
	expect_line(P "gate_closed_seconds" TIMED_OUT "} 0.000000000");
	expect_line(P "gate_policy_info" TIMED_OUT ",action=\"deny\",scope=\"opens\","
		      "release=\"grace-start\",mounts=\"listed\"} 1");
	expect_line(P "hook_wanted{hook=\"open\"} 1");
	expect_line(P "hook_attached{hook=\"open\"} 0");
	/* Nothing of the canary's gate, and no deadline of one that is open. */
	assert_null(strstr(text, "netns=\"1\""));
	assert_null(strstr(text, "gate_deadline_seconds" TIMED_OUT));
	/* No lease is known where knfsd never ran. */
	assert_null(strstr(text, "knfsd_lease_seconds" TIMED_OUT));
}

static void test_recovery(void **unused)
{
	(void)unused;
	write_as(RG_METRICS_PROMETHEUS);
	expect_line(P "grace_active" GRACE ",manager=\"knfsd\"} 1");
	expect_line(P "grace_active" GRACE ",manager=\"lockd\"} 1");
	expect_line(P "grace_active" SETTLING ",manager=\"knfsd\"} 0");
	expect_line(P "grace_elapsed_seconds" GRACE "} 47.000000000");
	expect_line(P "grace_remaining_seconds" GRACE "} 43.000000000");
	expect_line(P "grace_remaining_seconds" SETTLING "} 0.000000000");
	expect_line(P "clients_expected" GRACE "} 5");
	expect_line(P "clients_reclaimed" GRACE "} 3");
	expect_line(P "clients_refused" GRACE "} 3");
	expect_line(P "clients_awaited" GRACE "} 2");
	expect_line(P "ledger_clients" GRACE ",state=\"awaited\"} 2");
	expect_line(P "ledger_clients" GRACE ",state=\"known\"} 1");
	expect_line(P "ledger_clients" GRACE ",state=\"absent\"} 1");
	expect_line(P "ledger_clients" SETTLING ",state=\"awaited\"} 1");
	expect_line(P "ledger_locks" GRACE "} 13");
	/* Whose number was never known is not among them. */
	expect_line(P "awaited_locks" GRACE "} 7");
	expect_line(P "awaited_locks_expected" GRACE "} 20");
	expect_line(P "origin_no_grace_timestamp_seconds" SETTLING "} 1795455067.000000000");
	expect_line(P "lost_locks" SETTLING ",reason=\"refused\"} 9");
	expect_line(P "lost_locks" SETTLING ",reason=\"not-asked\"} 0");
	expect_line(P "lost_locks" SETTLING ",reason=\"absent\"} 2");
	expect_line(P "lost_locks" SETTLING ",reason=\"thrown-out\"} 0");
	expect_line(P "lost_locks_unnamed" SETTLING "} 4");
	expect_line(P "lost_locks_lower_bound" SETTLING "} 1");
	expect_line(P "lock_regime{protocol=\"nfs4\",regime=\"refused\"} 1");
	expect_line(P "lock_regime{protocol=\"nfs4\",regime=\"forwarded\"} 0");
	expect_line(P "lock_regime{protocol=\"nlm\",regime=\"unknown\"} 1");
	expect_line(P "reclaims_total{side=\"server\",op=\"lock\",result=\"refused\"} 12");
	expect_line(P "reclaims_total{side=\"client\",op=\"open\",result=\"granted\"} 7");
	expect_line(P "downgrades_total{reason=\"reclaim-refused-by-client\"} 1");
	expect_line(P "nograce_downgrades_total{side=\"server\"} 10");
	expect_line(P "nograce_downgrades_total{side=\"client\"} 7");
	expect_line(P "unproven_reclaims_total 6");
	expect_line(P "answers_total{answer=\"retaken\"} 1002");
	expect_line(P "events_total{event=\"EXCHANGE_ID\"} 101");
	expect_line(P "events_lost_total{reader=\"tracer\"} 9");
	expect_line(P "failures_total{what=\"tracing\"} 2");
}

static void test_local_applications(void **unused)
{
	(void)unused;
	write_as(RG_METRICS_PROMETHEUS);
	expect_line(P "holds_total 10");
	expect_line(P "denied_total{reason=\"no_daemon\"} 13");
	expect_line(P "held_threads" GRACE ",what=\"lock\"} 2");
	expect_line(P "held_threads" GRACE ",what=\"open\"} 0");
	expect_line(P "held_oldest_seconds" GRACE "} 12.000000000");
	expect_line(P "held_oldest_seconds" SETTLING "} 30.000000000");
	expect_line(P "held_oldest_seconds" TIMED_OUT "} 0.000000000");
	expect_line(P "prog_run_seconds_total{prog=\"lock_done\"} 0.000001500");
	expect_line(P "prog_runs_total{prog=\"door_lock\"} 1000000");
	assert_null(strstr(text, "prog_runs_total{prog=\"never_timed\"}"));
	expect_line(P "prog_skipped_total{prog=\"lock_done\"} 17");
	expect_line(P "prog_skipped_total{prog=\"never_timed\"} 0");
}

static void test_times_that_go_back(void **unused)
{
	(void)unused;
	/* Facts are written while the clock has been read already. */
	snapshot.gates[SLOT_GRACE].knfsd_start_ns = NOW_NS + S;
	snapshot.held.values[2].since_ns = NOW_NS + S;
	snapshot.gates[SLOT_SETTLING].knfsd_end_ns = NOW_NS + S;
	snapshot.wall_ns = 5 * S; /* a clock that was never set */
	write_as(RG_METRICS_PROMETHEUS);
	expect_line(P "gate_in_state_seconds" GRACE "} 0.000000000");
	expect_line(P "grace_elapsed_seconds" GRACE "} 0.000000000");
	expect_line(P "grace_remaining_seconds" GRACE "} 90.000000000");
	expect_line(P "held_oldest_seconds" SETTLING "} 0.000000000");
	expect_line(P "gate_in_state_seconds" SETTLING "} 0.000000000");
	expect_line(P "boot_timestamp_seconds 0.000000000");
}

/* A gate that timed out before knfsd came keeps out anew. */
static void test_closed_for(void **unused)
{
	struct rg_gate g = snapshot.gates[SLOT_GRACE];

	(void)unused;
	assert_int_equal(rg_closed_for_ns(&g, NOW_NS), 60 * S);
	g.knfsd_start_ns = g.closed_ns + g.policy.max_hold_s * S;
	assert_int_equal(rg_closed_for_ns(&g, g.knfsd_start_ns + 5 * S), 5 * S);
	g.knfsd_start_ns--;
	assert_int_equal(rg_closed_for_ns(&g, g.knfsd_start_ns + 5 * S),
			 (g.policy.max_hold_s + 5) * S - 1);
	g.hand = RG_HAND_CLOSED;
	g.hand_ns = NOW_NS;
	assert_int_equal(rg_closed_for_ns(&g, NOW_NS + 2 * S), 2 * S);
	g.hand = RG_HAND_OPEN;
	assert_int_equal(rg_closed_for_ns(&g, NOW_NS + 2 * S), 0);
}

/* ---- histograms ---- */

static void test_histogram(void **unused)
{
	const char *at;
	unsigned long long n, last = 0;
	double before = 0;
	int buckets = 0;

	(void)unused;
	write_as(RG_METRICS_OPENMETRICS);
#define BUCKET P "operation_duration_seconds_bucket{op=\"lock\",le=\""
	expect_line(BUCKET "0.000001\"} 0");
	expect_line(BUCKET "0.000002\"} 3");
	expect_line(BUCKET "2.097152\"} 3");
	expect_line(BUCKET "4.194304\"} 5");
	expect_line(BUCKET "16.777216\"} 5");
	expect_line(BUCKET "+Inf\"} 6");
	expect_line(P "operation_duration_seconds_sum{op=\"lock\"} 45.000006000");
	expect_line(P "operation_duration_seconds_count{op=\"lock\"} 6");
	expect_line(P "operation_duration_seconds_count{op=\"nlm-lock\"} 0");
	for (at = text; (at = strstr(at, BUCKET)); buckets++) {
		double le;

		at += strlen(BUCKET);
		le = strtod(at, NULL); /* +Inf too */
		assert_true(le > before);
		before = le;
		n = strtoull(strchr(at, ' '), NULL, 10);
		assert_true(n >= last);
		last = n;
	}
	assert_int_equal(buckets, RG_LATENCY_BUCKETS);
}

/* ---- names from outside, and nothing at all ---- */

static void test_escaping(void **unused)
{
	(void)unused;
	write_as(RG_METRICS_OPENMETRICS);
	expect_line(P "origin_away_seconds" GRACE
		      ",origin=\"or\\\"i\\\\g\\\\012in \xc3\xa9 \\\\377\","
		      "address=\"10.77.1.1\",minorversion=\"2\"} 47");
	expect_line(P "origin_in_time" GRACE ",origin=\"or\\\"i\\\\g\\\\012in \xc3\xa9 \\\\377\","
		      "address=\"fd00::1\",minorversion=\"2\"} 0");
	/* Of an earlier boot nothing is known. */
	assert_null(
		strstr(text,
		       "origin_away_seconds" GRACE
		       ",origin=\"or\\\"i\\\\g\\\\012in \xc3\xa9 \\\\377\",address=\"10.77.1.1\","
		       "minorversion=\"1\""));
	snprintf(budget.at[0].name, sizeof(budget.at[0].name), "%s",
		 "\xe2\x82\xac\xe2\x82 \xed\xa0\x80 \xf4\x90\x80\x80 \xc0\xaf");
	write_as(RG_METRICS_OPENMETRICS);
	assert_non_null(strstr(text, "origin=\"\xe2\x82\xac\\\\342\\\\202 \\\\355\\\\240\\\\200 "
				     "\\\\364\\\\220\\\\200\\\\200 \\\\300\\\\257\""));
}

static void test_not_enabled(void **unused)
{
	static const enum rg_metrics_format formats[] = {RG_METRICS_OPENMETRICS,
							 RG_METRICS_PROMETHEUS};

	(void)unused;
	snapshot.enabled = false;
	for (size_t i = 0; i < UNIT_COUNT(formats); i++) {
		write_as(formats[i]);
		expect_line(P "enabled 0");
		assert_non_null(strstr(text, P "build_info{version=\""));
		assert_null(strstr(text, P "daemon"));
		assert_null(strstr(text, P "gate"));
	}
}

/* The role original is told of by itself, and not at all where it could not be read. */
static void test_original(void **unused)
{
	(void)unused;
	snapshot.enabled = false;
	write_as(RG_METRICS_PROMETHEUS);
	expect_line(P "original_enabled 1");
	expect_line(P "original_mode_info{mode=\"quiet\"} 1");
	expect_line(P "original_keep_for_seconds 90.000000000");
	expect_line(P "original_clients 2");
	expect_line(P "original_ranges 5");
	expect_line(P "original_events_total{event=\"reboots\"} 1");
	expect_line(P "original_events_total{event=\"fail_read\"} 27");
	snapshot.original = (struct rg_org_seen){.known = true};
	write_as(RG_METRICS_PROMETHEUS);
	expect_line(P "original_enabled 0");
	assert_null(strstr(text, "original_clients"));
	snapshot.original = (struct rg_org_seen){};
	write_as(RG_METRICS_PROMETHEUS);
	assert_null(strstr(text, "original"));
}

static void test_nothing(void **unused)
{
	struct rg_snapshot none = {.enabled = true}, keep = snapshot;

	(void)unused;
	snapshot = none;
	write_as(RG_METRICS_PROMETHEUS);
	snapshot = keep;
	expect_line(P "daemon_up 0");
	expect_line(P "daemon_heartbeat_timestamp_seconds 0.000000000");
	expect_line(P "holds_total 0");
	/* No gate, no original server, no program. */
	assert_null(strstr(text, "netns"));
	assert_null(strstr(text, "prog="));
}

/* Any bytes in what the kernel says give a text that can be read. */
static void test_any_bytes(void **unused)
{
	__u64 seed = 7;

	(void)unused;
	for (int round = 0; round < 50; round++) {
		unsigned char *bytes[] = {(unsigned char *)snapshot.gates,
					  (unsigned char *)snapshot.storms,
					  (unsigned char *)snapshot.held.values};
		size_t sizes[] = {sizeof(snapshot.gates), sizeof(snapshot.storms),
				  3 * sizeof(*snapshot.held.values)};

		for (size_t k = 0; k < UNIT_COUNT(bytes); k++)
			for (int i = 0; i < 200; i++)
				bytes[k][unit_below(&seed, sizes[k])] =
					(unsigned char)unit_below(&seed, 256);
		for (__u32 i = 0; i < RG_MAX_GATES; i++)
			snapshot.gates[i].netns = i + 1; /* a number a gate, as it is */
		write_as(RG_METRICS_OPENMETRICS);
		for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
			assert_true(*line == '#' || strncmp(line, P, strlen(P)) == 0);
	}
}

/* ---- the document ---- */

static void print_table(FILE *out)
{
	static const char *const types[] = {"gauge", "counter", "info", "histogram"};

	for (size_t i = 0; i < rg_n_metrics; i++) {
		const struct rg_metric *m = &rg_metrics[i];

		fprintf(out, "| `%s%s` | %s | %s | %s |\n", m->name, suffixes[m->type],
			types[m->type], m->labels, m->help);
	}
}

static void test_document(void **unused)
{
	FILE *doc = fopen(RG_TEST_DATA "/../../../docs/metrics.md", "re"), *all;
	char line[1024], *table, *got = NULL;
	size_t size, got_size = 0;

	(void)unused;
	unit_need(doc);
	all = open_memstream(&got, &got_size);
	unit_need(all);
	for (bool in = false; fgets(line, sizeof(line), doc);) {
		if (in && strncmp(line, "| `", 3) == 0)
			fputs(line, all);
		in = strncmp(line, "| metric ", 9) == 0 || (in && *line == '|');
	}
	fclose(doc);
	fclose(all);
	all = open_memstream(&table, &size);
	unit_need(all);
	print_table(all);
	fclose(all);
	if (strcmp(got, table) != 0)
		fail_msg("docs/metrics.md: not this table: build/tests/test_metrics --table");
	free(got);
	free(table);
}

static int print_sample(const char *format)
{
	int as = rg_metrics_format_of(format);

	if (as < 0)
		return 2;
	setup(NULL);
	rg_metrics_write(stdout, &snapshot, as);
	teardown(NULL);
	return 0;
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(test_openmetrics),
		TEST(test_prometheus),
		TEST(test_table),
		TEST(test_gates),
		TEST(test_recovery),
		TEST(test_local_applications),
		TEST(test_times_that_go_back),
		TEST(test_closed_for),
		TEST(test_histogram),
		TEST(test_escaping),
		TEST(test_not_enabled),
		TEST(test_original),
		TEST(test_nothing),
		TEST(test_any_bytes),
		TEST(test_document),
	};

	if (argc == 3 && strcmp(argv[1], "--sample") == 0)
		return print_sample(argv[2]);
	if (argc == 2 && strcmp(argv[1], "--table") == 0) {
		print_table(stdout);
		return 0;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
