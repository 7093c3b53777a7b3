// SPDX-License-Identifier: GPL-2.0-only
/* What `check` makes of exports, mounts, a policy, knfsd, end clients and leases. */
#include <errno.h>
#include <linux/magic.h>

#include "unit_check.h"

#include "check/clients.h"
#include "check/knfsd.h"
#include "check/lease.h"
#include "check/mounts.h"
#include "check/policy.h"
#include "check/outlook.h"
#include "check/regime.h"

/* A root, a re-exported mount, one that is not, and one below the first. */
#define ROOT "22 1 8:1 / / rw - ext4 /dev/sda1 rw\n"
#define MOUNT_A(options) "30 22 0:40 / /srv/a rw - nfs4 origin:/a rw," options "\n"
#define MOUNT_B "31 22 0:41 / /srv/b rw - nfs4 origin:/b rw,vers=4.2,hard,local_lock=none\n"
#define MOUNT_BELOW "32 30 0:42 / /srv/a/sub rw - nfs4 origin:/a/sub rw,vers=4.2\n"
#define GOOD "vers=4.2,hard,local_lock=none,addr=10.77.1.1"
#define TABLE ROOT MOUNT_A(GOOD) MOUNT_B

/* ---- exports ---- */

static void judge_exports(const char *exports, const char *table, enum rg_finding_id id,
			  enum rg_severity severity)
{
	struct rg_reexport_facts r;
	struct rg_findings f = {};

	facts_of(&r, exports, table);
	rg_exports_check(&r, 8, 0, false, &f);
	expect(&f, id, severity);
	rg_findings_free(&f);
	rg_reexport_free(&r);
}

static void test_fsid(void **unused)
{
	(void)unused;
	judge_exports("/srv/a *(rw)", TABLE, RG_F_EXPORT_FSID, RG_PROBLEM);
	judge_exports("/srv/a x(fsid=1) y(rw)", TABLE, RG_F_EXPORT_FSID, RG_PROBLEM);
	judge_exports("/srv/a/dir *(rw)", TABLE, RG_F_EXPORT_FSID, RG_PROBLEM);
	judge_exports("/srv/a *(rw,fsid=1)", TABLE, RG_F_EXPORT_FSID, RG_OK);
	judge_exports("/srv *(rw)", TABLE, RG_F_EXPORT_FSID, RG_OK); /* local */

	judge_exports("/srv/a *(fsid=1)\n/srv *(fsid=1)", TABLE, RG_F_EXPORT_FSID_TWICE,
		      RG_PROBLEM);
	judge_exports("/srv/a *(fsid=0)\n/srv/b *(fsid=root)", TABLE, RG_F_EXPORT_FSID_TWICE,
		      RG_PROBLEM);
	judge_exports("/srv/a *(fsid=1)\n/srv/b *(fsid=2)", TABLE, RG_F_EXPORT_FSID_TWICE, RG_OK);
	judge_exports("/srv/a *(fsid=1)\n/srv/a x(fsid=1)", TABLE, RG_F_EXPORT_FSID_TWICE, RG_OK);
	judge_exports("/tmp *(fsid=1)\n/var *(fsid=1)", TABLE, RG_F_EXPORT_FSID_TWICE, RG_OK);
	judge_exports("/srv/a *\n/srv/b *", TABLE, RG_F_EXPORT_FSID_TWICE, RG_OK);
}

static void test_crossmnt(void **unused)
{
	(void)unused;
	judge_exports("/srv/a *(fsid=1,crossmnt)", TABLE, RG_F_EXPORT_CROSSMNT, RG_WARNING);
	judge_exports("/srv *(fsid=0,crossmnt)", TABLE, RG_F_EXPORT_CROSSMNT, RG_WARNING);
	judge_exports("/srv *(fsid=0,crossmnt)\n/srv/a *(fsid=1)\n/srv/b *(fsid=2)", TABLE,
		      RG_F_EXPORT_CROSSMNT, RG_OK);
	judge_exports("/srv/a *(fsid=1,crossmnt)\n/srv/a/sub *(fsid=2)", TABLE MOUNT_BELOW,
		      RG_F_EXPORT_CROSSMNT, RG_WARNING);
	judge_exports("/srv/a *(fsid=1)", TABLE MOUNT_BELOW, RG_F_EXPORT_CROSSMNT, RG_OK);
	judge_exports("/tmp *(crossmnt)", TABLE, RG_F_EXPORT_CROSSMNT, RG_OK);
	/* Of two exports with crossmnt mountd takes the longer path, for the clients it has. */
	judge_exports("/srv *(fsid=0,crossmnt)\n/srv/a *(reexport=auto-fsidnum,crossmnt)\n"
		      "/srv/b *(fsid=2)",
		      TABLE MOUNT_BELOW, RG_F_EXPORT_CROSSMNT, RG_OK);
	judge_exports("/srv *(fsid=0,crossmnt)\n/srv/a x(reexport=auto-fsidnum,crossmnt)\n"
		      "/srv/b *(fsid=2)",
		      TABLE MOUNT_BELOW, RG_F_EXPORT_CROSSMNT, RG_WARNING);
	judge_exports("/srv *(fsid=0,crossmnt)\n/srv/a *(reexport=auto-fsidnum)\n"
		      "/srv/b *(fsid=2)",
		      TABLE MOUNT_BELOW, RG_F_EXPORT_CROSSMNT, RG_WARNING);
}

