/* SPDX-License-Identifier: GPL-2.0-only */
/* The regime: what the running kernel does with end clients' locks through a re-export, by
 * protocol (rg_regime.h), judged by what the kernel shows and what it was seen to do, never by its
 * version. The regime of the last boot is kept on disk, so that a change is reported
 * (docs/kernel.md, Regimes; docs/state.md). */
#pragma once

#include "state/budget.h"
#include "pins/pins.h"

#define RG_REGIME_FILE "regime.json"
#define RG_KERNEL_SIZE 65 /* size of a release, as in struct utsname */

/* Indexed by enum rg_lock_protocol. */
struct rg_regimes {
	enum rg_regime of[RG_NR_LOCK_PROTOCOLS];
};

/* Judges the regime. nfs4: what the export flags say; seen: counts since the gate was made,
 * which outweigh the flags. lockd uses the same flag as knfsd or none: without the flag NLM locks
 * are forwarded, with it only a LOCK shows. Pure. */
struct rg_regimes rg_regimes_of(enum rg_regime nfs4, const struct rg_flow_totals *seen);
/* Returns what the export flags say, unless the kernel module overrides them, as for the mounts
 * of every gate whose `forward` is not never. `gates`: RG_MAX_GATES of them. Pure. */
enum rg_regime rg_regime_with_module(enum rg_regime nfs4, enum rg_module module,
				     const struct rg_gate *gates);
/* Reads the regime of an open set. What cannot be read is unknown. */
struct rg_regimes rg_regimes_read(const struct rg_pins *p);

/* The regime of one protocol, and the kernel that had it. */
struct rg_regime_known {
	enum rg_regime regime;
	char kernel[RG_KERNEL_SIZE]; /* "": not known */
};

/* All zero knows nothing. */
struct rg_regime_kept {
	char boot_id[RG_BOOT_ID_SIZE]; /* id of the boot of `now`; empty: none yet */
	struct rg_regime_known now[RG_NR_LOCK_PROTOCOLS];
	struct rg_regime_known
		before[RG_NR_LOCK_PROTOCOLS]; /* the last one known in an earlier boot */
};

/* ---- pure ---- */

/* Begins a new boot if boot_id differs: `now` becomes `before`. Returns true if it did. An empty
 * boot_id changes nothing. */
bool rg_regime_begin(struct rg_regime_kept *k, const char *boot_id);
/* Adds what is known now. Returns true if it must be written. */
bool rg_regime_update(struct rg_regime_kept *k, const struct rg_regimes *now, const char *kernel);
/* Says whether the regime changed between boots; false if either is unknown. */
bool rg_regime_differs(const struct rg_regime_kept *k, const struct rg_regimes *now,
		       enum rg_lock_protocol protocol);
/* Writes "NFSv4 locks of end clients are refused; kernel 6.12.95 forwarded them". Returns as
 * snprintf() does. */
int rg_regime_text(const struct rg_regime_kept *k, const struct rg_regimes *now,
		   enum rg_lock_protocol protocol, char *buf, size_t size);

/* Makes the object for `status --json`, owned by the caller (json_object_put). */
json_object *rg_regime_json(const struct rg_regime_kept *k, const struct rg_regimes *now);

/* Make and read the object of the file, owned by the caller. Reading returns 0, or -EBADMSG with
 * the mistake in `why` (RG_STATE_WHY bytes) and *k empty. */
json_object *rg_regime_file_json(const struct rg_regime_kept *k);
int rg_regime_of_json(json_object *o, struct rg_regime_kept *k, char *why);

/* ---- the file, the host ---- */

/* Read and write the file, as rg_budget_load() and rg_budget_save() do. */
int rg_regime_load(const char *dir, struct rg_regime_kept *k);
int rg_regime_save(const char *dir, const struct rg_regime_kept *k);
/* Reads the regimes before this boot from the state directory of the set. */
void rg_regime_recall(const struct rg_pins *p, struct rg_regime_kept *k);
/* Writes the release of the running kernel; "" if it cannot be read. */
void rg_kernel_release(char kernel[RG_KERNEL_SIZE]);
