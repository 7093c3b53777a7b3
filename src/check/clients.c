// SPDX-License-Identifier: GPL-2.0-only
#include "check/clients.h"

#include <errno.h>

static void check_versions(const struct rg_client_facts *c, struct rg_findings *f)
{
	unsigned int all = c->v4[0] + c->v4[1] + c->v4[2];

	if (c->v4_err == -ENOENT && c->v4_unseen) {
		rg_find(f, RG_UNKNOWN, RG_F_CLIENTS_VERSIONS, "/proc/fs/nfsd",
			"is not mounted here: which end clients knfsd has cannot be seen");
		rg_remedy(f, "run `mount -t nfsd nfsd /proc/fs/nfsd` and check again");
	} else if (c->v4_err == -ENOENT) {
		rg_find(f, RG_NOTE, RG_F_CLIENTS_VERSIONS, NULL,
			"knfsd has no end clients by NFSv4: /proc/fs/nfsd is not mounted");
	} else if (c->v4_err) {
		rg_find(f, RG_UNKNOWN, RG_F_CLIENTS_VERSIONS, "/proc/fs/nfsd/clients",
			"cannot be read: %s", rg_strerror(c->v4_err));
		rg_remedy(f, "check as root");
	} else if (!all) {
		rg_find(f, RG_NOTE, RG_F_CLIENTS_VERSIONS, NULL,
			"knfsd has no end clients by NFSv4 now");
	} else if (c->v4[0]) {
		rg_find(f, RG_NOTE, RG_F_CLIENTS_VERSIONS, NULL,
			"end clients: %u by NFSv4.0, %u by 4.1, %u by 4.2; one by 4.0 does not say "
			"when it is done, so knfsd's grace period lasts its whole time",
			c->v4[0], c->v4[1], c->v4[2]);
		rg_remedy(f, "mount with vers=4.1 or later on end clients");
	} else {
		rg_find(f, RG_OK, RG_F_CLIENTS_VERSIONS, NULL,
			"end clients: %u by NFSv4.1, %u by 4.2", c->v4[1], c->v4[2]);
	}
}

static void check_v3(const struct rg_client_facts *c, struct rg_findings *f)
{
	if (c->n_v3) {
		rg_find(f, RG_WARNING, RG_F_CLIENTS_NFSV3, NULL,
			"end clients by NFSv3 in rmtab or monitored by statd, some of which may be "
			"long gone: %s%u: %s. Their reclaims are granted as new locks, release "
			"settled does not wait for them, and a restart of knfsd without a reboot "
			"loses their locks, unless the guard runs and tells them (notify-nfsv3)",
			c->v3_more ? "more than " : "", c->n_v3, c->v3);
		rg_remedy(f, "mount with vers=4.1 or later on end clients, and set vers3=n in "
			     "section [nfsd] of /etc/nfs.conf");
	} else if (c->rmtab_err && c->rmtab_err != -ENOENT) {
		rg_find(f, RG_UNKNOWN, RG_F_CLIENTS_NFSV3, "rmtab", "cannot be read: %s",
			rg_strerror(c->rmtab_err));
		rg_remedy(f, "check as root");
	} else if (c->statd_err == -ENOENT) {
		rg_find(f, RG_UNKNOWN, RG_F_CLIENTS_NFSV3, c->statd,
			"not found, so the hosts that statd monitors are unknown (section "
			"[statd] of nfs.conf may name another directory)");
		rg_remedy(f, "if end clients mount by NFSv3, start rpc-statd and check again");
	} else if (c->statd_err) {
		rg_find(f, RG_UNKNOWN, RG_F_CLIENTS_NFSV3, c->statd, "cannot be read: %s",
			rg_strerror(c->statd_err));
		rg_remedy(f, "check as root");
	} else {
		rg_find(f, RG_OK, RG_F_CLIENTS_NFSV3, NULL,
			"no end client by NFSv3 in rmtab, none monitored by statd");
	}
}

static const char *target_of(const struct rg_reexport_facts *r, __u32 dev)
{
	for (size_t i = 0; i < r->mounts.n; i++)
		if (r->mounts.at[i].dev == dev)
			return r->mounts.at[i].target;
	return "?";
}

static void check_locks(const struct rg_client_facts *c, const struct rg_reexport_facts *r,
			struct rg_findings *f)
{
	if (c->locks_err) {
		rg_find(f, RG_UNKNOWN, RG_F_LOCAL_LOCKS, "/proc/locks", "cannot be read: %s",
			rg_strerror(c->locks_err));
		return;
	}
	for (unsigned int i = 0; i < c->n_locks && i < RG_MAX_LOCAL_LOCKS; i++) {
		const struct rg_local_lock *l = &c->locks[i];

		rg_find(f, RG_WARNING, RG_F_LOCAL_LOCKS, target_of(r, l->dev),
			"process %u (%s) holds a lock on inode %lu now: no gate takes it away, and "
			"an end client that wants it is denied",
			l->pid, l->comm[0] ? l->comm : "?", l->ino);
		rg_remedy(f, "start what locks there after reexport-guard, or stop it");
	}
	if (c->n_locks > RG_MAX_LOCAL_LOCKS)
		rg_find(f, RG_WARNING, RG_F_LOCAL_LOCKS, NULL, "%u more locks like these",
			c->n_locks - RG_MAX_LOCAL_LOCKS);
	if (!c->n_locks && !r->mounts_err)
		rg_find(f, RG_OK, RG_F_LOCAL_LOCKS, NULL,
			"no process holds a lock on what is exported again");
}

void rg_clients_check(const struct rg_client_facts *c, const struct rg_reexport_facts *r,
		      struct rg_findings *f)
{
	check_versions(c, f);
	check_v3(c, f);
	check_locks(c, r, f);
}
