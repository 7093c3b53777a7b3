// SPDX-License-Identifier: GPL-2.0-only
/* `check` and the choice of guarded mounts on hosts that people have: a directory each,
 * after public reports. Each test has the host as reported, and others of its kind. */
#include <errno.h>

#include <sqlite3.h>

#include "unit_check.h"
#include "unit_host.h"

#include "check/check.h"
#include "policy/rules.h"

/* ---- asking ---- */

static struct rg_findings found_now;

static void check_host(void)
{
	rg_findings_free(&found_now);
	rg_check(host, NULL, &found_now);
}

/* The finding with this id about this object; NULL: there is none. */
static const struct rg_finding *about(enum rg_finding_id id, const char *object)
{
	for (size_t i = 0; i < found_now.n; i++) {
		const struct rg_finding *f = &found_now.at[i];

		if (f->id == id && (!object || (f->object && strcmp(f->object, object) == 0)))
			return f;
	}
	return NULL;
}

/* There is such a finding, and its evidence and remedy say these words. */
static void says(enum rg_finding_id id, const char *object, enum rg_severity severity,
		 const char *evidence, const char *remedy)
{
	const struct rg_finding *f = about(id, object);

	if (!f)
		fail_msg("%s of %s is not found", rg_finding_name(id), object);
	unit_need(f);
	if (f->severity != severity)
		fail_msg("%s is %s: %s", rg_finding_name(id), rg_severity_name(f->severity),
			 f->evidence);
	if (evidence && !strstr(f->evidence, evidence))
		fail_msg("%s has no \"%s\": %s", rg_finding_name(id), evidence, f->evidence);
	if (remedy && (!f->remedy || !strstr(f->remedy, remedy)))
		fail_msg("%s has no remedy \"%s\": %s", rg_finding_name(id), remedy, f->remedy);
}

static void says_nothing(enum rg_finding_id id, const char *object)
{
	const struct rg_finding *f = about(id, object);

	if (f)
		fail_msg("%s: %s", rg_finding_name(id), f->evidence);
}

/* The targets of the mounts that the exports of that host would have guarded. */
static const char *guarded(void)
{
	static char text[1024];
	struct rg_reexport_facts r;
	size_t used = 0;

	rg_reexport_gather(host, &r);
	text[0] = '\0';
	for (size_t i = 0; i < r.mounts.n; i++)
		if (r.reexported[i])
			used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%s",
						 used ? " " : "", r.mounts.at[i].target);
	rg_reexport_free(&r);
	return text;
}

static void put_database(const char *name, const char *statements)
{
	sqlite3 *db;

	unit_need(sqlite3_open(host_path(name), &db) == SQLITE_OK);
	unit_need(sqlite3_exec(db, statements, NULL, NULL, NULL) == SQLITE_OK);
	sqlite3_close(db);
}

/* ---- rootdir= of nfs.conf ---- */

static void test_rootdir(void **unused)
{
	(void)unused;
	host_unpack("rootdir");
	check_host();
	assert_string_equal(guarded(), "/srv/nfs/files");
	says(RG_F_REEXPORTS, NULL, RG_OK, "1 of 1", NULL);
	says(RG_F_MOUNT_SOFT, "/srv/nfs/files", RG_WARNING, "soft", "hard");
	says(RG_F_MOUNT_LOCAL_LOCK, "/srv/nfs/files", RG_PROBLEM, "local_lock=all", NULL);
	says_nothing(RG_F_EXPORT_FSID, NULL);

	/* Quoted, in any case, with slashes at its end, in a drop-in that comes last. */
	host_put("/etc/nfs.conf", "[exports]\nrootdir=/elsewhere\n");
	host_put("/etc/nfs.conf.d/z.conf", "[Exports]\nRootDir = \"/srv/nfs//\"\n");
	assert_string_equal(guarded(), "/srv/nfs/files");
	host_drop("/etc/nfs.conf.d/z.conf");
	assert_string_equal(guarded(), "");

	/* The directory is a link; a link below it is one of the jail. */
	host_put("/etc/nfs.conf", "[exports]\nrootdir=/jail\n");
	host_link("/jail", "srv/nfs");
	host_put("/srv/nfs/x", "");
	host_link("/srv/nfs/link", "/files");
	assert_string_equal(guarded(), "/srv/nfs/files");
	host_put("/etc/exports", "/link/sub 10.0.0.0/8(rw,fsid=1)\n");
	host_put("/var/lib/nfs/etab", "");
	assert_string_equal(guarded(), "/srv/nfs/files");

	/* etab is elsewhere, too. */
	host_put("/etc/exports", "");
	host_put("/etc/nfs.conf",
		 "[exports]\nrootdir=/srv/nfs\n[mountd]\nstate-directory-path=/var/state\n");
	assert_string_equal(guarded(), "");
	host_put("/var/state/etab", "/files\t*(rw,fsid=1)\n");
	assert_string_equal(guarded(), "/srv/nfs/files");

	/* What knfsd says has no such directory before it. */
	host_put("/var/state/etab", "");
	host_put("/proc/fs/nfsd/exports", "# Version 1.1\n# Path Client(Flags) # IPs\n"
					  "/srv/nfs/files\t*(rw,fsid=1)\n");
	assert_string_equal(guarded(), "/srv/nfs/files");
}

