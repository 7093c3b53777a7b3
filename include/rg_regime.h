/* SPDX-License-Identifier: GPL-2.0-only */
/* The regime of the running kernel: what becomes of an end client's lock on a
 * mount that is re-exported. docs/kernel.md, Regimes. */
#pragma once

enum rg_regime {
	RG_REGIME_UNKNOWN = 0,
	RG_REGIME_FORWARDED, /* passed on to this host's NFS client */
	RG_REGIME_REFUSED,   /* by knfsd (NFS4ERR_NOTSUPP) or lockd (NLM4_DENIED_NOLOCKS) */
	RG_NR_REGIMES,
};

enum rg_lock_protocol {
	RG_LOCKS_NFS4 = 0,
	RG_LOCKS_NLM,
	RG_NR_LOCK_PROTOCOLS,
};
