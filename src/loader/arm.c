// SPDX-License-Identifier: GPL-2.0-only
/* Arming a gate, and taking everything away again. */
#include <errno.h>
#include <linux/membarrier.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "loader/canary.h"
#include "loader/gates.h"
#include "loader/held.h"
#include "loader/host.h"
#include "loader/load.h"
#include "loader/loader.h"
#include "loader/names.h"
#include "loader/netns.h"

/* ---- the wish ---- */

static bool has_dots_last(const char *path)
{
	const char *last = strrchr(path, '/');

	return last && (strcmp(last, "/.") == 0 || strcmp(last, "/..") == 0);
}

static int check_path(const char *path, const struct rg_mounts *mounts, struct rg_path *out)
{
	const struct rg_mount *m;
	char real[RG_PATH_SIZE];

	if (path[0] != '/')
		return rg_error(RG_USAGE, "--mount %s: not an absolute path", path);
	/* Only the mount table is asked, so the path must be what it says. */
	if (strstr(path, "/../") || strstr(path, "/./") || has_dots_last(path))
		return rg_error(RG_USAGE, "--mount %s: give the path without . and ..", path);
	if (strlen(path) >= RG_PATH_SIZE)
		return rg_error(RG_USAGE, "--mount: a path of %zu bytes is too long (%d at most)",
				strlen(path), RG_PATH_SIZE - 1);
	m = rg_mount_of(mounts, path);
	if (!m && realpath(path, real)) {
		path = real;
		m = rg_mount_of(mounts, path);
	}
	if (!m)
		return rg_error(RG_FAILED,
				"--mount %s: not on an NFS mount of this mount namespace; mount it "
				"first, or use --all, which guards mounts to come as well",
				path);
	if (strlen(m->source) >= RG_PATH_SIZE || strlen(m->target) >= RG_PATH_SIZE)
		return rg_error(RG_FAILED, "--mount %s: its source %.40s... is too long", path,
				m->source);
	/* A superblock is guarded whole: what was mounted, not a part of it. */
	strcpy(out->path, m->target);
	strcpy(out->source, m->source);
	return RG_DONE;
}

int rg_wish_check(const struct rg_wish *wish, const struct rg_mounts *mounts,
		  struct rg_path **paths)
{
	int err = RG_DONE;

	*paths = calloc(wish->n_mounts + 1, sizeof(**paths));
	if (!*paths)
		return rg_error(RG_FAILED, "out of memory");
	if (wish->n_mounts > RG_MAX_PATHS)
		return rg_error(RG_USAGE, "--mount: given %zu times, %d at most", wish->n_mounts,
				RG_MAX_PATHS);
	for (size_t i = 0; i < wish->n_mounts && !err; i++)
		err = check_path(wish->mounts[i], mounts, &(*paths)[i]);
	return err;
}

/* The paths of this slot are replaced, those of other gates stay. */
static int write_paths(const struct rg_pins *p, const struct rg_path *ours, size_t n, __u32 slot)
{
	struct rg_path *old, one;
	struct rg_meta meta;
	size_t n_old;
	__u32 used = 0;
	int err = rg_paths_read(p, &old, &n_old);

	if (err)
		return err;
	for (size_t i = 0; i < n_old + n && !err; i++) {
		if (i < n_old) {
			if (old[i].slot == slot)
				continue;
			one = old[i];
		} else {
			one = ours[i - n_old];
			one.slot = slot;
		}
		if (used >= RG_MAX_PATHS)
			err = -ENOSPC;
		else if (bpf_map_update_elem(p->map_fd[RG_MAP_PATHS], &used, &one, BPF_ANY) < 0)
			err = -errno;
		used++;
	}
	free(old);
	if (err)
		return err;
	if (rg_pins_meta(p, &meta) < 0)
		return -errno;
	meta.paths = used;
	return rg_pins_set_meta(p, &meta) < 0 ? -errno : 0;
}

/* ---- one gate ---- */

