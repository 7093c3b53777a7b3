// SPDX-License-Identifier: GPL-2.0-only
/* What is asked for, of file and command line, before anything is done. */
#include "unit.h"

#include "cli/verbs.h"
#include "base/names.h"

static struct unit_ear ear;
static struct rg_options o;
static struct rg_config config;
static struct rg_arm_request request;
static char path[] = "/tmp/rg-arm-request-XXXXXX";

static int make_file(void **unused)
{
	int fd = mkstemp(path);

	(void)unused;
	if (fd >= 0)
		close(fd);
	return fd < 0 ? -1 : 0;
}

static int remove_file(void **unused)
{
	(void)unused;
	rg_config_free(&config);
	rg_options_free(&o);
	return unlink(path);
}

/* A request of a file with this text, and of options up to a NULL. *lines: said. */
static int ask(const char *text, int *lines, char **argv)
{
	FILE *f = fopen(path, "w");
	int argc = 0, err;

	unit_need(f);
	fputs(text, f);
	fclose(f);
	while (argv[argc])
		argc++;
	rg_config_free(&config);
	rg_options_free(&o);
	unit_listen(&ear);
	err = rg_options_parse("enable", argc, argv, RG_TAKES_ARM, &o);
	if (!err && !o.config)
		o.config = path;
	if (!err)
		err = rg_arm_request_of(&o, &config, &request);
	*lines = unit_heard(&ear);
	return err;
}

#define ASK(conf, lines, ...) ask(conf, lines, (char *[]){(char[]){"-"}, ##__VA_ARGS__, NULL})

