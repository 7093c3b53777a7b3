// SPDX-License-Identifier: GPL-2.0-only
/* The configuration file: every key, every mistake by line and key, and any
 * bytes at all. */
#include "unit.h"

#include <json-c/json.h>
#include <sys/stat.h>

#include "cli/verbs.h"
#include "base/names.h"

/* Shown as FILE in what is expected. */
static char path[] = "/tmp/rg-config-XXXXXX";

static struct rg_config config;
static char *heard; /* what was told, a line each */
static size_t heard_size;
static FILE *ear;
static struct unit_ear warned; /* on standard error */

static void hear(const char *mistake)
{
	fprintf(ear, "%s\n", mistake);
}

static void write_file(const void *bytes, size_t n)
{
	FILE *f = fopen(path, "w");

	unit_need(f);
	unit_need(fwrite(bytes, 1, n, f) == n);
	unit_need(fclose(f) == 0);
}

static int read_named(const char *file, int how)
{
	int n;

	rg_config_free(&config);
	free(heard);
	ear = open_memstream(&heard, &heard_size);
	unit_need(ear);
	rg_config_init(&config);
	n = rg_config_read(&config, file, how, hear);
	fclose(ear);
	return n;
}

static int read_bytes(const void *bytes, size_t n)
{
	write_file(bytes, n);
	return read_named(path, RG_READ_STRICT);
}

static int make_file(void **unused)
{
	int fd = mkstemp(path);

	(void)unused;
	if (fd >= 0)
		close(fd);
	rg_config_init(&config);
	return fd < 0 ? -1 : 0;
}

static int remove_file(void **unused)
{
	(void)unused;
	rg_config_free(&config);
	free(heard);
	return unlink(path);
}

/* These bytes are this many mistakes, told in exactly these words. */
static void expect_bytes(const char *bytes, size_t size, const char *const *expected, size_t n,
			 int at)
{
	int got = read_bytes(bytes, size);
	char *line = heard;

	for (size_t i = 0; i < n; i++) {
		char *end = strchr(line, '\n');

		if (!end) {
			fail_msg("line %d: not told: \"%s\"", at, expected[i]);
			return;
		}
		*end = '\0';
		if (strncmp(line, path, strlen(path)) != 0 ||
		    strcmp(line + strlen(path), expected[i]) != 0)
			fail_msg("line %d: told \"%s\", expected \"FILE%s\"", at, line,
				 expected[i]);
		line = end + 1;
	}
	if (*line)
		fail_msg("line %d: told as well: \"%s\"", at, line);
	assert_int_equal(got, n);
}

#define MISTAKES_OF(bytes, size, ...)                                                              \
	expect_bytes(bytes, size, (const char *const[]){__VA_ARGS__},                              \
		     sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *), __LINE__)
#define MISTAKES(text, ...) MISTAKES_OF(text, strlen(text), __VA_ARGS__)
#define GOOD(text) expect_bytes(text, strlen(text), NULL, 0, __LINE__)

/* ---- every key ---- */

/* A value of a key, in the file and on the command line: good, and what
 * rg_config_text() makes of it; or bad. */
