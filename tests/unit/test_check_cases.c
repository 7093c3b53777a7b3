// SPDX-License-Identifier: GPL-2.0-only
/* `check` and the choice of guarded mounts on hosts that people have: a directory each,
 * after public reports. Each test has the host as reported, and others of its kind. */
#include <errno.h>

#include "unit_check.h"
#include "unit_host.h"

#include "check/check.h"
#include "policy/rules.h"

/* ---- asking ---- */

static struct rg_findings found_now;

static void check_host(void)
{
	rg_findings_free(&found_now);
	rg_check(host, &found_now);
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
	says(RG_F_EXPORTS_UNSEEN, "/srv/a", RG_WARNING, "container", "mount = /srv/a");
	says_nothing(RG_F_MOUNT_NOT_GUARDED, NULL);

	/* The nfsd file system is mounted in the container alone. */
	host_drop("/proc/fs/nfsd/exports");
	host_drop("/proc/fs/nfsd/threads");
	host_put("/proc/fs/nfs/exports", "/srv/a\t*(rw,no_root_squash,fsid=1)\n");
	host_put("/proc/net/rpc/nfsd", "rc 0 0 1\nth 8 0 0.000 0.000\n");
	check_host();
	assert_string_equal(guarded(), "/srv/a");
	says(RG_F_KNFSD, NULL, RG_WARNING, "8 threads", "mount -t nfsd");

	/* It exports a path of its own mount namespace. */
	host_put("/proc/fs/nfs/exports", "/export\t*(rw,no_root_squash,fsid=1)\n");
	check_host();
	assert_string_equal(guarded(), "");
	says(RG_F_EXPORTS_UNSEEN, "/export", RG_WARNING, "no NFS mount", "nsenter");

	/* Nobody has come to an export yet, or its list is lost; there is an end client. */
	host_put("/proc/fs/nfs/exports", "# Version 1.1\n# Path Client(Flags) # IPs\n");
	check_host();
	says(RG_F_EXPORTS_UNSEEN, NULL, RG_WARNING, "1 end clients, and no export is seen",
	     "mount =");

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
	says(RG_F_NFSDCLD_STORAGE, "/run/nfsdcld", RG_PROBLEM, "/etc/nfs.conf.local:2", "disk");
	says(RG_F_GRACE_LEASE, "/etc/nfs.conf.local:4", RG_PROBLEM, "15 s and its lease 90 s",
	     "grace-time");
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_rootdir, host_setup, host_teardown),
		cmocka_unit_test_setup_teardown(test_container, host_setup, host_teardown),
		cmocka_unit_test(test_container_stops),
		cmocka_unit_test_setup_teardown(test_nfs_conf, host_setup, host_teardown),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	rg_findings_free(&found_now);
	return failed;
}
