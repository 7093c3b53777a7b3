// SPDX-License-Identifier: GPL-2.0-only
#include "check/knfsd.h"

#include <errno.h>
#include <string.h>

#include <linux/magic.h>

#define NFSD "/proc/fs/nfsd"

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
	if (k->threads_err == -ENOENT) {
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

/* RFC 8881, 8.4.2: it has to give end clients the time to find out. */
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
		rg_remedy(f, "set grace-time in section [nfsd] of /etc/nfs.conf to lease-time at "
			     "least, and restart knfsd");
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
		rg_remedy(f,
			  "set grace-time in section [lockd] of /etc/nfs.conf to that of [nfsd]");
	} else if (lockd_s < k->grace_s && serves_v3(k)) {
		rg_find(f, RG_WARNING, RG_F_LOCKD_GRACE, file,
			"lockd's grace period is %lld s, knfsd's %lld s: end clients by NFSv3 have "
			"less time to be told of a reboot and to reclaim",
			lockd_s, k->grace_s);
		rg_remedy(f,
			  "set grace-time in section [lockd] of /etc/nfs.conf to that of [nfsd]");
	} else {
		rg_find(f, RG_OK, RG_F_LOCKD_GRACE, file,
			"lockd's grace period is %lld s, knfsd's %lld s", lockd_s, k->grace_s);
	}
}

/* ---- nfsdcld ---- */

static void check_nfsdcld(const struct rg_knfsd_facts *k, struct rg_findings *f)
{
	if (k->nfsdcld && k->netns_unknown) {
		rg_find(f, RG_UNKNOWN, RG_F_NFSDCLD, NULL,
			"nfsdcld runs (pid %u); whether in this network namespace cannot be seen",
			k->nfsdcld);
		rg_remedy(f, "check as root");
	} else if (k->nfsdcld) {
		rg_find(f, RG_OK, RG_F_NFSDCLD, NULL, "nfsdcld runs (pid %u)", k->nfsdcld);
	} else if (runs(k)) {
		rg_find(f, RG_PROBLEM, RG_F_NFSDCLD, NULL,
			"knfsd runs, and nfsdcld does not: who mounts from now on is not "
			"remembered, and cannot reclaim after a reboot");
		rg_remedy(f, "run `systemctl start nfsdcld`, see why it ended, and restart knfsd: "
			     "it looks for nfsdcld when it starts");
	} else {
		rg_find(f, RG_WARNING, RG_F_NFSDCLD, NULL,
			"nfsdcld does not run: knfsd looks for it when it starts, and without it "
			"keeps no record of end clients, or an old-fashioned one");
		rg_remedy(f, "start nfsdcld before knfsd; nfs-server.service wants it");
	}
}

static void check_storage(const struct rg_knfsd_facts *k, struct rg_findings *f)
{
	if (k->storage_err == -ENOENT) {
		rg_find(f, RG_WARNING, RG_F_NFSDCLD_STORAGE, k->storage,
			"is not there: nfsdcld has nowhere to remember end clients");
		rg_remedy(f, "make the directory, or set storagedir in section [nfsdcld] of "
			     "/etc/nfs.conf");
		return;
	}
	if (k->storage_err) {
		rg_find(f, RG_UNKNOWN, RG_F_NFSDCLD_STORAGE, k->storage, "cannot be looked at: %s",
			rg_strerror(k->storage_err));
		rg_remedy(f, "check as root");
		return;
	}
	switch (k->storage_magic) {
	case TMPFS_MAGIC:
	case RAMFS_MAGIC:
		rg_find(f, RG_PROBLEM, RG_F_NFSDCLD_STORAGE, k->storage,
			"is in memory: after a reboot knfsd knows no end client, skips its grace "
			"period and refuses every reclaim");
		rg_remedy(f, "put it on a disk, or set storagedir in section [nfsdcld] of "
			     "/etc/nfs.conf");
		return;
	case OVERLAYFS_SUPER_MAGIC:
		rg_find(f, RG_UNKNOWN, RG_F_NFSDCLD_STORAGE, k->storage,
			"is on an overlay: whether its upper layer outlives a reboot cannot be "
			"seen");
		rg_remedy(f, "put it on a disk of its own");
		return;
	case NFS_SUPER_MAGIC:
		rg_find(f, RG_WARNING, RG_F_NFSDCLD_STORAGE, k->storage,
			"is on NFS: nfsdcld, and with it knfsd, waits for that server at boot");
		rg_remedy(f, "put it on a disk of this host");
		return;
	default:
		rg_find(f, RG_OK, RG_F_NFSDCLD_STORAGE, k->storage,
			"is not in memory (file system type 0x%lx)",
			(unsigned long)k->storage_magic);
	}
}

static void check_recorded(const struct rg_knfsd_facts *k, const struct rg_client_facts *c,
			   struct rg_findings *f)
{
	unsigned int known = c->v4_err ? 0 : c->v4[1] + c->v4[2];
	char file[RG_PATH_SIZE + 16];

	snprintf(file, sizeof(file), "%s/main.sqlite", k->storage);
	if (k->recorded_err == -ENOENT) {
		rg_find(f, known ? RG_PROBLEM : RG_NOTE, RG_F_NFSDCLD_CLIENTS, file,
			"is not there: no end client is on record, so knfsd's next start skips its "
			"grace period%s",
			known ? ", and those that are here now cannot reclaim" : "");
		if (known)
			rg_remedy(f, "start nfsdcld, restart knfsd, and have end clients mount "
				     "anew");
	} else if (k->recorded_err) {
		rg_find(f, RG_UNKNOWN, RG_F_NFSDCLD_CLIENTS, file, "cannot be read: %s",
			k->recorded_why[0] ? k->recorded_why : rg_strerror(k->recorded_err));
		rg_remedy(f, "check as root");
	} else if (!k->recorded && known) {
		rg_find(f, RG_PROBLEM, RG_F_NFSDCLD_CLIENTS, file,
			"no end client is on record, and knfsd has %u by NFSv4.1 or later: knfsd's "
			"next start skips its grace period, and they cannot reclaim",
			known);
		rg_remedy(f, "start nfsdcld, restart knfsd, and have end clients mount anew");
	} else if (!k->recorded) {
		rg_find(f, RG_NOTE, RG_F_NFSDCLD_CLIENTS, file,
			"no end client is on record: knfsd's next start skips its grace period");
	} else {
		rg_find(f, RG_OK, RG_F_NFSDCLD_CLIENTS, file, "end clients on record: %lld",
			k->recorded);
	}
}

void rg_knfsd_check(const struct rg_knfsd_facts *k, const struct rg_client_facts *c,
		    struct rg_findings *f)
{
	check_knfsd(k, f);
	check_grace(k, f);
	check_lockd(k, f);
	check_nfsdcld(k, f);
	check_storage(k, f);
	check_recorded(k, c, f);
}
