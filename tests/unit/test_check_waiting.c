// SPDX-License-Identifier: GPL-2.0-only
/* What `check` says of units that would be ended while they are held, and of homes. */
#include "unit_check.h"

#include <errno.h>

#include "check/waiting.h"

#define S 1000000ULL
#define TABLE                                                                                      \
	"22 1 254:1 / / rw - ext4 /dev/vda1 rw\n"                                                  \
	"30 22 0:40 / /srv/a rw - nfs4 origin:/a rw\n"                                             \
	"31 22 0:41 / /srv/b rw - nfs4 origin:/b rw\n"

static struct rg_policy_facts holds(__u32 scope)
{
	struct rg_policy_facts p = {.known = true};

	p.policy.max_hold_s = 900;
	p.policy.scope = scope & 3;
	return p;
}

static void judge(const struct rg_waiting_facts *w, const struct rg_policy_facts *p,
		  enum rg_finding_id id, enum rg_severity severity)
{
	struct rg_findings f = {};

	rg_waiting_check(w, p, &f);
	expect(&f, id, severity);
	rg_findings_free(&f);
}

static void test_units(void **unused)
{
	static const struct {
		struct rg_waiting_unit unit;
		enum rg_severity severity;
	} cases[] = {
		{{.name = "db.service", .type = "notify", .start_us = 90 * S}, RG_WARNING},
		{{.name = "db.service", .type = "forking", .start_us = 90 * S}, RG_WARNING},
		{{.name = "db.service", .type = "dbus", .start_us = 90 * S}, RG_WARNING},
		{{.name = "db.service", .type = "oneshot", .start_us = 90 * S}, RG_WARNING},
		{{.name = "db.service", .type = "notify-reload", .start_us = 899 * S}, RG_WARNING},
		/* It may start for as long as it may be held. */
		{{.name = "db.service", .type = "notify", .start_us = 900 * S}, RG_OK},
		{{.name = "db.service", .type = "oneshot", .start_us = RG_UNIT_FOR_EVER}, RG_OK},
		/* It counts as started at once. */
		{{.name = "db.service", .type = "simple", .start_us = 90 * S}, RG_OK},
		{{.name = "db.service", .type = "exec", .start_us = 90 * S}, RG_OK},
		{{.name = "db.service", .type = "simple", .watchdog_us = 30 * S}, RG_WARNING},
		{{.name = "db.service",
		  .type = "notify",
		  .start_us = RG_UNIT_FOR_EVER,
		  .watchdog_us = 30 * S},
		 RG_WARNING},
		{{.name = "db.service", .type = "simple", .watchdog_us = RG_UNIT_FOR_EVER}, RG_OK},
		{{.name = "db.service", .type = "notify", .start_us = 90 * S, .after_open = true},
		 RG_OK},
	};
	struct rg_policy_facts p = holds(RG_SCOPE_LOCKS);

	(void)unused;
	for (size_t i = 0; i < UNIT_COUNT(cases); i++) {
		struct rg_waiting_unit unit = cases[i].unit;
		struct rg_waiting_facts w = {.units = &unit, .n_units = 1};

		judge(&w, &p, RG_F_UNIT_HELD, cases[i].severity);
	}
}

static void test_no_systemd_is_unknown(void **unused)
{
	struct rg_waiting_facts w = {.bus_err = -ENOENT};
	struct rg_policy_facts p = holds(RG_SCOPE_LOCKS);

	(void)unused;
	judge(&w, &p, RG_F_UNIT_HELD, RG_UNKNOWN);
	/* Of a policy that nobody can read nothing is said. */
	p.known = false;
	judge(&w, &p, RG_F_UNIT_HELD, RG_OK);
}

static void read_and_judge(const char *passwd, unsigned int n, __u32 scope,
			   enum rg_severity severity)
{
	struct rg_policy_facts p = holds(scope);
	struct rg_waiting_facts w = {};
	struct rg_reexport_facts r;

	facts_of(&r, "/srv/a *(rw,fsid=1)", TABLE);
	assert_int_equal(rg_waiting_read_passwd(file_of(passwd, strlen(passwd)), &r, &w), 0);
	assert_int_equal(w.n_homes, n);
	judge(&w, &p, RG_F_HOMES, severity);
	rg_reexport_free(&r);
}

static void test_homes(void **unused)
{
	static const char root[] = "root:x:0:0:root:/root:/bin/bash\n";
	static const char both[] = "root:x:0:0:root:/root:/bin/bash\n"
				   "www:x:33:33:www:/srv/a/www:/usr/sbin/nologin\n"
				   "anna:x:1000:1000::/srv/a/home/anna:/bin/bash\n"
				   "bert:x:1001:1001::/srv/b/bert:/bin/sh\n"
				   "no colons at all\n"
				   "carl:x:1002:1002::/srv/a:\n";
	struct rg_policy_facts p = holds(RG_SCOPE_OPENS);
	struct rg_waiting_facts w = {.passwd_err = -EACCES};

	(void)unused;
	read_and_judge(root, 0, RG_SCOPE_OPENS, RG_OK);
	read_and_judge("", 0, RG_SCOPE_OPENS, RG_OK);
	read_and_judge(both, 2, RG_SCOPE_OPENS, RG_WARNING);
	read_and_judge(both, 2, RG_SCOPE_ACCESS, RG_WARNING);
	read_and_judge(both, 2, RG_SCOPE_LOCKS, RG_OK);
	judge(&w, &p, RG_F_HOMES, RG_UNKNOWN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_units),
		cmocka_unit_test(test_no_systemd_is_unknown),
		cmocka_unit_test(test_homes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