static const struct {
	enum rg_key key;
	const char *value, *text;
} values[] = {
	{RG_KEY_ACTION, "hold", "hold"},
	{RG_KEY_ACTION, "deny", "deny"},
	{RG_KEY_ACTION, "audit", "audit"},
	{RG_KEY_ACTION, "Hold", NULL},
	{RG_KEY_ACTION, "hold|deny", NULL},
	{RG_KEY_SCOPE, "locks", "locks"},
	{RG_KEY_SCOPE, "opens", "opens"},
	{RG_KEY_SCOPE, "access", "access"},
	{RG_KEY_SCOPE, "lock", NULL},
	{RG_KEY_RELEASE, "grace-start", "grace-start"},
	{RG_KEY_RELEASE, "grace-end", "grace-end"},
	{RG_KEY_RELEASE, "settled", "settled"},
	{RG_KEY_RELEASE, "grace", NULL},
	{RG_KEY_SETTLE_TIMEOUT, "lease", "lease"},
	{RG_KEY_SETTLE_TIMEOUT, "1", "1s"},
	{RG_KEY_SETTLE_TIMEOUT, "90s", "90s"},
	{RG_KEY_SETTLE_TIMEOUT, "60min", "1h"},
	{RG_KEY_SETTLE_TIMEOUT, "0", NULL},
	{RG_KEY_SETTLE_TIMEOUT, "3601", NULL},
	{RG_KEY_SETTLE_TIMEOUT, "leases", NULL},
	{RG_KEY_SETTLE_QUIET, "0", "0s"},
	{RG_KEY_SETTLE_QUIET, "600", "10min"},
	{RG_KEY_SETTLE_QUIET, "601", NULL},
	{RG_KEY_SETTLE_QUIET, "lease", NULL},
	{RG_KEY_SETTLE_QUIET, "-1", NULL},
	{RG_KEY_MAX_HOLD, "1", "1s"},
	{RG_KEY_MAX_HOLD, "24h", "24h"},
	{RG_KEY_MAX_HOLD, "0", NULL},
	{RG_KEY_MAX_HOLD, "86401", NULL},
	{RG_KEY_MAX_HOLD, "99999999999999999999", NULL},
	{RG_KEY_ON_ORIGIN_NO_GRACE, "report", "report"},
	{RG_KEY_ON_ORIGIN_NO_GRACE, "end-grace", "end-grace"},
	{RG_KEY_ON_ORIGIN_NO_GRACE, "end", NULL},
	{RG_KEY_EXPORTS, "yes", "yes"},
	{RG_KEY_EXPORTS, "true", NULL},
	{RG_KEY_ALL, "yes", "yes"},
	{RG_KEY_ALL, "no", "no"},
	{RG_KEY_ALL, "1", NULL},
	{RG_KEY_MOUNT, "/", "/"},
	{RG_KEY_MOUNT, "/srv/a b;c=d:e#f [g]", "/srv/a b;c=d:e#f [g]"},
	{RG_KEY_MOUNT, "/srv/a ;b", "/srv/a ;b"}, /* inih would cut it */
	{RG_KEY_MOUNT, "/srv//...//a../.b/..c/", "/srv//...//a../.b/..c/"},
	{RG_KEY_MOUNT, "srv", NULL},
	{RG_KEY_MOUNT, "/srv/.", NULL},
	{RG_KEY_MOUNT, "/srv/..", NULL},
	{RG_KEY_MOUNT, "/./srv", NULL},
	{RG_KEY_MOUNT, "/srv/../a", NULL},
	{RG_KEY_MOUNT, "//../", NULL},
	{RG_KEY_EXCEPT, "/srv/x", "/srv/x"},
	{RG_KEY_EXCEPT, "host:/srv/x", NULL},
	{RG_KEY_PROGRAM, "/bin/true", "/bin/true"},
	{RG_KEY_PROGRAM, "true", NULL},
	{RG_KEY_DEFAULTS, "no", "no"},
	{RG_KEY_DEFAULTS, "yes", "yes"},
	{RG_KEY_DEFAULTS, "off", NULL},
	{RG_KEY_STATE_DIR, "/run/x", "/run/x"},
	{RG_KEY_STATE_DIR, "run", NULL},
	{RG_KEY_LEDGER_INTERVAL, "1", "1s"},
	{RG_KEY_LEDGER_INTERVAL, "1min", "1min"},
	{RG_KEY_LEDGER_INTERVAL, "0", NULL},
	{RG_KEY_METRICS_DIR, "/var/lib/x", "/var/lib/x"},
	{RG_KEY_METRICS_DIR, "none", "none"},
	{RG_KEY_METRICS_DIR, "lib", NULL},
	{RG_KEY_METRICS_INTERVAL, "30", "30s"},
	{RG_KEY_METRICS_INTERVAL, "1h", "1h"},
	{RG_KEY_METRICS_INTERVAL, "0", NULL},
	{RG_KEY_RECORD, "on", "on"},
	{RG_KEY_RECORD, "off", "off"},
	{RG_KEY_RECORD, "yes", NULL},
	{RG_KEY_NOTIFY_NFSV3, "on", "on"},
	{RG_KEY_NOTIFY_NFSV3, "off", "off"},
	{RG_KEY_NOTIFY_NFSV3, "no", NULL},
	{RG_KEY_PROTECT, "yes", "yes"},
	{RG_KEY_PROTECT, "no", "no"},
	{RG_KEY_PROTECT, "on", NULL},
	{RG_KEY_ORIGINAL_KEEPS, "yes", "yes"},
	{RG_KEY_ORIGINAL_KEEPS, "no", "no"},
	{RG_KEY_ORIGINAL_KEEPS, "90s", NULL},
	{RG_KEY_RECORD_SIZE, "8M", "8M"},
	{RG_KEY_RECORD_SIZE, "67108864", "64M"},
	{RG_KEY_RECORD_SIZE, "1025M", "1025M"},
	{RG_KEY_RECORD_SIZE, "16G", "16G"},
	{RG_KEY_RECORD_SIZE, "7M", NULL},
	{RG_KEY_RECORD_SIZE, "17G", NULL},
	{RG_KEY_RECORD_SIZE, "8388609", NULL}, /* no whole MiB */
	{RG_KEY_RECORD_SIZE, "64m", NULL},
	{RG_KEY_RECORD_SIZE, "99999999999999999999", NULL},
	{RG_KEY_MODULE, "auto", "auto"},
	{RG_KEY_MODULE, "require", "require"},
	{RG_KEY_MODULE, "off", "off"},
	{RG_KEY_MODULE, "yes", NULL},
	{RG_KEY_FORWARD, "guarded", "guarded"},
	{RG_KEY_FORWARD, "proven", "proven"},
	{RG_KEY_FORWARD, "always", "always"},
	{RG_KEY_FORWARD, "never", "never"},
	{RG_KEY_FORWARD, "sometimes", NULL},
	{RG_KEY_ONLY_CLIENT, "yes", "yes"},
	{RG_KEY_ONLY_CLIENT, "no", "no"},
	{RG_KEY_ONLY_CLIENT, "1", NULL},
	{RG_KEY_LEDGER_INTERVAL, "61", NULL},
	{RG_KEY_ORG_MODE, "keep", "keep"},
	{RG_KEY_ORG_MODE, "quiet", "quiet"},
	{RG_KEY_ORG_MODE, "observe", "observe"},
	{RG_KEY_ORG_MODE, "off", "off"},
	{RG_KEY_ORG_MODE, "loud", NULL},
	{RG_KEY_ORG_KEEP_FOR, "lease", "lease"},
	{RG_KEY_ORG_KEEP_FOR, "120", "2min"},
	{RG_KEY_ORG_KEEP_FOR, "1h", "1h"},
	{RG_KEY_ORG_KEEP_FOR, "0", NULL},
	{RG_KEY_ORG_KEEP_FOR, "61min", NULL},
	{RG_KEY_ORG_EXPORT, "/srv/a", "/srv/a"},
	{RG_KEY_ORG_EXPORT, "srv/a", NULL},
	{RG_KEY_ORG_CLIENT, "10.0.0.1", "10.0.0.1"},
	{RG_KEY_ORG_CLIENT, "fd00::/8", "fd00::/8"},
	{RG_KEY_ORG_CLIENT, "Linux NFSv4.? rex*", "Linux NFSv4.? rex*"},
	{RG_KEY_ORG_CLIENT, "10.0.0.1/33", NULL},
	{RG_KEY_ORG_CLIENT, "1.2.3", NULL},
};

