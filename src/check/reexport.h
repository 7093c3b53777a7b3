/* SPDX-License-Identifier: GPL-2.0-only */
/* Checks the numbers that nfs-utils finds for NFS mounts: reexport= of exports(5), and fsidd,
 * which keeps them (nfs-utils 2.6.3 and later, support/reexport). */
#pragma once

#include "check/exports.h"

/* A row of fsidd's database. */
struct rg_fsidnum {
	unsigned long num;
	char *path; /* owned */
};

/* Owned by the caller; {} is empty. */
struct rg_fsidd_facts {
	unsigned int pid; /* pid of fsidd in this network namespace; 0: none */
	bool unseen;	  /* no process can be seen at all */
	char socket[128]; /* a leading "@" marks an abstract one */
	int has_socket;	  /* 1, 0, negative errno */
	char db[RG_PATH_SIZE];
	char db_at[160]; /* the line that sets it: "/etc/nfs.conf:7"; "": it is the default */
	int db_err;	 /* 0; -ENOENT; -EIO: it cannot be parsed; or another negative errno */
	long db_magic;	 /* magic number of its file system */
	struct rg_fsidnum *at;
	size_t n;
	/* exportfs knows reexport=: 1, 0, or a negative errno: it cannot be read */
	int exportfs_knows;
};

void rg_fsidd_gather(const char *root, struct rg_fsidd_facts *d);
void rg_fsidd_free(struct rg_fsidd_facts *d);

/* Judges the facts. Pure. */
void rg_reexport_check(const struct rg_reexport_facts *r, const struct rg_fsidd_facts *d,
		       struct rg_findings *f);
