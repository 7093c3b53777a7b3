/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Collects what this host exports by NFS, from three sources: /etc/exports with /etc/exports.d,
 * the output of nfs-utils' exportfs, and knfsd's cache. The reader of exports(5) follows exportfs
 * (support/nfs/exports.c and xio.c of nfs-utils 2.6) with one difference: a bad line does not end
 * the file, and every path that can be read counts. Guarding one mount too many costs nothing.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "mounts/mounts.h"
#include "rg_maps.h"

#define RG_EXPORTS "/etc/exports"
#define RG_EXPORTS_D "/etc/exports.d"
#define RG_ETAB "/var/lib/nfs/etab"
/* The kernel has the second file even where the nfsd file system is not mounted. */
#define RG_EXPORTS_OF_KNFSD "/proc/fs/nfsd/exports"
#define RG_EXPORTS_OF_KERNEL "/proc/fs/nfs/exports"

/* Has room for a UUID. A longer fsid is cut off. */
#define RG_FSID_SIZE 64

/* The values of reexport=, by which nfs-utils (2.6.3 and later) gives an NFS mount its fsid. */
enum rg_reexport {
	RG_REEXPORT_NONE = 0,
	RG_REEXPORT_AUTO,	/* auto-fsidnum: fsidd assigns a number */
	RG_REEXPORT_PREDEFINED, /* predefined-fsidnum: fsidd's database already has a number */
};

/* The options of one client, or those of all clients of an export combined. */
struct rg_export_options {
	bool crossmnt;	    /* at least one client has crossmnt */
	bool no_fsid;	    /* at least one client has no fsid= */
	bool no_mountpoint; /* at least one client has no mp: exported even with nothing mounted */
	bool fsid_late;	    /* fsid= follows reexport=: exportfs stops there with an error */
	bool reexport_bad;  /* reexport= is given twice or unknown: exportfs stops as well */
	enum rg_reexport reexport;
	char fsid[RG_FSID_SIZE]; /* the first fsid=, in decimal; fsid=root is "0"; "": none */
};

/* The source that an export was read from. */
enum rg_export_source {
	RG_FROM_FILE = 0, /* /etc/exports, /etc/exports.d */
	RG_FROM_EXPORTFS, /* `exportfs -s` */
	RG_FROM_ETAB,	  /* the file etab, which also has exports made by `exportfs -o` */
	RG_FROM_KERNEL,	  /* knfsd's cache: /proc/fs/nfsd/exports */
};
#define RG_FROM(source) (1U << (source))

/* One client of an export, as written on one line. */
struct rg_export_client {
	char *name;   /* as written; "*": every host */
	char *origin; /* "/etc/exports:3", "exportfs", "/proc/fs/nfsd/exports:2" */
	enum rg_export_source source;
	/* The options follow a blank, so exportfs applies them to every host (name "*"). */
	bool behind_blank;
	/* The name precedes such a blank, so this client gets the default options only. */
	bool before_blank;
	struct rg_export_options options;
};

struct rg_export {
	char *path;			  /* absolute, without double or trailing slashes */
	struct rg_export_options options; /* combined from all clients */
	char *origin;	   /* the first place that names the path: "/etc/exports:3", "exportfs" */
	unsigned int from; /* RG_FROM() of every source that names the path */
	struct rg_export_client *clients;
	size_t n_clients;
};

/* A list of exports, sorted by path, with one element for each path. Initialize it with {}; the
 * functions that read add to it. Owned by the caller, who frees it with rg_exports_free(). */
struct rg_exports {
	struct rg_export *at;
	size_t n;
};

/* Receives each mistake, with what was expected instead. line 0 means the whole file. A file
 * causes at most 16 calls, and one more that says how many were left out. NULL: not called. */
typedef void (*rg_exports_bad)(void *arg, const char *file, unsigned int line, const char *what);

/* Prints each mistake as a warning; an rg_exports_bad. Does not use `arg`. */
void rg_exports_warn(void *arg, const char *file, unsigned int line, const char *what);

/* Adds the exports of a file in the format of exports(5). A missing file exports nothing, and
 * /dev/null counts as an empty file. Returns 0, or a negative errno that `bad` also receives, if
 * the file cannot be read: -EISDIR, -EINVAL (not a regular file), -EFBIG (above 64 MiB). A bad
 * line is not an error. */
int rg_exports_parse_file(struct rg_exports *out, const char *file, enum rg_export_source source,
			  rg_exports_bad bad, void *arg);

