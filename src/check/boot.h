/* SPDX-License-Identifier: GPL-2.0-only */
/* What order things start in: fstab and the exports, and systemd's own word. */
#pragma once

#include "check/finding.h"
#include "mounts/exports.h"

/* An NFS mount of fstab. Owned by the facts. */
struct rg_fstab_mount {
	char *target, *source;
	bool noauto;
};

struct rg_boot_facts {
	struct rg_fstab_mount *at;
	size_t n;
	int fstab_err;
	/* Of the files alone: the generator knows nothing of etab. */
	struct rg_exports exports;
	unsigned int n_bad; /* lines that libmount cannot make out */
	/* Is nfs-utils' nfs-server-generator there, and not masked? 1, 0, negative errno. */
	int generator;
	int systemd; /* was this host booted by it? 1, 0, negative errno */

	/* What systemd says. bus_err: it cannot be asked, and all else is empty. */
	int bus_err;
	bool installed; /* there is a reexport-guard.service, */
	char state[32]; /* "enabled", "disabled", ... */
	bool before_knfsd, before_remote_fs;
	char cycle[128];       /* a mount that nfs-server.service is both before and after */
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