/* ---- knfsd of a container on the host's network ---- */

static void test_container(void **unused)
{
	(void)unused;
	host_unpack("container-hostnet");
	check_host();
	assert_string_equal(guarded(), "/srv/a");
	says(RG_F_REEXPORTS, NULL, RG_OK, "1 of 1", NULL);
	says(RG_F_EXPORTS_UNSEEN, "/srv/a", RG_WARNING, "container", "all = yes");
	says_nothing(RG_F_MOUNT_NOT_GUARDED, NULL);

	host_put("/etc/reexport-guard.conf", "[mounts]\nall = yes\n"); /* the remedy */
	check_host();
	says_nothing(RG_F_EXPORTS_UNSEEN, NULL);
	host_drop("/etc/reexport-guard.conf");

	/* The nfsd file system is mounted in the container alone. */
	host_drop("/proc/fs/nfsd/exports");
	host_drop("/proc/fs/nfsd/threads");
	host_put("/proc/fs/nfs/exports", "/srv/a\t*(rw,no_root_squash,fsid=1)\n");
	host_put("/proc/net/rpc/nfsd", "rc 0 0 1\nth 8 0 0.000 0.000\n");
	check_host();
	assert_string_equal(guarded(), "/srv/a");
	says(RG_F_KNFSD, NULL, RG_WARNING, "8 threads", "mount -t nfsd");
	says_nothing(RG_F_EXPORT_FSID, NULL);

	/* It exports a path of its own mount namespace. */
	host_put("/proc/fs/nfs/exports", "/export\t*(rw,no_root_squash,fsid=1)\n");
	check_host();
	assert_string_equal(guarded(), "");
	says(RG_F_EXPORTS_UNSEEN, "/export", RG_WARNING, "no NFS mount", "nsenter");

	/* Nobody has come to an export yet, or its list is lost; there is an end client. */
	host_put("/proc/fs/nfs/exports", "# Version 1.1\n# Path Client(Flags) # IPs\n");
	check_host();
	says(RG_F_EXPORTS_UNSEEN, NULL, RG_WARNING, "1 end clients, and no export is seen",
	     "all = yes");

	/* The root that mountd makes up, and an answer of "no", are no exports. A blank in
	 * a path is escaped. */
	host_put("/proc/fs/nfs/exports", "/\t*(ro,no_root_squash,sync,v4root,fsid=0,uuid=1:2:3:4)\n"
					 "# /srv/a\t10.77.2.9()\n");
	assert_string_equal(guarded(), "");
	host_put("/proc/self/mountinfo",
		 "22 1 8:1 / / rw - ext4 /dev/sda1 rw\n"
		 "30 22 0:40 / /srv/a\\040b rw - nfs4 origin:/a rw,vers=4.2\n");
	host_put("/proc/fs/nfs/exports", "/srv/a\\040b\t*(rw,uuid=1:2:3:4)\n");
	check_host();
	assert_string_equal(guarded(), "/srv/a b");
	says_nothing(RG_F_EXPORT_FSID, NULL);
}

static struct rg_rule rule_of(const char *path, const char *source)
{
	struct rg_rule rule = {.kind = RG_RULE_EXPORT};

	snprintf(rule.path, sizeof(rule.path), "%s", path);
	snprintf(rule.source, sizeof(rule.source), "%s", source);
	return rule;
}

/* Paths of rules, "+" where knfsd alone has it. */
static const char *show(const struct rg_rules *rules)
{
	static char text[256];
	size_t used = 0;

	text[0] = '\0';
	for (size_t i = 0; i < rules->n; i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%s ",
					 rules->at[i].path, rules->at[i].source[0] ? "+" : "");
	return text;
}

static void take_over(struct rg_rule *before, size_t n_before, struct rg_rule *fresh,
		      size_t n_fresh, bool all, const char *expected)
{
	struct rg_rules was = {.at = before, .n = n_before}, now = {};

	now.at = calloc(n_fresh + 1, sizeof(*now.at));
	unit_need(now.at);
	for (size_t i = 0; i < n_fresh; i++)
		now.at[i] = fresh[i];
	now.n = n_fresh;
	assert_int_equal(rg_rules_take_over(&now, &was, all), 0);
	assert_string_equal(show(&now), expected);
	rg_rules_free(&now);
}

