// SPDX-License-Identifier: GPL-2.0-only
/* exports(5): its language, and any bytes. */
#include "exports.h"

/* ---- the language ---- */

/* Lines, what is exported, and which lines are complained of. Checked against
 * exportfs of nfs-utils 2.6.2, but for what is marked "ours": there it ends
 * reading the file. */
static const struct {
	const char *lines, *exports, *complaints;
} cases[] = {
	{"", "", ""},
	{"\n\n \t\n", "", ""},
	{"/a *(rw)", "/a", ""},
	{"/a *(rw)\n", "/a", ""},
	{"  \t/a\t*(rw)\n", "/a", ""},
	{"/a host\n", "/a", ""},
	{"/a\n", "/a", ""},
	{"/a (rw)\n", "/a", ""},
	{"/ *(rw)\n", "/", ""},
	{"/a 10.0.0.0/8(rw) @group(ro) *.x.org(rw) fd00::/8(rw) h[0-9]\n", "/a", ""},
	{"/b *\n/a *\n", "/a /b", ""},
	/* comments */
	{"# /a *(rw)\n/b *\n", "/b", ""},
	{"   # /a\n/b *\n", "/b", ""},
	{"/a *(rw) # (crossmnt)\n", "/a", ""},
	{"/a # *(crossmnt)\n/b *\n", "/a /b", ""},
	{"/a#b *(rw)\n", "/a#b", ""},
	{"/a *(rw)#(crossmnt)\n/b *\n", "/a+ /b", "1"}, /* ours */
	{"# ends with its line \\\n/a *\n", "/a", ""},
	{"#", "", ""},
	/* quotes */
	{"\"/a\" *(rw)\n", "/a", ""},
	{"/\"a#\"b *(rw)\n", "/a#b", ""},
	{"\"/a\"\"b\" *\n", "/ab", ""},
	{"/a \"*(rw,crossmnt)\"\n", "/a+", ""},
	{"/a *(\"rw, crossmnt\")\n", "/a+", ""},
	{"/a \"\" *(crossmnt)\n", "/a+", ""},
	{"\"/a *(crossmnt)\n/b *\n", "/a *(crossmnt) /b", "1"}, /* ours */
	{"/a \"*(crossmnt)\n/b *\n", "/a+ /b", "1"},		/* ours */
	{"\"\" *\n/b *\n", "/b", "1"},				/* ours */
	/* escapes */
	{"/a\\043b *\n", "/a#b", ""},
	{"/a\\057b *\n", "/a/b", ""},
	{"\\057a *\n", "/a", ""},
	{"/a\\303\\244 *\n", "/a\303\244", ""},
	{"/a\\42b *\n", "/a\\42b", ""},
	{"/a\\400 /\n", "/a\\400", ""},
	{"/a\\189 *\n", "/a\\189", ""},
	{"/a\\x *\n", "/a\\x", ""},
	{"/a\\\\ *\n", "/a\\\\", ""},
	{"/a\\", "/a\\", ""},
	{"/a\\134043 *\n", "/a#", ""}, /* nfs-utils reads its own output twice, too */
	{"\"/a\\043\" *\n", "/a#", ""},
	{"/a \\052(c\\162ossmnt)\n", "/a+", ""},
	/* continued */
	{"/a \\\n *(rw,crossmnt)\n", "/a+", ""},
	{"/a\\\n*(crossmnt)\n/b *\n", "/a+ /b", ""},
	{"/a *(rw) \\\n  \\\n \\\n\thost(crossmnt)\n/b", "/a+ /b", ""},
	{"\\\n/a *\n", "/a", ""},
	{"/a *\\\n", "/a", ""},
	{"/a *(rw) \\\n# (crossmnt)\n/b *\n", "/a /b", ""},
	{"/a *(rw) \\\n\n/b *\n", "/a /b", ""},
	/* other systems' ends of lines */
	{"/a *(rw)\r\n/b *(crossmnt)\r\n", "/a /b+", ""},
	{"/a\r\n", "/a", ""},
	{"/a \v\f *(crossmnt)\n", "/a+", ""}, /* ours */
	/* options */
	{"/a *(crossmnt)\n", "/a+", ""},
	{"/a *(rw,crossmnt,fsid=0)\n", "/a+", ""},
	{"/a *(crossmnt,nocrossmnt)\n", "/a", ""},
	{"/a *(nocrossmnt,crossmnt)\n", "/a+", ""},
	{"/a x(nocrossmnt) y(crossmnt) z(nocrossmnt)\n", "/a+", ""},
	{"/a *(rw,nohide)\n", "/a", ""},
	{"/a *(rw,Crossmnt)\n", "/a", ""},
	{"/a *(rw,xcrossmnt,crossmnts,crossmnt=1)\n", "/a", ""},
	{"/a *(refer=/crossmnt@host)\n", "/a", ""},
	{"/a *()\n", "/a", ""},
	{"/a crossmnt\n", "/a", ""},
	{"/a (crossmnt)\n", "/a+", ""},
	{"/a *(an_option_of_the_future,crossmnt)\n", "/a+", ""},
	/* default options */
	{"/a -crossmnt host\n", "/a+", ""},
	{"/a -rw,crossmnt,sync x y(ro)\n", "/a+", ""},
	{"/a -crossmnt x(nocrossmnt)\n", "/a", ""},
	{"/a -crossmnt x(nocrossmnt) y\n", "/a+", ""},
	{"/a -crossmnt\n", "/a+", ""},
	{"/a x -crossmnt\n", "/a+", ""},
	{"/a x -crossmnt y\n/b z\n", "/a+ /b", ""},
	{"/a -nocrossmnt x\n", "/a", ""},
	{"/a -crossmnt x(nocrossmnt) -nocrossmnt y\n", "/a", ""},
	{"/a -rw -crossmnt x\n", "/a+", ""}, /* ours: as documented */
	{"/a -crossmnt -nocrossmnt x\n", "/a+", ""},
	{"/a -(crossmnt) x\n/b *\n", "/a+ /b", "1"}, /* ours */
	/* the same path again */
	{"/a x\n/a y(crossmnt)\n/a z\n", "/a+", ""},
	{"/a x\n/a/ y(crossmnt)\n//a//. z\n", "/a+", ""},
	{"/a/../b/./c *\n", "/a/../b/c", ""},
	/* lines that are wrong: ours, all of it */
	{"/a *(rw\n/b *\n", "/a /b", "1"},
	{"/a *(rw,crossmnt\n/b *\n", "/a+ /b", "1"},
	{"/a *(crossmnt,nocrossmnt\n", "/a+", "1"},
	{"/a *(rw)x(crossmnt)\n/b *\n", "/a+ /b", "1"},
	{"/a *(rw, crossmnt)\n/b *\n", "/a /b", "1"},
	{"/a (rw))\n", "/a", "1"},
	{"a *\n/b *\n", "/b", "1"},
	{"*(rw) /a\n/b *\n", "/b", "1"},
	{"(rw)\n/b *\n", "/b", "1"},
	{"-rw\n/b *\n", "/b", "1"},
	{"\n\nx\n\\\n/b *(\ny *\n/c *\n", "/b /c", "3 5 6"},
	{"/a x( \\\n y(\n/b *\n", "/a /b", "1 2"},
	{"\xff\xfe\n/b *\n", "/b", "1"},
};

