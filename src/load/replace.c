// SPDX-License-Identifier: GPL-2.0-only
#include "load/replace.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/membarrier.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>

#include "base/log.h"
#include "load/programs.h"
#include "load/load.h"
#include "load/protect.h"
#include "pins/carry.h"
#include "pins/doors.h"
#include "pins/freed.h"
#include "pins/gates.h"
#include "pins/held.h"
#include "pins/other.h"
#include "pins/wrappers.h"

/* Greatest number of looks at a gate that keeps changing. */
#define TRIES 50
/* Number of holds that the old set may count while the new one is armed. */
#define SEQ_APART (1u << 24)

/* ---- 1 ---- */

int rg_replace_begin(struct rg_pins *p)
{
	int err;

	rg_pins_init(p);
	rg_pins_place(RG_PLACE_BESIDE);
	err = rg_pins_lock(p, RG_LOCK_EXCLUSIVE_NOW, true);
	if (!err)
		return RG_DONE;
	rg_pins_place(RG_PLACE_SET);
	return rg_error(RG_FAILED, "%s: cannot be made and locked: %s", RG_PIN_DIR_BESIDE,
			rg_strerror(err));
}

void rg_replace_cancel(void)
{
	rg_pins_place(RG_PLACE_SET);
}

/* ---- 2 ---- */

/* Opens a map of the old set by its pin, in its own layout. Returns -1 if there is none. */
static int old_map(enum rg_map map)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", RG_PIN_DIR, rg_pin_of_map(map));
	return bpf_obj_get(path);
}

static int carry_map(const struct rg_pins *p, enum rg_map map)
{
	int fd = old_map(map), err;

	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	err = rg_map_carry(fd, p->map_fd[map], NULL);
	close(fd);
	return err;
}

/* Says whether the old set has our layout of this map. */
static bool is_laid_out_alike(const struct rg_pins *p, enum rg_map map)
{
	struct rg_map_moves moves;
	int fd = old_map(map);
	bool same = fd >= 0 && rg_map_moves_make(fd, p->map_fd[map], &moves) == 0;

	if (same) {
		same = moves.key.same && moves.value.same;
		rg_map_moves_free(&moves);
	}
	if (fd >= 0)
		close(fd);
	return same;
}

/* Carries the ledger if the old set counts in the same way. A part of it would give end clients
 * fewer locks than they have. */
static bool carry_ledger(const struct rg_pins *p)
{
	static const enum rg_map maps[] = {RG_MAP_CLIENTS, RG_MAP_CLIENT_OF, RG_MAP_CLIENT_FILES,
					   RG_MAP_UNCOUNTED};
	bool same = true;

	for (size_t i = 0; i < sizeof(maps) / sizeof(maps[0]) && same; i++)
		same = is_laid_out_alike(p, maps[i]);
	for (size_t i = 0; i < sizeof(maps) / sizeof(maps[0]) && same; i++)
		same = carry_map(p, maps[i]) == 0;
	/* Without these an address may have more end clients, until knfsd starts again. */
	if (same && is_laid_out_alike(p, RG_MAP_CROWDS))
		carry_map(p, RG_MAP_CROWDS);
	return same;
}

/* Carries the part of `meta` that belongs to the policy. What says how the set was made stays
 * that of the new one. */
static int carry_meta(const struct rg_pins *old, const struct rg_pins *p)
{
	struct rg_meta meta = {}, made;

	if (rg_pins_meta(p, &made) < 0 || rg_pins_meta(old, &meta) < 0)
		return -errno;
	meta.pins_version = made.pins_version;
	meta.armed = 0;
	meta.rung = made.rung;
	meta.left_out = made.left_out;
	meta.continues = made.continues;
	meta.let_go = made.let_go;
	meta.kprobes = made.kprobes;
	meta.hold = made.hold;
	meta.module = made.module;
	meta.protect = made.protect;
	meta.module_ours |= made.module_ours;
	meta.canary_ns = made.canary_ns;
	memcpy(meta.tool_version, made.tool_version, sizeof(meta.tool_version));
	if (meta.rules > RG_MAX_RULES)
		meta.rules = RG_MAX_RULES;
	meta.ledger_interval_s = meta.ledger_interval_s ?: RG_DEFAULT_LEDGER_INTERVAL;
	meta.metrics_interval_s = meta.metrics_interval_s ?: RG_DEFAULT_METRICS_INTERVAL;
	if (!meta.state_dir[0])
		snprintf(meta.state_dir, sizeof(meta.state_dir), "%s", RG_STATE_DIR);
	meta.state_dir[sizeof(meta.state_dir) - 1] = '\0';
	meta.metrics_dir[sizeof(meta.metrics_dir) - 1] = '\0';
	return rg_pins_set_meta(p, &meta) < 0 ? -errno : 0;
}

