/* SPDX-License-Identifier: GPL-2.0-only */
/* Checks knfsd, its grace period, and what remembers its end clients over a reboot. */
#pragma once

#include "check/clients.h"

struct rg_knfsd_facts {
	/* From /proc/fs/nfsd. */
	long long threads, lease_s, grace_s;
	int threads_err, lease_err, grace_err; /* 0 or negative errno */
	char versions[128];		       /* "-2 +3 +4 +4.1 +4.2" */
	int versions_err;
	/* Threads from /proc/net/rpc/nfsd, which needs no nfsd file system. */
	long long threads_of_net;
	/* Times that nfs.conf sets at the next start of knfsd, seconds; 0: none, and the
	 * kernel's own apply. */
	long long conf_lease_s, conf_grace_s;
	char conf_at[160];	/* the line that sets it: "/etc/nfs.conf:7" */
	int conf_err;		/* part of nfs.conf could not be read: negative errno */
	char conf_trouble[256]; /* its first mistake; "": none */
	/* lockd's grace period as it was set (0: not set), and the timeout to a multiple of
	 * which it is rounded up. Seconds. */
	long long nlm_grace_s, nlm_timeout_s;
	int nlm_err;
	/* The nfsdcld of this network namespace. */
	unsigned int nfsdcld; /* pid; 0: there is none */
	bool nfsdcld_unseen;  /* no process can be seen at all */
	bool netns_unknown;   /* there is such a process, but its namespace cannot be read */
	char storage[RG_PATH_SIZE];
	char storage_at[160]; /* the line that sets it; "": it is the default */
	long storage_magic;   /* magic number of its file system (linux/magic.h) */
	int storage_err;
	long long recorded; /* end clients in its database */
	int recorded_err;
	char recorded_why[128]; /* -EIO: what sqlite says */
	/* What knfsd uses if nfsdcld does not answer at its start: its recovery directory, if
	 * the kernel has legacy tracking, */
	char legacy[RG_PATH_SIZE]; /* "": this kernel has no such directory */
	long long legacy_recorded; /* end clients on record there */
	int legacy_err;
	long legacy_magic;
	/* or the program nfsdcltrack with its database. */
	bool has_cltrack;
	char cltrack[RG_PATH_SIZE];
	long long cltrack_recorded;
	int cltrack_err; /* -ENOENT: there is no such database */
};

void rg_knfsd_gather(const char *root, struct rg_knfsd_facts *k);
/* Judges the facts. Pure. */
void rg_knfsd_check(const struct rg_knfsd_facts *k, const struct rg_client_facts *c,
		    struct rg_findings *f);
/* Returns lockd's grace period in seconds, as get_lockd_grace_period() does (fs/lockd/svc.c). */
long long rg_lockd_grace_s(const struct rg_knfsd_facts *k);