/* "file:3 ..." once for every number of the list, in this order. */
static bool are_lines(const char *text, const char *list)
{
	while (*list) {
		char expected[32];
		int n = snprintf(expected, sizeof(expected), "exports:%.*s ",
				 (int)strcspn(list, " "), list);

		if (strncmp(text, expected, (size_t)n) != 0)
			return false;
		text = strchr(text, '\n') + 1;
		list += strcspn(list, " ");
		list += *list == ' ';
	}
	return !*text;
}

static void test_lines(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < UNIT_COUNT(cases); i++) {
		struct rg_exports e = {};
		struct said said = {};

		assert_int_equal(rg_exports_parse(&e, cases[i].lines, strlen(cases[i].lines), false,
						  "exports", hear, &said),
				 0);
		if (strcmp(show(&e), cases[i].exports) != 0)
			fail_msg("%s\n-> %s, expected %s", cases[i].lines, show(&e),
				 cases[i].exports);
		if (!are_lines(said.text, cases[i].complaints))
			fail_msg("%s\n-> %s, expected %s", cases[i].lines, said.text,
				 cases[i].complaints);
		rg_exports_free(&e);
		assert_null(e.at);
		rg_exports_free(&e);
	}
}

static void test_blanks_in_a_path(void **unused)
{
	static const char lines[] = "\"/with space\" *\n/with\\040two\\040blanks *(crossmnt)\n"
				    "/\"tab\tin\" *\n/new\\012line *\n\"/quote\\042\" *\n"
				    "\"/continued\\\n   here\" *\n";
	static const char *const expected[] = {"/continued here", "/new\nline",
					       "/quote\"",	  "/tab\tin",
					       "/with space",	  "/with two blanks"};
	struct rg_exports e = {};

	(void)unused;
	assert_int_equal(rg_exports_parse(&e, lines, strlen(lines), RG_FROM_FILE, "exports", NULL,
					  NULL),
			 0);
	assert_int_equal(e.n, UNIT_COUNT(expected));
	for (size_t i = 0; i < e.n; i++)
		assert_string_equal(e.at[i].path, expected[i]);
	rg_exports_free(&e);
}

