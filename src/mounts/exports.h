/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What this host exports by NFS: /etc/exports and /etc/exports.d, what nfs-utils' own
 * exportfs says, and what knfsd has in its cache. exports(5) is read as exportfs reads it
 * (support/nfs/exports.c and xio.c of nfs-utils 2.6), but a bad line does not
 * end the file, and all that can be made out of it counts: the mistake that
 * costs nothing is to guard too much.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "mounts/mounts.h"
#include "rg_maps.h"

#define RG_EXPORTS "/etc/exports"
#define RG_EXPORTS_D "/etc/exports.d"
#define RG_ETAB "/var/lib/nfs/etab"
/* The second is there where nobody has mounted the nfsd file system. */
#define RG_EXPORTS_OF_KNFSD "/proc/fs/nfsd/exports"
#define RG_EXPORTS_OF_KERNEL "/proc/fs/nfs/exports"

/* A UUID, and more: what is longer is cut off. */
#define RG_FSID_SIZE 64

/* How nfs-utils (2.6.3 and later) finds a number for an NFS mount: reexport=. */
enum rg_reexport {
	RG_REEXPORT_NONE = 0,
	RG_REEXPORT_AUTO,	/* auto-fsidnum: fsidd makes one */
	RG_REEXPORT_PREDEFINED, /* predefined-fsidnum: fsidd's database has one */
};

/* Of one list of options, or of several taken together. */
struct rg_export_options {
	bool crossmnt;	    /* for one of its clients at least */
	bool no_fsid;	    /* for one of its clients at least there is no fsid= */
	bool no_mountpoint; /* nor mp: it is exported also when nothing is mounted there */
	bool fsid_late;	    /* fsid= after reexport=: exportfs stops there with an error */
	bool reexport_bad;  /* reexport= twice, or one that nfs-utils does not know: the same */
	enum rg_reexport reexport;
	char fsid[RG_FSID_SIZE]; /* the first; numbers are decimal, root is 0; "": none */
};

/* Where an export is written. */
enum rg_export_source {
	RG_FROM_FILE = 0, /* /etc/exports, /etc/exports.d */
	RG_FROM_EXPORTFS, /* `exportfs -s` */
	RG_FROM_ETAB,	  /* its file: what `exportfs -o` was told is there as well */
	RG_FROM_KERNEL,	  /* what knfsd has in its cache: /proc/fs/nfsd/exports */
};
#define RG_FROM(source) (1U << (source))

/* One client of an export, as one line has it. */
struct rg_export_client {
	char *name;   /* as written; "*": everybody */
	char *origin; /* "/etc/exports:3", "exportfs", "/proc/fs/nfsd/exports:2" */
	enum rg_export_source source;
	/* Its options stand behind a blank: they are everybody's (name "*"). */
	bool behind_blank;
	/* It stands before such a blank, and so has default options alone. */
	bool before_blank;
	struct rg_export_options options;
};

struct rg_export {
	char *path;			  /* absolute, without double or trailing slashes */
	struct rg_export_options options; /* of all its clients */
	char *origin;	   /* "/etc/exports:3" or "exportfs": the first that names it */
	unsigned int from; /* RG_FROM() of each source that names it */
	struct rg_export_client *clients;
	size_t n_clients;
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
int rg_exports_parse_file(struct rg_exports *out, const char *file, enum rg_export_source source,
			  rg_exports_bad bad, void *arg);

/* The same of bytes in memory, named `file` for messages and origins. In what exportfs
 * and the kernel say a path has octal escapes and nothing else. 0 or -ENOMEM. */
int rg_exports_parse(struct rg_exports *out, const char *bytes, size_t n,
		     enum rg_export_source source, const char *file, rg_exports_bad bad, void *arg);

/* Add what the file `exports` and the files *.exports of the directory
 * `exports_d` export. 0, or the first error; the others are read all the same. */
int rg_exports_read(struct rg_exports *out, const char *exports, const char *exports_d,
		    rg_exports_bad bad, void *arg);

/* Add what `exportfs -s` says, found in PATH, /usr/sbin or /sbin. 0; -ENOENT
 * there is none; -ETIMEDOUT it took longer than 5 s and was killed; -EIO it
 * failed; another negative errno. What it had said by then (whole lines) is
 * added all the same. Waits for it; the caller may have signals blocked. */
int rg_exports_of_exportfs(struct rg_exports *out, rg_exports_bad bad, void *arg);

/* Where a host's exports are written, by its nfs.conf. */
struct rg_exports_where {
	char root[RG_PATH_SIZE];    /* the directory of the host's /, "": this host */
	char etab[RG_PATH_SIZE];    /* RG_ETAB, or etab of mountd's state-directory-path */
	char rootdir[RG_PATH_SIZE]; /* `rootdir` of section [exports]: paths of the files and
				     * of etab are below it; "": they are below / */
	char rootdir_at[128];	    /* where that is set */
	int conf_err;		    /* nfs.conf could not all be read: negative errno */
};

/* ask: ask nfs-utils' nfsconf first, where root is "". */
void rg_exports_where(const char *root, bool ask, struct rg_exports_where *where);

/* What such a list leads to: without links, but for those below `rootdir` as whoever has
 * that for a root sees them. As rg_mounts_resolve(). */
int rg_exports_real(const struct rg_exports_where *where, const struct rg_mounts *mounts,
		    const char *path, char *out);

/* Add for every path that leads through symbolic links the one it leads to
 * (rg_exports_real). 0 or -ENOMEM. */
int rg_exports_resolve(struct rg_exports *exports, const struct rg_exports_where *where,
		       const struct rg_mounts *mounts);

/* Everything, with paths as this host sees them: exportfs (ask), where there is one, and
 * what it reads (etab, so that its failing is no error where that could be read); the
 * files; what knfsd has in its cache. After a boot etab is of before it until
 * `exportfs -r` has run. 0 or the first negative errno. On an error too `out` has what
 * could be read; it may lack something, so whoever has an earlier list should keep it.
 * With `ask` it may take 5 s, which the daemon has not. */
int rg_exports_collect(struct rg_exports *out, const struct rg_exports_where *where, bool ask,
		       rg_exports_bad bad, void *arg);

/* A number that changes when one of these files, or the directory or a file
 * *.exports in it, comes, goes or changes: collect again. Take it before
 * collecting. A change that keeps the size, within the tick of the clock (some
 * ms) of the one before, is not seen. RG_EXPORTS, RG_EXPORTS_D, RG_ETAB. */
__u64 rg_exports_stamp(const char *exports, const char *exports_d, const char *etab);

/* The same for this host, of all that rg_exports_collect() reads: nfs.conf, where it points
 * to, and the paths that knfsd has as well. */
__u64 rg_exports_stamp_here(void);

/* The `source` of a rule that knfsd's cache alone gives: whoever exports it is not seen
 * from here. The cache is empty after knfsd stopped, just when the gate closes, so such a
 * rule stays until the next `enable` or `policy reload`. */
#define RG_RULE_OF_KNFSD "knfsd"

/* The rules for a gate: RG_RULE_EXPORT_TREE with crossmnt, else RG_RULE_EXPORT,
 * in the order of the paths. nohide makes no difference: it shows an end client
 * a mount that has an export of its own. Owned by the caller (free). 0,
 * -ENOMEM, or -E2BIG: more than RG_MAX_RULES. */
int rg_exports_rules(const struct rg_exports *exports, __u32 slot, struct rg_rule **rules,
		     size_t *n);

void rg_exports_free(struct rg_exports *exports);
