// SPDX-License-Identifier: GPL-2.0-only
/* What files of the kernel say of this host. */
#include "unit.h"

#include "load/host.h"
#include "load/preempt.h"

static void test_lsm_list(void **unused)
{
	static const struct {
		const char *list;
		bool expected;
	} cases[] = {
		{"bpf", true},
		{"bpf\n", true},
		{"a,bpf", true},
		{"bpf,a", true},
		{"a,bpf,b", true},
		{"lockdown,capability,landlock,yama,apparmor,bpf", true},
		{"lockdown,capability,landlock,yama,apparmor,bpf\n", true},
		{",bpf", true},
		{",,bpf,", true},
		{"", false},
		{"\n", false},
		{",", false},
		{"bp", false},
		{"bpfilter", false},
		{"a,bpfilter", false},
		{"xbpf", false},
		{"xbpf,bpfx", false},
		{"BPF", false},
		{" bpf", false},
		{"lockdown,capability,landlock,yama,apparmor\n", false},
		/* One line is the list. */
		{"capability\nbpf", false},
	};

	(void)unused;
	for (size_t i = 0; i < UNIT_COUNT(cases); i++)
		if (rg_lsm_list_has_bpf(cases[i].list) != cases[i].expected)
			fail_msg("\"%s\": expected %d", cases[i].list, cases[i].expected);
}

static void test_preempt(void **unused)
{
	static const char dynamic[] = "#1 SMP PREEMPT_DYNAMIC Debian 6.1.192-2 (2026-11-16)";
	static const struct {
		const char *modes, *build;
		int expected;
	} cases[] = {
		{"none (voluntary) full \n", dynamic, 0},
		{"(none) voluntary full \n", dynamic, 0},
		{"none voluntary (full) \n", dynamic, 1},
		{"full (lazy) \n", dynamic, 1},
		{"(full) lazy \n", dynamic, 1},
		{"none (other) full \n", dynamic, -1},
		{"none voluntary full \n", dynamic, -1},
		{"(", dynamic, -1},
		{"", dynamic, -1},
		{"", "#1 SMP Debian 6.1.192-2", 0},
		{"", "#1 SMP PREEMPT Debian 6.1.192-2", 1},
		{"", "#1 SMP PREEMPT_RT Debian 6.1.192-2", 1},
		{"none (voluntary) full \n", "#1 SMP PREEMPT_RT Debian 6.1.192-2", 1},
		{"", "", -1},
	};
	char why[64];

	(void)unused;
	for (size_t i = 0; i < UNIT_COUNT(cases); i++) {
		struct rg_preempt p = rg_preempt_of(cases[i].modes, cases[i].build);

		if (p.does != cases[i].expected)
			fail_msg("\"%s\", \"%s\": %d", cases[i].modes, cases[i].build, p.does);
		assert_null(strchr(p.modes, '\n'));
		assert_non_null(strstr(rg_preempt_why(&p, why, sizeof(why)), "own threads"));
		/* What cannot be set is not advised. */
		assert_int_equal(strstr(cases[i].modes, "voluntary") != NULL,
				 strstr(rg_preempt_remedy(&p, true), "preempt=") != NULL);
		assert_int_equal(strstr(cases[i].modes, "voluntary") != NULL,
				 strstr(rg_preempt_remedy(&p, false), "preempt=") != NULL);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lsm_list),
		cmocka_unit_test(test_preempt),
	};

	return cmocka_run_group_tests_name("host", tests, NULL, NULL);
}
