/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What becomes of end clients' locks through a re-export on the running kernel, by
 * protocol (rg_regime.h): told by what the kernel shows and by what it was seen to
 * do, never by its version. And what the last boot's kernel did, on disk, so that a
 * change is said. docs/kernel.md, Regimes; docs/state.md.
 */
#pragma once

#include "state/budget.h"
#include "pins/pins.h"

#define RG_REGIME_FILE "regime.json"
#define RG_KERNEL_SIZE 65 /* of a release, as in struct utsname */

/* By enum rg_lock_protocol. */
struct rg_regimes {
	enum rg_regime of[RG_NR_LOCK_PROTOCOLS];
};

/* Pure. nfs4: what the export flags say; seen: counted since the gate was made. What
 * was seen counts for more. lockd asks the same flag as knfsd, or none: where it is
 * not set NLM is forwarded, and where it is only a LOCK shows. */
struct rg_regimes rg_regimes_of(enum rg_regime nfs4, const struct rg_flow_totals *seen);
/* Pure. What the export flags say, unless the kernel module takes them away: it does for the
 * mounts of every gate whose `forward` is not never. `gates`: RG_MAX_GATES of them. */
enum rg_regime rg_regime_with_module(enum rg_regime nfs4, enum rg_module module,
				     const struct rg_gate *gates);
/* Of an open set. What cannot be read is unknown. */
struct rg_regimes rg_regimes_read(const struct rg_pins *p);

/* What is known of one protocol, and under which kernel it was so. */
struct rg_regime_known {
	enum rg_regime regime;
	char kernel[RG_KERNEL_SIZE]; /* "": nothing is known */
};

/* All zero: an empty one. */
struct rg_regime_kept {
	char boot_id[RG_BOOT_ID_SIZE]; /* which boot `now` is of; empty: none yet */
	struct rg_regime_known now[RG_NR_LOCK_PROTOCOLS];
	struct rg_regime_known before[RG_NR_LOCK_PROTOCOLS]; /* last known in an earlier boot */
};

/* ---- pure ---- */

/* Begin this boot, if boot_id is that of another one: what was known is then
 * before. True: so it was. An empty boot_id changes nothing. */
bool rg_regime_begin(struct rg_regime_kept *k, const char *boot_id);
/* Take in what is known now. True: it is to be written. */
bool rg_regime_update(struct rg_regime_kept *k, const struct rg_regimes *now, const char *kernel);
/* Is it another one than before? Not if either is unknown. */
bool rg_regime_differs(const struct rg_regime_kept *k, const struct rg_regimes *now,
		       enum rg_lock_protocol protocol);
/* "NFSv4 locks of end clients are refused; kernel 6.12.95 forwarded them". As
 * snprintf(). */
int rg_regime_text(const struct rg_regime_kept *k, const struct rg_regimes *now,
		   enum rg_lock_protocol protocol, char *buf, size_t size);

/* For `status --json`, owned by the caller (json_object_put). */
json_object *rg_regime_json(const struct rg_regime_kept *k, const struct rg_regimes *now);

/* As in the file; owned by the caller. And back: 0, or -EBADMSG: `why` (RG_STATE_WHY
 * bytes) says what is wrong, *k is empty. */
json_object *rg_regime_file_json(const struct rg_regime_kept *k);
int rg_regime_of_json(json_object *o, struct rg_regime_kept *k, char *why);

/* ---- the file, the host ---- */

/* As rg_budget_load() and rg_budget_save(). */
int rg_regime_load(const char *dir, struct rg_regime_kept *k);
int rg_regime_save(const char *dir, const struct rg_regime_kept *k);
/* What there was before this boot, of the state directory that the set goes by. */
void rg_regime_recall(const struct rg_pins *p, struct rg_regime_kept *k);
/* Release of the running kernel; "" if it is not to be had. */
void rg_kernel_release(char kernel[RG_KERNEL_SIZE]);
