// SPDX-License-Identifier: GPL-2.0-only
#include "check/knfsd.h"

#include <errno.h>
#include <string.h>

#include <linux/magic.h>

#define NFSD "/proc/fs/nfsd"
#define NFSD_TIME_S 90 /* default lease and grace period */

static bool runs(const struct rg_knfsd_facts *k)
{
	return !k->threads_err && k->threads > 0;
}

static bool serves_v3(const struct rg_knfsd_facts *k)
{
	return !k->versions_err && strstr(k->versions, "+3");
}

static void check_knfsd(const struct rg_knfsd_facts *k, struct rg_findings *f)
{
	if (k->threads_err == -ENOENT && k->threads_of_net > 0) {
		rg_find(f, RG_WARNING, RG_F_KNFSD, NFSD,
			"is not mounted here, and %lld threads of knfsd run (/proc/net/rpc/nfsd): "
			"it "
			"was started in another mount namespace, of a container perhaps",
			k->threads_of_net);
		rg_remedy(f, "run `mount -t nfsd nfsd /proc/fs/nfsd` and check again: this host's "
			     "end clients cannot be seen otherwise");
	} else if (k->threads_err == -ENOENT) {
		rg_find(f, RG_NOTE, RG_F_KNFSD, NFSD,
			"is not mounted: knfsd has not run here since boot");
	} else if (k->threads_err) {
		rg_find(f, RG_UNKNOWN, RG_F_KNFSD, NFSD, "cannot be read: %s",
			rg_strerror(k->threads_err));
		rg_remedy(f, "check as root");
	} else if (!k->threads) {
		rg_find(f, RG_NOTE, RG_F_KNFSD, NFSD, "knfsd is not running");
	} else {
		rg_find(f, RG_OK, RG_F_KNFSD, NFSD, "knfsd runs, %lld threads, versions %s",
			k->threads, k->versions_err ? "unknown" : k->versions);
	}
}

static void check_conf(const struct rg_knfsd_facts *k, struct rg_findings *f)
{
	if (k->conf_err) {
		rg_find(f, RG_UNKNOWN, RG_F_NFS_CONF, "/etc/nfs.conf",
			"could not all be read: %s: what it sets, where knfsd's records and the "
			"exports are among it, may be otherwise",
			k->conf_trouble[0] ? k->conf_trouble : rg_strerror(k->conf_err));
		rg_remedy(f, "check as root, and see `nfsconf --dump`");
	} else if (k->conf_trouble[0]) {
		rg_find(f, RG_WARNING, RG_F_NFS_CONF, "/etc/nfs.conf", "%s", k->conf_trouble);
		rg_remedy(f, "correct it; `nfsconf --dump` shows what nfs-utils makes of it");
	}
}

/* Judges the times that nfs.conf sets for the next start. The kernel's own are 90 s:
 * NFSD_LEASE_TIME and nfsd4_grace (nfsd_init_net(), fs/nfsd/nfsctl.c). */
static void check_times_to_come(const struct rg_knfsd_facts *k, struct rg_findings *f)
{
	long long lease = k->conf_lease_s ?: NFSD_TIME_S, grace = k->conf_grace_s ?: NFSD_TIME_S;
	bool in_force =
		!k->lease_err && !k->grace_err && k->lease_s == lease && k->grace_s == grace;

	if ((!k->conf_lease_s && !k->conf_grace_s) || in_force)
		return;
	if (grace < lease) {
		rg_find(f, RG_PROBLEM, RG_F_GRACE_LEASE, k->conf_at,
			"when knfsd starts after a boot its grace period will be %lld s and its "
			"lease "
			"%lld s: an end client that renews its lease late finds the grace period "
			"over, "
			"and its reclaims refused",
			grace, lease);
		rg_remedy(f, "set grace-time to lease-time at least, in section [nfsd] where %s is",
			  k->conf_at);
	} else {
		rg_find(f, RG_OK, RG_F_GRACE_LEASE, k->conf_at,
			"when knfsd starts after a boot: grace period %lld s, lease %lld s", grace,
			lease);
	}
}

