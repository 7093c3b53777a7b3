// SPDX-License-Identifier: GPL-2.0-only
/* When NFSv3 end clients are told that lockd dropped their locks, who is never told, and what
 * sm-notify reads. */
#include "unit.h"

#include <arpa/inet.h>

#include "state/notify.h"
#include "state/sm_notify.h"

static void test_when(void **unused)
{
	/* The locks were dropped at 100. */
	static const struct {
		__u32 knfsd, lockd;
		__u64 lockd_end_ns;
		enum rg_notify_when when;
	} cases[] = {
		{RG_KNFSD_DOWN, RG_LOCKD_NONE, 0, RG_NOTIFY_WAIT},
		{RG_KNFSD_DOWN, RG_LOCKD_GRACE, 0, RG_NOTIFY_WAIT}, /* of an NFSv3 mount */
		{RG_KNFSD_DOWN, RG_LOCKD_OVER, 200, RG_NOTIFY_WAIT},
		{RG_KNFSD_STARTING, RG_LOCKD_GRACE, 0, RG_NOTIFY_WAIT},
		{RG_KNFSD_GRACE, RG_LOCKD_GRACE, 0, RG_NOTIFY_NOW},
		{RG_KNFSD_SKIPPED, RG_LOCKD_GRACE, 90, RG_NOTIFY_NOW},
		{RG_KNFSD_OVER, RG_LOCKD_GRACE, 90, RG_NOTIFY_NOW},
		{RG_KNFSD_WAS_RUNNING, RG_LOCKD_GRACE, 0, RG_NOTIFY_NOW},
		/* The grace period that ended was one before: knfsd has no NFSv3 yet. */
		{RG_KNFSD_OVER, RG_LOCKD_OVER, 90, RG_NOTIFY_WAIT},
		{RG_KNFSD_OVER, RG_LOCKD_NONE, 0, RG_NOTIFY_WAIT},
		{RG_KNFSD_OVER, RG_LOCKD_OVER, 101, RG_NOTIFY_LATE},
		{RG_KNFSD_SKIPPED, RG_LOCKD_OVER, 101, RG_NOTIFY_LATE},
		{RG_NR_KNFSD, RG_LOCKD_GRACE, 0, RG_NOTIFY_WAIT}, /* no sense */
		{RG_KNFSD_OVER, RG_NR_LOCKD, 101, RG_NOTIFY_WAIT},
	};

	(void)unused;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct rg_gate g = {.knfsd = cases[i].knfsd,
				    .lockd = cases[i].lockd,
				    .lockd_end_ns = cases[i].lockd_end_ns};

		if (rg_notify_when(&g, 100) != cases[i].when)
			fail_msg("case %zu: %d", i, rg_notify_when(&g, 100));
	}
}

static bool is_server(const char *servers, int family, const char *text)
{
	__u8 addr[16] = {};

	unit_need(inet_pton(family, text, addr) == 1);
	return rg_notify_own_server(servers, (__u16)family, addr);
}

static void test_own_server(void **unused)
{
	static const char servers[] = "NV SERVER   PORT USE HOSTNAME\n"
				      "v4 0a4d0101  801   1 origin\n"
				      "v3 0a4d0201  801   1 both\n"
				      "v3 fd000000000000000000000000000001  801   1 six\n"
				      "v2 0a4d0203  801   1 old";

	(void)unused;
	assert_true(is_server(servers, AF_INET, "10.77.2.1"));
	assert_true(is_server(servers, AF_INET, "10.77.2.3"));
	assert_true(is_server(servers, AF_INET6, "fd00::1"));
	assert_false(is_server(servers, AF_INET, "10.77.1.1")); /* NFSv4: no lockd */
	assert_false(is_server(servers, AF_INET, "10.77.2.2"));
	assert_false(is_server(servers, AF_INET6, "fd00::2"));
	assert_false(is_server("", AF_INET, "10.77.2.1"));
	assert_false(is_server("\n\nv3\nvx 0a4d0201\nv3 0a4d02011\n", AF_INET, "10.77.2.1"));
}

/* As nfs-utils' nsm_parse_line() takes it apart. */
static void test_record(void **unused)
{
	struct rg_sm_peer peer = {.addr = "10.77.2.2", .local = "10.77.2.1"};
	unsigned int addr, program, version, procedure;
	char buf[RG_SM_RECORD_SIZE], cookie[64], mon[64], my[64];

	(void)unused;
	assert_int_equal(sscanf(rg_sm_record(&peer, buf), "%8x %8x %8x %8x %32s %63s %63s", &addr,
				&program, &version, &procedure, cookie, mon, my),
			 7);
	assert_int_equal(addr, htonl(INADDR_LOOPBACK));
	assert_int_equal(strlen(cookie), 32);
	assert_string_equal(mon, peer.addr);
	assert_string_equal(my, peer.local);
	assert_int_equal(buf[strlen(buf) - 1], '\n');
	/* The longest addresses fit. */
	memset(peer.addr, '1', sizeof(peer.addr) - 1);
	memset(peer.local, '2', sizeof(peer.local) - 1);
	rg_sm_record(&peer, buf);
	assert_int_equal(buf[strlen(buf) - 1], '\n');
}

static void test_state(void **unused)
{
	(void)unused;
	assert_int_equal(rg_sm_next_state(1), 3);
	assert_int_equal(rg_sm_next_state(4), 5); /* even: the host was down */
	assert_int_equal(rg_sm_next_state(0), 1);
	assert_true(rg_sm_next_state(0x7fffffff) & 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_when),
		cmocka_unit_test(test_own_server),
		cmocka_unit_test(test_record),
		cmocka_unit_test(test_state),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
