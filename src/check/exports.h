/* SPDX-License-Identifier: GPL-2.0-only */
/* Checks what is exported, and how much of it lies on NFS mounts. */
#pragma once

#include "check/finding.h"
#include "mounts/exports.h"

/* Owned by the caller; {} is empty. */
struct rg_reexport_facts {
	struct rg_exports_where where; /* the places of the files, from nfs.conf */
	struct rg_exports exports;     /* from files, etab and knfsd; below `rootdir` */
	char **real;		       /* exports.n paths, links resolved */
	int exports_err;	       /* 0, or the first negative errno; the rest was read */
	unsigned int n_bad;	       /* lines that nfs-utils would refuse */
	char bad[256];		       /* the mistake in the first: "file:line: what" */
	struct rg_mounts mounts;
	int mounts_err;
	/* mounts.n elements: the superblock is exported, here or elsewhere */
	bool *reexported;
};

void rg_reexport_gather(const char *root, struct rg_reexport_facts *r);
/* Fills in reexported from exports, real and mounts. Pure. Returns 0 or -ENOMEM. */
int rg_reexport_work_out(struct rg_reexport_facts *r);
void rg_reexport_free(struct rg_reexport_facts *r);

/* Returns the NFS mount that the i-th export lies on; NULL: it is no re-export. */
const struct rg_mount *rg_reexport_mount(const struct rg_reexport_facts *r, size_t i);

/* Whether mountd exports what is mounted at `target` to this client of export i because of its
 * crossmnt: of several exports above it with crossmnt, mountd takes the longest path
 * (path_matches() and lookup_export(), support/export/cache.c of nfs-utils 2.6.2 to 2.8.3). */
bool rg_export_leads_to(const struct rg_reexport_facts *r, size_t i,
			const struct rg_export_client *client, const char *target);

/* Returns the command that puts a file's exports in force: `exportfs -ra`, or `exportfs -a`
 * where the former would drop exports that no file names (made by `exportfs -o`, for example by a
 * cluster). Pure. */
const char *rg_exports_apply(const struct rg_reexport_facts *r);

/* Judges the facts. Pure. threads: of knfsd; 0 or less: it does not run, or nobody knows.
 * n_clients: its end clients. guards_all: the policy guards every NFS mount, exported or not. */
void rg_exports_check(const struct rg_reexport_facts *r, long long threads, unsigned int n_clients,
		      bool guards_all, struct rg_findings *f);
