/* SPDX-License-Identifier: GPL-2.0-only */
/* Numbers that nfs-utils finds for NFS mounts: reexport= of exports(5), and fsidd, which
 * keeps them (nfs-utils 2.6.3 and later, support/reexport). */
#pragma once

#include "check/exports.h"

/* A number in fsidd's database. */
struct rg_fsidnum {
	unsigned long num;
	char *path; /* owned */
};

/* Owned by the caller; {} is an empty one. */
struct rg_fsidd_facts {
	unsigned int pid; /* of fsidd in this network namespace; 0: there is none */
	bool unseen;	  /* no process at all can be seen */
	char socket[128]; /* "@" at the beginning: an abstract one */
	int has_socket;	  /* 1, 0, negative errno */
	char db[RG_PATH_SIZE];
	int db_err;    /* 0; -ENOENT; -EIO it cannot be made out; or another negative errno */
	long db_magic; /* of its file system */
	struct rg_fsidnum *at;
	size_t n;
	/* Does exportfs know reexport=? 1, 0, negative errno: there is none to look at. */
	int exportfs_knows;
};

void rg_fsidd_gather(const char *root, struct rg_fsidd_facts *d);
void rg_fsidd_free(struct rg_fsidd_facts *d);

/* Pure. */
void rg_reexport_check(const struct rg_reexport_facts *r, const struct rg_fsidd_facts *d,
		       struct rg_findings *f);
