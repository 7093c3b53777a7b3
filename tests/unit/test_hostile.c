// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hostile names through whatever prints names: terminal escapes, C1 controls, characters that
 * change the direction of writing, bytes that are no UTF-8, ends of lines, 4 KB. Nothing of
 * it reaches a terminal, the journal, JSON, metrics or HTML as it is. What is clean is decided
 * by libc's decoder here, not by the program's own.
 */
#include "unit_record.h"

#include <locale.h>
#include <wchar.h>
#include <wctype.h>

#include <json-c/json.h>

#include "unit_check.h"
#include "unit_host.h"
#include "unit_snapshot.h"

#include "base/log.h"
#include "check/check.h"
#include "cli/options.h"
#include "status/status.h"
#include "top/screen.h"
#include "cli/verbs.h"
#include "metrics/metrics.h"
#include "record/record_json.h"
#include "record/record_text.h"
#include "report/report.h"
#include "text/json.h"
#include "text/shown.h"

/* Stands at the beginning of a line only if a name has begun it. */
#define INJECTED "INJECTED"

static char long_name[4001];

static const char *const names[] = {
	"\033[31mred\033[0m", /* CSI, and a colour that stays */
	"\033]0;title\007",   /* OSC: the window's title */
	"\033P+q\033\\",      /* DCS */
	"\xc2\x9b"
	"31m", /* CSI as a C1 control, in UTF-8 */
	"\x9b"
	"31m",			  /* the same as a byte */
	"\x7f\b\b\b",		  /* DEL, backspace */
	"a\n" INJECTED " b",	  /* a line of its own */
	"a\r" INJECTED " b",	  /* over what was there */
	"a\v\f\xc2\x85" INJECTED, /* VT, FF, NEL */
	"a\xe2\x80\xa8" INJECTED, /* line separator */
	"\xe2\x80\xae"
	"gpj.exe", /* right to left */
	"\xe2\x81\xa6"
	"x",			/* isolate */
	"root\xe2\x80\x8b",	/* looks like root */
	"\xf3\xa0\x81\x81",	/* a tag */
	"\xff\xfe",		/* no UTF-8 */
	"\xc0\xaf\xe0\x80\xaf", /* longer than they must be */
	"\xed\xa0\x80",		/* a surrogate */
	"\xf4\x90\x80\x80",	/* beyond Unicode */
	"cut \xe2\x82",		/* cut off */
	"\"},{\"x\":\"",	/* out of a JSON string */
	"\\\" \\n {}",		/* out of a label */
	"</pre><script>x</script>&amp;",
	"%s%n%d",
	"=cmd|' /C x'!A0",
	long_name,
};

static int hostile_setup(void **unused)
{
	static const char four[] = "\033\xff\n\xe2";

	/* The decoder of this test. */
	unit_need(setlocale(LC_CTYPE, "C.UTF-8"));
	for (size_t i = 0; i + 1 < sizeof(long_name); i++)
		long_name[i] = four[i % 4];
	return host_setup(unused);
}

/* ---- the judge ---- */

static bool turns_round(wchar_t c)
{
	return c == 0x61c || (c >= 0x200b && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) ||
	       (c >= 0x2060 && c <= 0x206f) || c == 0xfeff || (c >= 0xe0000 && c <= 0xe0fff);
}

/* n bytes are lines that a terminal only shows. */
static void is_clean(const char *what, const char *text, size_t n)
{
	mbstate_t state = {};

	for (size_t at = 0; at < n;) {
		wchar_t c;
		size_t one = mbrtowc(&c, text + at, n - at, &state);

		if (one == 0 || one > 4)
			fail_msg("%s: no text at byte %zu of: %s", what, at, text);
		if (c == '\n' || c == '\t')
			;
		else if (iswcntrl((wint_t)c) || turns_round(c))
			fail_msg("%s: U+%04x at byte %zu of: %s", what, (unsigned int)c, at, text);
		if ((at == 0 || text[at - 1] == '\n') &&
		    strncmp(text + at, INJECTED, strlen(INJECTED)) == 0)
			fail_msg("%s: a name has begun a line: %s", what, text);
		at += one;
	}
}

