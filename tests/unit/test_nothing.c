// SPDX-License-Identifier: GPL-2.0-only
/* Whether there is nothing to protect: the decision, what an earlier boot tells, and rpc.statd's
 * records in a host of its own. */
#include "unit_host.h"

#include <time.h>

#include "state/kept.h"
#include "state/lockd_grace.h"
#include "state/nothing.h"

#define U RG_REGIME_UNKNOWN
#define F RG_REGIME_FORWARDED
#define R RG_REGIME_REFUSED

/* The whole table: only what is listed here opens the gate. */
static void test_decision(void **unused)
{
	unsigned int opened = 0;

	(void)unused;
	for (int i = 0; i < 3 * 3 * 3 * 3 * 2 * 2 * 2; i++) {
		int n = i;
		struct rg_nothing_facts f = {};
		enum rg_nothing expected = RG_NOTHING_NO;

		f.now.of[RG_LOCKS_NFS4] = n % 3, n /= 3;
		f.now.of[RG_LOCKS_NLM] = n % 3, n /= 3;
		f.nlm_recorded = n % 3, n /= 3;
		f.statd = n % 3, n /= 3;
		f.seen = n % 2, n /= 2;
		f.already = n % 2, n /= 2;
		f.wider = n;
		if (f.now.of[RG_LOCKS_NFS4] == R && f.now.of[RG_LOCKS_NLM] != F && f.seen &&
		    !f.wider)
			expected = f.now.of[RG_LOCKS_NLM] == R || f.nlm_recorded == R
					   ? RG_NOTHING_REFUSED
				   : f.statd == RG_STATD_NONE ? RG_NOTHING_NO_V3_RECORD
				   : f.already		      ? RG_NOTHING_ALREADY
							      : RG_NOTHING_NO;
		assert_int_equal(rg_nothing_of(&f), expected);
		opened += expected != RG_NOTHING_NO;
	}
	assert_true(opened > 0);
}

static void test_examples(void **unused)
{
	/* Linux 7.2 at a boot, with no NFSv3 end client. */
	struct rg_nothing_facts f = {.now.of = {[RG_LOCKS_NFS4] = R},
				     .statd = RG_STATD_NONE,
				     .seen = true};

	(void)unused;
	assert_int_equal(rg_nothing_of(&f), RG_NOTHING_NO_V3_RECORD);
	f.statd = RG_STATD_SOME;
	assert_int_equal(rg_nothing_of(&f), RG_NOTHING_NO);
	f.nlm_recorded = R;
	assert_int_equal(rg_nothing_of(&f), RG_NOTHING_REFUSED);
	/* Linux 6.12.117, which forwards NFSv3's. */
	f.now.of[RG_LOCKS_NLM] = F;
	assert_int_equal(rg_nothing_of(&f), RG_NOTHING_NO);
	/* Linux 6.1. */
	f.now.of[RG_LOCKS_NFS4] = F;
	f.statd = RG_STATD_NONE;
	assert_int_equal(rg_nothing_of(&f), RG_NOTHING_NO);
	f = (struct rg_nothing_facts){.now.of = {[RG_LOCKS_NFS4] = R}, .seen = true};
	assert_int_equal(rg_nothing_of(&f), RG_NOTHING_NO);
	f.already = true;
	assert_int_equal(rg_nothing_of(&f), RG_NOTHING_ALREADY);
}

static void test_recorded(void **unused)
{
	struct rg_regime_kept k = {.before = {[RG_LOCKS_NLM] = {R, "7.2.13"}}};

	(void)unused;
	assert_int_equal(rg_nothing_recorded(&k, RG_LOCKS_NLM, "7.2.13"), R);
	assert_int_equal(rg_nothing_recorded(&k, RG_LOCKS_NLM, "7.2.14"), U);
	assert_int_equal(rg_nothing_recorded(&k, RG_LOCKS_NFS4, "7.2.13"), U);
	assert_int_equal(rg_nothing_recorded(&k, RG_LOCKS_NLM, ""), U);
	k.now[RG_LOCKS_NLM] = (struct rg_regime_known){F, "7.2.13"};
	assert_int_equal(rg_nothing_recorded(&k, RG_LOCKS_NLM, "7.2.13"), F);
	memset(&k, 0, sizeof(k));
	assert_int_equal(rg_nothing_recorded(&k, RG_LOCKS_NLM, ""), U);
}