static int choose_slot(const struct rg_pins *p, __u32 netns, __u32 *slot)
{
	struct rg_gate gates[RG_MAX_GATES];
	int found = rg_gate_slot(p, netns);

	if (found >= 0) {
		*slot = (__u32)found;
		return RG_DONE;
	}
	if (rg_gates_read(p, gates))
		return rg_error(RG_FAILED, "map gates: cannot be read: %s", rg_strerror(errno));
	for (__u32 i = RG_CANARY_SLOT + 1; i < RG_MAX_GATES; i++) {
		if (!gates[i].netns) {
			*slot = i;
			return RG_DONE;
		}
	}
	return rg_error(RG_FAILED, "no room for one more gate: %d network namespaces at most",
			RG_MAX_GATES - 1);
}

static int arm_gate(const struct rg_pins *p, const struct rg_wish *wish,
		    const struct rg_mounts *mounts, struct rg_path *paths, struct rg_armed *armed)
{
	struct rg_gate policy = {.policy = wish->policy};
	struct rg_control c = {.op = RG_OP_ARM, .all = wish->all};
	int err;

	armed->netns = rg_netns_self();
	if (!armed->netns)
		return rg_error(RG_FAILED, "/proc/self/ns/net: cannot be read: mount /proc");
	err = choose_slot(p, armed->netns, &armed->slot);
	if (err)
		return err;
	for (size_t i = 0; i < wish->n_mounts; i++)
		paths[i].slot = armed->slot;

	/* What is exempt is so before the gate is there, and what becomes
	 * guarded before something else becomes exempt. */
	if (!wish->all) {
		err = rg_classify(p, mounts, paths, wish->n_mounts, armed->slot, false);
		if (err)
			return rg_error(RG_FAILED, "map devices: cannot be written: %s",
					rg_strerror(err));
	}
	c.slot = armed->slot;
	c.netns = armed->netns;
	c.policy_word = policy.policy_word;
	err = rg_control(p->control_fd, &c);
	if (err)
		return rg_error(err == -ENOENT ? RG_CANNOT : RG_FAILED,
				"network namespace %u: the kernel does not show whether knfsd runs "
				"there; set kernel.kptr_restrict to 0 or 1, have CAP_SYSLOG, and "
				"try again",
				armed->netns);
	if (wish->all)
		rg_classify(p, mounts, paths, wish->n_mounts, armed->slot, true);
	err = write_paths(p, paths, wish->n_mounts, armed->slot);
	if (err)
		return rg_error(RG_FAILED, "map paths: cannot be written: %s", rg_strerror(err));
	return RG_DONE;
}

/* ---- the canary ---- */

static int prove(const struct rg_pins *p, __u32 action, __u32 rung, __u64 *took_ns)
{
	const char *hook =
		rung == RG_RUNG_LSM ? "BPF LSM file_lock" : "fmod_ret security_file_lock";
	int detail = 0;

	switch (rg_canary_run(p, action, took_ns, &detail)) {
	case RG_CANARY_OK:
		return RG_DONE;
	case RG_CANARY_NOT_FIRED:
		return rg_error(RG_CANNOT,
				"canary: %s is attached, but the kernel does not call it%s", hook,
				rung == RG_RUNG_LSM ? "; add bpf to lsm= on the kernel command line"
						    : "");
	case RG_CANARY_NOT_CONTINUED:
		return rg_error(RG_CANNOT,
				"canary: %s stopped a process that did not come back; run this in "
				"the initial pid and time namespaces",
				hook);
	case RG_CANARY_WRONG:
		return rg_error(RG_CANNOT,
				"canary: with action %s a lock through %s ended with: %s",
				rg_action_name(action), hook,
				detail ? rg_strerror(detail) : "stopped");
	default:
		return rg_error(RG_FAILED, "canary: cannot be run: %s", rg_strerror(detail));
	}
}

int rg_prove(const struct rg_pins *p)
{
	struct rg_meta meta;
	__u64 took_ns;

	if (rg_pins_meta(p, &meta) < 0)
		return rg_error(RG_FAILED, "map meta: cannot be read: %s", rg_strerror(errno));
	return prove(p, RG_ACTION_HOLD, meta.rung, &took_ns);
}

/* ---- taking away ---- */

