// SPDX-License-Identifier: GPL-2.0-only
/* nfs.conf as nfs-utils reads it. What is expected was seen with nfsconf --get of nfs-utils
 * 2.6.2, where that does not hang or crash and where nothing else is noted. */
#include <errno.h>

#include "unit_host.h"

#include "mounts/nfsconf.h"

static const struct {
	const char *text, *expected; /* of section s, tag t; NULL: it is not set */
} cases[] = {
	{"[s]\nt=v\n", "v"},
	{"[ s ]\n  t\t=  v  \n", "v"},
	{"[S]\nT=v\n", "v"},
	{"[s] and more\nt=v\n", "v"},
	{"[s]\nt=a b\n", "a b"},
	{"[s]\nt=v # no\n", "v"},
	{"[s]\nt=v;no\n", "v"},
	{"[s]\nt=\"v # ; w\"  # no\n", "v # ; w"},
	{"[s]\nt='v \"w\"'\n", "v \"w\""},
	{"[s]\nt=\"\"\n", NULL},
	{"[s]\nt=\n", NULL},
	{"[s]\nt=a\nt=\n", "a"},
	{"[s]\nt=a\nt=b\n", "b"},
	{"[s]\nt=a\n[x]\nt=b\n", "a"},
	{"[s]\nt=a\n[s \"x\"]\nt=b\n",
	 "a"}, /* as 2.8; with 2.6.2 the second takes the first back */
	{"[s]\nt=a\\\nb\n", "a  b"},
	{"[s]\n# t=a\n; t=b\n", NULL},
	{"[s]\nt=v", NULL},  /* a line without an end */
	{"t=v\n", NULL},     /* in no section */
	{"[s\nt=v\n", NULL}, /* not closed */
	{"[s]\nt=\"v\n", NULL},
	{"[s]\nt v\n", NULL},
	{"[s]\r\nt=v\r\n", "v"},
	{"[environment]\nN=v\n[s]\nt=$N\n", "v"},
	{"[environment]\nN=$M\nM=v\n[s]\nt=$N\n", "v"},
	{"[environment]\nN=$N\n[s]\nt=$N\n", NULL},
	{"[s]\nt=$NOWHERE_SET\n", NULL},
	{"include=/etc/more\n[s]\nt=v\n", "v"}, /* in no section: passed over */
	{"[s]\nt=v\ninclude=/etc/more\n", "more"},
	{"[s]\ninclude=more\nt=v\n", "v"},
	{"[s]\ninclude=-/etc/nowhere\nt=v\n", "v"},
	{"[s]\ninclude=/etc/other\nt=v\n", "v"}, /* its section does not come out of it */
	{"[x]\nInclude = \"/etc/inner\"\n", "inner"},
};

static void expect_set(const char *expected)
{
	struct rg_nfsconf c;
	const char *value;

	rg_nfsconf_read(host, false, &c);
	value = rg_nfsconf_get(&c, "s", "t");
	if (!value || !expected ? value != expected : strcmp(value, expected) != 0)
		fail_msg("%s, not %s", value, expected);
	rg_nfsconf_free(&c);
}

static void test_language(void **unused)
{
	(void)unused;
	host_put("/etc/more", "t=more\n");
	host_put("/etc/other", "[y]\nt=other\n");
	host_put("/etc/inner", "[s]\nt=inner\n");
	for (size_t i = 0; i < UNIT_COUNT(cases); i++) {
		host_put("/etc/nfs.conf", cases[i].text);
		expect_set(cases[i].expected);
	}
}

/* nfs.conf, then *.conf of nfs.conf.d by version; /usr/etc where there is no nfs.conf. */
static void test_files(void **unused)
{
	struct rg_nfsconf c;

	(void)unused;
	expect_set(NULL);
	host_put("/usr/etc/nfs.conf", "[s]\nt=usr\n[z]\nt=usr\n");
	expect_set("usr");
	host_put("/etc/nfs.conf.d/9.conf", "[s]\nt=nine\n");
	host_put("/etc/nfs.conf.d/10.conf", "[s]\nt=ten\n");
	host_put("/etc/nfs.conf.d/99.conf~", "[s]\nt=no\n");
	host_put("/etc/nfs.conf.d/.x.conf", "[s]\nt=no\n");
	expect_set("ten");
	rg_nfsconf_read(host, true, &c); /* not asked: it is another root */
	assert_string_equal(rg_nfsconf_get(&c, "z", "t"), "usr");
	rg_nfsconf_free(&c);
	host_put("/etc/nfs.conf", "[s]\nt=etc\n");
	rg_nfsconf_read(host, false, &c);
	assert_null(rg_nfsconf_get(&c, "z", "t"));
	assert_string_equal(rg_nfsconf_find(&c, "s", "t")->origin, "/etc/nfs.conf.d/10.conf:2");
	rg_nfsconf_free(&c);
}

