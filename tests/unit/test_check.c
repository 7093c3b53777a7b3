// SPDX-License-Identifier: GPL-2.0-only
/* Findings: how they are kept, what they come to, how they are printed; that each is
 * documented; and `check` of a whole host that is a directory. */
#include <errno.h>
#include <sys/stat.h>

#include <json-c/json.h>
#include <sqlite3.h>

#include "unit_check.h"

#include "check/check.h"

/* ---- findings ---- */

static char *printed(const struct rg_findings *f, void (*print)(const struct rg_findings *, FILE *))
{
	char *text = NULL;
	size_t n;
	FILE *out = open_memstream(&text, &n);

	unit_need(out);
	print(f, out);
	unit_need(fclose(out) == 0 && text);
	return text;
}

static void print_text(const struct rg_findings *f, FILE *out)
{
	static const struct rg_findings_look all = {.least = RG_OK};

	rg_findings_text(f, &all, out);
}

static void print_json(const struct rg_findings *f, FILE *out)
{
	rg_findings_json(f, RG_OK, out);
}

static void test_status(void **unused)
{
	struct rg_findings f = {};

	(void)unused;
	assert_int_equal(rg_findings_status(&f), RG_DONE);
	rg_find(&f, RG_OK, RG_F_BTF, NULL, "fine");
	rg_find(&f, RG_WARNING, RG_F_RELEASE, NULL, "hm");
	rg_find(&f, RG_UNKNOWN, RG_F_KNFSD, NULL, "who knows");
	assert_int_equal(rg_findings_status(&f), RG_DONE);
	rg_find(&f, RG_PROBLEM, RG_F_EXPORT_FSID, "/srv/a", "none");
	assert_int_equal(rg_findings_status(&f), RG_FAILED);
	rg_find(&f, RG_PROBLEM, RG_F_RUNG, NULL, "none");
	rg_cannot(&f);
	assert_int_equal(rg_findings_status(&f), RG_CANNOT);
	rg_findings_sort(&f);
	assert_int_equal(f.at[0].id, RG_F_EXPORT_FSID);
	assert_int_equal(f.at[1].id, RG_F_RUNG);
	assert_int_equal(f.at[2].id, RG_F_RELEASE);
	assert_int_equal(f.at[3].id, RG_F_KNFSD);
	assert_int_equal(f.at[4].id, RG_F_BTF);
	assert_int_equal(rg_findings_count(&f, RG_PROBLEM), 2);
	rg_findings_free(&f);
	rg_remedy(&f, "of nothing");
	rg_cannot(&f);
	assert_int_equal(f.n, 0);
}

static void test_text(void **unused)
{
	struct rg_findings f = {};
	char *text;

	(void)unused;
	rg_find(&f, RG_PROBLEM, RG_F_EXPORT_FSID, "/srv/\033[2Ja\xff", "line:%d\nnext", 3);
	rg_remedy(&f, "do %s", "this");
	rg_remedy(&f, "add %s", "fsid=1"); /* instead */
	rg_find(&f, RG_OK, RG_F_BTF, NULL, "caf\xc3\xa9");
	text = printed(&f, print_text);
	assert_string_equal(text, "ok       btf: caf\xc3\xa9\n"
				  "problem  export-fsid /srv/\\033[2Ja\\377: line:3\\012next\n"
				  "         add fsid=1\n"
				  "1 problem, 0 warnings, 0 unknown, 0 notes, 1 ok\n");
	free(text);
	rg_find(&f, RG_PROBLEM, RG_F_RUNG, NULL, "none");
	rg_cannot(&f);
	text = printed(&f, print_text);
	assert_non_null(strstr(text, "\n2 problems, 0 warnings, 0 unknown, 0 notes, 1 ok; "
				     "reexport-guard cannot run here\n"));
	free(text);
	rg_findings_free(&f);
}

static void print_narrow(const struct rg_findings *f, FILE *out)
{
	static const struct rg_findings_look look = {.least = RG_WARNING,
						     .width = 30,
						     .colour = true};

	rg_findings_text(f, &look, out);
}

/* The outlook comes first, then the worst last, wrapped; what is better than asked for is
 * left out, and counted. */