static void test_reading(void **unused)
{
	struct rg_reexport_facts r;
	struct rg_findings f = {};

	(void)unused;
	judge_exports("", TABLE, RG_F_REEXPORTS, RG_NOTE);
	judge_exports("/srv/a *(fsid=1)", TABLE, RG_F_REEXPORTS, RG_OK);
	facts_of(&r, "", ROOT);
	r.exports_err = -EACCES;
	r.n_bad = 2;
	strcpy(r.bad, "/etc/exports:1: expected an absolute path");
	rg_exports_check(&r, 8, 0, false, &f);
	expect(&f, RG_F_EXPORTS_READ, RG_UNKNOWN);
	assert_null(found(&f, RG_F_REEXPORTS));
	r.mounts_err = -EACCES;
	rg_exports_check(&r, 8, 0, false, &f);
	expect(&f, RG_F_MOUNTS_READ, RG_UNKNOWN);
	rg_findings_free(&f);
	rg_reexport_free(&r);
}

/* ---- mounts ---- */

static struct rg_policy_facts guards(__u32 which)
{
	struct rg_policy_facts p = {.known = true, .policy = {.mount_mode = which}};

	return p;
}

static void judge_mounts(const char *table, const struct rg_policy_facts *p, enum rg_finding_id id,
			 enum rg_severity severity)
{
	const struct rg_mount_facts m = {.recover = "N"};
	struct rg_reexport_facts r;
	struct rg_findings f = {};

	facts_of(&r, "/srv/a *(fsid=1)", table);
	rg_mounts_check(&m, &r, p, &f);
	expect(&f, id, severity);
	rg_findings_free(&f);
	rg_reexport_free(&r);
}

static void test_mount_options(void **unused)
{
	const struct rg_policy_facts all = guards(RG_MOUNT_MODE_ALL);
	static const struct {
		const char *table;
		enum rg_finding_id id;
		enum rg_severity severity;
	} cases[] = {
		{TABLE, RG_F_MOUNT_OPTIONS, RG_OK},
		{ROOT MOUNT_A("vers=4.2,soft"), RG_F_MOUNT_SOFT, RG_WARNING},
		{ROOT MOUNT_A("vers=4.2,softerr"), RG_F_MOUNT_SOFT, RG_WARNING},
		{ROOT MOUNT_A("vers=4.2,softreval"), RG_F_MOUNT_SOFT, RG_OK},
		{ROOT MOUNT_A("vers=3,nolock,local_lock=all"), RG_F_MOUNT_NOLOCK, RG_PROBLEM},
		{ROOT MOUNT_A("vers=3,local_lock=posix"), RG_F_MOUNT_LOCAL_LOCK, RG_PROBLEM},
		{ROOT MOUNT_A("vers=3,local_lock=flock"), RG_F_MOUNT_LOCAL_LOCK, RG_PROBLEM},
		{ROOT MOUNT_A("vers=3,local_lock=none"), RG_F_MOUNT_LOCAL_LOCK, RG_OK},
		{ROOT MOUNT_A("vers=3,local_lock=none"), RG_F_MOUNT_VERSION, RG_WARNING},
		{ROOT MOUNT_A("vers=4.0"), RG_F_MOUNT_VERSION, RG_OK},
		{ROOT MOUNT_A("vers=4.2,nosharecache"), RG_F_MOUNT_NOSHARECACHE, RG_NOTE},
		/* One that is not exported again may be as it likes. */
		{TABLE "33 22 0:43 / /srv/c rw - nfs origin:/c rw,vers=3,soft,nolock\n",
		 RG_F_MOUNT_NOLOCK, RG_OK},
	};

	(void)unused;
	for (size_t i = 0; i < UNIT_COUNT(cases); i++)
		judge_mounts(cases[i].table, &all, cases[i].id, cases[i].severity);
}