static void test_values_of_the_file(void **unused)
{
	char text[RG_PATH_SIZE], got[RG_PATH_SIZE], expected[128];

	(void)unused;
	for (size_t i = 0; i < UNIT_COUNT(values); i++) {
		const struct rg_key_info *k = &rg_keys[values[i].key];
		int n = snprintf(text, sizeof(text), "[%s]\n\n %s =\t%s \r\n", k->section, k->name,
				 values[i].value);

		n = read_bytes(text, (size_t)n);
		snprintf(expected, sizeof(expected), ":3: [%s] %s: %s: expected ", k->section,
			 k->name, values[i].value);
		if (n != (values[i].text ? 0 : 1) || (n && !strstr(heard, expected)))
			fail_msg("%s = %s: %d mistakes: %s", k->name, values[i].value, n, heard);
		if (n)
			continue;
		assert_int_equal(rg_config_count(&config, values[i].key), 1);
		assert_string_equal(rg_config_text(&config, values[i].key, 0, got), values[i].text);
		assert_int_equal(config.origin[values[i].key].line, 3);
	}
}

static void test_values_of_the_command_line(void **unused)
{
	char got[RG_PATH_SIZE], expected[RG_EXPECTED_SIZE];

	(void)unused;
	for (size_t i = 0; i < UNIT_COUNT(values); i++) {
		enum rg_key key = values[i].key;
		bool good;

		rg_config_free(&config);
		rg_config_init(&config);
		expected[0] = '\0';
		good = rg_config_set(&config, key, values[i].value, 0, expected);
		if (good != (values[i].text != NULL))
			fail_msg("%s %s: %d, expected %s", rg_keys[key].name, values[i].value, good,
				 expected);
		assert_int_equal(config.origin[key].command_line, good);
		if (good)
			assert_string_equal(rg_config_text(&config, key, 0, got), values[i].text);
		else
			assert_true(expected[0]);
	}
}

static void test_every_key_is_tried(void **unused)
{
	bool good[RG_NR_KEYS] = {}, bad[RG_NR_KEYS] = {};

	(void)unused;
	for (size_t i = 0; i < UNIT_COUNT(values); i++)
		(values[i].text ? good : bad)[values[i].key] = true;
	for (int i = 0; i < RG_NR_KEYS; i++) {
		assert_true(good[i] && bad[i]);
		/* A row a key, and no key twice. */
		assert_non_null(rg_keys[i].section);
		assert_true(!rg_keys[i].option == !rg_keys[i].help);
		for (int j = 0; j < i; j++)
			assert_string_not_equal(rg_keys[i].name, rg_keys[j].name);
	}
}

static void test_all_at_once(void **unused)
{
	(void)unused;
	GOOD("# a comment\n; and one\n[gate]\naction=audit\nscope: access\nrelease = settled\n"
	     "settle-timeout = 2min\nsettle-quiet = 5\nmax-hold = 1h\n"
	     "on-origin-no-grace = end-grace\n[mounts]\nexports = yes\nmount = /a\nmount = /b\n"
	     "except = /b/x\nexcept = /b/y\n[exempt]\nprogram = /bin/true\nprogram = /bin/false\n"
	     "defaults = no\n[daemon]\nstate-dir = /s\nledger-interval = 60\n"
	     "metrics-dir = /m\nmetrics-interval = 5\nrecord = off\nrecord-size = "
	     "1G\n[reclaims]\nmodule = off\nforward = always\n"
	     "only-client = yes\n[original]\nmode = quiet\nkeep-for = 3min\nexport = /e\n"
	     "client = 10.0.0.0/8\nclient = *rex\n[protection]\nprotect = yes\n"
	     "[reclaims]\noriginal-keeps = yes\n[gate]");
	assert_int_equal(config.policy.original_keeps, 1);
	assert_int_equal(config.protect, 1);
	assert_int_equal(config.org_mode, RG_ORG_QUIET);
	assert_int_equal(config.org_keep_for_s, 180);
	assert_int_equal(config.org_exports.n, 1);
	assert_int_equal(config.org_clients.n, 2);
	assert_string_equal(config.org_clients.at[1], "*rex");
	assert_int_equal(config.policy.action, RG_ACTION_AUDIT);
	assert_int_equal(config.policy.scope, RG_SCOPE_ACCESS);
	assert_int_equal(config.policy.release, RG_RELEASE_SETTLED);
	assert_int_equal(config.policy.settle_timeout_s, 120);
	assert_int_equal(config.policy.settle_quiet_s, 5);
	assert_int_equal(config.policy.max_hold_s, 3600);
	assert_int_equal(config.policy.end_grace, 1);
	assert_int_equal(config.policy.mount_mode, RG_MOUNT_MODE_EXPORTS);
	assert_true(config.exports);
	assert_int_equal(config.mounts.n, 2);
	assert_string_equal(config.mounts.at[1], "/b");
	assert_int_equal(config.excepts.n, 2);
	assert_string_equal(config.excepts.at[0], "/b/x");
	assert_int_equal(config.programs.n, 2);
	assert_false(config.exempt_defaults);
	assert_string_equal(config.state_dir, "/s");
	assert_int_equal(config.ledger_interval_s, 60);
	assert_string_equal(config.metrics_dir, "/m");
	assert_int_equal(config.metrics_interval_s, 5);
	assert_int_equal(config.record, 0);
	assert_int_equal(config.record_size, 1L << 30);
	assert_int_equal(config.module, RG_MODULE_POLICY_OFF);
	assert_int_equal(config.policy.forward, RG_FORWARD_ALWAYS);
	assert_int_equal(config.policy.only_client, 1);
	assert_string_equal(config.file, path);
	assert_int_equal(config.origin[RG_KEY_MOUNT].line, 13); /* the first */
}