/* The grace period must give end clients time to notice the restart (RFC 8881, 8.4.2). */
static void check_grace(const struct rg_knfsd_facts *k, struct rg_findings *f)
{
	int err = k->lease_err ?: k->grace_err;

	if (err == -ENOENT) {
		rg_find(f, RG_UNKNOWN, RG_F_GRACE_LEASE, NFSD,
			"knfsd's times are not there: it is not mounted");
		rg_remedy(f, "check again when knfsd runs");
	} else if (err) {
		rg_find(f, RG_UNKNOWN, RG_F_GRACE_LEASE, NFSD, "knfsd's times cannot be read: %s",
			rg_strerror(err));
		rg_remedy(f, "check as root");
	} else if (k->grace_s < k->lease_s) {
		rg_find(f, RG_PROBLEM, RG_F_GRACE_LEASE, NFSD,
			"knfsd's grace period is %lld s, its lease %lld s: an end client that "
			"renews its lease late finds the grace period over, and its reclaims "
			"refused",
			k->grace_s, k->lease_s);
		if (k->conf_at[0])
			rg_remedy(f,
				  "set grace-time to lease-time at least, in section [nfsd] where "
				  "%s is, and restart knfsd",
				  k->conf_at);
		else
			rg_remedy(f, "set grace-time in section [nfsd] of /etc/nfs.conf to "
				     "lease-time at least, and restart knfsd");
	} else {
		rg_find(f, RG_OK, RG_F_GRACE_LEASE, NFSD, "grace period %lld s, lease %lld s",
			k->grace_s, k->lease_s);
	}
}

long long rg_lockd_grace_s(const struct rg_knfsd_facts *k)
{
	long long step = k->nlm_timeout_s > 0 ? k->nlm_timeout_s : 1;

	if (k->nlm_grace_s <= 0)
		return step * 5;
	return (k->nlm_grace_s + step - 1) / step * step;
}

/* rpc.nfsd sets only knfsd's grace period by that key; nfsdctl of nfs-utils 2.8 sets both. */
static void remedy_lockd(const struct rg_knfsd_facts *k, struct rg_findings *f)
{
	rg_remedy(f,
		  "write fs.nfs.nlm_grace_period=%lld into a file of /etc/sysctl.d, and run "
		  "`sysctl --system` before knfsd starts; where nfsdctl starts it (nfs-utils 2.8), "
		  "grace-time in section [nfsd] of /etc/nfs.conf sets both",
		  k->grace_s);
}

static void check_lockd(const struct rg_knfsd_facts *k, struct rg_findings *f)
{
	static const char file[] = "/proc/sys/fs/nfs/nlm_grace_period";
	long long lockd_s = rg_lockd_grace_s(k);

	if (k->nlm_err == -ENOENT) {
		rg_find(f, RG_NOTE, RG_F_LOCKD_GRACE, file, "is not there: lockd is not loaded");
	} else if (k->nlm_err) {
		rg_find(f, RG_UNKNOWN, RG_F_LOCKD_GRACE, file, "cannot be read: %s",
			rg_strerror(k->nlm_err));
	} else if (k->grace_err) {
		rg_find(f, RG_NOTE, RG_F_LOCKD_GRACE, file,
			"lockd's grace period is %lld s; knfsd's could not be read", lockd_s);
	} else if (lockd_s > k->grace_s) {
		rg_find(f, RG_NOTE, RG_F_LOCKD_GRACE, file,
			"lockd's grace period is %lld s, knfsd's %lld s: while lockd is in grace "
			"NFSv4 end clients are told to wait with locks as well",
			lockd_s, k->grace_s);
		remedy_lockd(k, f);
	} else if (lockd_s < k->grace_s && serves_v3(k)) {
		rg_find(f, RG_WARNING, RG_F_LOCKD_GRACE, file,
			"lockd's grace period is %lld s, knfsd's %lld s: end clients by NFSv3 have "
			"less time to be told of a reboot and to reclaim",
			lockd_s, k->grace_s);
		remedy_lockd(k, f);
	} else {
		rg_find(f, RG_OK, RG_F_LOCKD_GRACE, file,
			"lockd's grace period is %lld s, knfsd's %lld s", lockd_s, k->grace_s);
	}
}