/* knfsd forgets its exports when it stops, just when the gate closes. */
static void test_container_stops(void **unused)
{
	struct rg_rule seen[] = {rule_of("/a", "knfsd")}, named[] = {rule_of("/a", "")},
		       except[] = {{.kind = RG_RULE_EXCEPT, .path = "/x"}};

	(void)unused;
	take_over(seen, 1, NULL, 0, false, "/a+ ");
	take_over(seen, 1, seen, 1, false, "/a+ ");
	take_over(seen, 1, named, 1, false, "/a ");
	/* A file named it, and does no longer: knfsd has not been told yet. */
	take_over(named, 1, seen, 1, false, "");
	take_over(named, 1, NULL, 0, false, "");
	take_over(named, 1, NULL, 0, true, "/a ");
	take_over(except, 1, seen, 1, false, "/a+ /x ");
}

/* ---- nfs.conf as nfs-utils reads it ---- */

static void test_nfs_conf(void **unused)
{
	(void)unused;
	host_unpack("nfs-conf-include");
	check_host();
	says(RG_F_NFSDCLD_STORAGE, "/run/nfsdcld", RG_PROBLEM, "/etc/nfs.conf.local:2",
	     "where it is set (/etc/nfs.conf.local:2)");
	says(RG_F_GRACE_LEASE, "/etc/nfs.conf.local:4", RG_PROBLEM, "15 s and its lease 90 s",
	     "where /etc/nfs.conf.local:4 is");
	/* What is in force now is another thing. */
	says(RG_F_GRACE_LEASE, "/proc/fs/nfsd", RG_OK, NULL, NULL);

	/* Before knfsd runs nfs.conf is all there is. */
	host_drop("/proc/fs/nfsd/nfsv4gracetime");
	host_drop("/proc/fs/nfsd/nfsv4leasetime");
	host_drop("/proc/fs/nfsd/threads");
	check_host();
	says(RG_F_GRACE_LEASE, "/etc/nfs.conf.local:4", RG_PROBLEM, "15 s", NULL);

	/* A lease alone is too long as well: the grace period is 90 s then. */
	host_put("/etc/nfs.conf.local", "[nfsd]\nlease-time=120\n");
	check_host();
	says(RG_F_GRACE_LEASE, "/etc/nfs.conf.local:2", RG_PROBLEM, "90 s and its lease 120 s",
	     NULL);
	host_put("/etc/nfs.conf.local", "[nfsd]\nlease-time=30\ngrace-time=30\n");
	check_host();
	says(RG_F_GRACE_LEASE, "/etc/nfs.conf.local:3", RG_OK, "30 s", NULL);

	/* What could not be read is not taken for default. */
	host_put("/etc/nfs.conf", "[nfsd]\ninclude = nfs.conf.d\n");
	host_put("/etc/nfs.conf.d/x", "");
	check_host();
	says(RG_F_NFS_CONF, NULL, RG_UNKNOWN, "nfs.conf.d", NULL);
	/* nfs-utils ignores a line without an end. */
	host_put("/etc/nfs.conf", "[nfsd]\ngrace-time=10");
	check_host();
	says(RG_F_NFS_CONF, NULL, RG_WARNING, "no end", "nfsconf --dump");
	says_nothing(RG_F_GRACE_LEASE, "/etc/nfs.conf:2");
}

/* ---- fstab ---- */

static void put_systemd(void)
{
	host_put("/run/systemd/system/x", "");
	host_put("/usr/lib/systemd/system-generators/nfs-server-generator", "");
}

static void test_bind(void **unused)
{
	(void)unused;
	host_unpack("bind-in-fstab");
	check_host(); /* the directory says nothing of systemd */
	says(RG_F_FSTAB_CYCLE, "/mnt/a", RG_PROBLEM, "/srv/a", NULL);
	put_systemd();
	check_host();
	says(RG_F_FSTAB_CYCLE, "/mnt/a", RG_PROBLEM, "/srv/a", "unit of your own");

	/* By a link, at either end. */
	host_put("/etc/fstab", "origin:/a /mnt/link nfs4 vers=4.2 0 0\n/mnt/a /srv/a none bind\n");
	host_put("/mnt/x", "");
	host_link("/mnt/link", "a");
	check_host();
	says(RG_F_FSTAB_CYCLE, "/mnt/a", RG_PROBLEM, "/srv/a", NULL);
	host_put("/etc/fstab", "origin:/a /mnt/a nfs4 vers=4.2 0 0\n");
	host_put("/etc/exports", "/exported/sub *(fsid=1)\n");
	host_link("/exported", "/mnt/a");
	check_host();
	says(RG_F_FSTAB_CYCLE, "/mnt/a", RG_PROBLEM, "/exported/sub", NULL);

	/* The generator knows nothing of rootdir=: no cycle, and knfsd starts before it. */
	host_unpack("rootdir");
	host_put("/etc/fstab", "10.9.0.5:/files /srv/nfs/files nfs vers=3 0 0\n");
	check_host();
	says(RG_F_FSTAB_AFTER_KNFSD, "/srv/nfs/files", RG_WARNING, "/etc/exports:1", NULL);
}