static void test_nothing_at_all(void **unused)
{
	static const char *const empty[] = {"", "\n", "\r\n\r\n", "   ", "#", "[gate]\n[gate]"};

	(void)unused;
	for (size_t i = 0; i < UNIT_COUNT(empty); i++) {
		GOOD(empty[i]);
		assert_int_equal(config.policy.action, RG_ACTION_HOLD);
		assert_int_equal(config.policy.scope, RG_SCOPE_LOCKS);
		assert_int_equal(config.policy.release, RG_RELEASE_SETTLED);
		assert_int_equal(config.policy.settle_timeout_s, 0);
		assert_int_equal(config.policy.settle_quiet_s, RG_DEFAULT_SETTLE_QUIET);
		assert_int_equal(config.policy.max_hold_s, RG_DEFAULT_MAX_HOLD);
		assert_int_equal(config.policy.end_grace, 0);
		assert_int_equal(config.policy.mount_mode, RG_MOUNT_MODE_EXPORTS);
		assert_int_equal(config.policy.unused, 0);
		assert_true(config.exports && !config.all && config.exempt_defaults);
		assert_int_equal(config.mounts.n + config.excepts.n + config.programs.n, 0);
		assert_string_equal(config.state_dir, RG_STATE_DIR);
		assert_int_equal(config.ledger_interval_s, RG_DEFAULT_LEDGER_INTERVAL);
		assert_string_equal(config.metrics_dir, "");
		assert_int_equal(config.metrics_interval_s, RG_DEFAULT_METRICS_INTERVAL);
		assert_int_equal(config.record, 1);
		assert_int_equal(config.record_size >> 20, RG_DEFAULT_RECORD_MIB);
		assert_int_equal(config.module, RG_MODULE_POLICY_AUTO);
		assert_int_equal(config.policy.forward, RG_FORWARD_GUARDED);
		assert_int_equal(config.policy.only_client, 0);
		assert_int_equal(config.policy.original_keeps, 0);
		assert_int_equal(config.org_mode, RG_ORG_OFF);
		assert_int_equal(config.org_keep_for_s, 0);
		assert_int_equal(config.org_exports.n + config.org_clients.n, 0);
		for (int k = 0; k < RG_NR_KEYS; k++)
			assert_false(config.origin[k].line || config.origin[k].command_line);
	}
}

static void test_which_mounts(void **unused)
{
	static const struct {
		const char *text;
		enum rg_mount_mode mount_mode;
	} cases[] = {
		{"", RG_MOUNT_MODE_EXPORTS},
		{"exports = yes", RG_MOUNT_MODE_EXPORTS},
		{"all = no", RG_MOUNT_MODE_EXPORTS},
		{"except = /a", RG_MOUNT_MODE_EXPORTS},
		{"all = yes", RG_MOUNT_MODE_ALL},
		{"all = yes\nexports = no", RG_MOUNT_MODE_ALL},
		{"all = yes\nexcept = /a", RG_MOUNT_MODE_ALL},
		{"mount = /a", RG_MOUNT_MODE_LISTED},
		{"mount = /a\nexports = no\nall = no", RG_MOUNT_MODE_LISTED},
		{"mount = /a\nexports = yes", RG_MOUNT_MODE_EXPORTS},
	};

	(void)unused;
	for (size_t i = 0; i < UNIT_COUNT(cases); i++) {
		char text[128];

		snprintf(text, sizeof(text), "[mounts]\n%s\n", cases[i].text);
		GOOD(text);
		assert_int_equal(config.policy.mount_mode, cases[i].mount_mode);
		assert_int_equal(config.all, cases[i].mount_mode == RG_MOUNT_MODE_ALL);
		assert_int_equal(config.exports, cases[i].mount_mode == RG_MOUNT_MODE_EXPORTS);
	}
#define ALL_AND ": [mounts] all: yes: with exports or mount as well: expected one or the other"
	MISTAKES("[mounts]\nmount = /a\nall = yes\n", ":3" ALL_AND);
	MISTAKES("[mounts]\nall = yes\nexports = yes\n", ":2" ALL_AND);
	MISTAKES("[mounts]\n\nexports = no\n",
		 ":3: [mounts] exports: no: nothing would be guarded: "
		 "expected yes, a mount, or all = yes");
	/* Its only mount is a mistake: that is enough. */
	MISTAKES("[mounts]\nexports = no\nmount = a\n",
		 ":3: [mounts] mount: a: expected an absolute path without . and .., of less than "
		 "1024 bytes");
}

/* ---- mistakes ---- */

#define SECTIONS "[gate], [mounts], [exempt], [daemon], [reclaims], [original] or [protection]"

static void test_mistakes(void **unused)
{
	(void)unused;
	MISTAKES("[gate]\nacton = hold\n",
		 ":2: [gate] acton: hold: no such key: expected action, scope, release, "
		 "settle-timeout, settle-quiet, max-hold or on-origin-no-grace");
	MISTAKES("[exempt]\nprograms = /x\n",
		 ":2: [exempt] programs: /x: no such key: expected program or defaults");
	MISTAKES("[gate]\nexports = yes\n",
		 ":2: [gate] exports: yes: no such key here: expected below [mounts]");
	MISTAKES("\naction = deny\nnonsense = 1\n",
		 ":2: action: deny: outside a section: expected below [gate]",
		 ":3: nonsense: 1: outside a section: expected below " SECTIONS);
	/* Keys of no section are not looked at: it is the section that is wrong. */
	MISTAKES("[gate]\n[Gate]\naction = stop\nwhatever\n[gate]\naction = deny\n",
		 ":2: [Gate]: no such section: expected " SECTIONS,
		 ":4: whatever: expected KEY = VALUE, in one line");
	assert_int_equal(config.policy.action, RG_ACTION_DENY);
	MISTAKES("[]\n", ":1: []: no such section: expected " SECTIONS);
	MISTAKES("[gate\naction = stop\n",
		 ":1: [gate: expected " SECTIONS " and nothing else in this line");
	MISTAKES("[gate] action = stop\n",
		 ":1: [gate] action = stop: expected " SECTIONS " and nothing else in this line");
	MISTAKES("[gate]\naction = hold\naction = hold\naction = stop\n",
		 ":3: [gate] action: hold: given in line 2 already: expected once",
		 ":4: [gate] action: stop: given in line 2 already: expected once");
	MISTAKES("[gate]\naction = stop\n[gate]\naction = hold\n",
		 ":2: [gate] action: stop: expected hold|deny|audit",
		 ":4: [gate] action: hold: given in line 2 already: expected once");
	MISTAKES("[gate]\naction =\nscope\n= locks\n",
		 ":2: [gate] action: \"\": expected hold|deny|audit",
		 ":3: [gate]: scope: expected KEY = VALUE, in one line",
		 ":4: [gate] : locks: no such key: expected action, scope, release, "
		 "settle-timeout, "
		 "settle-quiet, max-hold or on-origin-no-grace");
	/* A comment is a line of its own. */
	MISTAKES("[gate]\naction = hold ; really\nscope = locks # too\n",
		 ":2: [gate] action: hold ; really: expected hold|deny|audit",
		 ":3: [gate] scope: locks # too: expected locks|opens|access");
	MISTAKES("[gate]\nac ;tion = hold\n",
		 ":2: [gate]: ac ;tion = hold: expected KEY = VALUE, in one line");
	/* Nor does the last line need an end. */
	MISTAKES("[gate]\nwhat", ":2: [gate]: what: expected KEY = VALUE, in one line");
}

