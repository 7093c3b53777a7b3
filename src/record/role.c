// SPDX-License-Identifier: GPL-2.0-only
#include "record/role.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "pins/process.h"

/* The inode number of the initial pid namespace (PROC_PID_INIT_INO, include/linux/proc_ns.h). */
#define PID_INIT 0xeffffffcU

const struct rg_role rg_role_none = {
	.set = {.dir_fd = -1,
		.keepers_fd = -1,
		.counters_fd = -1,
		.tracers_fd = -1,
		.owners_fd = -1},
	.place = {.rings_fd = -1, .owners_fd = -1},
};

static ino_t pinned_now(void)
{
	struct stat st;

	return stat(RG_ORG_PIN_DIR "/map_state", &st) == 0 ? st.st_ino : 0;
}

/* Places are kept by pid, which has to mean the same to every tracer. */
static int owner_of_this(struct rg_tracer *owner)
{
	const __u64 tick_ns = RG_NS_PER_SEC / (__u64)sysconf(_SC_CLK_TCK);
	struct stat st;
	__u64 ticks;
	int err;

	if (stat("/proc/self/ns/pid", &st) < 0)
		return -errno;
	if (st.st_ino != PID_INIT)
		return -EXDEV;
	err = rg_process_start_ticks((__u32)getpid(), &ticks);
	if (!err)
		*owner = (struct rg_tracer){.pid = (__u32)getpid(), .start_ns = ticks * tick_ns};
	return err;
}

/* Takes a place in the set, which is open and locked. Returns 0 or a negative errno. */
static int take_place(struct rg_role *role, const struct rg_tracer_ring *ring)
{
	struct rg_tracer_place place = {.rings_fd = role->set.tracers_fd,
					.owners_fd = role->set.owners_fd};
	struct rg_tracer owner;
	int err = owner_of_this(&owner);

	if (!err)
		err = rg_places_sweep(&place, true);
	if (err >= 0)
		err = rg_place_take(&place, &owner, ring->ring_fd);
	if (!err)
		role->place = place;
	return err;
}

static void listen_to(struct rg_role *role, const struct rg_tracer_ring *ring, ino_t ino)
{
	int err = rg_org_try_open(&role->set, RG_LOCK_EXCLUSIVE_NOW);

	if (err == -EWOULDBLOCK || err == -ENOENT)
		return; /* next time */
	if (!err)
		err = take_place(role, ring);
	if (err) {
		rg_org_close(&role->set);
		if (role->refused != ino)
			rg_warn("%s: its events cannot be read: %s; what the original server "
				"keeps is not in this trace",
				RG_ORG_PIN_DIR,
				err == -EUSERS	? "it has as many tracers as there is room for"
				: err == -EXDEV ? "this process is in another pid namespace"
						: rg_strerror(err));
		role->refused = ino;
		return;
	}
	rg_org_unlock(&role->set);
	role->ino = ino;
	for (int i = 0; i < RG_ORG_KEEPERS; i++)
		role->last[i] = (struct rg_keeper_reported){};
}

/* Reads the keepers, at most every second and only while something may be kept or was. */
static void look_at_keepers(struct rg_role *role, __u64 now_ns, bool disabled, rg_record_fn *fn,
			    void *arg)
{
	struct rg_keeper *keepers = calloc(RG_ORG_KEEPERS, sizeof(*keepers));
	struct rg_record r;

	if (keepers && rg_org_read_keepers(&role->set, keepers) == 0)
		for (int i = 0; i < RG_ORG_KEEPERS; i++) {
			bool active = rg_keeper_is_active(&keepers[i], now_ns);

			if (rg_kept_over(&role->last[i], &keepers[i], now_ns, &r)) {
				fn(arg, &r);
			} else if (disabled && active) {
				rg_kept_ended(&keepers[i], now_ns, RG_KEPT_DISABLED, &r);
				fn(arg, &r);
			}
		}
	free(keepers);
}

static bool may_be_kept(const struct rg_role *role)
{
	for (int i = 0; i < RG_ORG_KEEPERS; i++)
		if (role->last[i].active)
			return true;
	return role->set.state->word != 0;
}

void rg_role_look(struct rg_role *role, const struct rg_tracer_ring *ring, __u64 now_ns,
		  rg_record_fn *fn, void *arg)
{
	ino_t now = pinned_now();
	bool disabled = role->ino && now != role->ino;

	if (role->ino && may_be_kept(role))
		look_at_keepers(role, now_ns, disabled, fn, arg);
	if (disabled)
		rg_role_leave(role);
	if (!role->ino && now && ring->ring)
		listen_to(role, ring, now);
}

bool rg_role_is_enabled(void)
{
	return pinned_now() != 0;
}

bool rg_role_listens(const struct rg_role *role)
{
	return role->ino != 0;
}

__u64 rg_role_lost(const struct rg_role *role)
{
	return role->lost + rg_place_lost(&role->place);
}

void rg_role_leave(struct rg_role *role)
{
	role->lost += rg_place_lost(&role->place);
	rg_place_free(&role->place);
	rg_org_close(&role->set);
	role->ino = 0;
}
