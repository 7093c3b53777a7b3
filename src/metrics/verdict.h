/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Says in one line whether end clients' locks are protected on this host right now, why,
 * and what to do if they are not: the first line of `status`, the status line of the
 * daemon in systemctl, and /run/reexport-guard/status.
 */
#pragma once

#include <stddef.h>

#include "metrics/snapshot.h"

/* From bad to good. */
enum rg_protection {
	RG_PROTECTION_NONE,    /* local applications are not kept out when knfsd goes down */
	RG_PROTECTION_PARTIAL, /* they are, but not as the policy has it */
	RG_PROTECTION_FULL,
	RG_NR_PROTECTIONS,
};

/* Room for the longest line, NUL included. */
#define RG_VERDICT_SIZE 1024

/* Judges the gate that is protected worst, and says how many others there are, and what would
 * become of end clients' locks if this host lost power now (metrics/power_cut.h). Pure. `line` gets
 * "protected: gate open for 2 h: ...", without a newline. */
enum rg_protection rg_verdict(const struct rg_snapshot *s, char line[RG_VERDICT_SIZE]);
/* "not-protected", "partly-protected" or "protected", as JSON has it. */
const char *rg_protection_name(enum rg_protection protection);
