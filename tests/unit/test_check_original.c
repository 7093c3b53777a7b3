// SPDX-License-Identifier: GPL-2.0-only
/* What `check` says of the role of an original server. */
#include "unit_check.h"

#include <errno.h>

#include "check/original.h"

#define S 1000000000ULL

/* Taken, in order, with a lease of 90 s and clients by NFSv4.2 alone. */
static struct rg_original_facts taken(void)
{
	return (struct rg_original_facts){
		.looked = true,
		.seen = {.known = true,
			 .enabled = true,
			 .mode = RG_ORG_KEEP,
			 .keep_for_ns = 90 * S,
			 .clients = 1},
		.lsm = 1,
		.nfsd_loaded = true,
	};
}

static struct rg_knfsd_facts knfsd(void)
{
	return (struct rg_knfsd_facts){.threads = 8,
				       .lease_s = 90,
				       .grace_s = 90,
				       .versions = "-2 -3 +4 +4.1 +4.2"};
}

static struct rg_findings found_here;
static struct rg_client_facts clients;

static void judge(const struct rg_original_facts *o, const struct rg_knfsd_facts *k)
{
	rg_findings_free(&found_here);
	found_here = (struct rg_findings){};
	rg_original_check(o, k, &clients, &found_here);
}

/* The finding with these words in its evidence. */
static void says(enum rg_finding_id id, enum rg_severity severity, const char *words)
{
	const struct rg_finding *one = found(&found_here, id);

	expect(&found_here, id, severity);
	if (!one || !strstr(one->evidence, words))
		fail_msg("%s: %s: expected %s", rg_finding_name(id),
			 one ? one->evidence : "nothing", words);
}

static int forget(void **unused)
{
	(void)unused;
	rg_findings_free(&found_here);
	clients = (struct rg_client_facts){};
	return 0;
}

static void test_in_order(void **unused)
{
	struct rg_original_facts o = taken();
	struct rg_knfsd_facts k = knfsd();

	(void)unused;
	judge(&o, &k);
	says(RG_F_ORIGINAL_ROLE, RG_OK, "mode keep; locks of 1 clients");
	says(RG_F_ORIGINAL_HOOKS, RG_OK, "every function");
	says(RG_F_ORIGINAL_KEEP_FOR, RG_OK, "90 s");
	assert_int_equal(found_here.n, 3);
}

/* Nobody wants the role, also where it cannot be seen. */
static void test_nobody_wants_it(void **unused)
{
	struct rg_original_facts o = {.lsm = -1};
	struct rg_knfsd_facts k = knfsd();

	(void)unused;
	judge(&o, &k);
	assert_int_equal(found_here.n, 0);
	o.looked = o.seen.known = true;
	judge(&o, &k);
	assert_int_equal(found_here.n, 0);
}

static void test_wished(void **unused)
{
	struct rg_original_facts o = {.configured = true, .lsm = -1};
	struct rg_knfsd_facts k = knfsd();

	(void)unused;
	judge(&o, &k);
	says(RG_F_ORIGINAL_ROLE, RG_UNKNOWN, "cannot be seen");
	assert_null(found(&found_here, RG_F_ORIGINAL_HOOKS));
	o.looked = true; /* and what is pinned cannot be read */
	judge(&o, &k);
	says(RG_F_ORIGINAL_ROLE, RG_UNKNOWN, "cannot be seen");
	o.seen.known = true;
	judge(&o, &k);
	says(RG_F_ORIGINAL_ROLE, RG_WARNING, "not taken");
	says(RG_F_ORIGINAL_KEEP_FOR, RG_OK, "90 s"); /* a lease */
	o.keep_for_s = 60;
	judge(&o, &k);
	says(RG_F_ORIGINAL_KEEP_FOR, RG_WARNING, "is 60 s and knfsd's lease 90 s");
}

static void test_role(void **unused)
{
	struct rg_original_facts o = taken();
	struct rg_knfsd_facts k = knfsd();

	(void)unused;
	o.seen.mode = RG_ORG_OBSERVE;
	judge(&o, &k);
	says(RG_F_ORIGINAL_ROLE, RG_NOTE, "nobody waits");
	o.seen.mode = RG_ORG_QUIET;
	k.threads = 0;
	judge(&o, &k);
	says(RG_F_ORIGINAL_ROLE, RG_NOTE, "mode quiet; knfsd is not seen to run");
	k.threads = 8;
	k.threads_err = -ENOENT;
	judge(&o, &k);
	says(RG_F_ORIGINAL_ROLE, RG_NOTE, "not seen to run");
}

