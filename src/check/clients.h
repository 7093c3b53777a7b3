/* SPDX-License-Identifier: GPL-2.0-only */
/* Checks the end clients of knfsd, and local applications that hold locks. */
#pragma once

#include <sys/types.h>

#include "check/exports.h"

#define RG_MAX_LOCAL_LOCKS 16
#define RG_MINOR_VERSIONS 3

struct rg_local_lock {
	__u32 pid, dev;
	unsigned long ino;
	char comm[32];
};

struct rg_client_facts {
	/* NFSv4 end clients by minor version, from /proc/fs/nfsd/clients. */
	unsigned int v4[RG_MINOR_VERSIONS], n_v4; /* n_v4: their sum */
	int v4_err;
	bool v4_unseen; /* nfsd is loaded, but its file system is not mounted here */
	/* NFSv3 hosts, in rmtab or monitored by statd. */
	unsigned int n_v3;
	bool v3_more;  /* there are more than n_v3 */
	char v3[256];  /* the first of them, separated by blanks; "..." if there are more */
	int rmtab_err; /* 0 or a negative errno; -ENOENT: mountd has written no rmtab */
	char statd[RG_PATH_SIZE]; /* statd's directory of monitored hosts */
	int statd_err;		  /* 0 or negative errno; -ENOENT: it is not there */
	/* Local locks on re-exported superblocks; those without room are counted. */
	struct rg_local_lock locks[RG_MAX_LOCAL_LOCKS];
	unsigned int n_locks;
	int locks_err;
};

void rg_client_gather(const char *root, const struct rg_reexport_facts *r,
		      struct rg_client_facts *c);
/* Judges the facts. Pure. */
void rg_clients_check(const struct rg_client_facts *c, const struct rg_reexport_facts *r,
		      struct rg_findings *f);