/* One JSON text, in the strictest reading. */
static void is_json(const char *what, const char *text, size_t n)
{
	struct json_tokener *tok = json_tokener_new();
	json_object *o;

	is_clean(what, text, n);
	unit_need(tok);
	json_tokener_set_flags(tok, JSON_TOKENER_VALIDATE_UTF8);
	o = json_tokener_parse_ex(tok, text, (int)n);
	if (json_tokener_get_error(tok) != json_tokener_success)
		fail_msg("%s: no JSON: %s", what, text);
	for (size_t i = json_tokener_get_parse_end(tok); i < n; i++)
		assert_int_equal(text[i], '\n');
	json_object_put(o);
	json_tokener_free(tok);
}

/* What is printed into a file in memory. */
static struct page {
	FILE *to;
	char *text;
	size_t n;
} page;

static FILE *open_page(void)
{
	page = (struct page){};
	page.to = open_memstream(&page.text, &page.n);
	unit_need(page.to);
	return page.to;
}

/* has: what must be in it, so that the test is of something. NULL: nothing. */
static void judge_page(const char *what, bool json, const char *has)
{
	unit_need(fclose(page.to) == 0 && page.text);
	if (json)
		is_json(what, page.text, page.n);
	else
		is_clean(what, page.text, page.n);
	if (has && !strstr(page.text, has))
		fail_msg("%s has no %s: %s", what, has, page.text);
	free(page.text);
}

/* ---- the room itself ---- */

static void test_room(void **unused)
{
	char out[64], again[64], one[5];

	(void)unused;
	/* What may be shown stays; \ooo for the rest, byte by byte; no change the second time. */
	assert_int_equal(rg_shown("gr\xc3\xbc\xc3\x9f\033\xe2\x80\xae\\", 11, 0, out, sizeof(out)),
			 23);
	assert_string_equal(out, "gr\xc3\xbc\xc3\x9f\\033\\342\\200\\256\\");
	rg_shown(out, strlen(out), 0, again, sizeof(again));
	assert_string_equal(out, again);
	rg_shown("a\\\xc3\xbc", 4, RG_SHOWN_ASCII | RG_SHOWN_EXACT, out, sizeof(out));
	assert_string_equal(out, "a\\134\\303\\274");
	rg_shown("a\0b", 3, 0, out, sizeof(out));
	assert_string_equal(out, "a\\000b");
	/* Never within an escape or a character; never more than there is room. */
	assert_int_equal(rg_shown("aaaa\n", 5, 0, one, sizeof(one)), 4);
	assert_int_equal(rg_shown("aaa\xc3\xbc", 5, 0, one, sizeof(one)), 3);
	assert_int_equal(rg_shown("\n", 1, 0, one, sizeof(one)), 4);
	assert_int_equal(rg_shown("abc", 3, 0, one, 1), 0);
	assert_string_equal(one, "");
	for (size_t i = 0; i < UNIT_COUNT(names); i++) {
		char *shown = rg_shown_copy(names[i]);

		unit_need(shown);
		is_clean("rg_shown_copy", shown, strlen(shown));
		assert_null(strchr(shown, '\n'));
		free(shown);
	}
}

/* Every character there is, by libc's word. */
static void test_every_character(void **unused)
{
	(void)unused;
	for (wchar_t c = 1; c <= 0x10ffff; c++) {
		char bytes[8] = "", out[64];
		mbstate_t state = {};
		size_t n = wcrtomb(bytes, c, &state);

		if (n == (size_t)-1) /* a surrogate */
			continue;
		rg_shown(bytes, n, 0, out, sizeof(out));
		if (strcmp(out, bytes) != 0)
			continue;
		if (iswcntrl((wint_t)c) || turns_round(c))
			fail_msg("U+%04x is shown as it is", (unsigned int)c);
	}
}