static void test_automount(void **unused)
{
	(void)unused;
	host_unpack("automount-idle");
	put_systemd();
	check_host();
	says(RG_F_FSTAB_AFTER_KNFSD, "/srv/a", RG_WARNING, "x-systemd.automount", "of your own");
	says(RG_F_FSTAB_AFTER_KNFSD, "/srv/a", RG_WARNING, "idle after 10min", NULL);
	says(RG_F_EXPORT_AUTOMOUNT, "/srv/a", RG_WARNING, "After a reboot", NULL);
	says(RG_F_REEXPORTS, NULL, RG_UNKNOWN, "automounter", NULL);

	/* autofs(5), with an indirect map, and no fstab. */
	host_put("/etc/fstab", "");
	host_put("/etc/exports", "/net/origin/a *(fsid=1)\n");
	host_put("/proc/self/mountinfo",
		 "22 1 8:1 / / rw - ext4 /dev/sda1 rw\n"
		 "29 22 0:39 / /net rw - autofs /etc/auto.net rw,fd=5,pgrp=9,indirect\n");
	check_host();
	says(RG_F_EXPORT_AUTOMOUNT, "/net/origin/a", RG_WARNING, "mount point /net ", NULL);
	/* Mounted, it is a mount like another. */
	host_put("/proc/self/mountinfo",
		 "22 1 8:1 / / rw - ext4 /dev/sda1 rw\n"
		 "29 22 0:39 / /net rw - autofs /etc/auto.net rw,fd=5,pgrp=9,indirect\n"
		 "30 29 0:40 / /net/origin/a rw - nfs4 origin:/a rw,vers=4.2\n");
	check_host();
	assert_string_equal(guarded(), "/net/origin/a");
	says(RG_F_REEXPORTS, NULL, RG_OK, "1 of 1", NULL);
	says_nothing(RG_F_EXPORT_AUTOMOUNT, NULL);
}

/* ---- exports ---- */

static void test_blank(void **unused)
{
	(void)unused;
	host_unpack("space-before-options");
	check_host();
	says(RG_F_EXPORT_BLANK, "/srv/a", RG_PROBLEM, "10.77.2.0/24", "blank");
	says(RG_F_EXPORT_BLANK, "/srv/a", RG_PROBLEM, "every", NULL);
	says_nothing(RG_F_EXPORT_FSID, NULL);

	host_put("/etc/exports", "/srv/a a(rw,fsid=1) b\t(rw,fsid=1) c(ro,fsid=1)\n");
	check_host();
	says(RG_F_EXPORT_BLANK, "/srv/a", RG_PROBLEM, "client b ", NULL);
	host_put("/etc/exports", "/srv/a a \\\n  (rw,fsid=1)\n");
	check_host();
	says(RG_F_EXPORT_BLANK, "/srv/a", RG_PROBLEM, "client a ", NULL);
	host_put("/etc/exports", "/srv/a -fsid=1 a (rw)\n");
	check_host();
	says(RG_F_EXPORT_BLANK, "/srv/a", RG_PROBLEM, "client a ", NULL);
	/* Meant for everybody, or with options of its own. */
	host_put("/etc/exports", "/srv/a (rw,fsid=1)\n");
	check_host();
	says_nothing(RG_F_EXPORT_BLANK, NULL);
	host_put("/etc/exports", "/srv/a a(rw,fsid=1) (ro,fsid=1)\n");
	check_host();
	says_nothing(RG_F_EXPORT_BLANK, NULL);
	/* Of one that is no re-export it is none of our business. */
	host_put("/etc/exports", "/srv a (rw,fsid=1)\n");
	check_host();
	says_nothing(RG_F_EXPORT_BLANK, NULL);
}