/* inih would take the second line for more of the value. */
static void test_no_value_goes_on(void **unused)
{
	(void)unused;
	MISTAKES("[mounts]\nmount = /a\n  /b\n\t/c\n",
		 ":3: [mounts]: /b: expected KEY = VALUE, in one line",
		 ":4: [mounts]: /c: expected KEY = VALUE, in one line");
	GOOD("  [gate]\n  action = deny\n    scope = opens\n");
	assert_int_equal(config.policy.scope, RG_SCOPE_OPENS);
}

static void test_programs(void **unused)
{
	int n;

	(void)unused;
	MISTAKES("[exempt]\nprogram = /no/such\nprogram = /etc/passwd\nprogram = /tmp\n"
		 "program = /dev/null\nprogram = /etc/passwd/x\n",
		 ":2: [exempt] program: /no/such: No such file or directory: expected an "
		 "executable "
		 "file",
		 ":3: [exempt] program: /etc/passwd: not executable: expected an executable file",
		 ":4: [exempt] program: /tmp: a directory: expected an executable file",
		 ":5: [exempt] program: /dev/null: not a regular file: expected an executable file",
		 ":6: [exempt] program: /etc/passwd/x: Not a directory: expected an executable "
		 "file");
	/* To arm, only what is there and no program is a mistake. */
	unit_listen(&warned);
	n = read_named(path, 0);
	assert_int_equal(unit_heard(&warned), 2);
	assert_non_null(strstr(warned.text, ":2: [exempt] program: /no/such: No such file"));
	assert_int_equal(n, 3);
	assert_null(strstr(heard, ":2:"));
	assert_non_null(strstr(heard, ":3:"));
}

static void test_odd_bytes(void **unused)
{
	static const char nul[] = "[gate]\naction = ho\0ld\nscope = x\n\0";

	(void)unused;
	MISTAKES_OF(nul, sizeof(nul) - 1, ":2: [gate]: NUL byte in this line: expected text",
		    ":3: [gate] scope: x: expected locks|opens|access",
		    ":4: [gate]: NUL byte in this line: expected text");
	MISTAKES("\xef\xbb\xbf[gate]\naction = x\n",
		 ":1: byte order mark: expected a file without one",
		 ":2: [gate] action: x: expected hold|deny|audit");
	MISTAKES("[gate]\n\xef\xbb\xbf"
		 "action = hold\n",
		 ":2: [gate] \\357\\273\\277"
		 "action: hold: no such key: expected action, scope, "
		 "release, settle-timeout, settle-quiet, max-hold or on-origin-no-grace");
	/* A message is one line, and does nothing to a terminal. */
	MISTAKES("[gate]\naction = \x1b[31mred\x7f\r\b.\n",
		 ":2: [gate] action: \\033[31mred\\177\\015\\010.: expected hold|deny|audit");
	GOOD("[gate]\r\naction = deny\r\n");
	assert_int_equal(config.policy.action, RG_ACTION_DENY);
}

/* inih cuts lines at 200 bytes. */
static void test_long_lines(void **unused)
{
	static char text[RG_PATH_SIZE + 4096], expected[512];
	size_t at;
	int n;

	(void)unused;
	/* The longest path there is, behind as much white space. */
	at = (size_t)sprintf(text, "[mounts]\nmount = %*s", 3000, "");
	memset(text + at, 'x', RG_PATH_SIZE - 1);
	text[at] = '/';
	text[at + RG_PATH_SIZE - 1] = '\0';
	GOOD(text);
	assert_int_equal(config.mounts.n, 1);
	assert_string_equal(config.mounts.at[0], text + at);
	/* one byte more */
	strcat(text, "x");
	n = sprintf(expected, ":2: [mounts] mount: /");
	memset(expected + n, 'x', 119);
	strcpy(expected + n + 119,
	       "...: expected an absolute path without . and .., of less than 1024 bytes");
	MISTAKES(text, expected);

	/* lengths about where inih cuts */
	for (size_t len = 150; len < 260; len++) {
		at = (size_t)sprintf(text, "[mounts]\nmount = /");
		memset(text + at, 'y', len);
		strcpy(text + at + len, "\nexcept = /z\n");
		GOOD(text);
		assert_int_equal(strlen(config.mounts.at[0]), len + 1);
		assert_int_equal(config.excepts.n, 1);
		assert_int_equal(config.origin[RG_KEY_EXCEPT].line, 3);

		/* a key, a comment, a section */
		at = (size_t)sprintf(text, "[gate]\n#");
		memset(text + at, 'y', len);
		text[at + len] = '\n';
		memset(text + at + len + 1, 'k', len);
		strcpy(text + at + 2 * len + 1, " = 1\naction = deny\n[");
		memset(text + strlen(text), 's', len);
		strcpy(text + at + 3 * len + strlen("\n = 1\naction = deny\n["), "]\n");
		assert_int_equal(read_bytes(text, strlen(text)), 2);
		assert_non_null(strstr(heard, ":3: [gate]"));
		assert_non_null(strstr(heard, ":5: [sss"));
		assert_int_equal(config.policy.action, RG_ACTION_DENY);
	}
}