static void test_log(void **unused)
{
	(void)unused;
	for (size_t i = 0; i + 1 < UNIT_COUNT(names); i++) {
		struct unit_ear ear;

		unit_listen(&ear);
		rg_error(1, "%s: what a program is called", names[i]);
		rg_warn("%s", names[i]);
		rg_info("%s", names[i]);
		assert_int_equal(unit_heard(&ear), 3);
		is_clean("log", ear.text, strlen(ear.text));
	}
}

static void test_options(void **unused)
{
	(void)unused;
	for (size_t i = 0; i + 1 < UNIT_COUNT(names); i++) {
		char option[4200],
			*last[] = {(char *)"status", (char *)names[i], NULL},
			*unknown[] = {(char *)"status", option, NULL},
			*value[] = {(char *)"enable", (char *)"--max-hold", (char *)names[i], NULL};
		struct rg_options o;
		struct unit_ear ear;

		snprintf(option, sizeof(option), "--%s", names[i]);
		unit_listen(&ear);
		assert_int_not_equal(rg_options_parse("status", 2, last, 0, &o), 0);
		rg_options_free(&o);
		assert_int_not_equal(rg_options_parse("status", 2, unknown, 0, &o), 0);
		rg_options_free(&o);
		assert_int_not_equal(rg_options_parse("enable", 3, value, RG_TAKES_ARM, &o), 0);
		rg_options_free(&o);
		assert_int_equal(unit_heard(&ear), 3);
		is_clean("options", ear.text, strlen(ear.text));
	}
}

/* ---- objects: status, policy show, check, report ---- */

static void test_json(void **unused)
{
	json_object *o = json_object_new_object(), *list = json_object_new_array();

	(void)unused;
	for (size_t i = 0; i < UNIT_COUNT(names); i++) {
		char key[8];

		snprintf(key, sizeof(key), "n%zu", i);
		rg_json_put_name(o, key, names[i], strlen(names[i]));
		rg_json_add_text(list, names[i]);
	}
	rg_json_put(o, "list", list);
	rg_json_put_text(o, "none", NULL);
	rg_json_print(open_page(), o);
	json_object_put(o);
	judge_page("rg_json_print", true, "\\\\033[31mred");
}

/* `status` on its screen; the whole one is in suite views, on a real machine. */
static void test_status(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < UNIT_COUNT(names); i++) {
		json_object *
			all = json_tokener_parse(
			       "{\"verdict\":{\"protection\":\"protected\",\"text\":\"protected: "
			       "x\"},"
			       "\"daemon\":{\"alive\":true,\"pid\":1},\"left_out\":[],\"let_go\":[]"
			       ","
			       "\"regime\":{\"nfs4_locks\":\"forwarded\",\"nlm_locks\":\"unknown\","
			       "\"changed\":[]},\"tracing\":{\"missing\":[],\"records_lost\":0},"
			       "\"reboot\":[],\"gates\":[],\"counters\":{\"held\":1,\"denied\":{"
			       "\"total\":"
			       "0},\"audited\":0,\"timed_out\":0,\"untold\":0,\"untold_clients\":0,"
			       "\"evicted\":0,\"helper_failures\":{"
			       "\"total\":0},\"skipped\":{\"total\":0}}}"),
		       *held = json_object_new_array(), *mounts = json_object_new_array(),
		       *h = json_object_new_object(), *m = json_object_new_object();

		unit_need(all);
		rg_json_put_text(h, "comm", names[i]);
		rg_json_put_text(h, "file", names[i]);
		rg_json_put_text(h, "what", "lock");
		rg_json_put_uint(h, "tgid", 7);
		rg_json_put(h, "since_seconds", json_object_new_double(1));
		json_object_array_add(held, h);
		rg_json_put(all, "held", held);
		rg_json_put_text(m, "path", names[i]);
		rg_json_put_text(m, "source", names[i]);
		json_object_array_add(mounts, m);
		rg_json_put(all, "mounts", mounts);
		rg_status_print(all, open_page(), 80, false);
		json_object_put(all);
		judge_page("status", false, "held");
	}
}

