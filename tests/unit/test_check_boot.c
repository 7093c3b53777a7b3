// SPDX-License-Identifier: GPL-2.0-only
/* What `check` makes of fstab, exports and units. */
#include <errno.h>

#include "unit_check.h"

#include "check/boot.h"

#define FSTAB_A "origin:/a /srv/a nfs4 vers=4.2 0 0\n"

/* Booted by systemd, nfs-utils' generator there, the unit as it should be. */
static struct rg_boot_facts good(void)
{
	struct rg_boot_facts b = {
		.generator = 1,
		.systemd = 1,
		.installed = true,
		.state = "enabled",
		.before_knfsd = true,
		.before_remote_fs = true,
	};

	return b;
}

static void judge(struct rg_boot_facts *b, const char *exports, enum rg_finding_id id,
		  enum rg_severity severity)
{
	struct rg_findings f = {};

	assert_int_equal(rg_exports_parse(&b->exports, exports, strlen(exports), false,
					  "/etc/exports", NULL, NULL),
			 0);
	rg_boot_check(b, &f);
	expect(&f, id, severity);
	rg_findings_free(&f);
	rg_exports_free(&b->exports);
}

static void judge_fstab(const char *fstab, const char *exports, enum rg_finding_id id,
			enum rg_severity severity)
{
	struct rg_boot_facts b = good();

	assert_int_equal(rg_boot_read_fstab(file_of(fstab, strlen(fstab)), &b), 0);
	judge(&b, exports, id, severity);
	rg_boot_free(&b);
}

/* As nfs-server-generator of nfs-utils 2.6.2 does it. */
static void test_fstab(void **unused)
{
	static const struct {
		const char *fstab, *exports;
		bool cycle, late;
	} cases[] = {
		{FSTAB_A, "/srv/a *(fsid=1)", true, false},
		{FSTAB_A, "/srv/a/sub *(fsid=1)", true, false},
		{FSTAB_A, "/srv/a *(fsid=1,mp)", false, true},
		{FSTAB_A, "/srv/a *(fsid=1,mountpoint=/srv/a)", false, true},
		{FSTAB_A, "/srv/a x(fsid=1,mp) y(fsid=1)", true, false},
		{FSTAB_A, "/srv/a *(fsid=1,mp)\n/srv/a/sub *(fsid=2)", true, false},
		{"origin:/a /srv/a nfs noauto 0 0\n", "/srv/a *(fsid=1)", false, true},
		{"origin:/a /srv/a nfs rw,noauto,hard 0 0\n", "/srv/a *(fsid=1)", false, true},
		{"origin:/a /srv/a nfs nofail 0 0\n", "/srv/a *(fsid=1)", true, false},
		/* Led there from above. */
		{FSTAB_A, "/srv *(fsid=0,crossmnt)", false, true},
		{FSTAB_A, "/srv *(fsid=0)", false, false},
		{FSTAB_A, "/srv/ab *(fsid=1)", false, false},
		{FSTAB_A, "/srv/b *(fsid=1)", false, false},
		{FSTAB_A, "", false, false},
		{"/dev/sdb /srv/a ext4 defaults 0 0\n", "/srv/a *(fsid=1)", false, false},
		{"# origin:/a /srv/a nfs4 vers=4.2 0 0\n", "/srv/a *(fsid=1)", false, false},
		{"", "/srv/a *(fsid=1)", false, false},
		{"origin:/a /srv/with\\040blank nfs4 rw\n", "\"/srv/with blank\" *(fsid=1)", true,
		 false},
	};

	(void)unused;
	for (size_t i = 0; i < UNIT_COUNT(cases); i++) {
		judge_fstab(cases[i].fstab, cases[i].exports, RG_F_FSTAB_CYCLE,
			    cases[i].cycle ? RG_PROBLEM : RG_OK);
		judge_fstab(cases[i].fstab, cases[i].exports, RG_F_FSTAB_AFTER_KNFSD,
			    cases[i].late ? RG_WARNING : RG_OK);
	}
}