static void test_superblocks(void **unused)
{
	struct rg_rule export_a[] = {{.kind = RG_RULE_EXPORT, .path = "/srv/a"},
				     {.kind = RG_RULE_EXCEPT, .path = "/mnt"}};
	struct rg_rule export_b = {.kind = RG_RULE_EXPORT, .path = "/srv/b"};
	struct rg_policy_facts p = guards(RG_MOUNT_MODE_EXPORTS);
	static const char twin[] = TABLE "33 22 0:43 / /mnt rw - nfs4 origin:/a rw,vers=4.2\n",
			  bound[] = TABLE "33 22 0:40 / /mnt rw - nfs4 origin:/a rw,vers=4.2\n";

	(void)unused;
	p.rules = export_a;
	p.n_rules = 1;
	judge_mounts(TABLE, &p, RG_F_MOUNT_TWICE, RG_OK);
	judge_mounts(twin, &p, RG_F_MOUNT_TWICE, RG_OK);
	p.n_rules = 2;
	judge_mounts(twin, &p, RG_F_MOUNT_TWICE, RG_PROBLEM);
	judge_mounts(bound, &p, RG_F_MOUNT_TWICE, RG_OK);
	p.n_rules = 1;
	judge_mounts(TABLE, &p, RG_F_MOUNT_NOT_GUARDED, RG_OK);
	p.rules = &export_b;
	judge_mounts(TABLE, &p, RG_F_MOUNT_NOT_GUARDED, RG_PROBLEM);
	p.known = false;
	judge_mounts(TABLE, &p, RG_F_MOUNT_NOT_GUARDED, RG_OK);
	p = guards(RG_MOUNT_MODE_ALL);
	judge_mounts(twin, &p, RG_F_MOUNT_TWICE, RG_OK);
}

static void test_recover_lost_locks(void **unused)
{
	const struct rg_policy_facts all = guards(RG_MOUNT_MODE_ALL);
	struct rg_mount_facts m = {.recover = "Y"};
	struct rg_reexport_facts r;
	struct rg_findings f = {};

	(void)unused;
	facts_of(&r, "", ROOT);
	rg_mounts_check(&m, &r, &all, &f);
	expect(&f, RG_F_RECOVER_LOST_LOCKS, RG_WARNING);
	rg_findings_free(&f);
	strcpy(m.recover, "N");
	rg_mounts_check(&m, &r, &all, &f);
	expect(&f, RG_F_RECOVER_LOST_LOCKS, RG_OK);
	rg_findings_free(&f);
	m.recover_err = -ENOENT;
	rg_mounts_check(&m, &r, &all, &f);
	expect(&f, RG_F_RECOVER_LOST_LOCKS, RG_UNKNOWN);
	rg_findings_free(&f);
	rg_reexport_free(&r);
}

/* ---- policy ---- */

static struct rg_policy_facts good_policy(void)
{
	struct rg_policy_facts p = guards(RG_MOUNT_MODE_EXPORTS);

	p.enabled = 1;
	p.in_force = true;
	p.policy.release = RG_RELEASE_SETTLED;
	p.policy.action = RG_ACTION_HOLD;
	p.policy.max_hold_s = 900;
	p.leases = 1;
	return p;
}

static void judge_policy(const struct rg_policy_facts *p, enum rg_finding_id id,
			 enum rg_severity severity)
{
	struct rg_findings f = {};

	rg_policy_check(p, 90, &f);
	expect(&f, id, severity);
	rg_findings_free(&f);
}

static void test_policy(void **unused)
{
	struct rg_policy_facts p = good_policy();
	struct rg_findings f = {};

	(void)unused;
	rg_policy_check(&p, 90, &f);
	assert_int_equal(rg_findings_count(&f, RG_OK), f.n);
	rg_findings_free(&f);

	p.policy.release = RG_RELEASE_GRACE_START;
	judge_policy(&p, RG_F_RELEASE, RG_WARNING);
	p.policy.release = RG_RELEASE_GRACE_END;
	judge_policy(&p, RG_F_RELEASE, RG_WARNING);
	p.policy.max_hold_s = 90;
	judge_policy(&p, RG_F_MAX_HOLD, RG_PROBLEM);
	p.policy.release = RG_RELEASE_GRACE_START; /* it opens before that anyway */
	judge_policy(&p, RG_F_MAX_HOLD, RG_OK);
	p.policy.action = RG_ACTION_AUDIT;
	judge_policy(&p, RG_F_ACTION, RG_PROBLEM);

	p = good_policy();
	p.in_force = false;
	judge_policy(&p, RG_F_ENABLED, RG_UNKNOWN);
	p.enabled = 0;
	judge_policy(&p, RG_F_ENABLED, RG_NOTE);
	p.enabled = -EACCES;
	judge_policy(&p, RG_F_ENABLED, RG_UNKNOWN);
	p.n_mistakes = 1;
	strcpy(p.mistake, "/etc/reexport-guard.conf:1: no such key");
	p.only_programs = true;
	judge_policy(&p, RG_F_CONFIGURATION, RG_WARNING);
	p.only_programs = p.known = false;
	judge_policy(&p, RG_F_CONFIGURATION, RG_PROBLEM);
	rg_policy_check(&p, 90, &f);
	assert_null(found(&f, RG_F_RELEASE)); /* of what is not known nothing is said */
	rg_findings_free(&f);
}