static void test_policy(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < UNIT_COUNT(names); i++) {
		struct rg_rule rule = {.kind = RG_RULE_EXPORT};
		struct rg_policy_shown shown = {.netns = 1, .rules = &rule, .n_rules = 1};

		strncpy(rule.path, names[i], sizeof(rule.path) - 1);
		strncpy(rule.source, names[i], sizeof(rule.source) - 1);
		strncpy(shown.from.file, names[i], sizeof(shown.from.file) - 1);
		rg_config_init(&shown.config);
		snprintf(shown.config.state_dir, sizeof(shown.config.state_dir), "/%.1000s",
			 names[i]);
		rg_policy_print(open_page(), &shown, false);
		judge_page("policy show", false, "guarded as exported: ");
		rg_policy_print(open_page(), &shown, true);
		judge_page("policy show --json", true, "\"rules\"");
		rg_config_free(&shown.config);
	}
}

static void hear(const char *mistake)
{
	is_clean("policy check", mistake, strlen(mistake));
	assert_null(strchr(mistake, '\n'));
}

static void test_configuration(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < UNIT_COUNT(names); i++) {
		struct rg_config c;
		char text[20000];

		snprintf(text, sizeof(text),
			 "[%s]\n%s = %s\n[gate]\nrelease = %s\n[mounts]\nmount = %s\n", names[i],
			 names[i], names[i], names[i], names[i]);
		host_put("/conf", text);
		rg_config_init(&c);
		assert_true(rg_config_read(&c, host_path("/conf"), RG_READ_STRICT, hear) > 0);
		rg_config_free(&c);
		rg_config_init(&c);
		assert_true(rg_config_read(&c, names[i], 0, hear) > 0);
		rg_config_free(&c);
	}
}

/* Of each file what is read of it, with the name in the place of @. */
static const struct {
	const char *file, *text;
} host_files[] = {
	{"/etc/exports", "\"/srv/@\" *(rw,fsid=1) h(no,@)\n/srv/b @(rw)\n"},
	{"/etc/exports.d/b.exports", "@"},
	{"/etc/fstab", "origin:/@ /srv/@ nfs4 @,soft 0 0\n"},
	{"/etc/nfs.conf", "[nfsd]\ngrace-time=@\n[exportfs]\nrootdir=/@\n[@]\nx=@\n"},
	{"/etc/reexport-guard.conf", "[gate]\nrelease = @\n"},
	{"/var/lib/nfs/etab", "/srv/@\t@(rw,fsid=1)\n"},
	{"/etc/hosts", "10.77.2.2 @\n"},
	{"/proc/fs/nfsd/exports", "/srv/@\t@(rw,no_root_squash,fsid=1)\n"},
	{"/proc/fs/nfsd/clients/7/info",
	 "clientid: 0x1\naddress: \"@\"\nname: \"@\"\nminor version: 2\n"},
	{"/proc/fs/nfsd/nfsv4recoverydir", "/@\n"},
	{"/proc/fs/nfsd/versions", "@\n"},
	{"/proc/fs/nfsfs/volumes", "NV SERVER PORT DEV FSID FSC\nv4 @  801 0:40 1:0 no\n"},
	{"/var/lib/nfs/rmtab", "@:/srv/@:0x00000001\n"},
	{"/var/lib/reexport-guard/budget.json", "{\"version\": 1, \"@\": \"@\"}"},
	{"/sys/kernel/security/lsm", "@\n"},
	{"/sys/module/nfs/parameters/recover_lost_locks", "@\n"},
	{"/proc/cmdline", "@\n"},
	{"/proc/sys/kernel/osrelease", "@\n"},
	{"/proc/locks", "1: POSIX  ADVISORY  WRITE 812 00:28:131 0 EOF\n"},
	{"/proc/812/cmdline", "@"},
	{"/proc/812/comm", "@\n"},
	{"/proc/self/mountstats", "device origin:/@ mounted on /srv/@ with fstype nfs4\n"},
	{"/proc/self/mountinfo",
	 "22 1 8:1 / / rw - ext4 /dev/sda1 rw\n"
	 "30 22 0:40 / /srv/@ rw - nfs4 origin:/@ rw,vers=4.2,soft,addr=10.77.1.1\n"
	 "31 22 0:41 / /srv/@/b rw - nfs4 @ rw,vers=3,local_lock=all,@\n"},
};