/* ---- who remembers end clients ---- */

/* Ways in which knfsd keeps its records (nfsd4_client_tracking_init(),
 * fs/nfsd/nfs4recover.c). */
enum tracking {
	BY_NFSDCLD,
	BY_LEGACY,  /* its recovery directory */
	BY_CLTRACK, /* the program nfsdcltrack */
	BY_NOBODY_KNOWN,
};

/* At its start knfsd tries nfsdcld, then the program nfsdcltrack, then the directory, and does
 * not tell which one it uses. A database of nfsdcld means that nfsdcld was used and has ended
 * since. */
static enum tracking tracking_of(const struct rg_knfsd_facts *k)
{
	if (k->nfsdcld || !runs(k) || k->recorded_err != -ENOENT)
		return BY_NFSDCLD;
	if (k->legacy[0] && k->has_cltrack && k->cltrack_err != -ENOENT)
		return BY_CLTRACK;
	if (k->legacy[0] && !k->legacy_err)
		return BY_LEGACY;
	return BY_NOBODY_KNOWN;
}

static void remedy_nfsdcld(struct rg_findings *f)
{
	rg_remedy(f,
		  "run `systemctl start nfsdcld`, see why it ended, and restart knfsd when no end "
		  "client has locks: it looks for nfsdcld when it starts");
}

static void check_nfsdcld(const struct rg_knfsd_facts *k, struct rg_findings *f)
{
	enum tracking by = tracking_of(k);

	if (k->nfsdcld && k->netns_unknown) {
		rg_find(f, RG_UNKNOWN, RG_F_NFSDCLD, NULL,
			"nfsdcld runs (pid %u); whether in this network namespace cannot be seen",
			k->nfsdcld);
		rg_remedy(f, "check as root");
	} else if (k->nfsdcld) {
		rg_find(f, RG_OK, RG_F_NFSDCLD, NULL, "nfsdcld runs (pid %u)", k->nfsdcld);
	} else if (by == BY_NFSDCLD && k->nfsdcld_unseen) {
		rg_find(f, RG_UNKNOWN, RG_F_NFSDCLD, NULL,
			"whether nfsdcld runs cannot be seen: /proc shows no process");
		rg_remedy(f, "check on the host itself");
	} else if (by == BY_LEGACY) {
		rg_find(f, RG_NOTE, RG_F_NFSDCLD, k->legacy,
			"knfsd runs without nfsdcld: by legacy client tracking its records of end "
			"clients are directories here, %lld now. Its grace period is then never "
			"skipped. Newer kernels are built without it",
			k->legacy_recorded);
		rg_remedy(f,
			  "before a kernel without it (CONFIG_NFSD_LEGACY_CLIENT_TRACKING), have "
			  "nfsdcld start before knfsd");
	} else if (by == BY_CLTRACK) {
		rg_find(f, RG_NOTE, RG_F_NFSDCLD, k->cltrack,
			"knfsd runs without nfsdcld, and nfsdcltrack is there: the kernel runs "
			"that "
			"for each record. Its grace period is then never skipped. Newer kernels "
			"are "
			"built without it");
		rg_remedy(f,
			  "before a kernel without it (CONFIG_NFSD_LEGACY_CLIENT_TRACKING), have "
			  "nfsdcld start before knfsd");
	} else if (runs(k) && by == BY_NOBODY_KNOWN && (k->legacy[0] || k->nfsdcld_unseen)) {
		rg_find(f, RG_UNKNOWN, RG_F_NFSDCLD, k->legacy[0] ? k->legacy : NULL,
			"knfsd runs, %s: how it tracks end clients cannot be seen. Its kernel has "
			"legacy client tracking%s",
			k->nfsdcld_unseen ? "and no process can be seen" : "and nfsdcld does not",
			k->legacy[0] ? ", and this directory for it is not there now" : " perhaps");
		rg_remedy(f, "see \"client tracking\" in `dmesg`, which says it when knfsd starts");
	} else if (runs(k)) {
		rg_find(f, RG_PROBLEM, RG_F_NFSDCLD, NULL,
			"knfsd runs, and nfsdcld does not: end clients that mount from now on "
			"are not remembered, and cannot reclaim after a reboot");
		remedy_nfsdcld(f);
	} else {
		rg_find(f, RG_WARNING, RG_F_NFSDCLD, NULL,
			"nfsdcld does not run: knfsd looks for it when it starts, and without it "
			"keeps no record of end clients, or an old-fashioned one");
		rg_remedy(f, "start nfsdcld before knfsd; nfs-server.service wants it");
	}
}

