// SPDX-License-Identifier: GPL-2.0-only
#include "state/nothing.h"

#include <errno.h>
#include <string.h>

#include <bpf/bpf.h>

#include "pins/gates.h"
#include "policy/config.h"

enum rg_nothing rg_nothing_of(const struct rg_nothing_facts *f)
{
	if (f->wider || !f->seen || f->now.of[RG_LOCKS_NFS4] != RG_REGIME_REFUSED ||
	    f->now.of[RG_LOCKS_NLM] == RG_REGIME_FORWARDED)
		return RG_NOTHING_NO;
	if (f->now.of[RG_LOCKS_NLM] == RG_REGIME_REFUSED || f->nlm_recorded == RG_REGIME_REFUSED)
		return RG_NOTHING_REFUSED;
	if (f->statd == RG_STATD_NONE)
		return RG_NOTHING_NO_V3_RECORD;
	return f->already ? RG_NOTHING_ALREADY : RG_NOTHING_NO;
}

enum rg_regime rg_nothing_recorded(const struct rg_regime_kept *k, enum rg_lock_protocol protocol,
				   const char *kernel)
{
	const struct rg_regime_known *known =
		k->now[protocol].regime ? &k->now[protocol] : &k->before[protocol];

	return *kernel && strcmp(known->kernel, kernel) == 0 ? known->regime : RG_REGIME_UNKNOWN;
}

/* ---- one gate ---- */

int rg_nothing_decide(const struct rg_pins *p, __u32 slot, enum rg_nothing *found)
{
	struct rg_control c = {.op = RG_OP_NOTHING, .slot = slot};
	struct rg_nothing_facts f = {.now = rg_regimes_read(p)};
	char kernel[RG_KERNEL_SIZE];
	struct rg_regime_kept kept;
	struct rg_provenance from = {};
	struct rg_gate gate = {};
	struct rg_meta meta;
	int err = rg_pins_meta(p, &meta);

	*found = RG_NOTHING_NO;
	if (!err && (bpf_map_lookup_elem(p->map_fd[RG_MAP_GATES], &slot, &gate) < 0 ||
		     bpf_map_lookup_elem(p->map_fd[RG_MAP_PROVENANCE], &slot, &from) < 0))
		err = -errno;
	if (err)
		return err;
	if (gate.hand == RG_HAND_OPEN || gate.hand == RG_HAND_CLOSED)
		return 0;
	rg_regime_recall(p, &kept);
	rg_kernel_release(kernel);
	f.nlm_recorded = rg_nothing_recorded(&kept, RG_LOCKS_NLM, kernel);
	f.seen = rg_statd_complements(&meta);
	f.wider = gate.policy.scope != RG_SCOPE_LOCKS && from.line[RG_KEY_SCOPE];
	f.already = gate.hand == RG_HAND_NOTHING;
	/* The records are of interest only where all else says that there may be nothing. */
	if (f.now.of[RG_LOCKS_NFS4] == RG_REGIME_REFUSED)
		f.statd = rg_statd_look("", rg_statd_booted(), NULL);
	*found = rg_nothing_of(&f);
	c.policy_word = *found != RG_NOTHING_NO;
	return rg_control(p, &c);
}
