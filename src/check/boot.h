/* SPDX-License-Identifier: GPL-2.0-only */
/* What order things start in: fstab and the exports, and systemd's own word. */
#pragma once

#include "check/finding.h"
#include "mounts/exports.h"

/* A mount of fstab, of any file system. Owned by the facts. */
struct rg_fstab_mount {
	char *target; /* without links, as systemd takes it */
	char *source;
	char *needs; /* of x-systemd.requires-mounts-for=, or NULL */
	char *idle;  /* of x-systemd.idle-timeout=, or NULL */
	bool nfs;    /* nfs or nfs4 */
	bool noauto, automount;
};

/* Where an export of the files leads. Owned by the facts. */
struct rg_boot_path {
	char *waits; /* what nfs-server-generator has nfs-server.service wait for: the path as it
		      * is written, without links; it does not know of `rootdir` */
	char *lies;  /* where it really is: below `rootdir`, without links */
};

struct rg_boot_facts {
	struct rg_fstab_mount *at;
	size_t n;
	int fstab_err;
	/* Of the files alone: the generator knows nothing of etab. */
	struct rg_exports exports;
	struct rg_boot_path *paths; /* exports.n; NULL: they lead where they say */
	unsigned int n_bad;	    /* lines that libmount cannot make out */
	/* Is nfs-utils' nfs-server-generator there, and not masked? 1, 0, negative errno. */
	int generator;
	int systemd; /* was this host booted by it? 1, 0, negative errno */

	/* What systemd says. bus_err: it cannot be asked, and all else is empty. */
	int bus_err;
	bool installed; /* there is a reexport-guard.service, */
	char state[32]; /* "enabled", "disabled", ... */
	bool before_knfsd, before_remote_fs;
	/* nfsv4-server.service, which starts a knfsd without NFSv3, is there; the guard is
	 * before it. */
	bool nfsv4_installed, before_nfsv4;
	char cycle[128];       /* a unit that knfsd's is both before and after, */
	char cycle_of[32];     /* and which that is: nfs-server.service, nfsv4-server.service */
	long long remote_fs_s; /* from the kernel's start to remote-fs.target, 0: not known */
};

void rg_boot_gather(const char *root, struct rg_boot_facts *b);
/* Take in a file in the format of fstab(5). 0 or negative errno. */
int rg_boot_read_fstab(const char *file, struct rg_boot_facts *b);
/* Ask systemd, by the system's bus. At most some seconds. */
void rg_boot_ask_systemd(struct rg_boot_facts *b);
void rg_boot_free(struct rg_boot_facts *b);

/* Pure. */
void rg_boot_check(const struct rg_boot_facts *b, struct rg_findings *f);