static void test_fstab_elsewhere(void **unused)
{
	struct rg_boot_facts b = good();

	(void)unused;
	assert_int_equal(rg_boot_read_fstab(file_of(FSTAB_A, strlen(FSTAB_A)), &b), 0);
	b.systemd = 0;
	judge(&b, "/srv/a *(fsid=1)", RG_F_FSTAB_CYCLE, RG_NOTE);
	judge(&b, "/srv/a *(fsid=1,mp)", RG_F_FSTAB_AFTER_KNFSD, RG_NOTE);
	b.generator = 0;
	judge(&b, "/srv/a *(fsid=1)", RG_F_FSTAB_CYCLE, RG_OK);
	b.generator = -EACCES;
	judge(&b, "/srv/a *(fsid=1)", RG_F_FSTAB_CYCLE, RG_UNKNOWN);
	b.fstab_err = -EACCES;
	judge(&b, "", RG_F_FSTAB_READ, RG_UNKNOWN);
	b.fstab_err = 0;
	b.n_bad = 3;
	judge(&b, "", RG_F_FSTAB_READ, RG_WARNING);
	rg_boot_free(&b);
	assert_int_equal(rg_boot_read_fstab("/nowhere", &b), -ENOENT);
	rg_boot_free(&b);
}

static void test_fstab_malformed(void **unused)
{
	static const char text[] = "origin:/a /srv/a nfs4 vers=4.2 0 0\norigin:/b\n"
				   "origin:/c /srv/c nfs noauto\n\\777 \\ nfs4\n\"x\" \"y z\n";
	static const char exports[] = "/srv/a *(fsid=1)\n/ *(crossmnt)";
	struct rg_boot_facts b = {};
	__u64 seed = 3;

	(void)unused;
	assert_int_equal(rg_boot_read_fstab(file_of(text, strlen(text)), &b), 0);
	assert_true(b.n >= 2);
	assert_true(b.n_bad >= 1);
	rg_boot_free(&b);
	for (int i = 0; i < 3000; i++) {
		struct rg_findings f = {};
		char copy[sizeof(text)];
		size_t n = 1 + unit_below(&seed, sizeof(copy) - 1);

		memcpy(copy, text, sizeof(copy));
		for (int j = 0; j < 4; j++)
			copy[unit_below(&seed, sizeof(copy))] = (char)unit_below(&seed, 256);
		b = good();
		rg_boot_read_fstab(file_of(copy, n), &b);
		rg_exports_parse(&b.exports, exports, strlen(exports), false, "x", NULL, NULL);
		rg_boot_check(&b, &f);
		rg_findings_free(&f);
		rg_boot_free(&b);
	}
}

static void test_units(void **unused)
{
	struct rg_boot_facts b = good();

	(void)unused;
	judge(&b, "", RG_F_UNIT_ENABLED, RG_OK);
	judge(&b, "", RG_F_UNIT_ORDER, RG_OK);
	judge(&b, "", RG_F_UNIT_CYCLE, RG_OK);
	strcpy(b.cycle, "srv-a.mount");
	judge(&b, "", RG_F_UNIT_CYCLE, RG_PROBLEM);
	strcpy(b.state, "enabled-runtime");
	judge(&b, "", RG_F_UNIT_ENABLED, RG_OK);
	strcpy(b.state, "disabled");
	judge(&b, "", RG_F_UNIT_ENABLED, RG_WARNING);
	b.state[0] = '\0';
	judge(&b, "", RG_F_UNIT_ENABLED, RG_WARNING);
	b.before_knfsd = false;
	judge(&b, "", RG_F_UNIT_ORDER, RG_PROBLEM);
	b = good();
	b.before_remote_fs = false;
	judge(&b, "", RG_F_UNIT_ORDER, RG_PROBLEM);
	b.installed = false;
	judge(&b, "", RG_F_UNIT_ENABLED, RG_WARNING);
	b.bus_err = -EACCES;
	judge(&b, "", RG_F_UNIT_ORDER, RG_UNKNOWN);
	b.systemd = 0;
	judge(&b, "", RG_F_UNIT_ORDER, RG_UNKNOWN);
	b.systemd = -EACCES;
	judge(&b, "", RG_F_UNIT_ORDER, RG_UNKNOWN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fstab),
		cmocka_unit_test(test_fstab_elsewhere),
		cmocka_unit_test(test_fstab_malformed),
		cmocka_unit_test(test_units),
	};

	return cmocka_run_group_tests_name("check_boot", tests, NULL, NULL);
}
