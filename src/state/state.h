/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What outlives a reboot: small JSON files in one directory (docs/state.md),
 * each replaced as a whole. ledger.[ch] and budget.[ch] say what is in them.
 *
 * `why`: room for RG_STATE_WHY bytes, in which a reader of a file says what is
 * wrong with it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include <json-c/json.h>
#include <linux/types.h>

/* Longest file that is read or written, bytes. */
#define RG_STATE_MAX (16U << 20)
#define RG_STATE_WHY 160

/* ---- files ---- */

/* Make the directory, mode 0700, if it is missing; its parent must be there. One
 * that is there keeps its mode: it may not be ours alone. Temporary files that
 * a killed writer left are removed. 0 or negative errno. */
int rg_state_make(const char *dir);

/*
 * Replace dir/name, mode 0600, by n bytes: a temporary file, fsync, rename, fsync
 * of the directory. 0 or negative errno: the old file is there, whole, and no
 * temporary one. Only if the fsync of the directory fails is the new file there
 * already, and may be gone after a power cut. A directory that is missing is
 * made. -EFBIG: longer than RG_STATE_MAX. Waits for the disk, but in the daemon
 * (state/writer.h): there it returns what became of the write of this file before.
 */
int rg_state_write(const char *dir, const char *name, const void *bytes, size_t n);

/* The same with no bounds, in a directory that is open; the caller chooses the
 * name of the temporary file. Not `durable`: nothing is synced. */
int rg_replace_file(int dir_fd, const char *temporary, const char *name, const void *bytes,
		    size_t n, mode_t mode, bool durable);

/* The whole of dir/name: *text, n bytes and a NUL, owned by the caller (free). 0;
 * -ENOENT; -EFBIG: longer than RG_STATE_MAX; -ELOOP: a symbolic link; -EINVAL: no
 * regular file; or another negative errno. */
int rg_state_read(const char *dir, const char *name, char **text, size_t *n);

/* Pure: is it time to write? Both times from the same clock, ns; last_ns is when
 * it was last tried, whatever came of it, 0: never. interval in seconds. */
bool rg_state_due(__u64 now_ns, __u64 last_ns, __u32 interval_s, bool changed);

/* Number of the initial network namespace; 0 if it cannot be read. It differs
 * between kernels, so files have "init" for it. */
__u32 rg_state_init_netns(void);

/* ---- what is in them ---- */

/* An object with "version": 1, owned by the caller (json_object_put), of text that
 * may be anything. NULL: `why` says why. */
json_object *rg_state_parse(const char *text, size_t n, char *why);

/* rg_state_read() and rg_state_parse(). A missing file: 0, and *o is NULL.
 * -EBADMSG: `why` says why; any other negative errno: it could not be read. */
int rg_state_load(const char *dir, const char *name, json_object **o, char *why);
/* rg_state_write() of an object, which is put. */
int rg_state_save(const char *dir, const char *name, json_object *o);
