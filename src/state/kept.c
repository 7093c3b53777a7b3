// SPDX-License-Identifier: GPL-2.0-only
#include "state/kept.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "base/log.h"
#include "mounts/mounts.h"
#include "pins/flows.h"
#include "pins/gates.h"
#include "rg_kept.h"

/* Ask again after this, while an answer counts. */
#define AGAIN_NS (RG_KEPT_NS / 3)

/* While the gate is open nothing is proven. */
static bool asks(const struct rg_gate *g, __u64 now_ns)
{
	return g->netns && g->policy.original_keeps &&
	       rg_gate_view(g, now_ns).state != RG_STATE_OPEN;
}

static __u32 delays(const struct rg_pins *p)
{
	return __atomic_load_n(&p->live->asker_delays, __ATOMIC_RELAXED);
}

/* Looks for a name that no file has. Returns how many times the server said NFS4ERR_DELAY, or a
 * negative errno: it did not say in the end that there is none. */
static int look_for(const struct rg_pins *p, int dir, const char *prefix)
{
	__u32 before = delays(p), digits;
	char name[RG_KEPT_NAME + 1];
	struct stat st;

	if (getrandom(&digits, sizeof(digits), 0) != sizeof(digits))
		return -EIO;
	snprintf(name, sizeof(name), "%s%08x", prefix, digits);
	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT) == 0)
		return -EEXIST;
	return errno == ENOENT ? (int)(delays(p) - before) : -errno;
}

/* Asks the server of this directory. A server says DELAY for other reasons as well, so a yes is
 * that each question was delayed once, and what is no question was not. */
static bool says_kept(const struct rg_pins *p, int dir)
{
	return look_for(p, dir, RG_KEPT_QUESTION) == 1 && look_for(p, dir, RG_KEPT_CONTROL) == 0 &&
	       look_for(p, dir, RG_KEPT_QUESTION) == 1;
}

/* Never creates the element again: our programs delete it together with the superblock. */
static void note(const struct rg_pins *p, __u32 dev, __u64 until_ns)
{
	struct rg_device d;

	if (bpf_map_lookup_elem(p->map_fd[RG_MAP_DEVICES], &dev, &d) < 0 ||
	    d.class != RG_CLASS_GUARDED)
		return;
	d.kept_until_ns = until_ns;
	bpf_map_update_elem(p->map_fd[RG_MAP_DEVICES], &dev, &d, BPF_EXIST);
}

/* Opens the root of this mount, which another one may have come over. Returns its descriptor, or a
 * negative number. */
static int open_root(const struct rg_mount *m)
{
	int dir = open(m->target, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct stat st;

	if (dir < 0 || (fstat(dir, &st) == 0 && rg_kernel_dev(st.st_dev) == m->dev))
		return dir;
	close(dir);
	return -1;
}

static void ask(const struct rg_pins *p, const struct rg_mount *m)
{
	/* Its LOOKUPs are counted from here on, those on the way to the mount not. */
	int dir = open_root(m);
	__u64 asked_ns = rg_now_ns();

	if (dir < 0)
		return;
	__atomic_store_n(&p->live->asker, (__u32)getpid(), __ATOMIC_RELAXED);
	note(p, m->dev, says_kept(p, dir) ? asked_ns + RG_KEPT_NS : 0);
	__atomic_store_n(&p->live->asker, 0, __ATOMIC_RELAXED);
	close(dir);
}

/* Returns the slot of the gate that guards this mount; negative: none. own: that of the gate of
 * this namespace, likewise. */
static int slot_of(const struct rg_pins *p, const struct rg_gate *gates, int own,
		   const struct rg_mount *m)
{
	struct rg_device d;

	if (bpf_map_lookup_elem(p->map_fd[RG_MAP_DEVICES], &m->dev, &d) == 0)
		return d.class == RG_CLASS_GUARDED && d.slot < RG_MAX_GATES ? (int)d.slot : -1;
	/* Under --all nobody has come to it yet. */
	return own >= 0 && gates[own].policy.mount_mode == RG_MOUNT_MODE_ALL ? own : -1;
}

/* Says whether the last answer, a yes, is young enough. */
static bool is_answered(const struct rg_pins *p, const struct rg_mount *m)
{
	struct rg_device d;

	return bpf_map_lookup_elem(p->map_fd[RG_MAP_DEVICES], &m->dev, &d) == 0 &&
	       d.kept_until_ns > rg_now_ns() + RG_KEPT_NS - AGAIN_NS;
}

/* ---- through ---- */

/* The start of knfsd of each gate, as rg_gate.knfsd_start_ns, after which the original servers were
 * told last. */
static __u64 told[RG_MAX_GATES];

bool rg_kept_all_came(const struct rg_awaited *list, __u32 slot)
{
	for (__u32 i = 0; i < list->n; i++)
		if (list->keys[i].slot == slot && !list->clients[i].generation &&
		    list->clients[i].expected)
			return false;
	return true;
}

/* Where the ledger cannot be read nothing is told, and keep-for ends what is kept. */
static bool all_came(const struct rg_pins *p, __u32 slot)
{
	struct rg_awaited list;
	bool came;

	if (rg_all_clients_read(p, &list))
		return false;
	came = rg_kept_all_came(&list, slot);
	rg_clients_free(&list);
	return came;
}

/* Of each start of knfsd once, as soon as its end clients are through. */
static bool has_to_tell(const struct rg_pins *p, const struct rg_gate *g, __u32 slot, __u64 now_ns)
{
	struct rg_flow_storm storm;

	return g->netns && g->policy.original_keeps && told[slot] != g->knfsd_start_ns &&
	       rg_flow_storm_read(p, slot, &storm) == 0 &&
	       rg_is_through(g, storm.expected, storm.complete, now_ns) && all_came(p, slot);
}

static void tell(const struct rg_pins *p, const struct rg_mount *m)
{
	int dir = open_root(m), err;

	if (dir < 0)
		return;
	err = look_for(p, dir, RG_KEPT_THROUGH);
	if (err < 0)
		rg_warn("%s: its original server could not be told that all end clients are "
			"through: %s; if it keeps their locks, it does so until keep-for is over",
			m->target, rg_strerror(err));
	else
		rg_info("%s: told its original server that all end clients are through", m->target);
	close(dir);
}

void rg_kept_look(const struct rg_pins *p)
{
	struct rg_gate gates[RG_MAX_GATES];
	bool ask_of[RG_MAX_GATES] = {}, tell_of[RG_MAX_GATES] = {}, any = false;
	struct rg_mounts mounts;
	__u64 now_ns = rg_now_ns();
	int own;

	if (rg_gates_read(p, gates))
		return;
	for (__u32 i = RG_CANARY_SLOT + 1; i < RG_MAX_GATES; i++) {
		ask_of[i] = asks(&gates[i], now_ns);
		tell_of[i] = has_to_tell(p, &gates[i], i, now_ns);
		any |= ask_of[i] || tell_of[i];
	}
	if (!any || rg_mounts_read("/proc/self/mountinfo", &mounts))
		return;
	own = rg_gate_here(p);
	for (size_t i = 0; i < mounts.n; i++) {
		const struct rg_mount *m = &mounts.at[i];
		int slot = slot_of(p, gates, own, m);

		if (slot >= 0 && ask_of[slot] && !is_answered(p, m))
			ask(p, m);
		if (slot >= 0 && tell_of[slot])
			tell(p, m);
	}
	rg_mounts_free(&mounts);
	for (__u32 i = 0; i < RG_MAX_GATES; i++)
		if (tell_of[i])
			told[i] = gates[i].knfsd_start_ns;
}