static void test_delegations(void **unused)
{
	struct rg_policy_facts p = good_policy();

	(void)unused;
	judge_policy(&p, RG_F_DELEGATIONS, RG_OK);
	p.write_delegations = 1;
	judge_policy(&p, RG_F_DELEGATIONS, RG_NOTE); /* `enable` chooses opens */
	p.scope_said = true;
	p.policy.scope = RG_SCOPE_LOCKS;
	judge_policy(&p, RG_F_DELEGATIONS, RG_PROBLEM);
	p.policy.scope = RG_SCOPE_OPENS;
	judge_policy(&p, RG_F_DELEGATIONS, RG_NOTE);
	p.policy.scope = RG_SCOPE_LOCKS;
	p.leases = 0;
	judge_policy(&p, RG_F_DELEGATIONS, RG_OK);
	p.leases_err = -EACCES;
	judge_policy(&p, RG_F_DELEGATIONS, RG_PROBLEM);
	p.write_delegations = -1;
	judge_policy(&p, RG_F_DELEGATIONS, RG_UNKNOWN);
}

/* ---- knfsd ---- */

static struct rg_knfsd_facts good_knfsd(void)
{
	struct rg_knfsd_facts k = {
		.threads = 8,
		.lease_s = 90,
		.grace_s = 90,
		.versions = "-2 +3 +4 +4.1 +4.2",
		.nlm_grace_s = 90,
		.nlm_timeout_s = 10,
		.nfsdcld = 412,
		.storage = "/var/lib/nfs/nfsdcld",
		.storage_magic = EXT4_SUPER_MAGIC,
		.recorded = 1,
	};

	return k;
}

static void judge_knfsd(const struct rg_knfsd_facts *k, unsigned int clients, enum rg_finding_id id,
			enum rg_severity severity)
{
	const struct rg_client_facts c = {.v4 = {0, 0, clients}};
	struct rg_findings f = {};

	rg_knfsd_check(k, &c, &f);
	expect(&f, id, severity);
	rg_findings_free(&f);
}

static void test_knfsd(void **unused)
{
	struct rg_knfsd_facts k = good_knfsd();
	const struct rg_client_facts c = {.v4 = {0, 0, 1}};
	struct rg_findings f = {};

	(void)unused;
	rg_knfsd_check(&k, &c, &f);
	assert_int_equal(rg_findings_count(&f, RG_OK), f.n);
	rg_findings_free(&f);

	k.threads = 0;
	judge_knfsd(&k, 0, RG_F_KNFSD, RG_NOTE);
	k.threads_err = -ENOENT;
	judge_knfsd(&k, 0, RG_F_KNFSD, RG_NOTE);
	k.threads_err = -EACCES;
	judge_knfsd(&k, 0, RG_F_KNFSD, RG_UNKNOWN);

	k = good_knfsd();
	k.grace_s = 89;
	judge_knfsd(&k, 0, RG_F_GRACE_LEASE, RG_PROBLEM);
	k.grace_err = -EACCES;
	judge_knfsd(&k, 0, RG_F_GRACE_LEASE, RG_UNKNOWN);
	judge_knfsd(&k, 0, RG_F_LOCKD_GRACE, RG_NOTE);
	k.grace_err = k.lease_err = -ENOENT;
	judge_knfsd(&k, 0, RG_F_GRACE_LEASE, RG_UNKNOWN);

	k = good_knfsd();
	k.nlm_grace_s = 91; /* rounded up to 100 */
	assert_int_equal(rg_lockd_grace_s(&k), 100);
	judge_knfsd(&k, 0, RG_F_LOCKD_GRACE, RG_NOTE);
	k.nlm_grace_s = 0; /* five times the timeout */
	assert_int_equal(rg_lockd_grace_s(&k), 50);
	judge_knfsd(&k, 0, RG_F_LOCKD_GRACE, RG_WARNING);
	strcpy(k.versions, "-2 -3 +4 +4.1 +4.2");
	judge_knfsd(&k, 0, RG_F_LOCKD_GRACE, RG_OK);
	k.nlm_err = -ENOENT;
	judge_knfsd(&k, 0, RG_F_LOCKD_GRACE, RG_NOTE);
	k.nlm_err = -EACCES;
	judge_knfsd(&k, 0, RG_F_LOCKD_GRACE, RG_UNKNOWN);
	k.nlm_timeout_s = 0; /* nothing is divided by it */
	assert_int_equal(rg_lockd_grace_s(&k), 5);
}