static void test_look(void **unused)
{
	struct rg_findings f = {};
	char *text;

	(void)unused;
	rg_outlook_is(&f, RG_LOCKS_NFS4, RG_OUTLOOK_LOST, "nobody keeps %s", "them");
	rg_outlook_is(&f, RG_LOCKS_NFS4, RG_OUTLOOK_KEPT, "kept");
	rg_outlook_is(&f, RG_LOCKS_NLM, RG_OUTLOOK_NONE, "none at all");
	rg_find(&f, RG_NOTE, RG_F_BTF, NULL, "note");
	rg_find(&f, RG_PROBLEM, RG_F_RUNG, NULL, "there is no rung that serves");
	rg_remedy(&f, "boot another kernel");
	rg_find(&f, RG_WARNING, RG_F_ACTION, NULL, "hm");
	rg_findings_sort(&f);
	text = printed(&f, print_narrow);
	assert_string_equal(text, "NFSv4    kept\nNFSv3    none at all\n\n"
				  "\033[33mwarning  \033[maction: hm\n"
				  "\033[1;31mproblem  \033[mrung: there is no\n"
				  "         rung that serves\n"
				  "         boot another kernel\n"
				  "1 problem, 1 warning, 0 unknown, 1 note, 0 ok\n");
	free(text);
	for (int s = 0; s < RG_NR_SEVERITIES; s++)
		assert_int_equal(rg_severity_of(rg_severity_name(s)), s);
	assert_int_equal(rg_severity_of("bad"), -1);
	rg_findings_free(&f);
}

static const char *text_of(json_object *o, const char *key)
{
	return json_object_get_string(json_object_object_get(o, key));
}

static void test_json(void **unused)
{
	struct rg_findings f = {};
	json_object *all, *one;
	char *text;

	(void)unused;
	rg_find(&f, RG_PROBLEM, RG_F_EXPORT_FSID, "/srv/\"a\x01", "none");
	rg_remedy(&f, "add it");
	rg_find(&f, RG_OK, RG_F_BTF, NULL, "there");
	text = printed(&f, print_json);
	all = json_tokener_parse(text);
	unit_need(all);
	assert_int_equal(json_object_get_int(json_object_object_get(all, "schema")), 1);
	assert_string_equal(text_of(all, "verdict"), "problems");
	assert_string_equal(text_of(json_object_object_get(all, "counts"), "problem"), "1");
	one = json_object_array_get_idx(json_object_object_get(all, "findings"), 0);
	assert_string_equal(text_of(one, "id"), "export-fsid");
	assert_string_equal(text_of(one, "severity"), "problem");
	assert_string_equal(text_of(one, "object"), "/srv/\"a\\001");
	assert_string_equal(text_of(one, "remedy"), "add it");
	one = json_object_array_get_idx(json_object_object_get(all, "findings"), 1);
	assert_null(json_object_object_get(one, "object"));
	assert_true(json_object_object_get_ex(one, "remedy", NULL));
	json_object_put(all);
	free(text);
	rg_findings_free(&f);
}

/* Rows of docs/check.md begin with "| `id` |". */
static void test_documented(void **unused)
{
	bool there[RG_NR_FINDING_IDS] = {};
	char line[4096], id[64];
	FILE *f = fopen(RG_TEST_DATA "/../../../docs/check.md", "re");

	(void)unused;
	unit_need(f);
	while (fgets(line, sizeof(line), f)) {
		int i = 0;

		if (sscanf(line, "| `%63[a-z0-9-]` |", id) != 1)
			continue;
		while (i < RG_NR_FINDING_IDS && strcmp(rg_finding_name(i), id) != 0)
			i++;
		if (i == RG_NR_FINDING_IDS)
			fail_msg("docs/check.md has %s, which is none", id);
		else
			there[i] = true;
	}
	fclose(f);
	for (int i = 0; i < RG_NR_FINDING_IDS; i++) {
		assert_non_null(rg_finding_name(i));
		assert_int_equal(strspn(rg_finding_name(i),
					"abcdefghijklmnopqrstuvwxyz0123456789-"),
				 strlen(rg_finding_name(i)));
		if (!there[i])
			fail_msg("docs/check.md has no %s", rg_finding_name(i));
		for (int j = 0; j < i; j++)
			assert_string_not_equal(rg_finding_name(i), rg_finding_name(j));
	}
	assert_string_equal(rg_finding_name(RG_NR_FINDING_IDS), "?");
	assert_string_equal(rg_severity_name(RG_NR_SEVERITIES), "?");
}

