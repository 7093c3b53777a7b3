/* SPDX-License-Identifier: GPL-2.0-only */
/* Awaited end clients: which there are, and which have been quiet for so long
 * that they are done, whatever the ledger says. */
#pragma once

#include "pins/pins.h"

struct rg_awaited {
	struct rg_client_key *keys; /* n of each; owned by the list */
	struct rg_client *clients;
	__u32 n;
};

/* All end clients in the ledger. 0 or negative errno. */
int rg_clients_read(const struct rg_pins *p, struct rg_awaited *list);
void rg_clients_free(struct rg_awaited *list);

/*
 * Have the kernel count the locks that LOCKs and LOCKUs have left uncounted, in files with
 * many (bpf/count.bpf.c), and settle who then has all it had. Costs a look at each of those
 * locks. A file that changed meanwhile, or is counted by somebody else right now, is left
 * for the next time. gates: all. What there was to do; false: nothing, and it cost nothing.
 */
bool rg_count_locks(const struct rg_pins *p, const struct rg_gate *gates);
/* The same at the daemon's pace: at most once a second and in a hundredth of the time.
 * *due_ns: when it is next, kept by the caller from 0 on. */
void rg_count_locks_tick(const struct rg_pins *p, const struct rg_gate *gates, __u64 now_ns,
			 __u64 *due_ns);

/* Settle who is quiet, and forget who did not come back, of the gates that are
 * open. *next_ns is lowered to when somebody will be quiet. gates: all. */
void rg_settle(const struct rg_pins *p, const struct rg_gate *gates, __u64 now_ns, __u64 *next_ns);
