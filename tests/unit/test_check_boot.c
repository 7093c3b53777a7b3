// SPDX-License-Identifier: GPL-2.0-only
/* What `check` makes of fstab, exports and units. */
#include <errno.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <systemd/sd-bus.h>

#include "unit_check.h"

#include "check/boot.h"

#define MNT_A "origin:/a /mnt/a nfs4 vers=4.2 0 0\n"
#define BIND(from, to) MNT_A from " " to " none bind 0 0\n"
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
		/* A bind mount of it, a chain of those, a subdirectory, an image, a circle. */
		{BIND("/mnt/a", "/srv/a"), "/srv/a *(fsid=1)", true, false},
		{BIND("/mnt/a", "/srv/a"), "/srv/a/sub *(fsid=1)", true, false},
		{BIND("/mnt/a/sub", "/srv/a"), "/srv/a *(fsid=1)", true, false},
		{BIND("/mnt/a", "/x") "/x/y /srv/a none rbind 0 0\n", "/srv/a *(fsid=1)", true,
		 false},
		{MNT_A "/mnt/a/image /srv/a ext4 loop 0 0\n", "/srv/a *(fsid=1)", true, false},
		{MNT_A "tmpfs /srv/a tmpfs x-systemd.requires-mounts-for=/mnt/a 0 0\n",
		 "/srv/a *(fsid=1)", true, false},
		{BIND("/mnt/b", "/srv/a"), "/srv/a *(fsid=1)", false, false},
		{BIND("/mnt/a", "/srv/a"), "/srv/a *(fsid=1,mp)", false, true},
		{BIND("/mnt/a", "/srv/a"), "/srv/b *(fsid=1)", false, false},
		{MNT_A "/mnt/a /srv/a none bind,noauto 0 0\n", "/srv/a *(fsid=1)", false, true},
		{"/x /y none bind 0 0\n/y /x none bind 0 0\n" FSTAB_A, "/x *(fsid=1)", false,
		 false},
		{"origin:/a /srv/a nfs4 noauto,x-systemd.automount 0 0\n", "/srv/a *(fsid=1)",
		 false, true},
		{"origin:/a /srv/a nfs4 x-systemd.automount 0 0\n", "/srv/a *(fsid=1)", true,
		 false},
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
	b.nfsv4_installed = true;
	judge(&b, "", RG_F_UNIT_ORDER, RG_PROBLEM);
	b.before_nfsv4 = true;
	judge(&b, "", RG_F_UNIT_ORDER, RG_OK);
	b.before_knfsd = false;
	judge(&b, "", RG_F_UNIT_ORDER, RG_PROBLEM);
	strcpy(b.state, "masked");
	judge(&b, "", RG_F_UNIT_ENABLED, RG_WARNING);
	judge(&b, "", RG_F_UNIT_ORDER, RG_OK);
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

/* ---- a bus with a systemd on it, as far as it is asked ---- */

static int reply_names(sd_bus_message *reply, const char *property)
{
	if (strcmp(property, "Before") == 0)
		return sd_bus_message_append(reply, "v", "as", 3, "remote-fs-pre.target",
					     "nfs-server.service", "srv-a.mount");
	return sd_bus_message_append(reply, "v", "as", 2, "network.target", "srv-a.mount");
}

/* Of every unit the same is said. */
static int answer(sd_bus_message *m, void *broken, sd_bus_error *error)
{
	const char *member = sd_bus_message_get_member(m), *interface, *property;
	sd_bus_message *reply = NULL;
	int err;

	(void)error;
	if (!member || sd_bus_message_is_method_call(m, NULL, NULL) <= 0)
		return 0;
	if (strcmp(member, "Hello") == 0)
		return sd_bus_reply_method_return(m, "s", ":1.7");
	if (broken && strcmp(member, broken) == 0)
		return sd_bus_reply_method_errorf(m, SD_BUS_ERROR_ACCESS_DENIED, "no");
	if (strcmp(member, "LoadUnit") == 0)
		return sd_bus_reply_method_return(m, "o", "/org/freedesktop/systemd1/unit/x");
	err = sd_bus_message_read(m, "ss", &interface, &property);
	err = err < 0 ? err : sd_bus_message_new_method_return(m, &reply);
	if (err < 0)
		return err;
	if (strcmp(property, "LoadState") == 0)
		err = sd_bus_message_append(reply, "v", "s", "loaded");
	else if (strcmp(property, "UnitFileState") == 0)
		err = sd_bus_message_append(reply, "v", "s", "disabled");
	else if (strcmp(property, "ActiveEnterTimestampMonotonic") == 0)
		err = sd_bus_message_append(reply, "v", "t", (uint64_t)42500000);
	else
		err = reply_names(reply, property);
	if (err >= 0)
		err = sd_bus_send(sd_bus_message_get_bus(m), reply, NULL);
	sd_bus_message_unref(reply);
	return err < 0 ? err : 1;
}