/* ---- a host ---- */

static char root[64];

static int setup(void **unused)
{
	(void)unused;
	snprintf(root, sizeof(root), "/tmp/rg-unit-XXXXXX");
	return mkdtemp(root) ? 0 : -1;
}

static int teardown(void **unused)
{
	(void)unused;
	return unit_remove(root);
}

/* A file of that host, and the directories above it. */
static void put(const char *name, const char *bytes, size_t n)
{
	char path[512];
	FILE *f;

	snprintf(path, sizeof(path), "%s%s", root, name);
	for (char *at = path + strlen(root) + 1; (at = strchr(at, '/')); at++) {
		*at = '\0';
		mkdir(path, 0755);
		*at = '/';
	}
	f = fopen(path, "we");
	unit_need(f);
	unit_need(fwrite(bytes, 1, n, f) == n);
	unit_need(fclose(f) == 0);
}

static const struct {
	const char *name, *text;
} host[] = {
	{"/etc/exports", "/srv/a *(rw,fsid=1)\n"},
	{"/etc/exports.d/b.exports", "/srv/b *(rw)\n"},
	{"/etc/fstab", "origin:/a /srv/a nfs4 vers=4.2 0 0\n"},
	{"/etc/nfs.conf", "[nfsdcld]\nstoragedir=/var/lib/cld\n"},
	{"/etc/reexport-guard.conf", "[gate]\nrelease = settled\n"},
	{"/var/lib/nfs/etab", "/srv/a\t*(rw,fsid=1)\n"},
	{"/etc/hosts", "10.77.2.2 cli cli.x\n"},
	{"/proc/fs/nfsd/exports", "# Version 1.1\n/srv/a\t*(rw,no_root_squash,fsid=1)\n"
				  "/\t*(ro,v4root,fsid=0,uuid=1:2:3:4)\n# /x\t*()\n"},
	{"/proc/fs/nfsd/nfsv4recoverydir", "/var/lib/nfs/v4recovery\n"},
	{"/proc/fs/nfsfs/volumes", "NV SERVER PORT DEV FSID FSC\nv4 0a4d0101  801 0:40 1:0 no\n"},
	{"/proc/net/unix", "Num Path\n0: 2 0 10000 0005 01 9 @/run/fsid.sock\n"},
	{"/proc/net/rpc/nfsd", "rc 0 0 1\nth 8 0 0.000\n"},
	{"/var/lib/nfs/rmtab", "10.77.2.2:/srv/a:0x00000001\n"},
	{"/var/lib/nfs/sm/10.77.2.3", ""},
	{"/var/lib/nfs/sm/origin", ""},
	{"/var/lib/reexport-guard/budget.json", "{\"version\": 1, \"servers\": []}\n"},
	{"/usr/lib/systemd/system-generators/nfs-server-generator", ""},
	{"/run/systemd/system/x", ""},
	{"/sys/kernel/security/lsm", "capability,yama\n"},
	{"/sys/kernel/security/lockdown", "[none] integrity confidentiality\n"},
	{"/sys/module/nfs/parameters/recover_lost_locks", "Y\n"},
	{"/sys/module/nfsd/x", ""},
	{"/proc/sys/kernel/kptr_restrict", "2\n"},
	{"/proc/sys/fs/leases-enable", "1\n"},
	{"/var/lib/reexport-guard/regime.json", "{\"version\": 1, \"boot_id\": 5}\n"},
	{"/proc/sys/fs/nfs/nlm_grace_period", "30\n"},
	{"/proc/sys/fs/nfs/nlm_timeout", "10\n"},
	{"/proc/fs/nfsd/threads", "8\n"},
	{"/proc/fs/nfsd/versions", "-2 +3 +4 +4.1 +4.2\n"},
	{"/proc/fs/nfsd/nfsv4leasetime", "90\n"},
	{"/proc/fs/nfsd/nfsv4gracetime", "45\n"},
	{"/proc/fs/nfsd/clients/7/info",
	 "clientid: 0x1\naddress: \"10.77.2.2:700\"\nname: \"minor version: 1\"\n"
	 "minor version: 2\n"},
	{"/proc/fs/nfsd/clients/8/info", "minor version: 0\n"},
	{"/proc/locks", "1: POSIX  ADVISORY  WRITE 812 00:28:131 0 EOF\n"
			"1: -> POSIX  ADVISORY  WRITE 813 00:28:131 0 EOF\n"
			"2: POSIX  ADVISORY  WRITE 814 00:28:131 0 EOF\n"
			"3: FLOCK  ADVISORY  WRITE 812 08:01:5 0 EOF\n"},
	{"/proc/812/cmdline", "backup"},
	{"/proc/812/comm", "backup\n"},
	{"/proc/814/cmdline", ""}, /* a kernel thread */
	{"/proc/412/comm", "nfsdcld\n"},
	{"/proc/412/cmdline", "/usr/sbin/nfsdcld"},
	{"/proc/413/comm", "nfsdcld\n"}, /* one that has ended */
	{"/proc/413/cmdline", ""},
	{"/proc/self/mountstats",
	 "device origin:/a mounted on /srv/a with fstype nfs4 statvers=1.1\n"
	 "\tnfsv4:\tbm0=0x0,lease_time=90,lease_expired=0\n"},
	{"/proc/self/mountinfo",
	 "22 1 8:1 / / rw - ext4 /dev/sda1 rw\n"
	 "30 22 0:40 / /srv/a rw - nfs4 origin:/a rw,vers=4.2,soft,addr=10.77.1.1\n"
	 "31 22 0:41 / /srv/b rw - nfs4 origin:/b rw,vers=3,local_lock=all,nolock\n"},
};

