/* SPDX-License-Identifier: GPL-2.0-only */
/* knfsd, its grace period, and who remembers its end clients over a reboot. */
#pragma once

#include "check/clients.h"

struct rg_knfsd_facts {
	/* Of /proc/fs/nfsd. */
	long long threads, lease_s, grace_s;
	int threads_err, lease_err, grace_err; /* 0 or negative errno */
	char versions[128];		       /* "-2 +3 +4 +4.1 +4.2" */
	int versions_err;
	/* Threads by /proc/net/rpc/nfsd, which is there without the nfsd file system. */
	long long threads_of_net;
	/* What nfs.conf will set when knfsd next starts, seconds; 0: it sets none, and the
	 * kernel's own time is taken. */
	long long conf_lease_s, conf_grace_s;
	char conf_at[160];	/* where: "/etc/nfs.conf:7" */
	int conf_err;		/* nfs.conf could not all be read: negative errno */
	char conf_trouble[256]; /* the first mistake in it; "": none */
	/* lockd's: the period that was asked for, 0: none was; and what it is
	 * rounded up to a multiple of. Seconds. */
	long long nlm_grace_s, nlm_timeout_s;
	int nlm_err;
	/* nfsdcld of this network namespace. */
	unsigned int nfsdcld; /* pid; 0: there is none */
	bool nfsdcld_unseen;  /* no process at all can be seen */
	bool netns_unknown;   /* a process of that name; of which namespace, nobody can tell */
	char storage[RG_PATH_SIZE];
	char storage_at[160]; /* where that is set; "": it is the default */
	long storage_magic;   /* of its file system, linux/magic.h */
	int storage_err;
	long long recorded; /* end clients in its database */
	int recorded_err;
	char recorded_why[128]; /* -EIO: what sqlite says */
	/* What knfsd uses where nfsdcld does not answer when it starts: its recovery
	 * directory, where the kernel has that (legacy tracking), */
	char legacy[RG_PATH_SIZE]; /* "": this kernel has none */
	long long legacy_recorded; /* end clients that it has on record */
	int legacy_err;
	long legacy_magic;
	/* or the program nfsdcltrack and its database. */
	bool has_cltrack;
	char cltrack[RG_PATH_SIZE];
	long long cltrack_recorded;
	int cltrack_err; /* -ENOENT: there is no such database */
};

void rg_knfsd_gather(const char *root, struct rg_knfsd_facts *k);
/* Pure. */
void rg_knfsd_check(const struct rg_knfsd_facts *k, const struct rg_client_facts *c,
		    struct rg_findings *f);
/* lockd's grace period, seconds: get_lockd_grace_period(), fs/lockd/svc.c. */
long long rg_lockd_grace_s(const struct rg_knfsd_facts *k);
