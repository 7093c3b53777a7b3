// SPDX-License-Identifier: GPL-2.0-only
/* What is suggested for a word that nobody knows, and that nothing far off is. */
#include "unit.h"

#include "cli/suggest.h"

static void suggests(const char *typed, const char *expected)
{
	static const char *const offered[] = {"enable", "disable", "status", "release",
					      "report", "policy",  "close"};
	struct rg_suggestion s = {.word = typed};

	for (size_t i = 0; i < UNIT_COUNT(offered); i++)
		rg_suggest(&s, offered[i], strlen(offered[i]));
	if (strcmp(s.best, expected) != 0)
		fail_msg("%s: suggested \"%s\", expected \"%s\"", typed, s.best, expected);
}

static void test_close_words(void **unused)
{
	(void)unused;
	suggests("enabel", "enable");
	suggests("enble", "enable");
	suggests("eenable", "enable");
	suggests("statsu", "status");
	suggests("realese", "release");
	suggests("polcy", "policy");
	suggests("stat", "status"); /* the beginning of one */
	suggests("re", "release");  /* of two: the first */
	suggests("enable", "enable");
}

static void test_far_words(void **unused)
{
	char longest[3 * RG_SUGGEST_LONGEST];

	(void)unused;
	suggests("", "");
	suggests("x", "");
	suggests("xyzzy", "");
	suggests("start", ""); /* 2 letters from status, of 5 */
	memset(longest, 'e', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	suggests(longest, "");
	longest[RG_SUGGEST_LONGEST] = '\0';
	suggests(longest, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_close_words),
		cmocka_unit_test(test_far_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