static void test_too_many(void **unused)
{
	char *text = NULL, expected[128];
	size_t size = 0;
	FILE *f = open_memstream(&text, &size);

	(void)unused;
	unit_need(f);
	fprintf(f, "[mounts]\n");
	for (int i = 0; i <= RG_MAX_RULES; i++)
		fprintf(f, "except = /x/%d\n", i);
	fclose(f);
	snprintf(expected, sizeof(expected),
		 ":%d: [mounts] except: /x/%d: expected %d of them at most", RG_MAX_RULES + 2,
		 RG_MAX_RULES, RG_MAX_RULES);
	MISTAKES(text, expected);
	assert_int_equal(config.excepts.n, RG_MAX_RULES);
	free(text);
}

static void test_files(void **unused)
{
	char dir[] = "/tmp/rg-config-dir-XXXXXX", fifo[64], name[RG_PATH_SIZE + 8];
	char *big = calloc(1, 1024UL * 1024 + 1);

	(void)unused;
	unit_need(big && mkdtemp(dir));
	snprintf(fifo, sizeof(fifo), "%s/fifo", dir);
	unit_need(mkfifo(fifo, 0600) == 0);
	assert_int_equal(read_named(dir, 0), 1);
	assert_non_null(strstr(heard, ": is a directory: expected a configuration file\n"));
	assert_int_equal(read_named(fifo, RG_READ_OPTIONAL), 1);
	assert_non_null(strstr(heard, "/fifo: is not a regular file: expected a configuration"));
	unlink(fifo);
	rmdir(dir);
	assert_int_equal(read_named("/dev/zero", 0), 1);
	assert_int_equal(read_named("", 0), 1);
	assert_int_equal(read_named("/no/such/file", 0), 1);
	assert_string_equal(heard, "/no/such/file: No such file or directory: expected a "
				   "configuration file\n");
	assert_int_equal(read_named("/no/such/file", RG_READ_OPTIONAL), 0);
	assert_string_equal(config.file, "");
	assert_int_equal(config.policy.mount_mode, RG_MOUNT_MODE_EXPORTS);
	/* Optional is a file that is not there, not one that cannot be read. */
	assert_int_equal(read_named("/etc/passwd/x", RG_READ_OPTIONAL), 1);
	write_file("", 0);
	if (geteuid() != 0) {
		chmod(path, 0);
		assert_int_equal(read_named(path, RG_READ_OPTIONAL), 1);
		assert_non_null(strstr(heard, ": Permission denied: expected a configuration"));
		chmod(path, 0600);
	}
	memset(name, 'n', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	assert_int_equal(read_named(name, 0), 1);

	memset(big, '\n', 1024UL * 1024 + 1);
	assert_int_equal(read_bytes(big, 1024UL * 1024), 0);
	assert_int_equal(read_bytes(big, 1024UL * 1024 + 1), 1);
	assert_non_null(strstr(heard, ": is larger than 1 MiB: expected a configuration file\n"));
	free(big);
}

static void test_relative_file(void **unused)
{
	char cwd[1024];

	(void)unused;
	unit_need(getcwd(cwd, sizeof(cwd)) && chdir("/tmp") == 0);
	write_file("", 0);
	assert_int_equal(read_named(path + strlen("/tmp/"), 0), 0);
	assert_string_equal(config.file, path);
	unit_need(chdir(cwd) == 0);
}

/* ---- anything ---- */

/* No bytes crash it, every mistake is one line that begins with the file, and
 * what is left behind is within its limits. */
static void check_any(const char *bytes, size_t size)
{
	int n = read_bytes(bytes, size), lines = 0;

	for (char *at = heard; *at; at = strchr(at, '\n') + 1) {
		assert_int_equal(strncmp(at, path, strlen(path)), 0);
		lines++;
	}
	assert_int_equal(lines, n);
	assert_true(config.policy.action < RG_NR_ACTIONS);
	assert_true(config.policy.scope < RG_NR_SCOPES);
	assert_true(config.policy.release < RG_NR_RELEASES);
	assert_true(config.policy.max_hold_s >= 1 && config.policy.max_hold_s <= RG_MAX_MAX_HOLD);
	assert_int_equal(config.policy.unused, 0);
}

static void test_random_bytes(void **unused)
{
	__u64 seed = 1;

	(void)unused;
	for (int i = 0; i < 2000; i++) {
		char bytes[600];
		size_t n = unit_below(&seed, sizeof(bytes));

		for (size_t j = 0; j < n; j++)
			bytes[j] = (char)unit_random(&seed);
		check_any(bytes, n);
	}
}

/* Pieces that mean something, in any order. */
static void test_random_pieces(void **unused)
{
	static const char *const pieces[] = {
		"[gate]",
		"[mounts]",
		"[exempt]",
		"[daemon]",
		"[",
		"]",
		"\n",
		"\n",
		"\n",
		"\n  ",
		"=",
		" = ",
		":",
		"action",
		"hold",
		"release",
		"settled",
		"max-hold",
		"1h",
		"all",
		"yes",
		"mount",
		"/srv/a",
		"except",
		"..",
		"program",
		"#",
		";",
		" ;",
		"\r",
		"\xef\xbb\xbf",
		"defaults",
		"no",
		"\t",
		"exports",
		"settle-timeout",
		"lease",
		"ledger-interval",
		"99999999999999999999",
		"/bin/true",
	};
	__u64 seed = 2;

	(void)unused;
	for (int i = 0; i < 5000; i++) {
		char bytes[2048];
		size_t at = 0;

		for (__u64 n = unit_below(&seed, 60); n; n--) {
			const char *one = pieces[unit_below(&seed, UNIT_COUNT(pieces))];

			at = (size_t)(stpcpy(bytes + at, one) - bytes);
			if (unit_below(&seed, 50) == 0)
				bytes[at++] = (char)unit_random(&seed);
		}
		check_any(bytes, at);
	}
}

/* A good file with one byte changed, or cut short. */
static void test_random_changes(void **unused)
{
	static const char good[] = "[gate]\naction = deny\nrelease = settled\nmax-hold = 15min\n"
				   "[mounts]\nmount = /srv/a\nexcept = /srv/a/b\n"
				   "[exempt]\ndefaults = no\n[daemon]\nstate-dir = /s\n";
	__u64 seed = 3;

	(void)unused;
	for (size_t i = 0; i < sizeof(good); i++) {
		char bytes[sizeof(good)];

		check_any(good, i);
		memcpy(bytes, good, sizeof(good));
		bytes[i] = (char)unit_random(&seed);
		check_any(bytes, sizeof(good) - 1);
	}
}

/* ---- where values came from ---- */

static void test_provenance(void **unused)
{
	static const struct rg_setting settings[] = {{RG_KEY_ACTION, "deny"},
						     {RG_KEY_EXCEPT, "/e"},
						     {RG_KEY_ALL, "yes"}};
	char where[RG_WHERE_SIZE], expected[64];
	struct rg_provenance p;

	(void)unused;
	GOOD("[gate]\naction = hold\nmax-hold = 1h\n[mounts]\nexcept = /d\nmount = /m\n"
	     "[exempt]\ndefaults = no\n[daemon]\nledger-interval = 7\n");
	assert_int_equal(rg_config_overlay(&config, settings, UNIT_COUNT(settings), "enable"),
			 RG_DONE);
	memset(&p, 0xff, sizeof(p));
	rg_provenance_of(&config, &p);
	assert_string_equal(p.file, path);
	assert_int_equal(p.line[RG_KEY_ACTION], RG_FROM_COMMAND_LINE);
	assert_int_equal(p.line[RG_KEY_MAX_HOLD], 3);
	assert_int_equal(p.line[RG_KEY_EXCEPT], RG_FROM_COMMAND_LINE | 5);
	assert_int_equal(p.line[RG_KEY_ALL], RG_FROM_COMMAND_LINE);
	assert_int_equal(p.line[RG_KEY_MOUNT], 0);
	assert_int_equal(p.line[RG_KEY_RELEASE], 0);
	assert_int_equal(p.exempt_defaults, 0);
	for (int i = RG_NR_KEYS; i < RG_PROVENANCE_KEYS; i++)
		assert_int_equal(p.line[i], 0);

	assert_string_equal(rg_provenance_text(&p, RG_KEY_ACTION, where), "command line");
	assert_string_equal(rg_provenance_text(&p, RG_KEY_RELEASE, where), "default");
	snprintf(expected, sizeof(expected), "%s:3", path);
	assert_string_equal(rg_provenance_text(&p, RG_KEY_MAX_HOLD, where), expected);
	snprintf(expected, sizeof(expected), "%s:5, command line", path);
	assert_string_equal(rg_provenance_text(&p, RG_KEY_EXCEPT, where), expected);

	/* Whatever the map has. */
	memset(&p, 0xff, sizeof(p));
	assert_non_null(strstr(rg_provenance_text(&p, RG_KEY_EXCEPT, where), ", command line"));
}

/* ---- policy show ---- */

static char *show(const struct rg_policy_shown *shown, bool json)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	unit_need(out);
	rg_policy_print(out, shown, json);
	fclose(out);
	return text;
}