static void pause_ms(long ms)
{
	const struct timespec t = {.tv_nsec = ms * 1000000};

	nanosleep(&t, NULL);
}

/* Ids of the pinned links; 0 where there is none. */
static void link_ids(__u32 *ids)
{
	char path[256];

	for (int i = 0; i < RG_NR_LINKS; i++) {
		struct bpf_link_info info = {};
		__u32 size = sizeof(info);
		int fd = bpf_obj_get(rg_pin_path(path, rg_pin_of_link(i)));

		ids[i] = 0;
		if (fd < 0)
			continue;
		if (bpf_obj_get_info_by_fd(fd, &info, &size) == 0)
			ids[i] = info.id;
		close(fd);
	}
}

/* The kernel lets go of a link some time after its last reference. */
static bool links_are_gone(const __u32 *ids)
{
	for (int tries = 0; tries < 500; tries++) {
		bool gone = true;

		for (int i = 0; i < RG_NR_LINKS && gone; i++) {
			int fd = ids[i] ? bpf_link_get_fd_by_id(ids[i]) : -1;

			if (fd >= 0) {
				close(fd);
				gone = false;
			}
		}
		if (gone)
			return true;
		pause_ms(10);
	}
	return false;
}

static int take_away(struct rg_pins *p, unsigned int *continued)
{
	struct rg_continued done = {};
	__u32 ids[RG_NR_LINKS];
	int err = 0, result = RG_DONE;

	if (p->map_fd[RG_MAP_GATES] >= 0 && p->control_fd >= 0) {
		for (__u32 i = 0; i < RG_MAX_GATES; i++) {
			struct rg_control open_gate = {.op = RG_OP_OPEN, .slot = i};

			rg_control(p->control_fd, &open_gate);
		}
	}
	link_ids(ids);
	if (p->map_fd[RG_MAP_HELD] >= 0)
		err = rg_held_continue(p, true, &done);
	rg_pins_remove(p);
	if (!links_are_gone(ids))
		result = rg_error(RG_FAILED, "programs are still attached: another process holds "
					     "them open; see `bpftool link`");
	/* Who met a closed gate in its last instant. */
	if (p->map_fd[RG_MAP_HELD] >= 0)
		err = rg_held_continue(p, true, &done) ?: err;
	if (err || done.failed)
		result = rg_error(RG_FAILED,
				  "held processes could not all be continued: %s; look "
				  "for state T in `ps` and run `kill -CONT`",
				  err ? rg_strerror(err) : "see above");
	*continued = done.continued;
	return result;
}

int rg_disarm(struct rg_pins *p, unsigned int *continued)
{
	int err = take_away(p, continued);

	rg_pins_close(p);
	return err;
}

/* ---- arming ---- */

static int arm_fresh(const struct rg_wish *wish, enum rg_rung rung, const struct rg_mounts *mounts,
		     struct rg_path *paths, struct rg_pins *p, struct rg_armed *armed)
{
	struct rg_meta meta = {.pins_version = RG_PINS_VERSION, .rung = rung};
	struct rg_loaded loaded;
	int err;

	snprintf(meta.tool_version, sizeof(meta.tool_version), "%s", RG_VERSION);
	err = rg_load(p, rung, &loaded);
	if (!err && rg_pins_set_meta(p, &meta) < 0)
		err = rg_error(RG_FAILED, "map meta: cannot be written: %s", rg_strerror(errno));
	err = err ?: rg_attach_followers(&loaded);
	err = err ?: arm_gate(p, wish, mounts, paths, armed);
	/* Alive before the door is there, or its first visitors were denied. */
	if (!err && wish->serve)
		__atomic_store_n(&p->live->heartbeat_ns, rg_now_ns(), __ATOMIC_RELAXED);
	err = err ?: rg_attach_lock(&loaded);
	err = err ?: prove(p, wish->policy.action, rung, &armed->canary_ns);
	if (!err) {
		if (rg_pins_meta(p, &meta) == 0) {
			meta.armed = 1;
			meta.armed_ns = rg_now_ns();
			meta.canary_ns = armed->canary_ns;
		}
		if (rg_pins_set_meta(p, &meta) < 0)
			err = rg_error(RG_FAILED, "map meta: cannot be written: %s",
				       rg_strerror(errno));
	}
	rg_unload(&loaded);
	armed->rung = rung;
	return err;
}