/* Takes the old set's facts, with a policy that this version understands. */
static struct rg_gate carried(const struct rg_gate *was, bool ledger, bool blind)
{
	struct rg_gate g = *was;

	if (!g.policy.max_hold_s)
		g.policy.max_hold_s = RG_DEFAULT_MAX_HOLD;
	if (g.policy.action >= RG_NR_ACTIONS)
		g.policy.action = RG_ACTION_DENY;
	if (g.policy.scope >= RG_NR_SCOPES)
		g.policy.scope = RG_SCOPE_ACCESS;
	if (g.policy.release >= RG_NR_RELEASES)
		g.policy.release = RG_RELEASE_SETTLED;
	if (g.policy.mount_mode >= RG_NR_MOUNT_MODES)
		g.policy.mount_mode = RG_MOUNT_MODE_ALL;
	/* Its knfsd may have started while no program saw refused reclaims. */
	g.policy.blind = blind || (g.policy.blind && g.knfsd != RG_KNFSD_DOWN);
	/* Earlier counts are lost, so expect nothing by later ones, as if knfsd's start had not
	 * been seen. */
	if (!ledger)
		g.generation = 0;
	/* The old version did not record which applications it let in. */
	if (!g.kept_ns) {
		g.kept_ns = g.closed_ns;
		g.let_in |= 1ULL << RG_RECLAIM_MOUNTED_BEFORE;
	}
	return g;
}

static int carry_gate(const struct rg_pins *old, const struct rg_pins *p, __u32 slot, bool ledger,
		      bool blind)
{
	struct rg_control c = {.op = RG_OP_CARRY, .slot = slot};
	struct rg_gate was, now, gate;
	int err;

	if (bpf_map_lookup_elem(old->map_fd[RG_MAP_GATES], &slot, &was) < 0)
		return -errno;
	if (!was.netns)
		return 0;
	for (int i = 0; i < TRIES; i++) {
		gate = carried(&was, ledger, blind);
		if (bpf_map_update_elem(p->map_fd[RG_MAP_GATES], &slot, &gate, BPF_ANY) < 0)
			return -errno;
		err = rg_control(p, &c) ?: rg_other_refresh(old);
		if (err)
			return err;
		if (bpf_map_lookup_elem(old->map_fd[RG_MAP_GATES], &slot, &now) < 0)
			return -errno;
		/* Both sets follow knfsd from here on, and see later events. */
		if (memcmp(&was, &now, sizeof(was)) == 0)
			return 0;
		was = now;
	}
	return -EBUSY;
}

int rg_replace_carry(const struct rg_pins *old, const struct rg_pins *p)
{
	static const enum rg_map maps[] = {RG_MAP_RULES,   RG_MAP_PROVENANCE, RG_MAP_EXEMPT,
					   RG_MAP_DEVICES, RG_MAP_ABOVE,      RG_MAP_WRAPPERS,
					   RG_MAP_DROPPED};
	struct rg_meta meta = {};
	bool ledger;
	int err = carry_meta(old, p);

	/* Keep the records of both sets apart. */
	p->live->next_seq = old->live->next_seq + SEQ_APART;
	for (size_t i = 0; i < sizeof(maps) / sizeof(maps[0]) && !err; i++)
		err = carry_map(p, maps[i]);
	if (!err && rg_pins_meta(p, &meta) < 0)
		err = -errno;
	if (err)
		return rg_error(RG_FAILED,
				"the set in force cannot be taken over: %s: it stays as it is",
				rg_strerror(err));
	ledger = carry_ledger(p);
	for (__u32 slot = RG_CANARY_SLOT + 1; slot < RG_MAX_GATES && !err; slot++)
		err = carry_gate(old, p, slot, ledger, rg_followers_blind(meta.left_out));
	if (err)
		return rg_error(RG_FAILED,
				"gates of the set in force cannot be taken over: %s: it stays as "
				"it is",
				rg_strerror(err));
	if (!ledger)
		rg_warn("end clients' locks were counted in another way: they are counted anew "
			"from knfsd's next start on");
	return RG_DONE;
}

