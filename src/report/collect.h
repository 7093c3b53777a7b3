/* SPDX-License-Identifier: GPL-2.0-only */
/* Adds events to a recovery (collect.c). Each kind of event has a file of its own. */
#pragma once

#include "report/model.h"

void rg_recovery_add(struct rg_recovery *r, const struct rg_entry *e);

/* peers.c: return the number of the event's end client, original server or file, which is added
 * if it is new. -1: the event has none, or there are too many. */
long rg_peer_of(struct rg_recovery *r, const struct rg_entry *e);
long rg_file_of(struct rg_recovery *r, const struct rg_entry *e);
/* The same file: returns the number of the end client with this clientid; -1: none was seen. */
long rg_peer_by_id(const struct rg_recovery *r, const struct rg_text_in *clientid);

/* reclaims.c: OPEN, LOCK and NLM_LOCK of either side, and the downgrade that any event may have. */
void rg_add_server_op(struct rg_recovery *r, const struct rg_entry *e);
void rg_add_client_op(struct rg_recovery *r, const struct rg_entry *e);
void rg_add_downgrade(struct rg_recovery *r, const struct rg_entry *e);
/* The same file: counts a reclaim at its time, in buckets twice as wide whenever one does not fit.
 */
void rg_storm_add(struct rg_storm *s, enum rg_storm_kind kind, __u64 ns);

/* order.c: what an OPEN or LOCK of an end client tells of the order of a recovery; client: its
 * number, or -1. */
void rg_order_add(struct rg_recovery *r, long client, const struct rg_entry *e);

/* locks.c: what one event tells of a lock. */
void rg_locks_add(struct rg_locks *l, __u32 client, long file, const struct rg_entry *e);

/* apps.c: the gate, and applications that were held, continued, or turned away (denied, audited).
 */
void rg_add_gate(struct rg_recovery *r, const struct rg_entry *e);
void rg_add_held(struct rg_recovery *r, const struct rg_entry *e);
void rg_add_continued(struct rg_recovery *r, const struct rg_entry *e);
void rg_add_turned(struct rg_recovery *r, const struct rg_entry *e);

/* kept.c: what an original server keeps for clients that rebooted. */
void rg_add_kept(struct rg_recovery *r, const struct rg_entry *e);

/* lost.c: the ledger's sums, which replace earlier ones, and then each lock. */
void rg_add_lost(struct rg_recovery *r, const struct rg_entry *e);
void rg_add_lost_lock(struct rg_recovery *r, const struct rg_entry *e);
