/* SPDX-License-Identifier: GPL-2.0-only */
/* Says in one line whether end clients' locks are protected on this host now, why, and what to
 * do if not: the first line of `status`, the daemon's line in `systemctl status`, and
 * /run/reexport-guard/status. */
#pragma once

#include <stddef.h>

#include "metrics/snapshot.h"

/* In order from bad to good. */
enum rg_protection {
	RG_PROTECTION_NONE,    /* local applications are not kept out when knfsd stops */
	RG_PROTECTION_PARTIAL, /* they are kept out, but not as the policy says */
	RG_PROTECTION_FULL,
	RG_NR_PROTECTIONS,
};

/* Size of the longest line with its NUL. */
#define RG_VERDICT_SIZE 1024

/* Judges the gate that is protected worst, and says how many others there are, and what would
 * become of end clients' locks if this host lost power now (metrics/power_cut.h). Pure. `line` gets
 * "protected: gate open for 2 h: ...", without a newline. */
enum rg_protection rg_verdict(const struct rg_snapshot *s, char line[RG_VERDICT_SIZE]);
/* Returns "not-protected", "partly-protected" or "protected", as in JSON. */
const char *rg_protection_name(enum rg_protection protection);