/* It is granted, without a word. */
#define REQUEST(conf, ...)                                                                         \
	do {                                                                                       \
		int lines_;                                                                        \
		int err_ = ASK(conf, &lines_, ##__VA_ARGS__);                                      \
                                                                                                   \
		if (err_ || lines_)                                                                \
			fail_msg("status %d, said \"%s\"", err_, ear.text);                        \
	} while (0)

/* It is refused in one line with `part` in it. */
#define REFUSED(status, part, conf, ...)                                                           \
	do {                                                                                       \
		int lines_;                                                                        \
                                                                                                   \
		assert_int_equal(ASK(conf, &lines_, ##__VA_ARGS__), status);                       \
		assert_int_equal(lines_, 1);                                                       \
		if (!strstr(ear.text, part))                                                       \
			fail_msg("said \"%s\", expected \"%s\"", ear.text, part);                  \
	} while (0)

static void test_nothing_said(void **unused)
{
	(void)unused;
	REQUEST("");
	assert_ptr_equal(request.config, &config);
	assert_false(request.serve);
	assert_int_equal(request.force_rung, -1);
	assert_int_equal(request.force_follow, -1);
	assert_int_equal(request.force_max_held, 0);
	assert_true(config.exports);
	assert_false(config.all);
	assert_int_equal(config.policy.mount_mode, RG_MOUNT_MODE_EXPORTS);
	assert_int_equal(config.policy.action, RG_ACTION_HOLD);
	assert_int_equal(config.policy.release, RG_RELEASE_SETTLED);
	assert_int_equal(config.policy.max_hold_s, RG_DEFAULT_MAX_HOLD);
}

static void test_options_over_file(void **unused)
{
	static const char *text = "[gate]\naction = deny\nrelease = settled\nmax-hold = 1h\n"
				  "[daemon]\nstate-dir = /file\nledger-interval = 5s\n";

	(void)unused;
	REQUEST(text, "--action", "audit", "--settle-quiet", "3s", "--state-dir", "/option",
		"--force-rung", "lsm", "--force-rung", "kprobe", "--force-rung", "user_space",
		"--force-max-held", "7", "--force-without", "open_done");
	assert_int_equal(config.policy.action, RG_ACTION_AUDIT);
	assert_int_equal(config.policy.release, RG_RELEASE_SETTLED);
	assert_int_equal(config.policy.max_hold_s, 3600);
	assert_int_equal(config.policy.settle_quiet_s, 3);
	assert_string_equal(config.state_dir, "/option");
	assert_int_equal(config.ledger_interval_s, 5);
	assert_true(config.origin[RG_KEY_ACTION].command_line);
	assert_int_equal(config.origin[RG_KEY_ACTION].line, 0);
	assert_int_equal(config.origin[RG_KEY_RELEASE].line, 3);
	assert_false(config.origin[RG_KEY_RELEASE].command_line);
	assert_int_equal(request.force_rung, RG_RUNG_LSM);
	assert_int_equal(request.force_follow, RG_FOLLOW_KPROBE);
	assert_int_equal(request.force_continue, RG_CONTINUE_USER);
	assert_int_equal(request.force_max_held, 7);
	assert_int_equal(request.force_left_out, 1u << RG_LINK_OPEN_DONE);
	REQUEST(text, "--action", "audit", "--action=hold"); /* the last one counts */
	assert_int_equal(config.policy.action, RG_ACTION_HOLD);
}

static void test_mounts(void **unused)
{
	static const char *text = "[mounts]\nexports = yes\nmount = /file\nexcept = /file/x\n";

	(void)unused;
	REQUEST(text);
	assert_int_equal(config.policy.mount_mode, RG_MOUNT_MODE_EXPORTS);
	assert_int_equal(config.mounts.n, 1);
	/* Any of the three on the command line, and the file's are not used. */
	REQUEST(text, "--mount", "/a", "--mount", "/b", "--except", "/a/x");
	assert_int_equal(config.policy.mount_mode, RG_MOUNT_MODE_LISTED);
	assert_false(config.exports);
	assert_int_equal(config.mounts.n, 2);
	assert_string_equal(config.mounts.at[0], "/a");
	assert_string_equal(config.mounts.at[1], "/b");
	assert_int_equal(config.excepts.n, 2);
	assert_string_equal(config.excepts.at[0], "/file/x");
	assert_string_equal(config.excepts.at[1], "/a/x");
	assert_int_equal(config.origin[RG_KEY_EXCEPT].line, 4);
	assert_true(config.origin[RG_KEY_EXCEPT].command_line);
	assert_int_equal(config.origin[RG_KEY_MOUNT].line, 0);
	assert_true(config.origin[RG_KEY_MOUNT].command_line);
	assert_int_equal(config.origin[RG_KEY_EXPORTS].line, 0);
	assert_false(config.origin[RG_KEY_EXPORTS].command_line);
	REQUEST(text, "--all");
	assert_int_equal(config.policy.mount_mode, RG_MOUNT_MODE_ALL);
	assert_int_equal(config.mounts.n, 0);
	assert_int_equal(config.excepts.n, 1);
	REQUEST(text, "--exports");
	assert_int_equal(config.policy.mount_mode, RG_MOUNT_MODE_EXPORTS);
	assert_int_equal(config.mounts.n, 0);
	REQUEST("[mounts]\nall = yes\n", "--mount", "/a");
	assert_int_equal(config.policy.mount_mode, RG_MOUNT_MODE_LISTED);
	assert_false(config.all);
	REQUEST("[mounts]\nexports = no\nmount = /file\n", "--exports", "--mount", "/a");
	assert_int_equal(config.policy.mount_mode, RG_MOUNT_MODE_EXPORTS);
	assert_int_equal(config.mounts.n, 1);
	/* Nothing of the three: the file's. */
	REQUEST("[mounts]\nall = yes\n", "--except", "/a", "--release", "settled");
	assert_int_equal(config.policy.mount_mode, RG_MOUNT_MODE_ALL);
	assert_int_equal(config.excepts.n, 1);

	REFUSED(RG_USAGE, "enable: --all: goes with neither --exports nor --mount", text, "--all",
		"--mount", "/a");
	REFUSED(RG_USAGE, "--all: goes with neither", "", "--all", "--exports");
}

static void test_settle_goes_with_settled(void **unused)
{
	(void)unused;
	REFUSED(RG_USAGE, "enable: --settle-quiet: goes with release settled, not grace-start", "",
		"--release", "grace-start", "--settle-quiet", "3s");
	REFUSED(RG_USAGE, "--settle-timeout: goes with release settled, not grace-end",
		"[gate]\nrelease = settled\n", "--settle-timeout", "3s", "--release", "grace-end");
	REQUEST("[gate]\nrelease = settled\n", "--settle-timeout", "3s");
	assert_int_equal(config.policy.settle_timeout_s, 3);
	/* In the file it waits for its time. */
	REQUEST("[gate]\nsettle-quiet = 3s\n");
}

static void test_exempt(void **unused)
{
	int lines;

	(void)unused;
	REQUEST("[exempt]\nprogram = /bin/true\ndefaults = no\n", "--exempt", "/bin/false");
	assert_int_equal(config.programs.n, 2);
	assert_string_equal(config.programs.at[0], "/bin/true");
	assert_string_equal(config.programs.at[1], "/bin/false");
	assert_false(config.exempt_defaults);
	/* Packages come and go. */
	assert_int_equal(ASK("[exempt]\nprogram = /no/such\n", &lines, "--exempt", "/nor/this"),
			 RG_DONE);
	assert_int_equal(lines, 2);
	assert_non_null(strstr(ear.text, "warning: /tmp/"));
	assert_non_null(strstr(ear.text, ":2: [exempt] program: /no/such: No such file or "
					 "directory; it is not exempt\n"));
	assert_non_null(strstr(ear.text, "warning: enable: --exempt /nor/this: No such file"));
	assert_int_equal(config.programs.n, 2);
	REFUSED(RG_FAILED, "--exempt /etc/passwd: not executable: expected", "", "--exempt",
		"/etc/passwd");
	REFUSED(RG_FAILED, "--exempt /: a directory: expected", "", "--exempt", "/");
}

static void test_mistakes_of_the_file(void **unused)
{
	int lines;

	(void)unused;
	assert_int_equal(ASK("[gate]\naction = x\nscope = y\n", &lines, "--action", "hold",
			     "--scope", "locks"),
			 RG_FAILED);
	assert_int_equal(lines, 3);
	assert_non_null(strstr(ear.text, ":2: [gate] action: x: expected hold|deny|audit\n"));
	assert_non_null(strstr(ear.text, ":3: [gate] scope: y: expected locks|opens|access\n"));
	assert_non_null(strstr(ear.text, "2 mistakes, nothing was changed; see "
					 "reexport-guard.conf(5)\n"));
	/* Also of what the command line replaces: the file is checked whole. */
	assert_int_equal(ASK("[mounts]\nall = yes\nmount = /a\n", &lines, "--exports"), RG_FAILED);
	assert_int_equal(lines, 2);
	assert_int_equal(ASK("", &lines, "--config", "/no/such/file"), RG_FAILED);
	assert_int_equal(lines, 2);
	assert_non_null(strstr(ear.text, "/no/such/file: No such file or directory"));
	assert_non_null(strstr(ear.text, "1 mistake, nothing"));
}

static void test_is_given(void **unused)
{
	struct rg_options none = {.verb = "run", .force_rung = -1};

	(void)unused;
	REQUEST("");
	assert_true(rg_config_is_given(&o, &config));
	assert_string_equal(config.file, path);
	assert_true(rg_config_is_given(&none, &config));
	if (access(RG_CONFIG_FILE, F_OK) == 0)
		skip(); /* this machine has a policy of its own */
	rg_config_free(&config);
	assert_int_equal(rg_arm_request_of(&none, &config, &request), RG_DONE);
	assert_false(rg_config_is_given(&none, &config));
	none.given = RG_TAKES(RG_OPT_NETNS);
	assert_false(rg_config_is_given(&none, &config));
	none.given = RG_TAKES(RG_KEY_METRICS_DIR); /* says nothing of a policy */
	assert_false(rg_config_is_given(&none, &config));
	none.given = RG_TAKES(RG_KEY_ACTION);
	assert_true(rg_config_is_given(&none, &config));
	none.given = RG_TAKES(RG_OPT_FORCE_RUNG);
	assert_true(rg_config_is_given(&none, &config));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing_said),
		cmocka_unit_test(test_options_over_file),
		cmocka_unit_test(test_mounts),
		cmocka_unit_test(test_settle_goes_with_settled),
		cmocka_unit_test(test_exempt),
		cmocka_unit_test(test_mistakes_of_the_file),
		cmocka_unit_test(test_is_given),
	};

	return cmocka_run_group_tests_name("arm_request", tests, make_file, remove_file);
}