/* Exports that no file names: a cluster's. */
static void test_etab_alone(void **unused)
{
	(void)unused;
	host_unpack("pacemaker-etab");
	check_host();
	assert_string_equal(guarded(), "/srv/a");
	says(RG_F_EXPORT_FSID, "/srv/a", RG_PROBLEM, "/var/lib/nfs/etab:1",
	     "Do not run `exportfs -r`");
	for (size_t i = 0; i < found_now.n; i++)
		assert_true(!found_now.at[i].remedy || !strstr(found_now.at[i].remedy, "-ra"));

	/* The same number twice, both of the cluster. */
	host_put("/var/lib/nfs/etab", "/srv/a\t*(rw,fsid=2)\n/srv/gone\t*(rw,fsid=2)\n");
	check_host();
	says(RG_F_EXPORT_FSID_TWICE, "/srv/gone", RG_PROBLEM, "/var/lib/nfs/etab:1",
	     "do not run `exportfs -r`");
	/* Beside it, a file's own mistake is put into force without taking those away. */
	host_put("/var/lib/nfs/etab", "/srv/gone\t*(rw,fsid=2)\n");
	host_put("/etc/exports", "/srv/a *(rw)\n");
	check_host();
	says(RG_F_EXPORT_FSID, "/srv/a", RG_PROBLEM, "/etc/exports:1", "`exportfs -a`");
	/* The file is right, and not in force. */
	host_put("/var/lib/nfs/etab", "/srv/a\t*(rw)\n");
	host_put("/etc/exports", "/srv/a *(rw,fsid=1)\n");
	check_host();
	says(RG_F_EXPORT_FSID, "/srv/a", RG_PROBLEM, "/var/lib/nfs/etab:1",
	     "run `exportfs -ra`: the file says it");
	/* Of two clients, in two files, the one that lacks it is named. */
	host_put("/var/lib/nfs/etab", "");
	host_put("/etc/exports", "/srv/a x(rw,fsid=1)\n");
	host_put("/etc/exports.d/b.exports", "/srv/a y(rw)\n");
	check_host();
	says(RG_F_EXPORT_FSID, "/srv/a", RG_PROBLEM, "b.exports:1: exported to y ", NULL);
}

/* ---- reexport=, and fsidd ---- */

static void test_reexport_sound(void **unused)
{
	(void)unused;
	host_unpack("auto-reexport");
	host_put("/var/lib/nfs/reexpdb.sqlite3", "");
	check_host();
	assert_string_equal(guarded(), "/srv/a /srv/a/sub");
	says_nothing(RG_F_EXPORT_CROSSMNT, NULL);
	says_nothing(RG_F_EXPORT_FSID, NULL);
	says_nothing(RG_F_EXPORT_REEXPORT, NULL);
	says(RG_F_FSIDD, NULL, RG_UNKNOWN, "database", NULL);

	host_put("/proc/77/comm", "fsidd\n");
	host_put("/proc/77/cmdline", "/usr/sbin/fsidd");
	check_host();
	says(RG_F_FSIDD, NULL, RG_OK, "runs", NULL);
	host_put("/proc/77/cmdline", "");
	check_host();
	says(RG_F_FSIDD, NULL, RG_PROBLEM, "does not run", "fsidd");
	/* By its abstract socket. */
	host_put("/etc/nfs.conf", "[reexport]\nfsidd_socket=@/run/fsid.sock\n");
	host_put("/proc/net/unix", "Num RefCount Protocol Flags Type St Inode Path\n"
				   "0: 2 0 10000 0005 01 9 @/run/fsid.sock\n");
	check_host();
	says(RG_F_FSIDD, NULL, RG_OK, "runs", NULL);
	/* Its numbers are gone after a reboot. */
	host_put("/etc/nfs.conf", "[reexport]\nsqlitedb=/run/reexpdb.sqlite3\n");
	check_host();
	says(RG_F_FSIDD, "/run/reexpdb.sqlite3", RG_PROBLEM, NULL, "(/etc/nfs.conf:2)");
	/* An exportfs of before. */
	host_put("/usr/sbin/exportfs", "no_subtree_check");
	check_host();
	says(RG_F_EXPORT_REEXPORT, "exportfs", RG_PROBLEM, "2.6.3", NULL);
	host_put("/usr/sbin/exportfs", "no_subtree_check auto-fsidnum");
	check_host();
	says_nothing(RG_F_EXPORT_REEXPORT, "exportfs");
}