/* /run is emptied at boot, whatever file system it is (hier(7), FHS 3.15). */
static bool is_in_run(const char *path)
{
	return strncmp(path, "/run/", 5) == 0 || strncmp(path, "/var/run/", 9) == 0;
}

/* nfsdcld's option -s overrides nfs.conf, and a later file of nfs.conf an earlier one. */
static void remedy_storage(const char *first, const char *at, struct rg_findings *f)
{
	if (at[0])
		rg_remedy(f, "%s, or change the path where it is set (%s)", first, at);
	else
		rg_remedy(f, "%s, or set storagedir in section [nfsdcld] of /etc/nfs.conf", first);
}

static void find_volatile(const char *path, const char *at, struct rg_findings *f)
{
	rg_find(f, RG_PROBLEM, RG_F_NFSDCLD_STORAGE, path,
		"%s%s%sis in memory: after a reboot knfsd knows no end client, and refuses every "
		"reclaim",
		at[0] ? "set by " : "", at, at[0] ? ", " : "");
	remedy_storage("put it on a disk", at, f);
}

static void check_storage(const char *path, const char *at, int err, long magic,
			  struct rg_findings *f)
{
	if (is_in_run(path)) {
		find_volatile(path, at, f);
		return;
	}
	if (err == -ENOENT) {
		rg_find(f, RG_WARNING, RG_F_NFSDCLD_STORAGE, path,
			"is not there: there is nowhere to remember end clients");
		remedy_storage("make the directory", at, f);
		return;
	}
	if (err) {
		rg_find(f, RG_UNKNOWN, RG_F_NFSDCLD_STORAGE, path, "cannot be looked at: %s",
			rg_strerror(err));
		rg_remedy(f, "check as root");
		return;
	}
	switch (magic) {
	case TMPFS_MAGIC:
	case RAMFS_MAGIC:
		find_volatile(path, at, f);
		return;
	case OVERLAYFS_SUPER_MAGIC:
		rg_find(f, RG_UNKNOWN, RG_F_NFSDCLD_STORAGE, path,
			"is on an overlay: whether its upper layer outlives a reboot cannot be "
			"seen");
		rg_remedy(f, "put it on a disk of its own");
		return;
	case NFS_SUPER_MAGIC:
		rg_find(f, RG_WARNING, RG_F_NFSDCLD_STORAGE, path,
			"is on NFS: knfsd waits for that server at boot");
		rg_remedy(f, "put it on a disk of this host");
		return;
	default:
		rg_find(f, RG_OK, RG_F_NFSDCLD_STORAGE, path,
			"is not in memory (file system type 0x%lx)", (unsigned long)magic);
	}
}

/* Judges records that nfsdcld does not keep; `known`: NFSv4.1 and later end clients of knfsd
 * now. */