/* ---- 5 ---- */

/* A thread that the new set holds already has an outdated old record. */
static bool is_held_anew(const struct rg_pins *p, __u32 tid)
{
	struct rg_holding last;

	return bpf_map_lookup_elem(p->map_fd[RG_MAP_HOLDING], &tid, &last) == 0;
}

static int take_record(const struct rg_pins *p, const struct rg_held_key *key,
		       const struct rg_held *h)
{
	struct rg_holding last = {.since_ns = h->since_ns, .seq = key->seq};

	if (is_held_anew(p, key->tid))
		return 0;
	if (bpf_map_update_elem(p->map_fd[RG_MAP_HELD], key, h, BPF_ANY) < 0)
		return -errno;
	/* If the map is frozen by then, the record is deleted when the process is continued. */
	bpf_map_update_elem(p->map_fd[RG_MAP_HOLDING], &key->tid, &last, BPF_ANY);
	return 0;
}

/* The module wakes sleeping threads, for which no program answers any more, and they come to the
 * new doors. */
static bool is_stopped(const struct rg_held *h)
{
	return h->phase == RG_HELD_STOPPED || h->phase == RG_HELD_RECORDED;
}

/* Takes over the processes that the old doors, now gone, have stopped. Returns 0; -EBUSY: some
 * could not be taken over; or another negative errno. */
static int take_held(const struct rg_pins *old, const struct rg_pins *p)
{
	struct rg_held_list list;
	int err = 0, left = 1;

	/* Wait for running programs to end. */
	syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0);
	for (int i = 0; i < 1000 && left; i++) {
		err = rg_held_read(old, &list);
		if (err)
			return err;
		left = 0;
		for (__u32 n = 0; n < list.n; n++) {
			if (!is_stopped(&list.values[n]))
				continue;
			/* A thread that is only recorded is about to be stopped. */
			if (list.values[n].phase != RG_HELD_STOPPED ||
			    take_record(p, &list.keys[n], &list.values[n]))
				left++;
			else
				rg_held_forget(old, &list.keys[n]);
		}
		rg_held_free(&list);
		if (left)
			usleep(1000);
	}
	return left ? -EBUSY : 0;
}

/* Take over wrappers whose stop only the old set has seen. */
static void take_wrappers(const struct rg_pins *old, const struct rg_pins *p)
{
	struct rg_wrapper_list list;

	if (rg_wrappers_read(old, &list))
		return;
	for (__u32 i = 0; i < list.n; i++)
		bpf_map_update_elem(p->map_fd[RG_MAP_WRAPPERS], &list.at[i].tgid, &list.at[i].w,
				    BPF_NOEXIST);
	rg_wrappers_free(&list);
}

static void links_of_doors(struct rg_programs *programs)
{
	char path[256];

	programs->n = 0;
	for (int i = RG_LINK_DOOR_LOCK; i <= RG_LINK_LAST_DOOR; i++)
		rg_programs_add(programs, rg_pin_path(path, rg_pin_of_link((enum rg_link)i)),
				false);
}

static void all_links(struct rg_programs *programs)
{
	char path[256];

	programs->n = 0;
	for (int i = 0; i < RG_NR_LINKS; i++)
		rg_programs_add(programs, rg_pin_path(path, rg_pin_of_link((enum rg_link)i)),
				false);
	rg_for_each_program (t, RG_TRACE) {
		for (int pin = 0; pin < RG_NR_PROGRAM_PINS; pin++)
			rg_programs_add(programs, rg_program_pin(path, t, pin), false);
	}
	rg_protect_programs(programs);
}

/* Continue nobody from another pid namespace, in which all processes would seem to be gone. */
static int continue_all(const struct rg_pins *old)
{
	struct rg_continued done = {};

	if (old->map_fd[RG_MAP_HELD] < 0 || !rg_held_any(old))
		return 0;
	if (old->prog_fd[RG_PROG_CONTROL] >= 0 && rg_held_can_continue(old))
		return -EXDEV;
	return rg_held_continue(old, true, &done) ?: (done.failed ? -EPERM : 0);
}

/* Removes the set beside. `set` takes over the held; NULL: they are continued. Reports what
 * fails; the next verb that changes the set tries again. */