static void test_reexport_mixed(void **unused)
{
	(void)unused;
	host_unpack("mixed-fsidnum");
	check_host();
	says(RG_F_EXPORT_REEXPORT, "/srv/b", RG_PROBLEM, "/etc/exports:2: fsid=7", NULL);
	says(RG_F_EXPORT_REEXPORT, "/srv/c", RG_PROBLEM, "/etc/exports:3: fsid= stands after",
	     "before reexport=");
	says(RG_F_EXPORT_FSID, "/srv/d", RG_PROBLEM, "/etc/exports:4", "reexport=auto-fsidnum");
	says_nothing(RG_F_EXPORT_FSID, "/srv/a");
	says_nothing(RG_F_EXPORT_REEXPORT, "/srv/a");

	/* The number is of another path now. A UUID, and the root of NFSv4's tree, clash with
	 * nothing. */
	put_database("/var/lib/nfs/reexpdb.sqlite3",
		     "create table fsidnums (num integer primary key, path text unique);"
		     "insert into fsidnums values (7, '/srv/a'), (2, '/srv/e');");
	host_put("/etc/exports", "/srv/a *(reexport=auto-fsidnum)\n/srv/b *(fsid=7)\n"
				 "/ *(fsid=0)\n"
				 "/srv/d *(fsid=7b2d2b4e-5c3a-4d0e-9c57-0123456789ab)\n"
				 "/srv/e *(fsid=3,reexport=predefined-fsidnum)\n"
				 "/srv/f *(reexport=predefined-fsidnum)\n"
				 "/srv/g *(fsid=9,reexport=predefined-fsidnum)\n"
				 "/srv/h *(reexport=auto-fsidnum,reexport=auto-fsidnum)\n"
				 "/srv/i *(reexport=other)\n");
	check_host();
	says(RG_F_EXPORT_REEXPORT, "/srv/b", RG_PROBLEM, "given it to /srv/a", NULL);
	says_nothing(RG_F_EXPORT_REEXPORT, "/");
	says_nothing(RG_F_EXPORT_REEXPORT, "/srv/d");
	says(RG_F_EXPORT_REEXPORT, "/srv/e", RG_PROBLEM, "number 2", "fsid=2");
	says(RG_F_EXPORT_REEXPORT, "/srv/f", RG_PROBLEM, "no number", "auto-fsidnum");
	says_nothing(RG_F_EXPORT_REEXPORT, "/srv/g");
	says(RG_F_EXPORT_REEXPORT, "/srv/h", RG_PROBLEM, "twice", NULL);
	says(RG_F_EXPORT_REEXPORT, "/srv/i", RG_PROBLEM, NULL, NULL);

	/* predefined-fsidnum with crossmnt: what lies below needs one as well. */
	host_put("/etc/exports", "/srv *(fsid=0,crossmnt,reexport=predefined-fsidnum)\n"
				 "/srv/x *(crossmnt,reexport=predefined-fsidnum)\n");
	host_put("/proc/self/mountinfo", "22 1 8:1 / / rw - ext4 /dev/sda1 rw\n"
					 "30 22 0:40 / /srv/x rw - nfs4 o:/x rw,vers=4.2\n"
					 "31 30 0:41 / /srv/x/y rw - nfs4 o:/y rw,vers=4.2\n");
	put_database("/var/lib/nfs/reexpdb.sqlite3", "insert into fsidnums values (8, '/srv/x');");
	check_host();
	says_nothing(RG_F_EXPORT_REEXPORT, "/srv/x");
	says(RG_F_EXPORT_REEXPORT, "/srv/x/y", RG_PROBLEM, "no number", NULL);
	says_nothing(RG_F_EXPORT_CROSSMNT, "/srv/x");
	/* A database that is none: not known. */
	host_put("/var/lib/nfs/reexpdb.sqlite3", "not a database, whatever it is called\n");
	check_host();
	says(RG_F_EXPORT_REEXPORT, "/srv/x/y", RG_UNKNOWN, NULL, NULL);
}

static void test_no_fsidd(void **unused)
{
	(void)unused;
	host_unpack("no-fsidd");
	check_host();
	says(RG_F_FSIDD, NULL, RG_PROBLEM, "no database", "fsidd");
	/* With a number of one's own fsidd is asked all the same, with a UUID it is not. */
	host_put("/etc/exports", "/srv/a *(fsid=1,reexport=predefined-fsidnum)\n");
	check_host();
	says(RG_F_FSIDD, NULL, RG_PROBLEM, NULL, NULL);
	host_put("/etc/exports", "/srv/a *(fsid=7b2d2b4e-5c3a-4d0e-9c57-0123456789ab,"
				 "reexport=auto-fsidnum)\n");
	check_host();
	says_nothing(RG_F_FSIDD, NULL);
	host_put("/etc/exports", "/srv/a *(fsid=1,reexport=none)\n");
	check_host();
	says_nothing(RG_F_FSIDD, NULL);
	says_nothing(RG_F_EXPORT_REEXPORT, NULL);
}

/* ---- what is the same by another name ---- */

