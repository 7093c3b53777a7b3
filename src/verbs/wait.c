// SPDX-License-Identifier: GPL-2.0-only
/* The verb wait: waits until a gate is open, for services that must start after it. */
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "base/names.h"
#include "cli/verbs.h"
#include "pins/gates.h"

/* Look several times a second: a gate may open at any moment, and only the daemon gets
 * events. */
#define LOOK_NS (RG_NS_PER_SEC / 5)

/* Identifies the pinned set; another set has another id. */
static ino_t pinned_now(void)
{
	struct stat st;
	char path[256];

	return stat(rg_pin_path(path, rg_pin_of_map(RG_MAP_META)), &st) == 0 ? st.st_ino : 0;
}

static int wait_for_gate(const struct rg_pins *p, __u32 slot, __u32 netns, __u64 timeout_ns)
{
	__u64 from_ns = rg_now_ns(), now_ns;
	ino_t pinned = pinned_now();

	for (;;) {
		struct rg_gate gate;
		struct rg_view v;
		__u64 pause_ns = LOOK_NS;

		if (bpf_map_lookup_elem(p->map_fd[RG_MAP_GATES], &slot, &gate) < 0)
			return rg_error(RG_FAILED, "map gates: cannot be read: %s",
					rg_strerror(errno));
		now_ns = rg_now_ns();
		v = rg_gate_view(&gate, now_ns);
		if (v.state == RG_STATE_OPEN) {
			printf("open: network namespace %u: %s\n", netns, rg_why_text(v.why));
			return RG_DONE;
		}
		/* Look at the pins to learn whether there still is a gate: our open maps live on
		 * after `disable`, which opens the gate first. */
		if (pinned_now() != pinned)
			return rg_error(RG_NOT_ENABLED,
					"network namespace %u: the pins were taken away while this "
					"waited: no gate is there that would open; run "
					"`reexport-guard enable`",
					netns);
		if (timeout_ns && now_ns - from_ns >= timeout_ns)
			return rg_error(RG_TIMED_OUT,
					"network namespace %u: still %s after %llu s: %s; "
					"`reexport-guard status` shows which end clients are "
					"awaited",
					netns, rg_state_name(v.state),
					(unsigned long long)(timeout_ns / RG_NS_PER_SEC),
					rg_why_text(v.why));
		if (timeout_ns && from_ns + timeout_ns - now_ns < pause_ns)
			pause_ns = from_ns + timeout_ns - now_ns;
		if (v.until_ns > now_ns && v.until_ns - now_ns < pause_ns)
			pause_ns = v.until_ns - now_ns;
		usleep((useconds_t)(pause_ns / 1000) + 1);
	}
}

int rg_verb_wait(const struct rg_options *o)
{
	struct rg_gate gate;
	struct rg_pins p;
	int slot, err = rg_pins_open_enabled(&p, RG_LOCK_SHARED);

	if (err)
		return err;
	slot = rg_gate_named(&p, o, &gate);
	/* Let others change the set while this waits. */
	rg_pins_unlock(&p);
	err = slot < 0 ? RG_FAILED
		       : wait_for_gate(&p, (__u32)slot, gate.netns,
				       (__u64)o->timeout_s * RG_NS_PER_SEC);
	rg_pins_close(&p);
	return err;
}