/* ---- rpc.statd ---- */

/* What is said if the boot began after all that this test did, or before. */
static enum rg_statd_says look(bool booted_after)
{
	return rg_statd_look(host, booted_after ? time(NULL) + 100 : time(NULL) - 100, NULL);
}

static void records_in(const char *dir)
{
	char name[256];

	snprintf(name, sizeof(name), "%s/sm/x", dir);
	host_put(name, "");
	host_drop(name);
	snprintf(name, sizeof(name), "%s/sm.bak/x", dir);
	host_put(name, "");
	host_drop(name);
	snprintf(name, sizeof(name), "%s/state", dir);
	host_put(name, "\3\1\1\1");
}

static void says_while(const char *name, enum rg_statd_says expected)
{
	host_put(name, "");
	assert_int_equal(look(true), expected);
	host_drop(name);
}

static void test_statd(void **unused)
{
	(void)unused;
	assert_int_equal(look(true), RG_STATD_UNKNOWN); /* rpc.statd is not installed */
	host_put("/var/lib/nfs/sm/x", "");
	host_drop("/var/lib/nfs/sm/x");
	assert_int_equal(look(true), RG_STATD_UNKNOWN); /* sm.bak is not there */
	records_in("/var/lib/nfs");
	assert_int_equal(look(true), RG_STATD_NONE);
	assert_int_equal(look(false), RG_STATD_UNKNOWN); /* changed since the boot */
	says_while("/run/rpc.statd.pid", RG_STATD_UNKNOWN);
	says_while("/run/sm-notify.pid", RG_STATD_UNKNOWN);
	says_while("/var/lib/nfs/sm.bak/10.0.0.2", RG_STATD_SOME);
	says_while("/var/lib/nfs/sm/.hidden", RG_STATD_SOME);
	assert_int_equal(look(true), RG_STATD_NONE);
	/* Neither rpc.statd nor sm-notify has ever run with this directory: a cluster may mount
	 * another one over it. */
	host_put("/var/lib/nfs/state", "");
	assert_int_equal(look(true), RG_STATD_UNKNOWN);
	host_drop("/var/lib/nfs/state");
	assert_int_equal(look(true), RG_STATD_UNKNOWN);
}

/* Another directory, by nfs.conf and by other distributions' custom. */
static void test_other_directories(void **unused)
{
	(void)unused;
	records_in("/var/lib/nfs");
	assert_int_equal(look(true), RG_STATD_NONE);
	host_put("/etc/nfs.conf", "[statd]\nstate-directory-path=/var/elsewhere\n");
	assert_int_equal(look(true), RG_STATD_UNKNOWN);
	records_in("/var/elsewhere");
	assert_int_equal(look(true), RG_STATD_NONE);
	says_while("/var/elsewhere/sm/client", RG_STATD_SOME);
	host_drop("/etc/nfs.conf");
	assert_int_equal(look(true), RG_STATD_NONE);
	records_in("/var/lib/nfs/statd");
	assert_int_equal(look(true), RG_STATD_NONE);
	says_while("/var/lib/nfs/statd/sm/client", RG_STATD_SOME);
	/* A configuration that cannot be read may name any directory. */
	host_put("/etc/nfs.conf/x", "");
	assert_int_equal(look(true), RG_STATD_UNKNOWN);
}

/* ---- which hosts they are ---- */

#define LINE(name)                                                                                 \
	"0100007f 000186b5 00000004 00000010 00112233445566778899aabbccddeeff " name " rex\n"

static bool are_servers(const char *record, const char *options)
{
	struct rg_mount at = {.source = (char *)"origin:/srv", .options = (char *)options};
	struct rg_mounts mounts = {.at = &at, .n = 1};
	struct rg_statd_hosts hosts;

	host_put("/var/lib/nfs/sm/origin", record);
	assert_int_equal(rg_statd_look(host, time(NULL) + 100, &hosts), RG_STATD_SOME);
	host_drop("/var/lib/nfs/sm/origin");
	return rg_statd_are_servers(&hosts, &mounts);
}