static void retire(struct rg_pins *old, const struct rg_pins *set)
{
	struct rg_continued done = {};
	struct rg_programs programs;
	int err = 0;

	links_of_doors(&programs);
	rg_doors_detach(~0u);
	/* The daemon of the old set may keep them open a moment longer. */
	rg_programs_wait(&programs);
	if (set && old->map_fd[RG_MAP_HELD] >= 0) {
		err = take_held(old, set);
		if (old->map_fd[RG_MAP_WRAPPERS] >= 0)
			take_wrappers(old, set);
	}
	/* Continue processes that were not taken over: they come to the new doors. */
	if (!set || err)
		err = continue_all(old);
	if (err)
		rg_warn("not all processes that the set before holds could be taken over: %s; look "
			"for state T in `ps` and run `kill -CONT`",
			rg_strerror(err));
	all_links(&programs);
	rg_pins_remove();
	rg_pins_unlock(old);
	if (!rg_programs_wait(&programs))
		rg_warn("programs of the set before are still attached: another process holds "
			"them open; see `bpftool link`");
	/* A gate that opened meanwhile did not see the processes taken over, so continue
	 * them. */
	if (set && rg_held_any(set) && rg_held_can_continue(set) == 0)
		rg_held_continue(set, false, &done);
}

static int exchange(void)
{
	if (renameat2(AT_FDCWD, RG_PIN_DIR_BESIDE, AT_FDCWD, RG_PIN_DIR, RENAME_EXCHANGE) < 0)
		return rg_error(RG_FAILED, "%s: cannot take the place of %s: %s", RG_PIN_DIR_BESIDE,
				RG_PIN_DIR, rg_strerror(errno));
	return RG_DONE;
}

int rg_replace_end(struct rg_pins *old, struct rg_pins *p)
{
	int err;

	/* Do this first: otherwise a daemon of the old set would pin that set over the new
	 * one. */
	rg_pins_disown(old);
	err = exchange();
	if (err)
		return err;
	/* The new set is in force whatever becomes of the old one, which retire() reports. */
	retire(old, p);
	rg_pins_place(RG_PLACE_SET);
	rg_load_freeze(p); /* a failure is reported, and the set serves all the same */
	return RG_DONE;
}

/* ---- putting right ---- */

bool rg_replace_was_cut_short(void)
{
	return access(RG_PIN_DIR_BESIDE, F_OK) == 0;
}

/* Opens the pins at a place, of any version, as far as possible. Returns the result of
 * rg_pins_open(). */
static int open_at(enum rg_pins_place place, struct rg_pins *p)
{
	struct btf *types;
	int found;

	rg_pins_place(place);
	rg_pins_init(p);
	found = rg_pins_open(p);
	if (found == -EPROTO) {
		types = rg_load_types();
		if (!types || rg_other_open(p, types))
			rg_warn("%s: cannot be read: the processes that it holds cannot be "
				"continued",
				place == RG_PLACE_SET ? RG_PIN_DIR : RG_PIN_DIR_BESIDE);
		btf__free(types);
	}
	return found;
}

void rg_replace_clear(struct rg_pins *p)
{
	struct rg_pins set, beside;
	int found, there;

	if (!rg_replace_was_cut_short())
		return;
	there = open_at(RG_PLACE_SET, &set);
	found = open_at(RG_PLACE_BESIDE, &beside);
	rg_warn("%s: left by a process that was killed while it replaced a set: %s",
		RG_PIN_DIR_BESIDE, there && !found ? "taking its place" : "taken away");
	if (there && !found && exchange() == RG_DONE) {
		/* The set is armed and proven. The lock that we hold is now on the directory
		 * beside. */
		rg_pins_place(RG_PLACE_SET);
		rg_pins_unlock(p);
		if (rg_pins_lock(p, RG_LOCK_EXCLUSIVE_NOW, false))
			rg_warn("%s: cannot be locked", RG_PIN_DIR);
		rg_pins_place(RG_PLACE_BESIDE);
		retire(&set, &beside);
		rg_load_freeze(&beside);
	} else {
		retire(&beside, there ? NULL : &set);
		if (!there)
			rg_load_freeze(&set);
	}
	rg_pins_place(RG_PLACE_SET);
	rg_pins_close(&beside);
	rg_pins_close(&set);
}