static void test_check(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < UNIT_COUNT(names); i++) {
		const struct rg_findings_look look = {.least = RG_OK, .width = 80};
		struct rg_findings f;

		for (size_t k = 0; k < UNIT_COUNT(host_files); k++) {
			FILE *to = fopen(host_path(host_files[k].file), "we");

			unit_need(to);
			for (const char *at = host_files[k].text; *at; at++)
				if (*at == '@')
					fputs(names[i], to);
				else
					fputc(*at, to);
			unit_need(fclose(to) == 0);
		}
		rg_check(host, NULL, &f);
		rg_findings_text(&f, &look, open_page());
		/* Names have come as far as this. */
		judge_page("check", false, i ? "problem" : "/srv/\\033[31mred");
		rg_findings_json(&f, RG_OK, open_page());
		judge_page("check --json", true, "\"findings\"");
		rg_findings_free(&f);
	}
}

/* ---- records: trace, recordings, report, demo ---- */

static void put_name(struct rg_record *r, const char *name)
{
	r->name_len = (__u16)strlen(name);
	memset(r->name, 0, sizeof(r->name));
	memset(r->path, 0, sizeof(r->path));
	memcpy(r->name, name, strnlen(name, sizeof(r->name)));
	memcpy(r->path, name, strnlen(name, sizeof(r->path)));
}

/* A recovery as it is recorded; whatever can be named has this name. */
static void record(const char *name, const char *path)
{
	static const __u16 ops[] = {RG_REC_GATE,   RG_REC_GRACE_START, RG_REC_EXCHANGE_ID,
				    RG_REC_LOCK,   RG_REC_LOCK,	       RG_REC_HELD,
				    RG_REC_DENIED, RG_REC_GRACE_END,   RG_REC_CLIENT_GONE,
				    RG_REC_GATE};
	struct rg_mountpoint mount = {.dev = 45, .path = (char *)name, .path_n = strlen(name)};
	struct rg_mountpoints mounts = {.at = &mount, .n = 1};
	struct rg_record_around around = unit_around;
	FILE *f = fopen(path, "we");
	struct rg_second kept = {}, kept_text = {};

	unit_need(f);
	around.mounts = &mounts;
	for (size_t i = 0; i < UNIT_COUNT(ops); i++) {
		static char line[RG_RECORD_JSON_MAX], text[RG_RECORD_TEXT_MAX];
		const struct rg_text_style styles[] = {{},
						       {.utf8 = true},
						       {.width = 80, .utf8 = true}};
		struct rg_record r = unit_lock_record();
		size_t n;

		r.op = ops[i];
		r.side = ops[i] == RG_REC_GATE || ops[i] == RG_REC_HELD || ops[i] == RG_REC_DENIED
				 ? RG_SIDE_GATE
				 : RG_SIDE_SERVER;
		r.time_ns += i * RG_NS_PER_SEC;
		if (ops[i] == RG_REC_GATE)
			r.value = i ? RG_STATE_OPEN : RG_STATE_CLOSED;
		put_name(&r, name);
		n = rg_record_json(&r, &around, &kept, line, sizeof(line));
		if (!n) /* a mount point of 4 KB: nothing that Linux mounts on */
			continue;
		is_json("record", line, n);
		unit_need(fwrite(line, 1, n, f) == n);
		for (size_t k = 0; k < UNIT_COUNT(styles); k++) {
			n = rg_record_text(&r, &around, &styles[k], &kept_text, text,
					   sizeof(text) - 1);
			text[n] = '\0';
			is_clean("trace", text, n);
		}
	}
	unit_need(fclose(f) == 0);
}

