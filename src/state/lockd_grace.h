/* SPDX-License-Identifier: GPL-2.0-only */
/* Spares local applications lockd's grace period after a boot, which lasts longer than knfsd's
 * where every NFSv4 end client is through early. It is for NFSv3 end clients, and for NFSv4 ones
 * that need an ordinary LOCK. Without any of these a gate that is released at `settled` opens at
 * the end of knfsd's. What is not known for certain has it wait. */
#pragma once

#include "pins/gates.h"
#include "pins/settle.h"
#include "state/statd.h"

struct rg_lockd_grace {
	enum rg_statd_says says; /* as it was when the daemon began */
	struct rg_statd_hosts hosts;
	bool seen;   /* rg_statd_complements() */
	bool failed; /* reported */
};

/* Reads rpc.statd's records of the last boot, of an open set's host, before rpc.statd starts. */
void rg_lockd_grace_start(struct rg_lockd_grace *l, const struct rg_pins *p);

/* Says whether every end client of this slot that is not gone is known to have its locks again.
 * knfsd's grace period may have ended by time, and as long as lockd is in grace knfsd takes the
 * LOCK reclaims of an end client that was slow (nfsd4_lock(), fs/nfsd/nfs4state.c). Pure. */
bool rg_lockd_grace_all_are_back(const struct rg_awaited *list, const struct rg_gate *g,
				 __u32 slot);

/* Has the gate of this network namespace not wait for lockd's grace period, if that is of no use.
 * Reports it, or a failure. */
void rg_lockd_grace_tick(struct rg_lockd_grace *l, const struct rg_pins *p,
			 const struct rg_gate *gates);