/* One connection, until it is closed. */
static void serve(int listener, void *broken)
{
	int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	sd_id128_t id =
		SD_ID128_MAKE(12, 34, 56, 78, 9a, bc, de, f0, 12, 34, 56, 78, 9a, bc, de, f0);
	sd_bus *bus = NULL;

	if (fd < 0 || sd_bus_new(&bus) < 0 || sd_bus_set_fd(bus, fd, fd) < 0 ||
	    sd_bus_set_server(bus, 1, id) < 0 || sd_bus_set_anonymous(bus, 1) < 0 ||
	    sd_bus_add_filter(bus, NULL, answer, broken) < 0 || sd_bus_start(bus) < 0)
		return;
	for (;;) {
		int more = sd_bus_process(bus, NULL);

		if (more < 0 || (more == 0 && sd_bus_wait(bus, UINT64_MAX) < 0))
			return;
	}
}

/* broken: the method that is refused, or NULL. */
static void ask(struct rg_boot_facts *b, char *broken)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char address[160];
	pid_t child;

	unit_need(listener >= 0);
	snprintf(at.sun_path, sizeof(at.sun_path), "/tmp/rg-unit-bus-%d", (int)getpid());
	unlink(at.sun_path);
	unit_need(bind(listener, (struct sockaddr *)&at, sizeof(at)) == 0);
	unit_need(listen(listener, 1) == 0);
	snprintf(address, sizeof(address), "unix:path=%s", at.sun_path);
	setenv("DBUS_SYSTEM_BUS_ADDRESS", address, 1);
	child = fork();
	unit_need(child >= 0);
	if (!child) {
		serve(listener, broken);
		_exit(0);
	}
	close(listener);
	rg_boot_ask_systemd(b);
	waitpid(child, NULL, 0);
	unlink(at.sun_path);
	unsetenv("DBUS_SYSTEM_BUS_ADDRESS");
}

static void test_systemd(void **unused)
{
	struct rg_boot_facts b = {.systemd = 1};

	(void)unused;
	ask(&b, NULL);
	assert_int_equal(b.bus_err, 0);
	assert_true(b.installed);
	assert_string_equal(b.state, "disabled");
	assert_true(b.before_knfsd);
	assert_true(b.before_remote_fs);
	assert_string_equal(b.cycle, "srv-a.mount");
	assert_string_equal(b.cycle_of, "nfs-server.service");
	assert_true(b.nfsv4_installed);
	assert_false(b.before_nfsv4);
	assert_int_equal(b.remote_fs_s, 42);

	for (int i = 0; i < 2; i++) {
		char refused[2][16] = {"LoadUnit", "Get"};

		b = (struct rg_boot_facts){.systemd = 1};
		ask(&b, refused[i]);
		assert_int_equal(b.bus_err, -EACCES);
		judge(&b, "", RG_F_UNIT_ORDER, RG_UNKNOWN);
	}

	setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nowhere", 1);
	memset(&b, 0, sizeof(b));
	rg_boot_ask_systemd(&b);
	assert_int_equal(b.bus_err, -ENOENT);
	unsetenv("DBUS_SYSTEM_BUS_ADDRESS");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fstab),		cmocka_unit_test(test_fstab_elsewhere),
		cmocka_unit_test(test_fstab_malformed), cmocka_unit_test(test_units),
		cmocka_unit_test(test_systemd),
	};

	return cmocka_run_group_tests_name("check_boot", tests, NULL, NULL);
}