static void test_nfsdcld(void **unused)
{
	struct rg_knfsd_facts k = good_knfsd();

	(void)unused;
	k.netns_unknown = true;
	judge_knfsd(&k, 0, RG_F_NFSDCLD, RG_UNKNOWN);
	k.nfsdcld = 0;
	judge_knfsd(&k, 0, RG_F_NFSDCLD, RG_PROBLEM);
	k.threads = 0;
	judge_knfsd(&k, 0, RG_F_NFSDCLD, RG_WARNING);

	k.storage_magic = TMPFS_MAGIC;
	judge_knfsd(&k, 0, RG_F_NFSDCLD_STORAGE, RG_PROBLEM);
	k.storage_magic = RAMFS_MAGIC;
	judge_knfsd(&k, 0, RG_F_NFSDCLD_STORAGE, RG_PROBLEM);
	k.storage_magic = OVERLAYFS_SUPER_MAGIC;
	judge_knfsd(&k, 0, RG_F_NFSDCLD_STORAGE, RG_UNKNOWN);
	k.storage_magic = NFS_SUPER_MAGIC;
	judge_knfsd(&k, 0, RG_F_NFSDCLD_STORAGE, RG_WARNING);
	k.storage_err = -ENOENT;
	judge_knfsd(&k, 0, RG_F_NFSDCLD_STORAGE, RG_WARNING);
	k.storage_err = -EACCES;
	judge_knfsd(&k, 0, RG_F_NFSDCLD_STORAGE, RG_UNKNOWN);

	k.recorded = 0;
	judge_knfsd(&k, 0, RG_F_NFSDCLD_CLIENTS, RG_NOTE);
	judge_knfsd(&k, 1, RG_F_NFSDCLD_CLIENTS, RG_PROBLEM);
	k.recorded_err = -ENOENT;
	judge_knfsd(&k, 0, RG_F_NFSDCLD_CLIENTS, RG_NOTE);
	judge_knfsd(&k, 1, RG_F_NFSDCLD_CLIENTS, RG_PROBLEM);
	k.recorded_err = -EIO;
	judge_knfsd(&k, 1, RG_F_NFSDCLD_CLIENTS, RG_UNKNOWN);
}

/* ---- end clients ---- */

static void judge_clients(const struct rg_client_facts *c, enum rg_finding_id id,
			  enum rg_severity severity)
{
	struct rg_reexport_facts r;
	struct rg_findings f = {};

	facts_of(&r, "/srv/a *(fsid=1)", TABLE);
	rg_clients_check(c, &r, &f);
	expect(&f, id, severity);
	rg_findings_free(&f);
	rg_reexport_free(&r);
}

static void test_clients(void **unused)
{
	struct rg_client_facts c = {};

	(void)unused;
	judge_clients(&c, RG_F_CLIENTS_VERSIONS, RG_NOTE);
	c.v4[2] = 3;
	judge_clients(&c, RG_F_CLIENTS_VERSIONS, RG_OK);
	c.v4[0] = 1;
	judge_clients(&c, RG_F_CLIENTS_VERSIONS, RG_NOTE);
	c.v4_err = -ENOENT;
	judge_clients(&c, RG_F_CLIENTS_VERSIONS, RG_NOTE);
	c.v4_err = -EACCES;
	judge_clients(&c, RG_F_CLIENTS_VERSIONS, RG_UNKNOWN);

	judge_clients(&c, RG_F_CLIENTS_NFSV3, RG_OK);
	c.statd_err = -ENOENT; /* not found is not none */
	judge_clients(&c, RG_F_CLIENTS_NFSV3, RG_UNKNOWN);
	c.statd_err = -EACCES;
	judge_clients(&c, RG_F_CLIENTS_NFSV3, RG_UNKNOWN);
	c.statd_err = 0;
	c.rmtab_err = -ENOENT;
	judge_clients(&c, RG_F_CLIENTS_NFSV3, RG_OK);
	c.rmtab_err = -EACCES;
	judge_clients(&c, RG_F_CLIENTS_NFSV3, RG_UNKNOWN);
	c.n_v3 = 1;
	strcpy(c.v3, "10.77.2.2");
	judge_clients(&c, RG_F_CLIENTS_NFSV3, RG_WARNING);

	judge_clients(&c, RG_F_LOCAL_LOCKS, RG_OK);
	c.n_locks = RG_MAX_LOCAL_LOCKS + 2; /* of a device that is gone */
	judge_clients(&c, RG_F_LOCAL_LOCKS, RG_WARNING);
	c.locks_err = -EACCES;
	judge_clients(&c, RG_F_LOCAL_LOCKS, RG_UNKNOWN);
}

/* ---- leases ---- */

static void judge_lease(const struct rg_lease_facts *l, long long remote_fs_s,
			enum rg_finding_id id, enum rg_severity severity)
{
	struct rg_reexport_facts r;
	struct rg_findings f = {};

	facts_of(&r, "/srv/a *(fsid=1)", TABLE);
	rg_lease_check(l, &r, remote_fs_s, &f);
	expect(&f, id, severity);
	rg_findings_free(&f);
	rg_reexport_free(&r);
}

static const char mountstats[] =
	"device /dev/sda1 mounted on / with fstype ext4\n"
	"device origin:/a mounted on /srv/a with fstype nfs4 statvers=1.1\n"
	"\topts:\trw,vers=4.2\n"
	"\tnfsv4:\tbm0=0xfdffbfff,bm1=0xf9be3e,acl=0x3,sessions,pnfs=not configured,"
	"lease_time=90,lease_expired=0\n"
	"device origin:/b mounted on /srv/b with fstype nfs4 statvers=1.1\n"
	"\tnfsv4:\tbm0=0x0,lease_time=30,lease_expired=0\n"
	"device origin:/c mounted on /srv/c with fstype nfs statvers=1.1\n"
	"\topts:\trw,vers=3\n";