static void test_origin(void **unused)
{
	static const char lines[] = "# first\n/b x\n/a \\\n x\n/b y\n\n\n\n\n/a y\n/c\n";
	struct rg_exports e = {};

	(void)unused;
	assert_int_equal(rg_exports_parse(&e, "/c *\n", 5, RG_FROM_EXPORTFS, "exportfs", NULL,
					  NULL),
			 0);
	assert_int_equal(rg_exports_parse(&e, lines, strlen(lines), RG_FROM_FILE, "/etc/exports",
					  NULL, NULL),
			 0);
	assert_string_equal(show(&e), "/a /b /c");
	assert_string_equal(e.at[0].origin, "/etc/exports:3"); /* not 10, which sorts before */
	assert_string_equal(e.at[1].origin, "/etc/exports:2");
	assert_string_equal(e.at[2].origin, "/etc/exports:11");
	rg_exports_free(&e);
}

static void test_nul(void **unused)
{
	static const char lines[] = "/a\0b *(rw)\n/c *(rw\0,crossmnt)\n\0\n/d\\000e *\n/f";
	struct rg_exports e = {};
	struct said said = {};

	(void)unused;
	assert_int_equal(rg_exports_parse(&e, lines, sizeof(lines) - 1, RG_FROM_FILE, "exports",
					  hear, &said),
			 0);
	assert_string_equal(show(&e), "/a /c /d /f");
	assert_true(said.n >= 4);
	rg_exports_free(&e);
}

static void test_long_words(void **unused)
{
	/* paths; and a client of a million bytes */
	static const size_t sizes[] = {RG_PATH_SIZE - 1, RG_PATH_SIZE, 1000000};
	size_t n = 0;
	char *text = NULL;
	FILE *f = open_memstream(&text, &n);
	struct rg_exports e = {};
	struct said said = {};

	(void)unused;
	unit_need(f);
	for (size_t i = 0; i < UNIT_COUNT(sizes); i++)
		fprintf(f, "/%0*d *\n", (int)sizes[i] - 1, (int)i);
	fprintf(f, "/x %01000000d(crossmnt)\n/y", 0);
	fclose(f);
	assert_int_equal(rg_exports_parse(&e, text, n, RG_FROM_FILE, "exports", hear, &said), 0);
	assert_int_equal(e.n, 3);
	assert_int_equal(strlen(e.at[0].path), RG_PATH_SIZE - 1);
	assert_string_equal(e.at[1].path, "/x");
	assert_true(e.at[1].options.crossmnt);
	assert_string_equal(e.at[2].path, "/y");
	assert_int_equal(said.n, 2);
	assert_non_null(strstr(said.text, "exports:2 "));
	assert_non_null(strstr(said.text, "exports:3 "));
	rg_exports_free(&e);
	free(text);
}

/* A file that is something else does not fill the log. */
static void test_complaints_end(void **unused)
{
	struct rg_exports e = {};
	struct said said = {};
	char text[2000];

	(void)unused;
	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = i % 2 ? '\n' : 'x';
	assert_int_equal(rg_exports_parse(&e, text, sizeof(text), RG_FROM_FILE, "exports", hear,
					  &said),
			 0);
	assert_int_equal(said.n, 17);
	assert_non_null(strstr(said.text, "exports:0 more lines"));
	assert_int_equal(e.n, 0);
	rg_exports_free(&e);
}

