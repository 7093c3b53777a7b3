// SPDX-License-Identifier: GPL-2.0-only
/* Units for mounts that nothing makes at boot: their names, their text, and which mounts have one.
 */
#include "unit_host.h"

#include "verbs/mount_unit.h"

static void test_names(void **unused)
{
	static const struct {
		const char *path, *name;
	} cases[] = {
		/* As `systemd-escape --path --suffix=mount` of systemd 252 has them. */
		{"/srv/reexport", "srv-reexport.mount"},
		{"/srv/re-export", "srv-re\\x2dexport.mount"},
		{"/srv//reexport/", "srv-reexport.mount"},
		{"/", "-.mount"},
		{"/.hidden", "\\x2ehidden.mount"},
		{"/a.b/.c", "a.b-.c.mount"},
		{"/with space/\xc3\xa4", "with\\x20space-\\xc3\\xa4.mount"},
	};
	char longest[RG_PATH_SIZE], buf[RG_UNIT_SIZE];

	(void)unused;
	for (size_t i = 0; i < UNIT_COUNT(cases); i++)
		assert_string_equal(rg_mount_unit_name(cases[i].path, buf), cases[i].name);
	memset(longest, ' ', sizeof(longest) - 1);
	longest[0] = '/';
	longest[sizeof(longest) - 1] = '\0';
	rg_mount_unit_name(longest, buf);
	assert_string_equal(buf + strlen(buf) - strlen("\\x20.mount"), "\\x20.mount");
	assert_int_equal(strlen(buf), 4 * (RG_PATH_SIZE - 2) + strlen(".mount"));
}

static void printed(const struct rg_mount *m, const char *expected)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	unit_need(out);
	rg_mount_unit_print(m, out);
	fclose(out);
	if (!strstr(text, expected))
		fail_msg("\"%s\" is not in\n%s", expected, text);
	free(text);
}

static void test_text(void **unused)
{
	struct rg_mount m = {.target = (char *)"/srv/a",
			     .source = (char *)"origin:/a",
			     .options = (char *)"rw,vers=4.2,rsize=1,sec=krb5,clientaddr=10.0.0.1"};

	(void)unused;
	printed(&m, "# /etc/systemd/system/srv-a.mount\n");
	printed(&m, "\nWhat=origin:/a\nWhere=/srv/a\nType=nfs\nOptions=vers=4.2,sec=krb5\n\n");
	printed(&m, "Before=remote-fs.target nfs-server.service nfsv4-server.service\n");
	m.options = (char *)"ro,vers=3,port=2050";
	printed(&m, "\nOptions=vers=3,port=2050,ro\n");
	m.options = (char *)"rw";
	printed(&m, "\nOptions=defaults\n");
	/* systemd's specifiers, and what would be a line of its own. */
	m.source = (char *)"origin:/100%\nExecStart=x";
	printed(&m, "\nWhat=origin:/100%%\\012ExecStart=x\n");
}

static void test_made_at_boot(void **unused)
{
	(void)unused;
	assert_false(rg_mount_is_made_at_boot(host, "/srv/a"));
	host_put("/etc/fstab", "# mounts\norigin:/b /srv/b nfs defaults 0 0\n");
	assert_false(rg_mount_is_made_at_boot(host, "/srv/a"));
	assert_true(rg_mount_is_made_at_boot(host, "/srv/b"));
	host_put("/etc/systemd/system/srv-a.mount", "");
	assert_true(rg_mount_is_made_at_boot(host, "/srv/a"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_text),
		cmocka_unit_test_setup_teardown(test_made_at_boot, host_setup, host_teardown),
	};

	return cmocka_run_group_tests_name("mount_unit", tests, NULL, NULL);
}
