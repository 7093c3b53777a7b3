// SPDX-License-Identifier: GPL-2.0-only
/* The list of active LSMs, as /sys/kernel/security/lsm has it. */
#include "unit.h"

#include "loader/host.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lsm_list),
	};

	return cmocka_run_group_tests_name("host", tests, NULL, NULL);
}