static void test_values(void **unused)
{
	struct rg_nfsconf c;
	long long n = 5;

	(void)unused;
	host_put("/etc/nfs.conf", "[s]\na=Yes\nb=off\nc=maybe\nn=15s\nm=x\n");
	rg_nfsconf_read(host, false, &c);
	assert_true(rg_nfsconf_is(&c, "s", "a", false));
	assert_false(rg_nfsconf_is(&c, "s", "b", true));
	assert_true(rg_nfsconf_is(&c, "s", "c", true));
	assert_false(rg_nfsconf_is(&c, "s", "d", false));
	assert_false(rg_nfsconf_number(&c, "s", "d", &n));
	assert_int_equal(n, 5);
	assert_true(rg_nfsconf_number(&c, "s", "n", &n));
	assert_int_equal(n, 15);
	assert_true(rg_nfsconf_number(&c, "s", "m", &n));
	assert_int_equal(n, 0);
	rg_nfsconf_free(&c);
}

static void test_trouble(void **unused)
{
	struct rg_nfsconf c;

	(void)unused;
	/* A circle ends. */
	host_put("/etc/nfs.conf", "[s]\ninclude=/etc/nfs.conf\nt=v\n");
	assert_int_equal(rg_nfsconf_read(host, false, &c), -ELOOP);
	assert_string_equal(rg_nfsconf_get(&c, "s", "t"), "v");
	rg_nfsconf_free(&c);
	/* So does one that multiplies: 8^16 files. It was found by tests/fuzz/nfsconf.c. */
	alarm(60);
	host_put("/etc/nfs.conf",
		 "[s]\nt=v\ninclude=nfs.conf\ninclude=nfs.conf\ninclude=nfs.conf\n"
		 "include=nfs.conf\ninclude=nfs.conf\ninclude=nfs.conf\ninclude=nfs.conf\n"
		 "include=nfs.conf\n");
	assert_int_equal(rg_nfsconf_read(host, false, &c), -ELOOP);
	alarm(0);
	assert_string_equal(rg_nfsconf_get(&c, "s", "t"), "v");
	rg_nfsconf_free(&c);
	/* One that is not there is no error to nfs-utils, and said. */
	host_put("/etc/nfs.conf", "[s]\ninclude=/etc/gone\nt=v\n");
	assert_int_equal(rg_nfsconf_read(host, false, &c), 0);
	assert_non_null(strstr(c.trouble, "/etc/gone"));
	rg_nfsconf_free(&c);
	host_put("/etc/nfs.conf", "[s]\ninclude=/etc\n");
	assert_int_equal(rg_nfsconf_read(host, false, &c), -EISDIR);
	rg_nfsconf_free(&c);
}

static void put_nfsconf(const char *script)
{
	host_put("/bin/nfsconf", script);
	unit_need(chmod(host_path("/bin/nfsconf"), 0755) == 0);
}

/* nfs-utils' own program goes before the files, where it answers. */
static void test_asked(void **unused)
{
	char *before = strdup(getenv("PATH") ?: "");
	struct rg_nfsconf c;

	(void)unused;
	unit_need(before);
	put_nfsconf("#!/bin/sh\n[ \"$1\" = --dump ] && printf '[s]\\n t = \"a b\"\\n u = c\\n'\n");
	setenv("PATH", host_path("/bin"), 1);
	rg_nfsconf_read("", true, &c);
	assert_string_equal(rg_nfsconf_get(&c, "s", "t"), "a b");
	assert_string_equal(rg_nfsconf_find(&c, "S", "U")->origin, "nfsconf --dump");
	rg_nfsconf_free(&c);
	rg_nfsconf_read("", false, &c);
	assert_null(rg_nfsconf_get(&c, "s", "t"));
	rg_nfsconf_free(&c);
	/* One that fails says nothing. */
	put_nfsconf("#!/bin/sh\necho '[s]'; echo 't = x'; exit 1\n");
	rg_nfsconf_read("", true, &c);
	assert_null(rg_nfsconf_get(&c, "s", "t"));
	rg_nfsconf_free(&c);
	setenv("PATH", before, 1);
	free(before);
}

/* Any bytes. */
static void test_damaged(void **unused)
{
	__u64 seed = 20;

	(void)unused;
	host_put("/etc/more", "t=more\n");
	for (int i = 0; i < 3000; i++) {
		static const char likely[] = "[]=\"'\\\n\n #;$st/ include=more";
		char text[128];
		size_t n = unit_below(&seed, sizeof(text));
		struct rg_nfsconf c;

		for (size_t j = 0; j < n; j++)
			text[j] = (char)(unit_below(&seed, 8)
						 ? (unsigned char)
							   likely[unit_below(&seed, sizeof(likely))]
						 : unit_below(&seed, 256));
		text[n ? n - 1 : 0] = '\0';
		host_put("/etc/nfs.conf", text);
		rg_nfsconf_read(host, false, &c);
		rg_nfsconf_get(&c, "s", "t");
		rg_nfsconf_free(&c);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_language, host_setup, host_teardown),
		cmocka_unit_test_setup_teardown(test_files, host_setup, host_teardown),
		cmocka_unit_test_setup_teardown(test_values, host_setup, host_teardown),
		cmocka_unit_test_setup_teardown(test_asked, host_setup, host_teardown),
		cmocka_unit_test_setup_teardown(test_trouble, host_setup, host_teardown),
		cmocka_unit_test_setup_teardown(test_damaged, host_setup, host_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