static void put_host(void)
{
	for (size_t i = 0; i < UNIT_COUNT(host); i++)
		put(host[i].name, host[i].text, strlen(host[i].text));
}

static void put_database(const char *statements)
{
	char path[512];
	sqlite3 *db;

	put("/var/lib/cld/x", "", 0); /* for the directory */
	snprintf(path, sizeof(path), "%s/var/lib/cld/main.sqlite", root);
	unit_need(sqlite3_open(path, &db) == SQLITE_OK);
	unit_need(sqlite3_exec(db, statements, NULL, NULL, NULL) == SQLITE_OK);
	sqlite3_close(db);
}

static void test_host(void **unused)
{
	struct rg_findings f;

	(void)unused;
	put_host();
	put_database("create table grace (current integer, recovery integer);"
		     "insert into grace values (3, 0);"
		     "create table \"rec-0000000000000003\" (id blob);"
		     "insert into \"rec-0000000000000003\" values ('one');");
	rg_check(root, NULL, &f);
	assert_int_equal(rg_findings_status(&f), RG_CANNOT); /* no BTF */
	expect(&f, RG_F_BTF, RG_PROBLEM);
	expect(&f, RG_F_LOCKDOWN, RG_OK);
	expect(&f, RG_F_BPF_LSM, RG_NOTE);
	expect(&f, RG_F_SYMBOLS, RG_PROBLEM);
	expect(&f, RG_F_RELEASE, RG_OK);
	expect(&f, RG_F_GRACE_LEASE, RG_PROBLEM);
	expect(&f, RG_F_LOCKD_GRACE, RG_WARNING);
	expect(&f, RG_F_NFSDCLD, RG_UNKNOWN); /* its namespace cannot be seen here */
	expect(&f, RG_F_NFSDCLD_CLIENTS, RG_OK);
	expect(&f, RG_F_EXPORT_FSID, RG_PROBLEM);
	assert_string_equal(found(&f, RG_F_EXPORT_FSID)->object, "/srv/b");
	expect(&f, RG_F_MOUNT_SOFT, RG_WARNING);
	expect(&f, RG_F_MOUNT_NOLOCK, RG_PROBLEM);
	expect(&f, RG_F_MOUNT_VERSION, RG_WARNING);
	expect(&f, RG_F_RECOVER_LOST_LOCKS, RG_WARNING);
	expect(&f, RG_F_LEASE_BOOT, RG_UNKNOWN);
	expect(&f, RG_F_REGIME_CHANGED, RG_UNKNOWN); /* its file is damaged */
	expect(&f, RG_F_FSTAB_CYCLE, RG_PROBLEM);
	expect(&f, RG_F_CLIENTS_VERSIONS, RG_NOTE);
	expect(&f, RG_F_CLIENTS_NFSV3, RG_WARNING);
	assert_non_null(strstr(found(&f, RG_F_CLIENTS_NFSV3)->evidence, ": 2: "));
	expect(&f, RG_F_LOCAL_LOCKS, RG_WARNING);
	assert_non_null(strstr(found(&f, RG_F_LOCAL_LOCKS)->evidence, "812 (backup)"));
	rg_findings_free(&f);

	put_database("delete from \"rec-0000000000000003\";");
	rg_check(root, NULL, &f);
	expect(&f, RG_F_NFSDCLD_CLIENTS, RG_PROBLEM);
	rg_findings_free(&f);
	put_database("drop table \"rec-0000000000000003\";");
	rg_check(root, NULL, &f);
	expect(&f, RG_F_NFSDCLD_CLIENTS, RG_UNKNOWN);
	rg_findings_free(&f);

	/* A policy that nobody can read. */
	put("/etc/reexport-guard.conf", "[gate]\nrelease = never\n", 24);
	rg_check(root, NULL, &f);
	expect(&f, RG_F_CONFIGURATION, RG_PROBLEM);
	rg_findings_free(&f);

	/* A generator that is masked. */
	put("/etc/systemd/system-generators/x", "", 0);
	{
		char link[512];

		snprintf(link, sizeof(link),
			 "%s/etc/systemd/system-generators/nfs-server-generator", root);
		unit_need(symlink("/dev/null", link) == 0);
	}
	rg_check(root, NULL, &f);
	expect(&f, RG_F_FSTAB_CYCLE, RG_OK);
	rg_findings_free(&f);
}

