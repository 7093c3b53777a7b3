// SPDX-License-Identifier: GPL-2.0-only
/* Mounts and exports that change. */
#include <bpf/bpf.h>

#include "daemon/daemon.h"
#include "mounts/classify.h"
#include "mounts/exports.h"
#include "pins/gates.h"
#include "policy/rules.h"

/* Makes the rules again after a change of the exports. */
static int refresh_rules(struct rg_daemon *d, struct rg_rules *rules, __u32 slot, __u64 stamp)
{
	int err = rg_rules_refresh(rules, slot);

	/* Try again only after another change: it would fail each second. */
	d->exports = stamp;
	if (err)
		rg_warn("exports: not all could be read: %s; what was exported before stays "
			"guarded",
			rg_strerror(err));
	return rg_rules_write(&d->p, rules, slot);
}

int rg_daemon_classify(struct rg_daemon *d)
{
	struct rg_mounts mounts = {};
	struct rg_rules rules = {};
	struct rg_gate gate;
	/* Do not wait for the lock: `enable` may hold it longer than a heartbeat lasts. */
	int slot, err = rg_pins_lock(&d->p, RG_LOCK_EXCLUSIVE_NOW, false);
	__u64 stamp;
	__u32 at;

	d->classify_due = err != 0;
	if (err)
		return err;
	slot = rg_gate_here(&d->p);
	at = (__u32)slot;
	if (slot >= 0 && bpf_map_lookup_elem(d->p.map_fd[RG_MAP_GATES], &at, &gate) == 0) {
		err = rg_rules_of(&d->p, at, &rules);
		err = err ?: rg_mounts_read("/proc/self/mountinfo", &mounts);
		rg_mounts_ask_fsids(RG_VOLUMES, &mounts);
		/* Apply the present rules first, since exportfs may take long. */
		err = err
			      ?: rg_classify(&d->p, &mounts, rules.at, rules.n, at,
					     gate.policy.mount_mode);
		stamp = rg_exports_stamp_here();
		if (!err && gate.policy.mount_mode == RG_MOUNT_MODE_EXPORTS &&
		    stamp != d->exports) {
			err = refresh_rules(d, &rules, at, stamp);
			err = err
				      ?: rg_classify(&d->p, &mounts, rules.at, rules.n, at,
						     gate.policy.mount_mode);
		}
		if (!err)
			rg_recorder_mounts(&d->recorder, &mounts);
		rg_mounts_free(&mounts);
		rg_rules_free(&rules);
	}
	rg_pins_unlock(&d->p);
	d->classified = true;
	if (err)
		rg_warn("mounts could not be classified: %s; new ones stay guarded",
			rg_strerror(err));
	return err;
}

bool rg_daemon_exports_changed(const struct rg_daemon *d)
{
	int slot = rg_gate_here(&d->p);
	__u32 at = (__u32)slot;
	struct rg_gate gate;

	return slot >= 0 && bpf_map_lookup_elem(d->p.map_fd[RG_MAP_GATES], &at, &gate) == 0 &&
	       gate.policy.mount_mode == RG_MOUNT_MODE_EXPORTS &&
	       rg_exports_stamp_here() != d->exports;
}
