/* SPDX-License-Identifier: GPL-2.0-only */
/* Finds out whether there is nothing to protect: whether no end client can have had a lock through
 * a re-export of this host, nor can take one again. Then nobody has to be kept out. What is not
 * known for certain counts as something to protect. */
#pragma once

#include "state/regime.h"
#include "state/statd.h"

struct rg_nothing_facts {
	struct rg_regimes now;
	enum rg_regime nlm_recorded; /* what this kernel did with NLM locks, by regime.json */
	enum rg_statd_says statd;
	bool seen;    /* programs see every lock that end clients are granted */
	bool already; /* it was found before in the life of this gate, and no lock was granted since
		       */
	bool wider;   /* the administrator asked for scope opens or access */
};

enum rg_nothing {
	RG_NOTHING_NO = 0,	 /* there is something to protect, or it is not known */
	RG_NOTHING_REFUSED,	 /* this kernel refuses NFSv4's and NFSv3's locks */
	RG_NOTHING_NO_V3_RECORD, /* it refuses NFSv4's, and no NFSv3 end client had one */
	RG_NOTHING_ALREADY,	 /* as found before */
};

/* Judges the facts. Who asks for scope opens or access wants local applications kept from more than
 * locks, so there is always something to protect. A scope opens that `enable` chose is there for
 * delegations alone, and where knfsd refuses locks it gives none (docs/kernel.md, Regimes). Pure.
 */
enum rg_nothing rg_nothing_of(const struct rg_nothing_facts *f);

/* Returns what this kernel (a release) did with locks of a protocol when it last ran, by what is
 * kept; RG_REGIME_UNKNOWN if another kernel ran. Pure. */
enum rg_regime rg_nothing_recorded(const struct rg_regime_kept *k, enum rg_lock_protocol protocol,
				   const char *kernel);

/* Decides for one gate of an open set, and opens the gate if there is nothing to protect, or takes
 * that back. A gate that was opened or closed by hand is left alone. *found: the decision. Returns
 * 0 or a negative errno: the gate is as it was. */
int rg_nothing_decide(const struct rg_pins *p, __u32 slot, enum rg_nothing *found);
