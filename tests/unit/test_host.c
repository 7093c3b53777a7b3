// SPDX-License-Identifier: GPL-2.0-only
/* What files of the kernel say of this host. */
#include "unit_host.h"

#include "load/host.h"
#include "load/preempt.h"
#include "mounts/records.h"

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

/* A host is asked by what its directories hold. */
static void test_starts_at_boot(void **unused)
{
	(void)unused;
	assert_int_equal(rg_host_starts_at_boot(host), RG_KNOWN_NOT);
	host_put("/etc/systemd/system/reexport-guard.service", "");
	assert_int_equal(rg_host_starts_at_boot(host), RG_KNOWN_NOT);
	host_put("/run/systemd/system/.here", "");
	assert_int_equal(rg_host_starts_at_boot(host), RG_KNOWN_NO);
	/* A link as systemctl makes it, which may lead nowhere from here. */
	host_link("/etc/systemd/system/multi-user.target.wants/reexport-guard.service",
		  "/lib/systemd/system/reexport-guard.service");
	assert_int_equal(rg_host_starts_at_boot(host), RG_KNOWN_YES);
	host_drop("/etc/systemd/system/multi-user.target.wants/reexport-guard.service");
	assert_int_equal(rg_host_starts_at_boot(host), RG_KNOWN_NO);
	host_link("/usr/lib/systemd/system/nfs-server.service.requires/reexport-guard.service",
		  "../reexport-guard.service");
	assert_int_equal(rg_host_starts_at_boot(host), RG_KNOWN_YES);
}

static void test_records_outlive_reboot(void **unused)
{
	(void)unused;
	assert_int_equal(rg_records_outlive_reboot(host), RG_KNOWN_NOT);
	host_put("/etc/nfs.conf", "[nfsdcld]\nstoragedir = /run/nfsdcld\n");
	assert_int_equal(rg_records_outlive_reboot(host), RG_KNOWN_NO);
	host_put("/etc/nfs.conf", "[nfsdcld]\nstoragedir=/records\n");
	assert_int_equal(rg_records_outlive_reboot(host), RG_KNOWN_NOT);
	host_link("/records", "/dev/shm"); /* a tmpfs */
	assert_int_equal(rg_records_outlive_reboot(host), RG_KNOWN_NO);
	host_drop("/records");
	host_link("/records", "/proc"); /* no tmpfs */
	assert_int_equal(rg_records_outlive_reboot(host), RG_KNOWN_YES);
	/* Legacy tracking, where nfsdcld never was. */
	host_drop("/records");
	host_link("/var/lib/nfs/v4recovery", "/dev/shm");
	assert_int_equal(rg_records_outlive_reboot(host), RG_KNOWN_NO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lsm_list),
		cmocka_unit_test(test_preempt),
		cmocka_unit_test_setup_teardown(test_starts_at_boot, host_setup, host_teardown),
		cmocka_unit_test_setup_teardown(test_records_outlive_reboot, host_setup,
						host_teardown),
	};

	return cmocka_run_group_tests_name("host", tests, NULL, NULL);
}