static int arm_again(const struct rg_wish *wish, const struct rg_mounts *mounts,
		     struct rg_path *paths, struct rg_pins *p, struct rg_armed *armed)
{
	struct rg_meta meta;
	int err;

	armed->adopted = true;
	if (rg_pins_meta(p, &meta) < 0)
		return rg_error(RG_FAILED, "map meta: cannot be read: %s", rg_strerror(errno));
	armed->rung = meta.rung;
	if (wish->force_rung >= 0 && (__u32)wish->force_rung != meta.rung)
		return rg_error(RG_FAILED,
				"enabled with rung %s: run `reexport-guard disable` before "
				"another one is forced",
				rg_rung_name(meta.rung));
	err = prove(p, wish->policy.action, meta.rung, &armed->canary_ns);
	if (err)
		return err;
	return arm_gate(p, wish, mounts, paths, armed);
}

/* One rung after the other, until the canary proves one. The lock is given
 * back where a set was taken away, so each turn looks anew at what is there. */
static int arm_or_adopt(const struct rg_wish *wish, const struct rg_mounts *mounts,
			struct rg_path *paths, struct rg_pins *p, struct rg_armed *armed)
{
	bool forced = wish->force_rung >= 0;
	int rung = forced ? wish->force_rung : RG_RUNG_LSM, err;
	unsigned int continued;

	if (!forced && rg_host_has_bpf_lsm() == 0)
		rung = RG_RUNG_FMOD_RET;
	for (;;) {
		rg_pins_init(p);
		err = rg_pins_lock(p, RG_LOCK_EXCLUSIVE, true);
		if (err)
			return rg_error(RG_FAILED, "%s: cannot be locked: %s", RG_PIN_DIR,
					rg_strerror(err));
		err = rg_pins_open(p);
		if (err == 0)
			return arm_again(wish, mounts, paths, p, armed);
		if (err == -EPROTO)
			return rg_error(RG_FAILED,
					"%s: pinned by another version of reexport-guard (this one "
					"knows pins version %d); run `disable` with the version "
					"that made it",
					RG_PIN_DIR, RG_PINS_VERSION);
		if (err != -ENOENT) {
			rg_warn("%s: an earlier set is not whole (%s): taken away, arming anew",
				RG_PIN_DIR, rg_pins_missing() ?: "it was never armed");
			take_away(p, &continued);
			rg_pins_close(p);
			continue;
		}
		err = arm_fresh(wish, rung, mounts, paths, p, armed);
		if (!err)
			return RG_DONE;
		take_away(p, &continued);
		rg_pins_close(p);
		if (err != RG_CANNOT || forced || rung + 1 == RG_NR_RUNGS)
			return err;
		rg_warn("rung %s does not serve here: trying %s", rg_rung_name(rung),
			rg_rung_name(rung + 1));
		rung++;
	}
}

int rg_arm(const struct rg_wish *wish, struct rg_pins *p, struct rg_armed *armed)
{
	struct rg_path *paths = NULL;
	struct rg_mounts mounts = {};
	sigset_t all, before;
	int err;

	memset(armed, 0, sizeof(*armed));
	rg_pins_init(p);
	err = rg_mounts_read("/proc/self/mountinfo", &mounts);
	if (err)
		return rg_error(RG_FAILED, "/proc/self/mountinfo: cannot be read: %s",
				rg_strerror(err));
	err = rg_wish_check(wish, &mounts, &paths) ?: rg_host_prepare();
	if (err)
		goto out;

	/* Half an arming is worse than a late Ctrl-C. */
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &before);
	err = arm_or_adopt(wish, &mounts, paths, p, armed);
	if (err)
		rg_pins_close(p);
	sigprocmask(SIG_SETMASK, &before, NULL);
out:
	rg_mounts_free(&mounts);
	free(paths);
	return err;
}