static void test_show(void **unused)
{
	static struct rg_rule rules[] = {
		{.kind = RG_RULE_EXPORT, .path = "/srv/nfs"},
		{.kind = RG_RULE_EXPORT_TREE, .path = "/srv/tree"},
		{.kind = RG_RULE_EXCEPT, .path = "/d"},
		{.kind = 77, .path = "/?"},
	};
	static struct rg_policy_shown shown = {.netns = 7,
					       .settle_timeout_s = 90,
					       .n_exempt = 3,
					       .rules = rules,
					       .n_rules = UNIT_COUNT(rules)};
	json_object *all, *list, *one, *value;
	char *text;

	(void)unused;
	GOOD("[gate]\naction = deny\n[mounts]\nexcept = /d\nexcept = /e\n");
	shown.config = config;
	rg_provenance_of(&config, &shown.from);
	strcpy(shown.from.file, "/etc/x.conf");

	text = show(&shown, false);
	assert_non_null(strstr(text, "policy of network namespace 7\n[gate]\n"));
	assert_non_null(strstr(text, "  action                deny                      "
				     "/etc/x.conf:2\n"));
	assert_non_null(
		strstr(text, "  settle-timeout        lease (90s)               default\n"));
	assert_non_null(
		strstr(text, "  mount                 none                      default\n"));
	assert_non_null(strstr(text, "  except                /d                        "
				     "/etc/x.conf:4\n"));
	assert_non_null(strstr(text, "  except                /e                        "
				     "/etc/x.conf:4\n"));
	assert_non_null(
		strstr(text, "  program               3 executables             default\n"));
	assert_non_null(strstr(text, "guarded as exported: /srv/nfs\n"));
	assert_non_null(strstr(text, "guarded as exported: /srv/tree and below\n"));
	for (int i = 0; i < RG_NR_KEYS; i++)
		if (!rg_key_is_of_original(i))
			assert_non_null(strstr(text, rg_keys[i].name));
	assert_null(strstr(text, "[original]"));
	for (int i = 0; i < RG_NR_KEYS; i++) {
		char head[64];
		const char *found;

		snprintf(head, sizeof(head), "\n[%s]\n", rg_keys[i].section);
		found = strstr(text, head);
		assert_true(!found || !strstr(found + 1, head));
	}
	free(text);

	text = show(&shown, true);
	all = json_tokener_parse(text);
	assert_non_null(all);
	assert_string_equal(json_object_get_string(json_object_object_get(all, "file")),
			    "/etc/x.conf");
	list = json_object_object_get(all, "values");
	assert_int_equal(json_object_array_length(list), RG_NR_KEYS - 4);
	one = json_object_array_get_idx(list, RG_KEY_ACTION);
	assert_string_equal(json_object_get_string(json_object_object_get(one, "value")), "deny");
	assert_string_equal(json_object_get_string(json_object_object_get(one, "from")),
			    "/etc/x.conf:2");
	assert_int_equal(json_object_get_int(json_object_object_get(one, "line")), 2);
	one = json_object_array_get_idx(list, RG_KEY_EXCEPT);
	value = json_object_object_get(one, "value");
	assert_int_equal(json_object_array_length(value), 2);
	list = json_object_object_get(all, "rules");
	assert_int_equal(json_object_array_length(list), UNIT_COUNT(rules));
	json_object_put(all);
	free(text);
}

