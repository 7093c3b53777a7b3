/* SPDX-License-Identifier: GPL-2.0-only */
/* For the tests of the decision: rg_gate_view() and rg_verdict_of(), compiled here from the header
 * that the BPF programs include. */
#pragma once

#include "unit.h"

#include "rg_gate.h"

#define S RG_NS_PER_SEC
#define CLOSED_AT (100 * S)
#define START_AT (200 * S)
#define END_AT (290 * S)
#define TIMEOUT_S 120
#define HOLD_S 900

/* A host that came up at 0, with knfsd from 200 s and its grace to 290 s; nobody
 * was refused a reclaim. */
static inline struct rg_gate gate(__u32 release, __u32 knfsd, __u32 lockd)
{
	struct rg_gate g = {
		.policy = {.release = release & 3,
			   .settle_timeout_s = TIMEOUT_S,
			   .max_hold_s = HOLD_S},
		.netns = 4026531840,
		.knfsd = knfsd,
		.lockd = lockd,
		.lease_s = 45,
		.closed_ns = CLOSED_AT,
		.knfsd_start_ns = START_AT,
		.knfsd_end_ns = END_AT,
	};

	return g;
}

/* The same after grace, at `settled`, with so many end clients refused and not
 * done. */
static inline struct rg_gate settling(__u32 refused, __u32 awaited)
{
	struct rg_gate g = gate(RG_RELEASE_SETTLED, RG_KNFSD_OVER, RG_LOCKD_NONE);

	g.refused = refused;
	g.awaited = awaited;
	return g;
}

static inline void expect_(const struct rg_gate *g, __u64 now_ns, __u32 state, __u32 why,
			   __u64 since_ns, __u64 until_ns, int line)
{
	struct rg_view v = rg_gate_view(g, now_ns);

	if (v.state != state || v.why != why || v.since_ns != since_ns || v.until_ns != until_ns)
		fail_msg("line %d: state %u why %u since %llu until %llu, expected %u %u %llu %llu",
			 line, v.state, v.why, v.since_ns, v.until_ns, state, why,
			 (unsigned long long)since_ns, (unsigned long long)until_ns);
}
#define expect(g, now, state, why, since, until) expect_(g, now, state, why, since, until, __LINE__)
