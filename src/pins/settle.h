/* SPDX-License-Identifier: GPL-2.0-only */
/* The end clients of the ledger, and the decision which of them are awaited no longer because
 * they have been quiet for settle-quiet. */
#pragma once

#include "pins/pins.h"

struct rg_awaited {
	struct rg_client_key *keys; /* n of each; owned by the list */
	struct rg_client *clients;
	__u32 n;
};

/* All end clients in the ledger. 0 or negative errno. */
int rg_clients_read(const struct rg_pins *p, struct rg_awaited *list);
/* The same, and NFSv3 end clients (map `nlm_hosts`; rg_client_is_nlm()). Sorted by key, as bytes.
 */
int rg_all_clients_read(const struct rg_pins *p, struct rg_awaited *list);
void rg_clients_free(struct rg_awaited *list);

/*
 * Have the kernel count the locks of files with many locks, which LOCK and LOCKU leave uncounted
 * (bpf/count.bpf.c), and settle the end clients that have all their locks again. Reads each of
 * those locks. A file that changes meanwhile, or that another process is counting, is left for
 * the next call. gates: all slots. False: there was nothing to count.
 */
bool rg_count_locks(const struct rg_pins *p, const struct rg_gate *gates);
/* The same at the daemon's pace: at most once a second and in a hundredth of the time.
 * *due_ns: when it is next, kept by the caller from 0 on. */
void rg_count_locks_tick(const struct rg_pins *p, const struct rg_gate *gates, __u64 now_ns,
			 __u64 *due_ns);

/* Bring rg_client.recorded up to date. What cannot be read stays unknown. gates: all slots. */
void rg_note_records(const struct rg_pins *p, const struct rg_gate *gates);

/* Settle the end clients that have been quiet for settle-quiet; at open gates forget those that
 * did not come back. *next_ns is lowered to the time when the next one will have been quiet for
 * so long. gates: all slots. */
void rg_settle(const struct rg_pins *p, const struct rg_gate *gates, __u64 now_ns, __u64 *next_ns);
