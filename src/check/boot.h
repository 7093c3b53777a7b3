/* SPDX-License-Identifier: GPL-2.0-only */
/* Checks the order at boot: fstab, the exports, and what systemd says. */
#pragma once

#include "check/finding.h"
#include "mounts/exports.h"

/* A mount of fstab, of any file system. The facts own it. */
struct rg_fstab_mount {
	char *target; /* links resolved, as systemd does */
	char *source;
	char *needs; /* value of x-systemd.requires-mounts-for=, or NULL */
	char *idle;  /* value of x-systemd.idle-timeout=, or NULL */
	bool nfs;    /* nfs or nfs4 */
	bool noauto, automount;
};

/* Where an export of the files leads. The facts own it. */
struct rg_boot_path {
	char *waits; /* the path for which nfs-server-generator makes nfs-server.service wait: as
			written, links resolved; it ignores `rootdir` */
	char *lies;  /* its real path: below `rootdir`, links resolved */
};

struct rg_boot_facts {
	struct rg_fstab_mount *at;
	size_t n;
	int fstab_err;
	/* From the files alone: the generator does not read etab. */
	struct rg_exports exports;
	struct rg_boot_path *paths; /* exports.n elements; NULL: no path leads elsewhere */
	unsigned int n_bad;	    /* lines that libmount cannot parse */
	/* nfs-utils' nfs-server-generator is installed and not masked: 1, 0 or a negative
	 * errno */
	int generator;
	int systemd; /* systemd booted this host: 1, 0 or a negative errno */

	/* What systemd says. bus_err: it cannot be asked, and the rest is empty. */
	int bus_err;
	bool installed; /* reexport-guard.service exists */
	char state[32]; /* its state: "enabled", "disabled", ... */
	bool before_knfsd, before_remote_fs;
	/* nfsv4-server.service, which starts a knfsd without NFSv3, exists; the guard is ordered
	 * before it. */
	bool nfsv4_installed, before_nfsv4;
	char cycle[128];       /* a unit that is ordered both before and after knfsd's */
	char cycle_of[32];     /* knfsd's unit: nfs-server.service or nfsv4-server.service */
	long long remote_fs_s; /* time from the kernel's start to remote-fs.target; 0: not known */
};

void rg_boot_gather(const char *root, struct rg_boot_facts *b);
/* Reads a file in the format of fstab(5). Returns 0 or a negative errno. */
int rg_boot_read_fstab(const char *file, struct rg_boot_facts *b);
/* Asks systemd on the system bus, for a few seconds at most. */
void rg_boot_ask_systemd(struct rg_boot_facts *b);
void rg_boot_free(struct rg_boot_facts *b);

/* Judges the facts. Pure. */
void rg_boot_check(const struct rg_boot_facts *b, struct rg_findings *f);