/* ---- the example ---- */

/* Every key is in it, commented out at its default. */
static void test_example(void **unused)
{
	static char text[64 * 1024], bare[64 * 1024];
	FILE *f = fopen(RG_TEST_DATA "/../../../packaging/reexport-guard.conf", "r");
	size_t n, at = 0;

	(void)unused;
	unit_need(f);
	n = fread(text, 1, sizeof(text) - 1, f);
	fclose(f);
	assert_true(n > 0 && n < sizeof(text) - 1);
	GOOD(text);
	for (int i = 0; i < RG_NR_KEYS; i++)
		assert_false(config.origin[i].line);
	/* "#key = value" to "key = value"; those that have no default stay. */
	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
		bool key = line[0] == '#' && line[1] >= 'a' && line[1] <= 'z';

		for (int i = 0; i < RG_NR_KEYS && key; i++)
			key = !rg_key_is_list(i) ||
			      strncmp(line + 1, rg_keys[i].name, strlen(rg_keys[i].name)) != 0 ||
			      line[1 + strlen(rg_keys[i].name)] != ' ';
		at += (size_t)snprintf(bare + at, sizeof(bare) - at, "%s\n", line + key);
	}
	GOOD(bare);
	for (int i = 0; i < RG_NR_KEYS; i++) {
		char got[RG_PATH_SIZE], wanted[RG_PATH_SIZE], in_file[128];
		struct rg_config initial;

		snprintf(in_file, sizeof(in_file), "\n#%s = ", rg_keys[i].name);
		if (rg_key_is_list(i)) {
			if (!strstr(bare, in_file))
				fail_msg("%s: not in the example", rg_keys[i].name);
			continue;
		}
		if (!config.origin[i].line)
			fail_msg("%s: not in the example", rg_keys[i].name);
		rg_config_init(&initial);
		assert_string_equal(rg_config_text(&config, i, 0, got),
				    rg_config_text(&initial, i, 0, wanted));
		rg_config_free(&initial);
	}
}

/* ---- the man page ---- */

/* The next block between ``` behind `mark`, cut out in place. */
static char *block(char *page, const char *mark, char **next)
{
	char *at = strstr(page, mark), *end;

	unit_need(at && (at = strstr(at, "```\n")));
	at += strlen("```\n");
	end = strstr(at, "```\n");
	unit_need(end);
	*end = '\0';
	*next = end + 1;
	return at;
}

/* What it says is what there is. */
static void test_man_page(void **unused)
{
	static char page[64 * 1024];
	FILE *f = fopen(RG_TEST_DATA "/../../../docs/reexport-guard.conf.5.scd", "r");
	const char *shown_as = "./reexport-guard.conf";
	char *next, *text, *said;
	size_t n;

	(void)unused;
	unit_need(f);
	n = fread(page, 1, sizeof(page) - 1, f);
	fclose(f);
	assert_true(n > 0 && n < sizeof(page) - 1);
	text = block(page, "# MISTAKES", &next);
	said = strchr(block(next, "it prints", &next), '\n') + 1;
	read_bytes(text, strlen(text));
	for (char *at = heard, *end; (end = strchr(at, '\n')); at = end + 1) {
		assert_int_equal(strncmp(said, shown_as, strlen(shown_as)), 0);
		said += strlen(shown_as);
		at += strlen(path);
		assert_int_equal(strncmp(said, at, (size_t)(end - at) + 1), 0);
		said += end - at + 1;
	}
	assert_string_equal(said, "");

	text = block(next, "# EXAMPLE", &next);
	write_file(text, strlen(text));
	unit_listen(&warned);
	assert_int_equal(read_named(path, 0), 0);
	unit_heard(&warned);
	for (int k = 0; k < RG_NR_KEYS; k++)
		if (!config.origin[k].line)
			fail_msg("%s: not in the example", rg_keys[k].name);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values_of_the_file),
		cmocka_unit_test(test_values_of_the_command_line),
		cmocka_unit_test(test_every_key_is_tried),
		cmocka_unit_test(test_all_at_once),
		cmocka_unit_test(test_nothing_at_all),
		cmocka_unit_test(test_which_mounts),
		cmocka_unit_test(test_mistakes),
		cmocka_unit_test(test_no_value_goes_on),
		cmocka_unit_test(test_programs),
		cmocka_unit_test(test_odd_bytes),
		cmocka_unit_test(test_long_lines),
		cmocka_unit_test(test_too_many),
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_relative_file),
		cmocka_unit_test(test_random_bytes),
		cmocka_unit_test(test_random_pieces),
		cmocka_unit_test(test_random_changes),
		cmocka_unit_test(test_provenance),
		cmocka_unit_test(test_show),
		cmocka_unit_test(test_example),
		cmocka_unit_test(test_man_page),
	};

	return cmocka_run_group_tests_name("config", tests, make_file, remove_file);
}
