/* SPDX-License-Identifier: GPL-2.0-only */
/* Says in one sentence a protocol what end clients' locks get on this host: what `check`
 * begins with. By docs/results.md, for what the kernel and the policy are. */
#pragma once

#include "check/policy.h"
#include "check/regime.h"

/* Pure. */
void rg_outlook_check(const struct rg_regime_facts *r, const struct rg_policy_facts *p,
		      struct rg_findings *f);