/* The recording, and another one with names in every string of it. */
static void test_report(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < UNIT_COUNT(names); i++) {
		char path[8192], named[8300], *files[] = {path, named};
		struct unit_ear ear;
		struct rg_report r;
		json_object *o;

		snprintf(path, sizeof(path), "%s", host_path("/recording"));
		/* The file is not there: its name is what is complained of. */
		snprintf(named, sizeof(named), "%s/%s", host, names[i]);
		record(names[i], path);
		rg_report_init(&r);
		unit_listen(&ear);
		rg_report_read(&r, files, 2);
		unit_heard(&ear);
		is_clean("report, of a file that is missing", ear.text, strlen(ear.text));
		rg_report_text(&r, open_page());
		judge_page("report", false, NULL);
		rg_report_html(&r, open_page());
		unit_need(fflush(page.to) == 0);
		assert_null(strstr(page.text, "<script"));
		judge_page("report --html", false, "</html>");
		o = rg_report_json(&r);
		rg_json_print(open_page(), o);
		json_object_put(o);
		judge_page("report --json", true, "\"recoveries\"");
		rg_report_free(&r);
	}
}

/* ---- the kernel's maps: top, metrics ---- */

static void test_top_and_metrics(void **unused)
{
	static struct rg_snapshot s;
	static struct rg_budget budget;

	(void)unused;
	for (size_t i = 0; i < UNIT_COUNT(names); i++) {
		struct rg_screen screen;
		struct rg_top top = {.now = &s};

		made_up(&s);
		made_up_client(&s, SLOT_GRACE, names[i], "10.77.2.9", RG_CLIENT_AWAITED, 1, 2);
		made_up_held(&s, SLOT_GRACE, 540, names[i], S);
		budget = (struct rg_budget){.n = 1};
		budget.at[0] = (struct rg_budget_server){.netns = NETNS_GRACE,
							 .family = AF_INET,
							 .lease_s = 90,
							 .last_ns = WALL_NS};
		strncpy(budget.at[0].name, names[i], sizeof(budget.at[0].name) - 1);
		s.budget = &budget;
		unit_need(rg_screen_init(&screen, 200, 80) == 0);
		assert_int_equal(rg_top_draw(&top, &screen), 0);
		rg_screen_print(&screen, open_page(), false, false);
		judge_page("top", false, "10.77.2.9");
		rg_screen_free(&screen);
		/* In place of all the rest. */
		top.note = names[i];
		unit_need(rg_screen_init(&screen, 80, 24) == 0);
		assert_int_equal(rg_top_draw(&top, &screen), 0);
		rg_screen_print(&screen, open_page(), false, false);
		judge_page("top, its note", false, NULL);
		rg_screen_free(&screen);
		for (int format = 0; format < RG_NR_METRICS_FORMATS; format++) {
			rg_metrics_write(open_page(), &s, (enum rg_metrics_format)format);
			judge_page("metrics", false, "origin_");
		}
		s.budget = NULL;
		rg_snapshot_free(&s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_room),
		cmocka_unit_test(test_every_character),
		cmocka_unit_test(test_log),
		cmocka_unit_test(test_options),
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_status),
		cmocka_unit_test(test_policy),
		cmocka_unit_test(test_configuration),
		cmocka_unit_test(test_check),
		cmocka_unit_test(test_report),
		cmocka_unit_test(test_top_and_metrics),
	};

	return cmocka_run_group_tests(tests, hostile_setup, host_teardown);
}