static void test_hooks(void **unused)
{
	struct rg_original_facts o = taken();
	struct rg_knfsd_facts k = knfsd();

	(void)unused;
	o.lsm = -1; /* securityfs is not mounted; and it works */
	judge(&o, &k);
	says(RG_F_ORIGINAL_HOOKS, RG_OK, "every function");
	o.hooks_err = -ENOENT;
	judge(&o, &k);
	says(RG_F_ORIGINAL_HOOKS, RG_UNKNOWN, "cannot be read");
	o.hooks_err = 0;
	strcpy(o.missing, "nfsd4_lock");
	judge(&o, &k);
	says(RG_F_ORIGINAL_HOOKS, RG_PROBLEM, "no function nfsd4_lock");
	o.nfsd_loaded = false;
	judge(&o, &k);
	says(RG_F_ORIGINAL_HOOKS, RG_UNKNOWN, "nfsd is not loaded");
	o.lsm = 0;
	judge(&o, &k);
	says(RG_F_ORIGINAL_HOOKS, RG_PROBLEM, "bpf is not among");
}

static void test_keep_for(void **unused)
{
	static const struct {
		unsigned long long kept_s;
		long long lease_s;
		int lease_err;
		enum rg_severity severity;
		const char *words;
	} cases[] = {
		{89, 90, 0, RG_WARNING, "for less time"},
		{90, 90, 0, RG_OK, "90 s"},
		{900, 90, 0, RG_OK, "900 s"},
		{901, 90, 0, RG_WARNING, "so long"},
		{10, 0, -ENOENT, RG_OK, "10 s"},
		{3600, 0, -EACCES, RG_WARNING, "so long"},
		{1000, 1200, 0, RG_WARNING, "lease 1200 s"},
	};

	(void)unused;
	for (size_t i = 0; i < UNIT_COUNT(cases); i++) {
		struct rg_original_facts o = taken();
		struct rg_knfsd_facts k = knfsd();

		o.seen.keep_for_ns = cases[i].kept_s * S;
		k.lease_s = cases[i].lease_s;
		k.lease_err = cases[i].lease_err;
		judge(&o, &k);
		says(RG_F_ORIGINAL_KEEP_FOR, cases[i].severity, cases[i].words);
	}
}

static void test_others(void **unused)
{
	struct rg_original_facts o = taken();
	struct rg_knfsd_facts k = knfsd();

	(void)unused;
	strcpy(k.versions, "-2 +3 +4 +4.1 +4.2");
	judge(&o, &k);
	says(RG_F_ORIGINAL_NLM, RG_NOTE, "(0 hosts are known)");
	clients.n_v3 = 2;
	judge(&o, &k);
	says(RG_F_ORIGINAL_NLM, RG_WARNING, "(2 hosts are known)");
	k.versions_err = -EACCES;
	judge(&o, &k);
	says(RG_F_ORIGINAL_NLM, RG_UNKNOWN, "cannot be read");
	assert_null(found(&found_here, RG_F_ORIGINAL_V40));
	clients.v4[0] = 3;
	judge(&o, &k);
	says(RG_F_ORIGINAL_V40, RG_WARNING, "3 clients by NFSv4.0");
	clients.v4_err = -EACCES;
	judge(&o, &k);
	assert_null(found(&found_here, RG_F_ORIGINAL_V40));
}

/* Any number in any of them: the text does not get longer than there is room for. */
static void test_counters(void **unused)
{
	struct rg_original_facts o = taken();
	struct rg_knfsd_facts k = knfsd();

	(void)unused;
	o.seen.counters[RG_ORG_DELAYED_LOCK] = 7; /* as it should be */
	judge(&o, &k);
	assert_null(found(&found_here, RG_F_ORIGINAL_LOST));
	o.seen.counters[RG_ORG_OVERTAKEN] = 1;
	o.seen.counters[RG_ORG_FAIL_WALK] = 2;
	judge(&o, &k);
	says(RG_F_ORIGINAL_LOST, RG_WARNING, "overtaken 1, fail_walk 2");
	memset(o.seen.counters, 0xff, sizeof(o.seen.counters));
	judge(&o, &k);
	says(RG_F_ORIGINAL_LOST, RG_WARNING, "fail_read 18446744073709551615");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_in_order, forget),
		cmocka_unit_test_teardown(test_nobody_wants_it, forget),
		cmocka_unit_test_teardown(test_wished, forget),
		cmocka_unit_test_teardown(test_role, forget),
		cmocka_unit_test_teardown(test_hooks, forget),
		cmocka_unit_test_teardown(test_keep_for, forget),
		cmocka_unit_test_teardown(test_others, forget),
		cmocka_unit_test_teardown(test_counters, forget),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
