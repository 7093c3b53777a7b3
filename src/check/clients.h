/* SPDX-License-Identifier: GPL-2.0-only */
/* End clients that knfsd has now, and local applications that have locks now. */
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
	/* By NFSv4, of each minor version, as /proc/fs/nfsd/clients has them. */
	unsigned int v4[RG_MINOR_VERSIONS], n_v4; /* n_v4: all of them */
	int v4_err;
	bool v4_unseen; /* nfsd is loaded, and its file system is not mounted here */
	/* By NFSv3: hosts in rmtab, or monitored by statd. */
	unsigned int n_v3;
	bool v3_more;  /* and more than that */
	char v3[256];  /* the first of them, a blank between; "..." where there are more */
	int rmtab_err; /* 0 or negative errno; -ENOENT: mountd has written none */
	char statd[RG_PATH_SIZE]; /* the directory of whom statd monitors */
	int statd_err;		  /* 0 or negative errno; -ENOENT: it is not there */
	/* On superblocks that are exported again; more than there is room for are
	 * counted. */
	struct rg_local_lock locks[RG_MAX_LOCAL_LOCKS];
	unsigned int n_locks;
	int locks_err;
};

void rg_client_gather(const char *root, const struct rg_reexport_facts *r,
		      struct rg_client_facts *c);
/* Pure. */
void rg_clients_check(const struct rg_client_facts *c, const struct rg_reexport_facts *r,
		      struct rg_findings *f);
