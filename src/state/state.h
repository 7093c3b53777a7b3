/* SPDX-License-Identifier: GPL-2.0-only */
/* Keeps small JSON files in one directory, which outlive a reboot and are replaced as a whole
 * (docs/state.md). ledger.[ch], budget.[ch] and others define their contents. `why`: RG_STATE_WHY
 * bytes, in which a reader of a file says what is wrong with it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/types.h>

#include <json-c/json.h>
#include <linux/types.h>

/* Greatest size of a file, bytes. */
#define RG_STATE_MAX (16U << 20)
#define RG_STATE_WHY 160

/* ---- files ---- */

/* Makes a missing directory with mode 0700; its parent must exist. Keeps the mode of an existing
 * one, which may serve others, too. Removes temporary files of killed writers. Returns 0 or a
 * negative errno. */
int rg_state_make(const char *dir);

/* Replaces dir/name by n bytes, mode 0600: temporary file, fsync, rename, fsync of the
 * directory. Makes a missing directory. Returns 0 or a negative errno; then the old file is intact
 * and no temporary one is left. Only where the fsync of the directory fails the new file is in
 * place, and a power cut may take it. -EFBIG: longer than RG_STATE_MAX. Waits for the disk, except
 * in the daemon (state/writer.h), where it returns the result of the previous write of this
 * file. */
int rg_state_write(const char *dir, const char *name, const void *bytes, size_t n);

/* The same without a size limit, in an open directory; the caller chooses the name of the
 * temporary file. Syncs only if `durable`. */
int rg_replace_file(int dir_fd, const char *temporary, const char *name, const void *bytes,
		    size_t n, mode_t mode, bool durable);

/* Reads dir/name to *text: n bytes and a NUL, owned by the caller (free). Returns 0; -ENOENT;
 * -EFBIG: longer than RG_STATE_MAX; -ELOOP: a symbolic link; -EINVAL: no regular file; or another
 * negative errno. */
int rg_state_read(const char *dir, const char *name, char **text, size_t *n);

/* Says whether it is time to write. Both times are of the same clock, ns; last_ns is the last
 * attempt, 0: never; interval in seconds. Pure. */
bool rg_state_due(__u64 now_ns, __u64 last_ns, __u32 interval_s, bool changed);

/* Returns the number of the initial network namespace; 0: it cannot be read. It differs between
 * kernels, so files have "init" instead. */
__u32 rg_state_init_netns(void);

/* ---- what is in them ---- */

/* Parses any text as an object with "version": 1, owned by the caller (json_object_put). Returns
 * NULL with the reason in `why`. */
json_object *rg_state_parse(const char *text, size_t n, char *why);

/* Reads and parses a file. Returns 0, with *o NULL for a missing file; -EBADMSG with the reason
 * in `why`; or another negative errno: it could not be read. */
int rg_state_load(const char *dir, const char *name, json_object **o, char *why);
/* Writes with rg_state_write() what `put` writes, piece by piece. Also returns -ENOMEM. */
typedef void rg_state_put(FILE *to, const void *what);
int rg_state_save_by(const char *dir, const char *name, rg_state_put *put, const void *what);
/* Writes an object with rg_state_write() and puts it. */
int rg_state_save(const char *dir, const char *name, json_object *o);
