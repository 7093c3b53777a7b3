// SPDX-License-Identifier: GPL-2.0-only
/* Finds the gate that the command line names, and opens or closes it by hand. */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>

#include "cli/verbs.h"
#include "load/load.h"
#include "load/replace.h"
#include "pins/gates.h"
#include "pins/held.h"
#include "pins/other.h"
#include "base/netns.h"

/* Is this the number of a namespace that nobody can enter any more? Its gate may still hold
 * processes. Where a namespace has the number now, the gate is its own and not that of one that
 * had it before. */
static bool is_number_of_gone(const char *netns, __u32 *inum)
{
	__u32 found;
	char *end;
	int fd;

	if (!netns)
		return false;
	*inum = (__u32)strtoul(netns, &end, 10);
	if (*end || end == netns)
		return false;
	if (rg_netns_find(netns, &found, &fd))
		return true;
	close(fd);
	return false;
}

int rg_gate_named(const struct rg_pins *p, const struct rg_options *o, struct rg_gate *gate)
{
	__u32 slot, inum = 0;
	int found;

	if (is_number_of_gone(o->netns, &inum)) {
		found = rg_gate_slot(p, inum);
	} else {
		if (rg_enter_netns(o))
			return -1;
		inum = rg_netns_self();
		found = rg_gate_here(p);
	}
	if (found < 0)
		return rg_error(-1,
				"network namespace %u: has no gate; `reexport-guard status` lists "
				"those there are, --netns names one",
				inum);
	slot = (__u32)found;
	if (bpf_map_lookup_elem(p->map_fd[RG_MAP_GATES], &slot, gate) < 0)
		return rg_error(-1, "map gates: cannot be read: %s", rg_strerror(errno));
	return found;
}

int rg_can_continue(const struct rg_pins *p)
{
	int err = rg_held_can_continue(p);

	if (err == -EXDEV)
		return rg_error(RG_FAILED,
				"not in the initial pid and time namespaces: held processes "
				"could not be found and continued; run it on the host, "
				"for instance with `nsenter -t 1 -a`");
	if (err)
		return rg_error(RG_FAILED, "program control: cannot be run: %s", rg_strerror(err));
	return RG_DONE;
}

int rg_open_other(struct rg_pins *p)
{
	struct btf *types = rg_load_types();
	int err = types ? rg_other_open(p, types) : -ENOMEM;

	btf__free(types);
	if (err)
		rg_warn("%s: what another version of reexport-guard has pinned there cannot be "
			"read: %s",
			RG_PIN_DIR, rg_strerror(err));
	return err ? -EPROTO : 0;
}

int rg_open_any(struct rg_pins *p, enum rg_lock_mode mode)
{
	int err;

	rg_pins_init(p);
	err = rg_pins_lock(p, mode, false);
	if (err && err != -ENOENT)
		return rg_pins_lock_failed(err);
	if (!err && mode == RG_LOCK_EXCLUSIVE)
		rg_replace_clear(p);
	err = err ?: rg_pins_open(p);
	if (err == -EPROTO)
		err = rg_open_other(p);
	return err ? rg_pins_say(p, err) : RG_DONE;
}

/* Opening a gate takes no lock, so that no process can keep a gate shut. An incomplete set may
 * be just being armed, and a set beside it may be about to take its place: that is waited for. */
static int open_set(struct rg_pins *p, __u32 op)
{
	rg_pins_init(p);
	if (op == RG_OP_OPEN && !rg_replace_was_cut_short() && rg_pins_open(p) == 0 &&
	    rg_pins_are_current(p))
		return RG_DONE;
	rg_pins_close(p);
	return rg_open_any(p, RG_LOCK_EXCLUSIVE);
}

int rg_gate_ask(const struct rg_options *o, __u32 op, struct rg_pins *p, struct rg_gate *gate,
		struct rg_continued *done)
{
	struct rg_control c = {.op = op};
	int slot, err = open_set(p, op);

	if (err)
		return err;
	slot = op == RG_OP_OPEN && rg_can_continue(p) ? -1 : rg_gate_named(p, o, gate);
	if (slot >= 0) {
		c.slot = (__u32)slot;
		if (done)
			rg_held_count_sleepers(p, c.slot, done);
		err = rg_control(p, &c);
		if (!err)
			return RG_DONE;
		rg_error(RG_FAILED, "network namespace %u: cannot be %s: %s", gate->netns,
			 op == RG_OP_OPEN ? "opened" : "closed", rg_strerror(err));
	}
	rg_pins_close(p);
	return RG_FAILED;
}

bool rg_daemon_is_alive(const struct rg_pins *p)
{
	return rg_is_alive(__atomic_load_n(&p->live->heartbeat_ns, __ATOMIC_RELAXED), rg_now_ns());
}