static void test_warning(void **unused)
{
	struct unit_ear ear;

	(void)unused;
	unit_listen(&ear);
	rg_exports_warn(NULL, "/etc/exports", 3, "expected an absolute path");
	rg_exports_warn(NULL, "/etc/exports", 0, "not read: Is a directory");
	assert_int_equal(unit_heard(&ear), 2);
	assert_string_equal(ear.text,
			    "reexport-guard: warning: /etc/exports:3: expected an absolute path\n"
			    "reexport-guard: warning: /etc/exports: not read: Is a directory\n");
}

/* ---- any bytes ---- */

static void test_any_bytes(void **unused)
{
	static const char *const pieces[] = {
		"/",  "/a",    "/b/c",	" ",	 "\t",	  "\n",	      "\\\n",	  "\\",
		"\"", "#",     "(",	")",	 ",",	  "-",	      "crossmnt", "nocrossmnt",
		"*",  "\\040", "\\134", "\\777", "\\000", "host(rw)", "\r",	  "..",
	};
	__u64 seed = 42;

	(void)unused;
	for (int i = 0; i < 20000; i++) {
		char text[512];
		size_t n = 0, size = unit_below(&seed, sizeof(text));
		struct rg_exports e = {};
		char *copy;

		while (n < size) {
			const char *piece = pieces[unit_below(&seed, UNIT_COUNT(pieces))];

			if (i % 3 == 0 || unit_below(&seed, 50) == 0)
				text[n++] = (char)unit_random(&seed);
			else
				while (*piece && n < size)
					text[n++] = *piece++;
		}
		/* of its own size: the sanitizer sees what reads past it */
		copy = malloc(n + !n);
		unit_need(copy);
		memcpy(copy, text, n);
		assert_int_equal(rg_exports_parse(&e, copy, n, i & 1, "exports", NULL, NULL), 0);
		check_list(&e);
		/* adding the same again changes nothing */
		if (i % 16 == 0) {
			size_t was = e.n;

			assert_int_equal(rg_exports_parse(&e, copy, n, i & 1, "exports", NULL,
							  NULL),
					 0);
			assert_int_equal(e.n, was);
			check_list(&e);
		}
		free(copy);
		rg_exports_free(&e);
	}
}

/* Bad lines between do not change what good lines mean. */
static void test_good_lines_among_bad(void **unused)
{
	static const char *const bad[] = {
		"x y z", "/bad *(rw", "\"/bad *(rw)", "relative(crossmnt) *", "(", "\"",
		"-",	 "/bad -(",   "\\777",	      "* /bad(crossmnt)",
	};
	__u64 seed = 7;

	(void)unused;
	for (int i = 0; i < 1000; i++) {
		char text[2048] = "";
		struct rg_exports e = {};
		bool a = false, b = false;

		for (int j = 0; j < 20; j++) {
			strcat(text, bad[unit_below(&seed, UNIT_COUNT(bad))]);
			strcat(text, "\n");
			if (j == 5)
				strcat(text, "/good/a x(rw) y(crossmnt)\n");
			if (j == 12)
				strcat(text, "/good/b x(rw)\n");
		}
		assert_int_equal(rg_exports_parse(&e, text, strlen(text), RG_FROM_FILE, "exports",
						  NULL, NULL),
				 0);
		for (size_t k = 0; k < e.n; k++) {
			if (strcmp(e.at[k].path, "/good/a") == 0)
				a = e.at[k].options.crossmnt;
			if (strcmp(e.at[k].path, "/good/b") == 0)
				b = !e.at[k].options.crossmnt;
		}
		assert_true(a && b);
		rg_exports_free(&e);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_blanks_in_a_path),
		cmocka_unit_test(test_origin),
		cmocka_unit_test(test_nul),
		cmocka_unit_test(test_long_words),
		cmocka_unit_test(test_complaints_end),
		cmocka_unit_test(test_warning),
		cmocka_unit_test(test_any_bytes),
		cmocka_unit_test(test_good_lines_among_bad),
	};

	return cmocka_run_group_tests_name("exports", tests, NULL, NULL);
}