static void check_other_records(const char *where, long long n, int err, unsigned int known,
				struct rg_findings *f)
{
	if (err) {
		rg_find(f, RG_UNKNOWN, RG_F_NFSDCLD_CLIENTS, where, "cannot be read: %s",
			rg_strerror(err));
		rg_remedy(f, "check as root");
	} else if (!n && known) {
		rg_find(f, RG_PROBLEM, RG_F_NFSDCLD_CLIENTS, where,
			"no end client is on record, and knfsd has %u by NFSv4.1 or later: they "
			"cannot reclaim after a reboot",
			known);
		rg_remedy(f, "start nfsdcld; when no end client has locks, restart knfsd and have "
			     "them "
			     "mount anew");
	} else {
		rg_find(f, n ? RG_OK : RG_NOTE, RG_F_NFSDCLD_CLIENTS, where,
			"end clients on record: %lld", n);
	}
}

static void check_recorded(const struct rg_knfsd_facts *k, unsigned int known,
			   struct rg_findings *f)
{
	char file[RG_PATH_SIZE + 16];

	snprintf(file, sizeof(file), "%s/main.sqlite", k->storage);
	if (k->recorded_err == -ENOENT) {
		rg_find(f, known ? RG_PROBLEM : RG_NOTE, RG_F_NFSDCLD_CLIENTS, file,
			"is not there: no end client is on record, so knfsd's next start with "
			"nfsdcld skips its grace period%s",
			known ? ", and those that are here now cannot reclaim" : "");
		if (known)
			rg_remedy(f, "start nfsdcld; when no end client has locks, restart knfsd "
				     "and have "
				     "them mount anew");
	} else if (k->recorded_err) {
		rg_find(f, RG_UNKNOWN, RG_F_NFSDCLD_CLIENTS, file, "cannot be read: %s",
			k->recorded_why[0] ? k->recorded_why : rg_strerror(k->recorded_err));
		rg_remedy(f, "check as root");
	} else if (!k->recorded && known) {
		rg_find(f, RG_PROBLEM, RG_F_NFSDCLD_CLIENTS, file,
			"no end client is on record, and knfsd has %u by NFSv4.1 or later: knfsd's "
			"next start skips its grace period, and they cannot reclaim",
			known);
		rg_remedy(f, "start nfsdcld; when no end client has locks, restart knfsd and have "
			     "them "
			     "mount anew");
	} else if (!k->recorded) {
		rg_find(f, RG_NOTE, RG_F_NFSDCLD_CLIENTS, file,
			"no end client is on record: knfsd's next start skips its grace period");
	} else {
		rg_find(f, RG_OK, RG_F_NFSDCLD_CLIENTS, file, "end clients on record: %lld",
			k->recorded);
	}
}

static void check_records(const struct rg_knfsd_facts *k, const struct rg_client_facts *c,
			  struct rg_findings *f)
{
	unsigned int known = c->v4_err ? 0 : c->v4[1] + c->v4[2];

	switch (tracking_of(k)) {
	case BY_LEGACY:
		check_storage(k->legacy, "", k->legacy_err, k->legacy_magic, f);
		check_other_records(k->legacy, k->legacy_recorded, k->legacy_err, known, f);
		break;
	case BY_CLTRACK:
		check_other_records(k->cltrack, k->cltrack_recorded, k->cltrack_err, known, f);
		break;
	case BY_NOBODY_KNOWN:
		/* An earlier finding says that the way of keeping records is unknown. */
		if (k->legacy[0] || k->nfsdcld_unseen) {
			check_storage(k->storage, k->storage_at, k->storage_err, k->storage_magic,
				      f);
			rg_find(f, RG_UNKNOWN, RG_F_NFSDCLD_CLIENTS, NULL,
				"how many end clients are on record cannot be seen: it is not "
				"known "
				"who keeps knfsd's records");
			rg_remedy(f, "see `nfsdcld`");
			break;
		}
		/* fallthrough */
	default:
		check_storage(k->storage, k->storage_at, k->storage_err, k->storage_magic, f);
		check_recorded(k, known, f);
	}
}

void rg_knfsd_check(const struct rg_knfsd_facts *k, const struct rg_client_facts *c,
		    struct rg_findings *f)
{
	check_knfsd(k, f);
	check_conf(k, f);
	check_grace(k, f);
	check_times_to_come(k, f);
	check_lockd(k, f);
	check_nfsdcld(k, f);
	check_records(k, c, f);
}
