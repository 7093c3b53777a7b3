// SPDX-License-Identifier: GPL-2.0-only
#include "load/prove.h"

#include <errno.h>

#include "base/log.h"
#include "base/names.h"
#include "load/canary.h"
#include "load/loader.h"
#include "load/sleep.h"
#include "pins/doors.h"

static int prove_one(const struct rg_pins *p, __u32 door, __u32 action, __u32 rung, __u64 *took_ns)
{
	const char *hook = rg_door_hook(door, rung);
	int detail = 0;

	switch (rg_canary_run(p, door, action, took_ns, &detail)) {
	case RG_CANARY_OK:
		return RG_DONE;
	case RG_CANARY_NOT_FIRED:
		return rg_error(RG_CANNOT,
				"canary: %s is attached, but the kernel does not call it%s", hook,
				rung == RG_RUNG_LSM ? "; add bpf to lsm= on the kernel command line"
						    : "");
	case RG_CANARY_NOT_CONTINUED:
		return rg_error(RG_CANNOT,
				"canary: %s held a process (rung %s) that did not come back; run "
				"this in the initial pid and time namespaces",
				hook, rg_hold_name(p->live->sleeps));
	case RG_CANARY_WRONG:
		return rg_error(RG_CANNOT,
				"canary: with action %s a call through %s ended with: %s",
				rg_action_name(action), hook,
				detail ? rg_strerror(detail) : "stopped");
	default:
		return rg_error(RG_FAILED, "canary: cannot be run: %s", rg_strerror(detail));
	}
}

/* Each of these doors, with a canary of its own. *took_ns: the slowest. */
static int prove_each(const struct rg_pins *p, __u32 doors, __u32 action, __u32 rung,
		      __u64 *took_ns)
{
	__u64 one_ns = 0;
	int err = RG_DONE;

	*took_ns = 0;
	for (__u32 door = 0; door < RG_NR_DOORS && !err; door++) {
		if (!(doors & 1u << door))
			continue;
		err = prove_one(p, door, action, rung, &one_ns);
		if (one_ns > *took_ns)
			*took_ns = one_ns;
	}
	return err;
}

/* Where a canary does not sleep well, the held are stopped. */
int rg_prove_doors(const struct rg_pins *p, __u32 doors, __u32 action, __u32 rung, __u64 *took_ns)
{
	int err = prove_each(p, doors, action, rung, took_ns);

	if (err != RG_CANNOT || p->live->sleeps != RG_HOLD_SLEEP)
		return err;
	rg_warn("rung %s does not serve here: trying %s", rg_hold_name(RG_HOLD_SLEEP),
		rg_hold_name(RG_HOLD_STOP));
	rg_sleep_end(p);
	return prove_each(p, doors, action, rung, took_ns);
}

int rg_prove(const struct rg_pins *p)
{
	struct rg_meta meta;
	__u64 took_ns;

	if (rg_pins_meta(p, &meta) < 0)
		return rg_error(RG_FAILED, "map meta: cannot be read: %s", rg_strerror(errno));
	return rg_sleep_begin(p, meta.hold, false)
		       ?: rg_prove_doors(p, rg_doors_attached(), RG_ACTION_HOLD, meta.rung,
					 &took_ns);
}