/* Does the same for bytes in memory, which messages and origins call `file`. Paths printed by
 * exportfs and the kernel have octal escapes only. Returns 0 or -ENOMEM. */
int rg_exports_parse(struct rg_exports *out, const char *bytes, size_t n,
		     enum rg_export_source source, const char *file, rg_exports_bad bad, void *arg);

/* Adds the exports of the file `exports` and of the files *.exports in the directory `exports_d`.
 * Reads all of them even after an error. Returns 0 or the first error. */
int rg_exports_read(struct rg_exports *out, const char *exports, const char *exports_d,
		    rg_exports_bad bad, void *arg);

/* Adds the output of `exportfs -s`, found in PATH, /usr/sbin or /sbin. Waits for its end; the
 * caller may have signals blocked. Returns 0; -ENOENT (no such program); -ETIMEDOUT (killed after
 * 5 s); -EIO (it failed); or another negative errno. Complete lines printed before a failure are
 * added as well. */
int rg_exports_of_exportfs(struct rg_exports *out, rg_exports_bad bad, void *arg);

/* The files that a host's exports are written in, as its nfs.conf has them. */
struct rg_exports_where {
	char root[RG_PATH_SIZE];    /* the directory that is the host's /; "": this host */
	char etab[RG_PATH_SIZE];    /* RG_ETAB, or etab in mountd's state-directory-path */
	char rootdir[RG_PATH_SIZE]; /* `rootdir` of section [exports], below which lie the paths
				     * in the files and in etab; "": they lie below / */
	char rootdir_at[128];	    /* the place in nfs.conf that sets rootdir */
	int conf_err;		    /* nfs.conf could not be read completely: negative errno */
};

/* Reads nfs.conf. With `ask`, and for this host, nfs-utils' program nfsconf is asked first. */
void rg_exports_where(const char *root, bool ask, struct rg_exports_where *where);

/* Resolves a path of such a list to one without symbolic links. Links below `rootdir` are
 * followed as a process sees them whose root is rootdir. Returns as rg_mounts_resolve(). */
int rg_exports_real(const struct rg_exports_where *where, const struct rg_mounts *mounts,
		    const char *path, char *out);

/* Adds, for every path with symbolic links, the path that rg_exports_real() makes of it. Returns
 * 0 or -ENOMEM. */
int rg_exports_resolve(struct rg_exports *exports, const struct rg_exports_where *where,
		       const struct rg_mounts *mounts);

/* Collects the exports of every source, with paths as this host sees them: exportfs (only with
 * `ask`), etab, the files, and knfsd's cache. A failure of exportfs is no error if etab could be
 * read. After a boot etab is that of the last boot until `exportfs -r` runs. Returns 0 or the first
 * negative errno. After an error `out` has the exports that could be read; it may be incomplete, so
 * a caller with an earlier list should keep that. With `ask` this may take 5 s, so the daemon calls
 * it without. */
int rg_exports_collect(struct rg_exports *out, const struct rg_exports_where *where, bool ask,
		       rg_exports_bad bad, void *arg);

/* Returns a number that changes when one of these files, the directory, or a file *.exports in it
 * appears, disappears or changes; then the exports must be collected again. Call it before
 * collecting. It misses a change that keeps the size and comes within one clock tick (some ms) of
 * the previous change. The files are RG_EXPORTS, RG_EXPORTS_D and RG_ETAB. */
__u64 rg_exports_stamp(const char *exports, const char *exports_d, const char *etab);

/* Returns such a number for everything that rg_exports_collect() reads on this host, including
 * nfs.conf, the files it names, and the paths in knfsd's cache. */
__u64 rg_exports_stamp_here(void);

/* Marks a rule, in its `source`, that only knfsd's cache gives: the files of the program that
 * exports the path cannot be seen from here, for example from another container. The cache is empty
 * after knfsd stopped, which is when the gate closes, so such a rule stays until the next `enable`
 * or `policy reload`. */
#define RG_RULE_OF_KNFSD "knfsd"

/* Makes the rules for a gate, in the order of the paths: RG_RULE_EXPORT_TREE for an export with
 * crossmnt, otherwise RG_RULE_EXPORT. The option nohide needs no rule, since the mount that it
 * shows has an export of its own. The caller owns *rules (free). Returns 0, -ENOMEM, or -E2BIG
 * (more than RG_MAX_RULES). */
int rg_exports_rules(const struct rg_exports *exports, __u32 slot, struct rg_rule **rules,
		     size_t *n);

void rg_exports_free(struct rg_exports *exports);