static void test_hosts(void **unused)
{
	static const char v3[] = "rw,vers=3,addr=10.77.1.1";
	struct rg_statd_hosts hosts;

	(void)unused;
	records_in("/var/lib/nfs");
	assert_int_equal(rg_statd_look(host, time(NULL) + 100, &hosts), RG_STATD_NONE);
	assert_int_equal(hosts.n, 0);
	assert_true(are_servers(LINE("10.77.1.1"), v3));
	assert_true(are_servers(LINE("10.77.1.1") LINE("10.77.1.1"), v3));
	assert_true(are_servers(LINE("fe80::1"), "rw,vers=3,addr=fe80::1"));
	/* Anything else may be an end client. */
	assert_false(are_servers(LINE("10.77.1.1") LINE("10.77.2.2"), v3));
	assert_false(are_servers(LINE("10.77.1.11"), v3));
	assert_false(are_servers(LINE("10.77.1"), v3));
	assert_false(are_servers(LINE("10.77.1.1"), "rw,vers=4.2,addr=10.77.1.1"));
	assert_false(are_servers(LINE("10.77.1.1"), ""));
	assert_false(are_servers("", v3));
	assert_false(are_servers("10.77.1.1\n", v3));
	assert_false(are_servers(LINE("10.77.1.1") "garbage", v3));
	assert_false(are_servers(LINE("10.77.1.1-----------------------------------------------"
				      "---------------------------------------"),
				 v3));
}

/* ---- lockd's grace period ---- */

static void test_all_are_back(void **unused)
{
	struct rg_gate g = {.generation = 1};
	struct rg_client_key keys[2] = {{.slot = 3}, {.slot = 4}};
	struct rg_client clients[2] = {{.generation = 2, .expected = 5, .locks = 5},
				       {.generation = 2, .expected = 5, .locks = 4}};
	struct rg_awaited list = {.keys = keys, .clients = clients, .n = 2};

	(void)unused;
	assert_true(rg_lockd_grace_all_are_back(&list, &g, 3));
	assert_false(rg_lockd_grace_all_are_back(&list, &g, 4)); /* one lock is missing */
	assert_true(rg_lockd_grace_all_are_back(&list, &g, 5));
	clients[0].locks = 6;
	assert_true(rg_lockd_grace_all_are_back(&list, &g, 3));
	clients[0].uncountable = 1;
	assert_false(rg_lockd_grace_all_are_back(&list, &g, 3));
	clients[0].uncountable = 0;
	clients[0].expected = RG_LOCKS_UNKNOWN;
	assert_false(rg_lockd_grace_all_are_back(&list, &g, 3));
	clients[0].state = RG_CLIENT_SETTLED;
	assert_true(rg_lockd_grace_all_are_back(&list, &g, 3));
	/* It has not come back yet: what it has is of the knfsd before. */
	clients[0] = (struct rg_client){.expected = 5, .locks = 5};
	assert_false(rg_lockd_grace_all_are_back(&list, &g, 3));
	clients[0].expected = 0;
	assert_true(rg_lockd_grace_all_are_back(&list, &g, 3));
	clients[0].expected = 5;
	clients[0].gone_ns = 7;
	assert_true(rg_lockd_grace_all_are_back(&list, &g, 3));
}

/* ---- end clients that did not come ---- */

static void test_all_came(void **unused)
{
	struct rg_client_key keys[2] = {{.slot = 3}, {.slot = 4}};
	struct rg_client clients[2] = {{.generation = 2, .expected = 5, .locks = 1},
				       {.expected = 5, .locks = 5}};
	struct rg_awaited list = {.keys = keys, .clients = clients, .n = 2};

	(void)unused;
	assert_true(rg_kept_all_came(&list, 3));
	assert_false(rg_kept_all_came(&list, 4)); /* this knfsd has not seen it */
	assert_true(rg_kept_all_came(&list, 5));
	clients[1].expected = RG_LOCKS_UNKNOWN;
	assert_false(rg_kept_all_came(&list, 4));
	clients[1].expected = 0;
	assert_true(rg_kept_all_came(&list, 4));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_came),
		cmocka_unit_test(test_decision),
		cmocka_unit_test(test_examples),
		cmocka_unit_test(test_recorded),
		cmocka_unit_test_setup_teardown(test_statd, host_setup, host_teardown),
		cmocka_unit_test_setup_teardown(test_other_directories, host_setup, host_teardown),
		cmocka_unit_test_setup_teardown(test_hosts, host_setup, host_teardown),
		cmocka_unit_test(test_all_are_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
