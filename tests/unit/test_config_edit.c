// SPDX-License-Identifier: GPL-2.0-only
/* Changing one key in the text of a configuration: where it goes, and that nothing else changes. */
#include "unit_text.h"

#include "policy/config_edit.h"

static void edited(const char *text, enum rg_key key, const char *value, const char *expected)
{
	char *at = strdup(text);

	unit_need(at);
	assert_int_equal(rg_config_edit(&at, key, value), 0);
	assert_string_equal(at, expected);
	free(at);
}

static void test_places(void **unused)
{
	(void)unused;
	edited("", RG_KEY_ACTION, "deny", "[gate]\naction = deny\n");
	edited("# mine\n", RG_KEY_ACTION, "deny", "# mine\n\n[gate]\naction = deny\n");
	edited("# mine", RG_KEY_ACTION, "deny", "# mine\n\n[gate]\naction = deny\n");
	/* The line that sets it, wherever it is and however it is written. */
	edited("[gate]\nscope = opens\naction=hold\n[mounts]\nall = yes\n", RG_KEY_ACTION, "deny",
	       "[gate]\nscope = opens\naction = deny\n[mounts]\nall = yes\n");
	edited("[gate]\n \taction : hold", RG_KEY_ACTION, "deny", "[gate]\naction = deny\n");
	/* It goes before a comment, also one that comes first. */
	edited("[gate]\n#action = hold\naction = hold\n", RG_KEY_ACTION, "deny",
	       "[gate]\n#action = hold\naction = deny\n");
	edited("[gate]\n# action\n#action = hold\n#scope = locks\n", RG_KEY_ACTION, "deny",
	       "[gate]\n# action\naction = deny\n#scope = locks\n");
	/* A section without it, and one that only looks like it. */
	edited("[gate]", RG_KEY_ACTION, "deny", "[gate]\naction = deny\n");
	edited("[gate]\nscope = opens\n", RG_KEY_ACTION, "deny",
	       "[gate]\naction = deny\nscope = opens\n");
	edited("[gates]\naction = hold\n", RG_KEY_ACTION, "deny",
	       "[gates]\naction = hold\n\n[gate]\naction = deny\n");
	edited("[daemon]\nrecord-size = 1G\n", RG_KEY_RECORD, "off",
	       "[daemon]\nrecord = off\nrecord-size = 1G\n");
}

static void hear(const char *mistake)
{
	print_error("%s\n", mistake);
}

/* The file that is installed, every key that has one value: it is read back as it was set, and
 * one line is another one. */
static void test_installed_file(void **unused)
{
	static const struct {
		enum rg_key key;
		const char *value;
	} keys[] = {
		{RG_KEY_ACTION, "deny"},	 {RG_KEY_MAX_HOLD, "20min"},
		{RG_KEY_RELEASE, "settled"},	 {RG_KEY_METRICS_DIR, "/var/lib/metrics"},
		{RG_KEY_ONLY_CLIENT, "yes"},	 {RG_KEY_RECORD, "off"},
		{RG_KEY_SETTLE_TIMEOUT, "2min"}, {RG_KEY_FORWARD, "proven"},
	};
	char *text = unit_text(UNIT_SOURCE "packaging/reexport-guard.conf"),
	     file[] = "/tmp/rg-XXXXXX";
	size_t before = 0, after = 0;
	struct rg_config c;
	FILE *f;

	(void)unused;
	for (const char *at = text; *at; at++)
		before += *at == '\n';
	for (size_t i = 0; i < UNIT_COUNT(keys); i++)
		assert_int_equal(rg_config_edit(&text, keys[i].key, keys[i].value), 0);
	for (const char *at = text; *at; at++)
		after += *at == '\n';
	assert_int_equal(before, after);
	f = fdopen(mkstemp(file), "w");
	unit_need(f && fputs(text, f) >= 0 && fclose(f) == 0);
	rg_config_init(&c);
	assert_int_equal(rg_config_read(&c, file, RG_READ_STRICT, hear), 0);
	for (size_t i = 0; i < UNIT_COUNT(keys); i++) {
		char value[RG_PATH_SIZE];

		assert_true(rg_config_says(&c, keys[i].key));
		assert_string_equal(rg_config_text(&c, keys[i].key, 0, value), keys[i].value);
	}
	rg_config_free(&c);
	unlink(file);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_places),
		cmocka_unit_test(test_installed_file),
	};

	return cmocka_run_group_tests_name("config_edit", tests, NULL, NULL);
}
