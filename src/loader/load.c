// SPDX-License-Identifier: GPL-2.0-only
/* Loading, attaching and pinning the programs; choosing the rung. */
#include "loader/load.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "guard.skel.h"
#include "loader/log.h"

/* Some of the programs, in the order they are attached: who follows knfsd is
 * there before anybody is kept out. */
struct attachment {
	enum rg_link link;
	struct bpf_program *prog;
	const char *what_for;
};

static int attach(const struct attachment *a)
{
	struct bpf_link *link = bpf_program__attach(a->prog);
	char path[256];
	int err;

	if (!link) {
		err = errno;
		return rg_error(RG_CANNOT,
				"program %s: cannot be attached: %s; without it %s (RG_DEBUG=1 "
				"shows more)",
				bpf_program__name(a->prog), rg_strerror(err), a->what_for);
	}
	err = bpf_link__pin(link, rg_pin_path(path, rg_pin_of_link(a->link)));
	/* The pin holds it from here on. */
	bpf_link__destroy(link);
	if (err)
		return rg_error(RG_FAILED, "%s: cannot be pinned: %s", path, rg_strerror(err));
	return RG_DONE;
}

static int pin_maps(struct guard_bpf *skel, struct rg_pins *p)
{
	struct bpf_map *const maps[RG_NR_MAPS] = {
		[RG_MAP_META] = skel->maps.meta,       [RG_MAP_LIVE] = skel->maps.data_live,
		[RG_MAP_GATES] = skel->maps.gates,     [RG_MAP_GATE_OF] = skel->maps.gate_of,
		[RG_MAP_DEVICES] = skel->maps.devices, [RG_MAP_HELD] = skel->maps.held,
		[RG_MAP_HOLDING] = skel->maps.holding, [RG_MAP_COUNTERS] = skel->maps.counters,
		[RG_MAP_EVENTS] = skel->maps.events,   [RG_MAP_PATHS] = skel->maps.paths,
	};
	char path[256];
	int err;

	for (int i = 0; i < RG_NR_MAPS; i++) {
		err = bpf_obj_pin(bpf_map__fd(maps[i]), rg_pin_path(path, rg_pin_of_map(i)));
		if (err)
			return rg_error(RG_FAILED, "%s: cannot be pinned: %s", path,
					rg_strerror(errno));
		p->map_fd[i] = fcntl(bpf_map__fd(maps[i]), F_DUPFD_CLOEXEC, 3);
		if (p->map_fd[i] < 0)
			return rg_error(RG_FAILED, "%s: %s", path, rg_strerror(errno));
	}
	err = bpf_obj_pin(bpf_program__fd(skel->progs.control), rg_pin_path(path, RG_PIN_CONTROL));
	if (err)
		return rg_error(RG_FAILED, "%s: cannot be pinned: %s", path, rg_strerror(errno));
	p->control_fd = fcntl(bpf_program__fd(skel->progs.control), F_DUPFD_CLOEXEC, 3);
	err = rg_pins_map_live(p);
	if (err)
		return rg_error(RG_FAILED, "map live: cannot be mapped: %s", rg_strerror(err));
	return RG_DONE;
}

static struct bpf_program *lock_program(struct guard_bpf *skel, enum rg_rung rung)
{
	return rung == RG_RUNG_LSM ? skel->progs.lock_lsm : skel->progs.lock_fmod_ret;
}

int rg_load(struct rg_pins *p, enum rg_rung rung, struct rg_loaded *loaded)
{
	struct guard_bpf *skel = guard_bpf__open();
	int err;

	loaded->skel = skel;
	loaded->rung = rung;
	if (!skel)
		return rg_error(RG_FAILED, "BPF object: cannot be opened: %s", rg_strerror(errno));
	for (int i = 0; i < RG_NR_RUNGS; i++)
		bpf_program__set_autoload(lock_program(skel, i), i == (int)rung);
	err = guard_bpf__load(skel);
	if (err)
		return rg_error(RG_CANNOT,
				"BPF programs (rung %s): this kernel refuses them: %s (RG_DEBUG=1 "
				"shows the verifier's words)",
				rung == RG_RUNG_LSM ? "lsm" : "fmod_ret", rg_strerror(err));
	return pin_maps(skel, p);
}

int rg_attach_followers(const struct rg_loaded *loaded)
{
	const struct guard_bpf *skel = loaded->skel;
	const struct attachment followers[] = {
		{RG_LINK_SUPER_GONE, skel->progs.super_gone,
		 "a device number that is used again could be taken for another mount"},
		{RG_LINK_TASK_EXIT, skel->progs.task_exit,
		 "records of held processes that died would stay"},
		{RG_LINK_GRACE_END, skel->progs.grace_end, "the end of grace would not be seen"},
		{RG_LINK_KNFSD_STOP, skel->progs.knfsd_stop,
		 "the gate would not close when knfsd shuts down"},
		{RG_LINK_KNFSD_STARTED, skel->progs.knfsd_started,
		 "the start of knfsd would not be seen"},
		{RG_LINK_GRACE_START, skel->progs.grace_start,
		 "the start of grace would not be seen"},
	};
	int err = RG_DONE;

	for (size_t i = 0; i < sizeof(followers) / sizeof(followers[0]) && !err; i++)
		err = attach(&followers[i]);
	return err;
}

int rg_attach_lock(const struct rg_loaded *loaded)
{
	const struct attachment door = {RG_LINK_LOCK, lock_program(loaded->skel, loaded->rung),
					"nobody would be kept out"};

	return attach(&door);
}

void rg_unload(struct rg_loaded *loaded)
{
	guard_bpf__destroy(loaded->skel);
	loaded->skel = NULL;
}
