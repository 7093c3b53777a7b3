/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What this host exports by NFS: /etc/exports and /etc/exports.d, and what
 * nfs-utils' own exportfs says. exports(5) is read as exportfs reads it
 * (support/nfs/exports.c and xio.c of nfs-utils 2.6), but a bad line does not
 * end the file, and all that can be made out of it counts: the mistake that
 * costs nothing is to guard too much.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "mounts/mounts.h"

#define RG_EXPORTS "/etc/exports"
#define RG_EXPORTS_D "/etc/exports.d"
#define RG_ETAB "/var/lib/nfs/etab"

/* A UUID, and more: what is longer is cut off. */
#define RG_FSID_SIZE 64

/* Of one list of options, or of several taken together. */
struct rg_export_options {
	bool crossmnt;		 /* for one of its clients at least */
	bool no_fsid;		 /* for one of its clients at least there is no fsid= */
	bool no_mountpoint;	 /* nor mp: it is exported also when nothing is mounted there */
	char fsid[RG_FSID_SIZE]; /* the first; numbers are decimal, root is 0; "": none */
};

struct rg_export {
	char *path; /* absolute, without double or trailing slashes */
	struct rg_export_options options;
	char *origin; /* "/etc/exports:3" or "exportfs": the first that names it */
};

/* Sorted by path, one element a path. {} is an empty one; what reads adds to it.
 * Owned by the caller. */
struct rg_exports {
	struct rg_export *at;
	size_t n;
};

/* Told what is wrong, and what was expected. line 0: the file as a whole. At
 * most 16 a file; then one that says so. NULL: nobody is told. */
typedef void (*rg_exports_bad)(void *arg, const char *file, unsigned int line, const char *what);

/* An rg_exports_bad: one warning each. `arg` is not used. */
void rg_exports_warn(void *arg, const char *file, unsigned int line, const char *what);

/* Add what a file in the format of exports(5) exports. A file that is not there
 * exports nothing. 0; negative errno if it cannot be read (-EISDIR; -EINVAL no
 * regular file, but /dev/null is an empty one; -EFBIG above 64 MiB), which
 * `bad` is told too. A bad line is no error. */
int rg_exports_parse_file(struct rg_exports *out, const char *file, rg_exports_bad bad, void *arg);

/* The same of bytes in memory, named `file` for messages and origins. With
 * `exportfs` they are the output of `exportfs -s`: a path has octal escapes and
 * nothing else. 0 or -ENOMEM. */
int rg_exports_parse(struct rg_exports *out, const char *bytes, size_t n, bool exportfs,
		     const char *file, rg_exports_bad bad, void *arg);

/* Add what the file `exports` and the files *.exports of the directory
 * `exports_d` export. 0, or the first error; the others are read all the same. */
int rg_exports_read(struct rg_exports *out, const char *exports, const char *exports_d,
		    rg_exports_bad bad, void *arg);

/* Add what `exportfs -s` says, found in PATH, /usr/sbin or /sbin. 0; -ENOENT
 * there is none; -ETIMEDOUT it took longer than 5 s and was killed; -EIO it
 * failed; another negative errno. What it had said by then (whole lines) is
 * added all the same. Waits for it; the caller may have signals blocked. */
int rg_exports_of_exportfs(struct rg_exports *out, rg_exports_bad bad, void *arg);

/* Add for every path that leads through symbolic links the one it leads to
 * (rg_mounts_resolve). exportfs has done so. 0 or -ENOMEM. */
int rg_exports_resolve(struct rg_exports *exports, const struct rg_mounts *mounts);

/* Everything: exportfs (ask), where there is one, and what it reads (RG_ETAB, so that
 * its failing is no error where that could be read); the files; links resolved
 * by the mount table of this process. After a boot RG_ETAB is of before it until
 * `exportfs -r` has run. 0 or the first negative errno. On an error too `out`
 * has what could be read; it may lack something, so whoever has an earlier list
 * should keep it. With `ask` it may take 5 s, which the daemon has not. */
int rg_exports_collect(struct rg_exports *out, bool ask, rg_exports_bad bad, void *arg);

/* A number that changes when one of these files, or the directory or a file
 * *.exports in it, comes, goes or changes: collect again. Take it before
 * collecting. A change that keeps the size, within the tick of the clock (some
 * ms) of the one before, is not seen. RG_EXPORTS, RG_EXPORTS_D, RG_ETAB. */
__u64 rg_exports_stamp(const char *exports, const char *exports_d, const char *etab);

/* The rules for a gate: RG_RULE_EXPORT_TREE with crossmnt, else RG_RULE_EXPORT,
 * in the order of the paths. nohide makes no difference: it shows an end client
 * a mount that has an export of its own. Owned by the caller (free). 0,
 * -ENOMEM, or -E2BIG: more than RG_MAX_RULES. */
int rg_exports_rules(const struct rg_exports *exports, __u32 slot, struct rg_rule **rules,
		     size_t *n);

void rg_exports_free(struct rg_exports *exports);
