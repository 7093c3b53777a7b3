/* SPDX-License-Identifier: GPL-2.0-only */
/* What is exported, and how much of it lies on NFS mounts. */
#pragma once

#include "check/finding.h"
#include "mounts/exports.h"

/* Owned by the caller; {} is an empty one. */
struct rg_reexport_facts {
	struct rg_exports_where where; /* the files, by nfs.conf */
	struct rg_exports exports;     /* of the files, etab, knfsd; below `rootdir` */
	char **real;		       /* exports.n: without symbolic links */
	int exports_err;	       /* 0, or the first negative errno; the rest is there */
	unsigned int n_bad;	       /* lines that nfs-utils would not take, */
	char bad[256];		       /* and what is wrong with the first: "file:line: what" */
	struct rg_mounts mounts;
	int mounts_err;
	/* mounts.n: is this superblock exported, here or elsewhere? */
	bool *reexported;
};

void rg_reexport_gather(const char *root, struct rg_reexport_facts *r);
/* From exports, real and mounts: fills in reexported. Pure. 0 or -ENOMEM. */
int rg_reexport_work_out(struct rg_reexport_facts *r);
void rg_reexport_free(struct rg_reexport_facts *r);

/* The NFS mount that the i-th export lies on; NULL: it is no re-export. */
const struct rg_mount *rg_reexport_mount(const struct rg_reexport_facts *r, size_t i);

/* Pure. What to run so that what a file says is in force: `exportfs -ra`, but where that
 * would take away exports that no file names (made by `exportfs -o`, of a cluster),
 * `exportfs -a`, which takes none away. */
const char *rg_exports_apply(const struct rg_reexport_facts *r);

/* Pure. threads: of knfsd, 0 or less: it does not run, or that is not known. n_clients:
 * end clients that it has. guards_all: the policy guards every NFS mount, exported or not. */
void rg_exports_check(const struct rg_reexport_facts *r, long long threads, unsigned int n_clients,
		      bool guards_all, struct rg_findings *f);
