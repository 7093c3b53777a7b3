/* SPDX-License-Identifier: GPL-2.0-only */
/* The list of findings that `check` prints. Their ids are for programs and never change; each is
 * a row of docs/check.md. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/log.h"
#include "base/names.h"

enum rg_severity {
	RG_PROBLEM = 0, /* end clients will lose locks, or the guard does not work */
	RG_WARNING,	/* something may go wrong or costs something */
	RG_UNKNOWN,	/* it could not be read; the evidence says why */
	RG_NOTE,	/* good to know */
	RG_OK,		/* checked and right */
	RG_NR_SEVERITIES,
};

enum rg_finding_id {
	/* kernel.c */
	RG_F_BPF,
	RG_F_BTF,
	RG_F_LOCKDOWN,
	RG_F_BPF_LSM,
	RG_F_RUNG,
	RG_F_BPFFS,
	RG_F_MODULES,
	RG_F_HOOKS,
	RG_F_PREEMPTION,
	RG_F_SYMBOLS,
	RG_F_NAMESPACES,
	/* policy.c */
	RG_F_CONFIGURATION,
	RG_F_ENABLED,
	RG_F_RELEASE,
	RG_F_ACTION,
	RG_F_MAX_HOLD,
	RG_F_DELEGATIONS,
	/* knfsd.c */
	RG_F_KNFSD,
	RG_F_NFS_CONF,
	RG_F_GRACE_LEASE,
	RG_F_LOCKD_GRACE,
	RG_F_NFSDCLD,
	RG_F_NFSDCLD_STORAGE,
	RG_F_NFSDCLD_CLIENTS,
	/* regime.c */
	RG_F_REGIME,
	RG_F_REGIME_CHANGED,
	RG_F_MODULE,
	/* exports.c */
	RG_F_EXPORTS_READ,
	RG_F_REEXPORTS,
	RG_F_EXPORTS_UNSEEN,
	RG_F_EXPORT_BLANK,
	RG_F_EXPORT_AUTOMOUNT,
	RG_F_EXPORT_REEXPORT,
	RG_F_FSIDD,
	RG_F_EXPORT_FSID,
	RG_F_EXPORT_FSID_TWICE,
	RG_F_EXPORT_CROSSMNT,
	/* mounts.c */
	RG_F_MOUNTS_READ,
	RG_F_MOUNT_OPTIONS,
	RG_F_MOUNT_SOFT,
	RG_F_MOUNT_LOCAL_LOCK,
	RG_F_MOUNT_NOLOCK,
	RG_F_MOUNT_VERSION,
	RG_F_MOUNT_NOSHARECACHE,
	RG_F_MOUNT_TWICE,
	RG_F_MOUNT_NOT_GUARDED,
	RG_F_RECOVER_LOST_LOCKS,
	/* lease.c */
	RG_F_LEASE_BOOT,
	RG_F_LEASE_LAST_BOOT,
	/* boot.c */
	RG_F_FSTAB_READ,
	RG_F_FSTAB_CYCLE,
	RG_F_FSTAB_AFTER_KNFSD,
	RG_F_UNIT_ENABLED,
	RG_F_UNIT_ORDER,
	RG_F_UNIT_CYCLE,
	/* waiting.c */
	RG_F_UNIT_HELD,
	RG_F_HOMES,
	/* clients.c */
	RG_F_CLIENTS_VERSIONS,
	RG_F_CLIENTS_NFSV3,
	RG_F_LOCAL_LOCKS,
	/* original.c */
	RG_F_ORIGINAL_ROLE,
	RG_F_ORIGINAL_HOOKS,
	RG_F_ORIGINAL_KEEP_FOR,
	RG_F_ORIGINAL_NLM,
	RG_F_ORIGINAL_V40,
	RG_F_ORIGINAL_LOST,
	RG_NR_FINDING_IDS,
};

struct rg_finding {
	enum rg_finding_id id;
	enum rg_severity severity;
	bool cannot;	/* it keeps reexport-guard from running here at all */
	char *object;	/* the path, file or unit that it is about; NULL: the host */
	char *evidence; /* what was seen, and where */
	char *remedy;	/* what to do; NULL: nothing */
};

/* What end clients of one protocol get on this host. */
enum rg_outlook_kind {
	RG_OUTLOOK_UNKNOWN = 0, /* it could not be read */
	RG_OUTLOOK_KEPT,	/* their locks outlive a reboot of this host */
	RG_OUTLOOK_KEPT_IF,	/* they do on the condition in `text` */
	RG_OUTLOOK_LOST,	/* they do not */
	RG_OUTLOOK_NONE,	/* they have none: the kernel refuses them */
	RG_NR_OUTLOOKS,
};
struct rg_outlook {
	enum rg_outlook_kind kind;
	char *text; /* for people, without a full stop; NULL: not checked */
};

/* Owned by the caller; {} is empty. Texts are UTF-8 without control characters; other bytes
 * become \ooo. */
struct rg_findings {
	struct rg_finding *at;
	size_t n;
	bool no_memory; /* memory ran out, and some are missing */
	struct rg_outlook outlook[RG_NR_LOCK_PROTOCOLS];
};

const char *rg_finding_name(enum rg_finding_id id); /* "export-fsid" */
const char *rg_severity_name(enum rg_severity severity);
/* Returns the value of a name, or -1. */
int rg_severity_of(const char *name);

/* Adds a finding with its evidence. `object` may be NULL. */
void rg_find(struct rg_findings *f, enum rg_severity severity, enum rg_finding_id id,
	     const char *object, const char *evidence, ...) RG_PRINTF(5, 6);
/* Adds a remedy to the last finding. */
void rg_remedy(struct rg_findings *f, const char *remedy, ...) RG_PRINTF(2, 3);
/* Marks the last finding as one that keeps everything from running here. */
void rg_cannot(struct rg_findings *f);

/* Sets what end clients of one protocol get, in place of an earlier statement. */
void rg_outlook_is(struct rg_findings *f, enum rg_lock_protocol protocol, enum rg_outlook_kind kind,
		   const char *text, ...) RG_PRINTF(4, 5);
const char *rg_outlook_name(enum rg_outlook_kind kind); /* "kept-if" */

/* Sorts the worst first, and equal ones as they were added. */
void rg_findings_sort(struct rg_findings *f);
size_t rg_findings_count(const struct rg_findings *f, enum rg_severity severity);
/* Returns an enum rg_exit: RG_CANNOT, RG_FAILED if there is a problem, or RG_DONE. */
int rg_findings_status(const struct rg_findings *f);
/* Prints what end clients get, the findings of severity `least` or worse, and the number of each
 * severity. The worst findings come last, where they stay on a terminal. width: as rg_wrap(). */
struct rg_findings_look {
	enum rg_severity least; /* RG_OK: all */
	unsigned int width;
	bool colour;
};
void rg_findings_text(const struct rg_findings *f, const struct rg_findings_look *look, FILE *out);
/* Prints the same as an object. Its `counts` are of all findings; the worst come first. Returns
 * false, and prints nothing, without memory. */
bool rg_findings_json(const struct rg_findings *f, enum rg_severity least, FILE *out);
void rg_findings_free(struct rg_findings *f);