static void test_lease(void **unused)
{
	struct rg_budget *b = calloc(1, sizeof(*b));
	struct rg_lease_facts l = {.budget_err = -ENOENT, .kernel_ns = 1000 * RG_NS_PER_SEC};

	(void)unused;
	unit_need(b);
	assert_int_equal(rg_lease_read(file_of(mountstats, strlen(mountstats)), &l), 0);
	assert_int_equal(l.n, 2);
	assert_string_equal(l.at[0].target, "/srv/a");
	assert_int_equal(l.at[0].lease_s, 90);
	assert_string_equal(l.at[1].target, "/srv/b");

	judge_lease(&l, 0, RG_F_LEASE_BOOT, RG_UNKNOWN);
	judge_lease(&l, 89, RG_F_LEASE_BOOT, RG_OK);
	judge_lease(&l, 90, RG_F_LEASE_BOOT, RG_WARNING);
	judge_lease(&l, 89, RG_F_LEASE_LAST_BOOT, RG_NOTE);

	/* What the daemon saw goes before what systemd says. */
	l.budget = b;
	l.budget_err = 0;
	b->n = 1;
	strcpy(b->at[0].name, "origin");
	b->at[0].back_ns = 1100 * RG_NS_PER_SEC;
	judge_lease(&l, 10, RG_F_LEASE_BOOT, RG_WARNING);
	b->at[0].back_ns = 1050 * RG_NS_PER_SEC;
	judge_lease(&l, 500, RG_F_LEASE_BOOT, RG_OK);
	b->at[0].back_ns = 900 * RG_NS_PER_SEC; /* before this boot: the clock was set */
	judge_lease(&l, 0, RG_F_LEASE_BOOT, RG_UNKNOWN);

	b->at[0].before.lease_s = 90;
	b->at[0].before.last_ns = 900 * RG_NS_PER_SEC;
	b->at[0].back_ns = b->at[0].last_ns = 1050 * RG_NS_PER_SEC;
	l.wall_ns = 1060 * RG_NS_PER_SEC;
	judge_lease(&l, 0, RG_F_LEASE_LAST_BOOT, RG_WARNING);
	b->at[0].before.last_ns = 1000 * RG_NS_PER_SEC;
	judge_lease(&l, 0, RG_F_LEASE_LAST_BOOT, RG_OK);
	l.budget_err = -EBADMSG;
	judge_lease(&l, 0, RG_F_LEASE_LAST_BOOT, RG_UNKNOWN);
	rg_lease_free(&l);

	l.leases_err = rg_lease_read("/nowhere", &l);
	judge_lease(&l, 0, RG_F_LEASE_BOOT, RG_UNKNOWN);
}

static void test_mountstats_damaged(void **unused)
{
	__u64 seed = 5;

	(void)unused;
	for (int i = 0; i < 3000; i++) {
		struct rg_lease_facts l = {};
		char text[sizeof(mountstats)];
		size_t n = 1 + unit_below(&seed, sizeof(text) - 1);

		memcpy(text, mountstats, sizeof(text));
		for (int j = 0; j < 4; j++)
			text[unit_below(&seed, sizeof(text))] = (char)unit_below(&seed, 256);
		rg_lease_read(file_of(text, n), &l);
		rg_lease_free(&l);
	}
}

/* ---- regime ---- */

static void judge_regime(const struct rg_regime_facts *r, enum rg_severity nfs4,
			 enum rg_severity nlm, enum rg_severity changed)
{
	struct rg_findings f = {};

	rg_regime_check(r, &f);
	assert_int_equal(f.n, 4);
	expect(&f, RG_F_REGIME, nfs4);
	assert_string_equal(f.at[0].object, "NFSv4");
	assert_string_equal(f.at[1].object, "NLM");
	assert_int_equal(f.at[1].severity, nlm);
	expect(&f, RG_F_REGIME_CHANGED, changed);
	rg_findings_free(&f);
}

/* The kernel module: 1 there, 0 not, negative: cannot be seen. */
static void test_module(void **unused)
{
	static const struct {
		int loaded, types, installed;
		enum rg_severity severity;
		const char *says;
	} cases[] = {
		{1, 1, 1, RG_OK, "loaded: with it"},
		{1, 1, -ENOENT, RG_OK, "loaded: with it"},
		{1, 0, 1, RG_WARNING, "no BTF"},
		{0, 0, 1, RG_OK, "`enable` loads it"},
		{0, 0, 0, RG_NOTE, "not installed for kernel 9.9"},
		{0, 0, -ENOENT, RG_UNKNOWN, "cannot be seen"},
		{-EACCES, 0, 0, RG_UNKNOWN, "cannot be seen"},
	};

	(void)unused;
	for (size_t i = 0; i < UNIT_COUNT(cases); i++) {
		struct rg_regime_facts r = {.kept_err = -ENOENT,
					    .kernel = "9.9",
					    .module_loaded = cases[i].loaded,
					    .module_types = cases[i].types,
					    .module_installed = cases[i].installed};
		struct rg_findings f = {};

		rg_regime_check(&r, &f);
		expect(&f, RG_F_MODULE, cases[i].severity);
		assert_non_null(strstr(f.at[f.n - 1].evidence, cases[i].says));
		rg_findings_free(&f);
	}
}