static void put_mounts(const char *twin)
{
	char table[512];

	snprintf(table, sizeof(table),
		 "22 1 8:1 / / rw - ext4 /dev/sda1 rw\n"
		 "30 22 0:40 / /srv/a rw - nfs4 origin:/a rw,vers=4.2,addr=10.77.1.1\n"
		 "31 22 0:41 / /srv/twin rw - nfs4 %s\n",
		 twin);
	host_put("/proc/self/mountinfo", table);
	check_host();
}

static void test_twins(void **unused)
{
	(void)unused;
	host_unpack("container-hostnet");
	host_put("/etc/exports", "/srv/a *(fsid=1)\n");
	put_mounts("10.77.1.1:/a rw,vers=4.2,addr=10.77.1.1"); /* by name, and by address */
	says_nothing(RG_F_MOUNT_TWICE, NULL);		       /* it is guarded as well */
	put_mounts("10.77.1.1:/b rw,vers=4.2,addr=10.77.1.1");
	says_nothing(RG_F_MOUNT_TWICE, NULL);
	/* Another address of it: the file system's own number says so. */
	host_put("/proc/fs/nfsfs/volumes",
		 "NV SERVER   PORT DEV          FSID                              FSC\n"
		 "v4 0a4d0101  801 0:40         6b8b4567327b23c6:643c986966334873 no\n"
		 "v4 0a4d0901  801 0:41         6b8b4567327b23c6:643c986966334873 no\n");
	put_mounts("10.77.9.1:/other/name rw,vers=4.2,addr=10.77.9.1");
	says(RG_F_MOUNT_TWICE, "/srv/a", RG_PROBLEM, "10.77.9.1:/other/name", NULL);
	/* A number that somebody chose, two servers may have. */
	host_put("/proc/fs/nfsfs/volumes",
		 "v4 0a4d0101  801 0:40         1:0 no\nv4 0a4d0901  801 0:41         1:0 no\n");
	put_mounts("10.77.9.1:/a rw,vers=4.2,addr=10.77.9.1");
	says(RG_F_MOUNT_TWICE, "/srv/a", RG_WARNING, "it seems", NULL);
	put_mounts("10.77.9.1:/b rw,vers=4.2,addr=10.77.9.1");
	says_nothing(RG_F_MOUNT_TWICE, NULL);
}

/* End clients by NFSv3: all of them, each once, from where statd keeps them. */
static void test_nfsv3(void **unused)
{
	char rmtab[4096] = "";

	(void)unused;
	host_unpack("container-hostnet");
	check_host();
	says(RG_F_CLIENTS_NFSV3, "/var/lib/nfs/sm", RG_UNKNOWN, "not found", NULL);
	for (int i = 0; i < 65; i++)
		snprintf(rmtab + strlen(rmtab), sizeof(rmtab) - strlen(rmtab),
			 "10.1.0.%d:/srv/a:0x00000001\n", i + 1);
	host_put("/var/lib/nfs/rmtab", rmtab);
	check_host();
	says(RG_F_CLIENTS_NFSV3, NULL, RG_WARNING, "long gone: 65: 10.1.0.1 ", NULL);
	says(RG_F_CLIENTS_NFSV3, NULL, RG_WARNING, " .... Their", NULL);
	/* The same by name and by two addresses; the original server by another name. */
	host_put("/var/lib/nfs/rmtab", "10.1.0.1:/srv/a:0x00000001\n"
				       "10.2.0.1:/srv/a:0x00000001\n");
	host_put("/etc/hosts", "10.1.0.1 one one.x # and\n10.2.0.1 10.1.0.1\n"
			       "10.77.1.1 origin backup\n");
	host_put("/var/lib/nfs/sm/one.x", "");
	host_put("/var/lib/nfs/sm/BACKUP", "");
	check_host();
	says(RG_F_CLIENTS_NFSV3, NULL, RG_WARNING, "long gone: 1: 10.1.0.1.", NULL);

	/* nfs.conf says where; and what nfs-utils does by itself. */
	host_put("/var/lib/nfs/rmtab", "");
	host_put("/etc/nfs.conf", "[statd]\nstate-directory-path = '/var/statd'\n");
	check_host();
	says(RG_F_CLIENTS_NFSV3, "/var/statd/sm", RG_UNKNOWN, NULL, NULL);
	host_put("/var/statd/sm/two", "");
	check_host();
	says(RG_F_CLIENTS_NFSV3, NULL, RG_WARNING, "1: two", NULL);
	host_put("/etc/nfs.conf", "");
	host_put("/var/lib/nfs/statd/sm/three", "");
	check_host();
	says(RG_F_CLIENTS_NFSV3, NULL, RG_WARNING, "1: three", NULL);
}

/* ---- who remembers end clients ---- */