static void test_empty_host(void **unused)
{
	struct rg_findings f;

	(void)unused;
	rg_check(root, NULL, &f);
	assert_true(f.n > 10);
	assert_int_equal(rg_findings_status(&f), RG_CANNOT);
	/* What cannot be read is not fine. */
	expect(&f, RG_F_BPF_LSM, RG_UNKNOWN);
	expect(&f, RG_F_LOCKDOWN, RG_UNKNOWN);
	expect(&f, RG_F_GRACE_LEASE, RG_UNKNOWN);
	expect(&f, RG_F_RECOVER_LOST_LOCKS, RG_UNKNOWN);
	expect(&f, RG_F_MOUNTS_READ, RG_UNKNOWN);
	expect(&f, RG_F_REGIME, RG_UNKNOWN);
	expect(&f, RG_F_REGIME_CHANGED, RG_NOTE);
	expect(&f, RG_F_LOCAL_LOCKS, RG_UNKNOWN);
	rg_findings_free(&f);
}

/* Any bytes in any of its files. */
static void test_damaged_host(void **unused)
{
	struct unit_ear ear;
	__u64 seed = 11;

	(void)unused;
	put_host();
	unit_listen(&ear); /* inih and others may complain */
	for (int i = 0; i < 400; i++) {
		size_t which = unit_below(&seed, UNIT_COUNT(host));
		size_t n = strlen(host[which].text);
		char bytes[1024];
		struct rg_findings f;
		char *text;

		unit_need(n < sizeof(bytes) - 64);
		memcpy(bytes, host[which].text, n);
		for (__u64 j = unit_below(&seed, 64); j; j--)
			bytes[n++] = (char)unit_below(&seed, 256);
		for (int j = 0; j < 6; j++)
			bytes[unit_below(&seed, n + 1)] = (char)unit_below(&seed, 256);
		put(host[which].name, bytes, unit_below(&seed, n + 1));
		rg_check(root, NULL, &f);
		text = printed(&f, print_json);
		free(text);
		rg_findings_free(&f);
		if (unit_below(&seed, 8) == 0)
			put_host();
	}
	put("/var/lib/cld/main.sqlite", "SQLite format 3\0garbage", 23);
	{
		struct rg_findings f;

		put_host();
		rg_check(root, NULL, &f);
		expect(&f, RG_F_NFSDCLD_CLIENTS, RG_UNKNOWN);
		rg_findings_free(&f);
	}
	unit_heard(&ear);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_status),
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_look),
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_documented),
		cmocka_unit_test_setup_teardown(test_host, setup, teardown),
		cmocka_unit_test_setup_teardown(test_empty_host, setup, teardown),
		cmocka_unit_test_setup_teardown(test_damaged_host, setup, teardown),
	};

	return cmocka_run_group_tests_name("check", tests, NULL, NULL);
}