static void test_regime(void **unused)
{
	const enum rg_regime U = RG_REGIME_UNKNOWN, F = RG_REGIME_FORWARDED, R = RG_REGIME_REFUSED;
	struct rg_regime_facts r = {.nfs = true, .kept_err = -ENOENT, .kernel = "9.9"};
	struct rg_findings f = {};

	(void)unused;
	judge_regime(&r, RG_UNKNOWN, RG_UNKNOWN, RG_NOTE); /* not root */
	r.source = RG_REGIME_ASKED;
	judge_regime(&r, RG_UNKNOWN, RG_UNKNOWN, RG_NOTE); /* flags of no kernel we know */
	r.asked_err = -EPERM;
	judge_regime(&r, RG_UNKNOWN, RG_UNKNOWN, RG_NOTE);
	r.asked_err = 0;
	r.nfs = false;
	judge_regime(&r, RG_UNKNOWN, RG_UNKNOWN, RG_NOTE);
	r.nfs = true;
	r.now = (struct rg_regimes){{F, F}};
	judge_regime(&r, RG_OK, RG_OK, RG_NOTE);
	r.now = (struct rg_regimes){{R, U}};
	judge_regime(&r, RG_WARNING, RG_UNKNOWN, RG_NOTE);
	r.source = RG_REGIME_IN_FORCE;
	r.now = (struct rg_regimes){{R, R}};
	judge_regime(&r, RG_WARNING, RG_WARNING, RG_NOTE);

	r.by_module = true;
	r.now = (struct rg_regimes){{F, F}};
	judge_regime(&r, RG_OK, RG_OK, RG_NOTE);
	rg_regime_check(&r, &f);
	assert_non_null(strstr(f.at[0].evidence, "with the kernel module it forwards them"));
	assert_non_null(strstr(found(&f, RG_F_MODULE)->evidence, "without it they cannot lock"));
	rg_findings_free(&f);
	r.by_module = false;
	r.now = (struct rg_regimes){{R, R}};

	r.kept_err = -EBADMSG;
	judge_regime(&r, RG_WARNING, RG_WARNING, RG_UNKNOWN);
	r.kept_err = 0; /* kept, but nothing was known before */
	judge_regime(&r, RG_WARNING, RG_WARNING, RG_NOTE);
}

static void test_regime_changed(void **unused)
{
	struct rg_regime_facts r = {.nfs = true, .source = RG_REGIME_ASKED, .kernel = "9.9"};
	struct rg_regime_known *before = &r.kept.before[RG_LOCKS_NFS4];
	struct rg_findings f = {};

	(void)unused;
	strcpy(before->kernel, "9.8");
	before->regime = RG_REGIME_FORWARDED;
	r.now = (struct rg_regimes){{RG_REGIME_FORWARDED, RG_REGIME_FORWARDED}};
	judge_regime(&r, RG_OK, RG_OK, RG_OK);
	before->regime = RG_REGIME_REFUSED;
	judge_regime(&r, RG_OK, RG_OK, RG_WARNING);
	before->regime = RG_REGIME_FORWARDED;
	r.now = (struct rg_regimes){{RG_REGIME_REFUSED, RG_REGIME_UNKNOWN}};
	judge_regime(&r, RG_WARNING, RG_UNKNOWN, RG_WARNING);
	rg_regime_check(&r, &f);
	assert_string_equal(found(&f, RG_F_REGIME_CHANGED)->evidence,
			    "NFSv4 locks of end clients are refused; kernel 9.8 forwarded them");
	rg_findings_free(&f);
	/* What is not known now is no change. */
	r.now = (struct rg_regimes){};
	judge_regime(&r, RG_UNKNOWN, RG_UNKNOWN, RG_NOTE);
}

/* What `check` begins with, by kernel, module and policy. */
static void judge_outlook(const struct rg_regime_facts *r, const struct rg_policy_facts *p,
			  enum rg_outlook_kind nfs4, const char *nfs4_says,
			  enum rg_outlook_kind nfs3, const char *nfs3_says)
{
	struct rg_findings f = {};

