/* SPDX-License-Identifier: GPL-2.0-only */
/* States in one sentence for each protocol what becomes of end clients' locks on this host;
 * `check` begins with it. Follows docs/results.md for the kernel and the policy of the host. */
#pragma once

#include "check/policy.h"
#include "check/regime.h"

/* Judges the facts. Pure. */
void rg_outlook_check(const struct rg_regime_facts *r, const struct rg_policy_facts *p,
		      struct rg_findings *f);
