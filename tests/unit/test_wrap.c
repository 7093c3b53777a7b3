// SPDX-License-Identifier: GPL-2.0-only
/* Texts are broken into lines that fit, and nothing of them is lost. */
#include "unit.h"

#include "text/wrap.h"

static void wraps(unsigned int width, unsigned int at, unsigned int indent, const char *text,
		  const char *expected)
{
	char *got = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&got, &size);

	unit_need(out);
	rg_wrap(out, width, at, indent, text);
	fclose(out);
	unit_need(got);
	if (strcmp(got, expected) != 0)
		fail_msg("\"%s\" in %u columns is \"%s\", expected \"%s\"", text, width, got,
			 expected);
	free(got);
}

static void test_lines(void **unused)
{
	(void)unused;
	wraps(0, 5, 2, "a line that stays  whole", "a line that stays  whole\n");
	wraps(10, 0, 2, "", "\n");
	wraps(10, 0, 2, "one two th", "one two th\n");
	wraps(10, 0, 2, "one two thr", "one two\n  thr\n");
	wraps(10, 0, 2, "one two three four", "one two\n  three\n  four\n");
	/* The first line has columns that are used already. */
	wraps(10, 8, 8, "ab cd ef", "ab\n        cd\n        ef\n");
	wraps(10, 4, 0, "ab cd ef", "ab cd\nef\n");
	/* A word that is too long is not broken, and what follows it begins a line. */
	wraps(10, 0, 2, "a /a/path/that/is/long b", "a\n  /a/path/that/is/long\n  b\n");
	/* Characters, not bytes. */
	wraps(5, 0, 0, "äö üß x", "äö üß\nx\n");
	assert_int_equal(rg_columns("äöü x"), 5);
}

/* For any width: no line is too wide, but one of a single word; and every word is there. */
static void test_any_width(void **unused)
{
	static const char text[] =
		"protected: gate open for 4 min, 0 held, 2 end clients by NFSv4 with 40 locks; run "
		"`reexport-guard check` or see /usr/share/doc/reexport-guard/README.md";

	(void)unused;
	for (unsigned int width = 1; width < 200; width++) {
		char *got = NULL, *save = NULL, joined[sizeof(text) + 1] = "";
		size_t size = 0;
		FILE *out = open_memstream(&got, &size);

		unit_need(out);
		rg_wrap(out, width, 0, 3, text);
		fclose(out);
		unit_need(got);
		for (char *line = strtok_r(got, "\n", &save); line;
		     line = strtok_r(NULL, "\n", &save)) {
			char *word = line + strspn(line, " ");

			assert_true(strlen(line) <= width || !strchr(word, ' '));
			strcat(joined, joined[0] ? " " : "");
			strcat(joined, word);
		}
		assert_string_equal(joined, text);
		free(got);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_any_width),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