	rg_outlook_check(r, p, &f);
	assert_int_equal(f.n, 0);
	assert_string_equal(rg_outlook_name(f.outlook[RG_LOCKS_NFS4].kind), rg_outlook_name(nfs4));
	assert_string_equal(rg_outlook_name(f.outlook[RG_LOCKS_NLM].kind), rg_outlook_name(nfs3));
	if (!strstr(f.outlook[RG_LOCKS_NFS4].text, nfs4_says))
		fail_msg("NFSv4: \"%s\" without \"%s\"", f.outlook[RG_LOCKS_NFS4].text, nfs4_says);
	if (!strstr(f.outlook[RG_LOCKS_NLM].text, nfs3_says))
		fail_msg("NFSv3: \"%s\" without \"%s\"", f.outlook[RG_LOCKS_NLM].text, nfs3_says);
	rg_findings_free(&f);
}

static void test_outlook(void **unused)
{
	struct rg_regime_facts r = {.kernel = "9.9", .source = RG_REGIME_ASKED, .nfs = true};
	struct rg_policy_facts p = {.known = true,
				    .enabled = 1,
				    .policy = {.release = RG_RELEASE_SETTLED}};

	(void)unused;
	judge_outlook(&r, &p, RG_OUTLOOK_UNKNOWN, "kernel 9.9", RG_OUTLOOK_UNKNOWN, "kernel 9.9");
	r.source = RG_REGIME_NOT_ASKED;
	judge_outlook(&r, &p, RG_OUTLOOK_UNKNOWN, "only root", RG_OUTLOOK_UNKNOWN, "only root");
	r.source = RG_REGIME_ASKED;
	r.now.of[RG_LOCKS_NFS4] = RG_REGIME_REFUSED;
	judge_outlook(&r, &p, RG_OUTLOOK_NONE, "nothing to protect", RG_OUTLOOK_UNKNOWN, "");
	r.module_installed = 1;
	judge_outlook(&r, &p, RG_OUTLOOK_NONE, "lets them lock", RG_OUTLOOK_UNKNOWN, "");
	r.module_installed = 0;
	r.now.of[RG_LOCKS_NFS4] = r.now.of[RG_LOCKS_NLM] = RG_REGIME_FORWARDED;
	judge_outlook(&r, &p, RG_OUTLOOK_KEPT_IF, "locks are kept", RG_OUTLOOK_KEPT_IF,
		      "over a restart of knfsd where sm-notify");
	p.enabled = 0;
	judge_outlook(&r, &p, RG_OUTLOOK_KEPT_IF, "once reexport-guard is enabled",
		      RG_OUTLOOK_KEPT_IF, "once reexport-guard is enabled");
	p.enabled = 1;
	r.module_loaded = r.module_types = 1;
	judge_outlook(&r, &p, RG_OUTLOOK_KEPT_IF, "kernel module", RG_OUTLOOK_KEPT_IF, "");
	r.module_types = 0; /* loaded, and nothing can answer it */
	judge_outlook(&r, &p, RG_OUTLOOK_KEPT_IF, "those at the default N lose theirs",
		      RG_OUTLOOK_KEPT_IF, "");
	/* Delegations matter to NFSv4 alone, and only where scope locks was asked for. */
	p.write_delegations = 1;
	p.leases = 1;
	judge_outlook(&r, &p, RG_OUTLOOK_KEPT_IF, "", RG_OUTLOOK_KEPT_IF, "");
	p.scope_said = true;
	judge_outlook(&r, &p, RG_OUTLOOK_LOST, "scope = locks", RG_OUTLOOK_KEPT_IF, "");
	p.leases = 0;
	judge_outlook(&r, &p, RG_OUTLOOK_KEPT_IF, "", RG_OUTLOOK_KEPT_IF, "");
	p.policy.release = RG_RELEASE_GRACE_START;
	judge_outlook(&r, &p, RG_OUTLOOK_LOST, "grace-start", RG_OUTLOOK_LOST, "grace-start");
	p.policy.release = RG_RELEASE_GRACE_END;
	judge_outlook(&r, &p, RG_OUTLOOK_LOST, "grace-end", RG_OUTLOOK_LOST, "grace-end");
	p.policy.action = RG_ACTION_AUDIT;
	judge_outlook(&r, &p, RG_OUTLOOK_LOST, "audit", RG_OUTLOOK_LOST, "audit");
	p.known = false;
	judge_outlook(&r, &p, RG_OUTLOOK_LOST, "mistakes", RG_OUTLOOK_LOST, "mistakes");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fsid),
		cmocka_unit_test(test_crossmnt),
		cmocka_unit_test(test_reading),
		cmocka_unit_test(test_mount_options),
		cmocka_unit_test(test_superblocks),
		cmocka_unit_test(test_recover_lost_locks),
		cmocka_unit_test(test_policy),
		cmocka_unit_test(test_delegations),
		cmocka_unit_test(test_knfsd),
		cmocka_unit_test(test_nfsdcld),
		cmocka_unit_test(test_clients),
		cmocka_unit_test(test_lease),
		cmocka_unit_test(test_mountstats_damaged),
		cmocka_unit_test(test_module),
		cmocka_unit_test(test_regime),
		cmocka_unit_test(test_regime_changed),
		cmocka_unit_test(test_outlook),
	};

	return cmocka_run_group_tests_name("check_nfs", tests, NULL, NULL);
}
