// SPDX-License-Identifier: GPL-2.0-only
/* When NFSv3 end clients are told that lockd dropped their locks, who is never told, and what
 * sm-notify reads. */
#include "unit.h"

#include <arpa/inet.h>

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "state/notify.h"
#include "state/sm_dir.h"

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

/* ---- directories of rpc.statd's user ---- */

static char place[64], victim[96];

static int make_place(void **unused)
{
	int fd;

	(void)unused;
	snprintf(place, sizeof(place), "/tmp/rg-unit-XXXXXX");
	if (!mkdtemp(place))
		return -1;
	/* A directory of somebody else's with a file in it. */
	snprintf(victim, sizeof(victim), "%s-victim", place);
	if (mkdir(victim, 0700) < 0)
		return -1;
	strcat(victim, "/f");
	fd = open(victim, O_WRONLY | O_CREAT | O_EXCL, 0600);
	return fd < 0 || write(fd, "0123456789", 10) != 10 || close(fd) < 0 ? -1 : 0;
}

static int remove_place(void **unused)
{
	(void)unused;
	*strrchr(victim, '/') = '\0';
	return unit_remove(victim) | unit_remove(place);
}

static void victim_is_whole(void)
{
	struct stat st;

	assert_int_equal(stat(victim, &st), 0);
	assert_int_equal(st.st_size, 10);
	assert_int_equal(st.st_mode & 0777, 0600);
}

static int open_place(void)
{
	int fd = open(place, O_RDONLY | O_DIRECTORY);

	unit_need(fd >= 0);
	return fd;
}

static struct stat ourselves(void)
{
	return (struct stat){.st_uid = getuid(), .st_gid = getgid()};
}

static void put_state(int fd, int state)
{
	int file = openat(fd, "state", O_WRONLY | O_CREAT | O_TRUNC, 0644);

	unit_need(file >= 0 && write(file, &state, sizeof(state)) == sizeof(state));
	close(file);
}

static void test_raise_state(void **unused)
{
	int fd = open_place(), state = 0, now = 0, file;
	struct stat owner;

	(void)unused;
	assert_int_equal(rg_sm_raise_state(fd, &state, &owner), -ENOENT);
	put_state(fd, 5);
	assert_int_equal(rg_sm_raise_state(fd, &state, &owner), 0);
	assert_int_equal(state, 7);
	assert_int_equal(owner.st_uid, getuid());
	file = openat(fd, "state", O_RDONLY);
	assert_int_equal(read(file, &now, sizeof(now)), sizeof(now));
	assert_int_equal(now, 7);
	close(file);
	/* What is in the way of the new file is a link to somebody else's. */
	assert_int_equal(linkat(AT_FDCWD, victim, fd, "state.new", 0), 0);
	assert_int_equal(rg_sm_raise_state(fd, &state, &owner), 0);
	victim_is_whole();
	assert_int_equal(symlinkat(victim, fd, "state.new"), 0);
	assert_int_equal(rg_sm_raise_state(fd, &state, &owner), 0);
	assert_int_equal(state, 11);
	victim_is_whole();
	/* The file itself is one, so its owner is not rpc.statd's; or nobody writes to it. */
	assert_int_equal(unlinkat(fd, "state", 0), 0);
	assert_int_equal(symlinkat(victim, fd, "state"), 0);
	assert_int_equal(rg_sm_raise_state(fd, &state, &owner), -ELOOP);
	assert_int_equal(unlinkat(fd, "state", 0), 0);
	assert_int_equal(mkfifoat(fd, "state", 0600), 0);
	assert_int_equal(rg_sm_raise_state(fd, &state, &owner), -EINVAL);
	victim_is_whole();
	close(fd);
}

static void test_records(void **unused)
{
	const struct rg_sm_peer peers[] = {{"10.77.2.2", "10.77.2.1"},
					   {"10.77.2.3", "10.77.2.1"},
					   {"10.77.2.2", "10.77.3.1"}};
	struct stat owner = ourselves(), st;
	int fd = open_place();

	(void)unused;
	assert_int_equal(rg_sm_fill(fd, peers, UNIT_COUNT(peers), 7, &owner), 0);
	assert_int_equal(fstatat(fd, "sm/10.77.2.2", &st, AT_SYMLINK_NOFOLLOW), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	for (size_t i = 0; i < UNIT_COUNT(peers); i++)
		assert_true(rg_sm_is_left(fd, &peers[i]));
	/* sm-notify moves them to sm.bak, and removes those of hosts that answer. */
	assert_int_equal(renameat(fd, "sm/10.77.2.2", fd, "sm.bak/10.77.2.2"), 0);
	assert_int_equal(unlinkat(fd, "sm/10.77.2.3", 0), 0);
	assert_true(rg_sm_is_left(fd, &peers[0]));
	assert_false(rg_sm_is_left(fd, &peers[1]));
	/* Nobody writes to this, and it is not waited for. */
	assert_int_equal(mkfifoat(fd, "sm/10.77.2.3", 0600), 0);
	assert_true(rg_sm_is_left(fd, &peers[1]));
	rg_sm_empty(fd);
	close(fd);
	assert_int_equal(rmdir(place), 0);
}

static void test_links(void **unused)
{
	const struct rg_sm_peer peer = {"10.77.2.2", "10.77.2.1"};
	struct stat owner = ourselves();
	char folder[96], *slash;
	int fd = open_place();

	(void)unused;
	assert_int_equal(rg_sm_fill(fd, &peer, 1, 7, &owner), 0);
	/* The directory is rpc.statd's by now, whose user puts links to others' in it. */
	snprintf(folder, sizeof(folder), "%s", victim);
	slash = strrchr(folder, '/');
	*slash = '\0';
	assert_int_equal(renameat(fd, "sm", fd, "moved"), 0);
	assert_int_equal(symlinkat(folder, fd, "sm"), 0);
	assert_true(rg_sm_is_left(fd, &peer));
	rg_sm_empty(fd);
	victim_is_whole();
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_when),
		cmocka_unit_test(test_own_server),
		cmocka_unit_test(test_record),
		cmocka_unit_test(test_state),
		cmocka_unit_test_setup_teardown(test_raise_state, make_place, remove_place),
		cmocka_unit_test_setup_teardown(test_records, make_place, remove_place),
		cmocka_unit_test_setup_teardown(test_links, make_place, remove_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