static void test_legacy_tracking(void **unused)
{
	(void)unused;
	host_unpack("legacy-tracking");
	host_put("/proc/1/comm", "init\n");
	host_put("/var/lib/nfs/v4recovery/0123456789abcdef0123456789abcdef/x", "");
	host_drop("/var/lib/nfs/v4recovery/0123456789abcdef0123456789abcdef/x");
	check_host();
	says(RG_F_NFSDCLD, "/var/lib/nfs/v4recovery", RG_NOTE, "legacy client tracking", "nfsdcld");
	says(RG_F_NFSDCLD_CLIENTS, "/var/lib/nfs/v4recovery", RG_OK, "on record: 1", NULL);
	for (size_t i = 0; i < found_now.n; i++) {
		assert_null(strstr(found_now.at[i].evidence, "not remembered"));
		assert_null(strstr(found_now.at[i].evidence, "skips"));
	}

	/* An end client that is not on record. */
	host_drop("/var/lib/nfs/v4recovery/0123456789abcdef0123456789abcdef");
	host_put("/var/lib/nfs/v4recovery/README", "");
	check_host();
	says(RG_F_NFSDCLD_CLIENTS, "/var/lib/nfs/v4recovery", RG_PROBLEM, "cannot reclaim", NULL);

	/* Its directory is not there: who keeps the records is not known. */
	host_put("/proc/fs/nfsd/nfsv4recoverydir", "/var/lib/nfs/elsewhere\n");
	check_host();
	says(RG_F_NFSDCLD, "/var/lib/nfs/elsewhere", RG_UNKNOWN, NULL, "dmesg");
	says(RG_F_NFSDCLD_CLIENTS, NULL, RG_UNKNOWN, NULL, NULL);

	/* nfsdcltrack goes before the directory. */
	host_put("/usr/sbin/nfsdcltrack", "");
	host_put("/etc/nfs.conf", "[nfsdcltrack]\nstoragedir=/var/track\n");
	host_put("/var/track/x", "");
	put_database("/var/track/main.sqlite",
		     "create table clients (id blob primary key, time integer, has_session "
		     "integer); insert into clients values ('a', 1, 1), ('b', 1, 1);");
	check_host();
	says(RG_F_NFSDCLD, "/var/track", RG_NOTE, "nfsdcltrack", NULL);
	says(RG_F_NFSDCLD_CLIENTS, "/var/track", RG_OK, "on record: 2", NULL);

	/* Where nfsdcld has a database it was there, and has ended. */
	put_database("/var/lib/nfs/nfsdcld/main.sqlite",
		     "create table grace (current integer, recovery integer);"
		     "insert into grace values (3, 0);"
		     "create table \"rec-0000000000000003\" (id blob);"
		     "insert into \"rec-0000000000000003\" values ('one');");
	check_host();
	says(RG_F_NFSDCLD, NULL, RG_PROBLEM, "nfsdcld does not", "nfsdcld");
	says(RG_F_NFSDCLD_CLIENTS, "/var/lib/nfs/nfsdcld/main.sqlite", RG_OK, "1", NULL);

	/* A kernel without either: nobody. */
	host_drop("/proc/fs/nfsd/nfsv4recoverydir");
	check_host();
	says(RG_F_NFSDCLD, NULL, RG_PROBLEM, "not remembered", "nfsdcld");

	/* No process can be seen. */
	host_drop("/proc/1/comm");
	host_drop("/proc/1");
	check_host();
	says(RG_F_NFSDCLD, NULL, RG_UNKNOWN, "no process", NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_rootdir, host_setup, host_teardown),
		cmocka_unit_test_setup_teardown(test_container, host_setup, host_teardown),
		cmocka_unit_test(test_container_stops),
		cmocka_unit_test_setup_teardown(test_nfs_conf, host_setup, host_teardown),
		cmocka_unit_test_setup_teardown(test_bind, host_setup, host_teardown),
		cmocka_unit_test_setup_teardown(test_automount, host_setup, host_teardown),
		cmocka_unit_test_setup_teardown(test_blank, host_setup, host_teardown),
		cmocka_unit_test_setup_teardown(test_etab_alone, host_setup, host_teardown),
		cmocka_unit_test_setup_teardown(test_reexport_sound, host_setup, host_teardown),
		cmocka_unit_test_setup_teardown(test_reexport_mixed, host_setup, host_teardown),
		cmocka_unit_test_setup_teardown(test_no_fsidd, host_setup, host_teardown),
		cmocka_unit_test_setup_teardown(test_twins, host_setup, host_teardown),
		cmocka_unit_test_setup_teardown(test_nfsv3, host_setup, host_teardown),
		cmocka_unit_test_setup_teardown(test_legacy_tracking, host_setup, host_teardown),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	rg_findings_free(&found_now);
	return failed;
}
