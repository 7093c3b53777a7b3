// SPDX-License-Identifier: GPL-2.0-only
/* Loading and pinning the programs; attaching those that follow. */
#include "load/load.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include "guard.skel.h"
#include "load/answers.h"
#include "load/hooks.h"
#include "base/log.h"
#include "base/names.h"
#include "load/preempt.h"

static int pin_one(int fd, const char *name, int *kept)
{
	char path[256];

	if (bpf_obj_pin(fd, rg_pin_path(path, name)) < 0)
		return rg_error(RG_FAILED, "%s: cannot be pinned: %s", path, rg_strerror(errno));
	*kept = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	if (*kept < 0)
		return rg_error(RG_FAILED, "%s: %s", path, rg_strerror(errno));
	return RG_DONE;
}

/* "lock_lsm", "open_fmod_ret" */
static struct bpf_program *door_program(const struct guard_bpf *skel, __u32 door, __u32 rung)
{
	char name[64];

	snprintf(name, sizeof(name), "%s_%s", rg_door_name(door), rg_rung_name(rung));
	return bpf_object__find_program_by_name(skel->obj, name);
}

static struct bpf_map *map_of(const struct guard_bpf *skel, enum rg_map map)
{
	return map == RG_MAP_LIVE
		       ? skel->maps.data_live
		       : bpf_object__find_map_by_name(skel->obj, rg_pinned_maps[map].name);
}

/* Maps that only kernel programs write: from here on no process can, whatever it may do. */
int rg_load_freeze(const struct rg_pins *p)
{
	for (int i = 0; i < RG_NR_MAPS; i++)
		if (rg_pinned_maps[i].by_kernel && bpf_map_freeze(p->map_fd[i]) < 0 &&
		    errno != EBUSY) /* it is already */
			return rg_error(RG_FAILED, "%s: cannot be made read-only: %s",
					rg_pin_of_map(i), rg_strerror(errno));
	return RG_DONE;
}

static int pin_all(struct guard_bpf *skel, enum rg_rung rung, struct rg_pins *p)
{
	int err = RG_DONE;

	for (int i = 0; i < RG_NR_MAPS && !err; i++)
		err = pin_one(bpf_map__fd(map_of(skel, i)), rg_pin_of_map(i), &p->map_fd[i]);
	if (!err)
		err = pin_one(bpf_program__fd(skel->progs.control), rg_pin_of_prog(RG_PROG_CONTROL),
			      &p->prog_fd[RG_PROG_CONTROL]);
	for (__u32 door = 0; door < RG_NR_DOORS && !err; door++)
		err = pin_one(bpf_program__fd(door_program(skel, door, rung)),
			      rg_pin_of_prog(RG_PROG_DOOR_LOCK + door),
			      &p->prog_fd[RG_PROG_DOOR_LOCK + door]);
	if (err)
		return err;
	err = rg_pins_map_live(p);
	if (err)
		return rg_error(RG_FAILED, "map live: cannot be mapped: %s", rg_strerror(err));
	return RG_DONE;
}

/* Held processes are continued in the kernel, if it can, and if some program that opens gates is
 * no kprobe. */
static int choose_continue(struct rg_loaded *loaded, const struct rg_load_request *request)
{
	const __u32 opens = 1u << RG_LINK_KNFSD_STARTED | 1u << RG_LINK_GRACE_END;
	const char *why = NULL;

	if (!loaded->hooks->signal_task)
		why = "this kernel has no bpf_send_signal_task()";
	else if ((rg_ladder_followers(&loaded->ladder, RG_HOW_KPROBE) & opens) == opens)
		why = "a kprobe may not call bpf_send_signal_task()";
	if (why && request->continues == RG_CONTINUE_KERNEL)
		return rg_error(RG_CANNOT,
				"rung %s: %s: held processes can be continued by user space only",
				rg_continue_name(RG_CONTINUE_KERNEL), why);
	if (why)
		loaded->continues = RG_CONTINUE_USER;
	loaded->skel->rodata->rg_continues = loaded->continues;
	return RG_DONE;
}

/* A gate that lets calls in is not closed. */
static int choose_rung(const struct rg_loaded *loaded, const struct rg_load_request *request)
{
	struct rg_preempt p;
	char why[128];

	if (request->rung == RG_RUNG_LSM && loaded->hooks->lsm_always)
		return RG_DONE;
	p = rg_preempt_read();
	if (!p.does)
		return RG_DONE;
	rg_preempt_why(&p, why, sizeof(why));
	if (!request->force_rung)
		return rg_error(RG_CANNOT, "rung %s: %s, and so lets calls in unasked; %s",
				rg_rung_name(request->rung), why,
				rg_preempt_remedy(&p, loaded->hooks->lsm_always));
	rg_warn("rung %s: %s, and so lets calls in unasked; `status` counts them",
		rg_rung_name(request->rung), why);
	return RG_DONE;
}

/* Opens the object and finds its hooks. An enum rg_exit; rg_unload() in any case. The statuses are
 * spelled out for analyzers, which do not know what rg_error() returns. */
static int open_object(struct rg_loaded *loaded)
{
	int err = rg_hooks_register();

	if (err) {
		rg_error(RG_FAILED, "libbpf: refuses our sections: %s", rg_strerror(err));
		return RG_FAILED;
	}
	rg_relocate_begin(&loaded->relocate);
	loaded->skel = rg_load_skeleton(loaded->relocate.path);
	if (!loaded->skel) {
		rg_error(RG_FAILED, "BPF object: cannot be opened: %s", rg_strerror(errno));
		return RG_FAILED;
	}
	loaded->hooks = rg_hooks_find(loaded->skel->obj);
	if (!loaded->hooks) {
		rg_error(RG_CANNOT, "/sys/kernel/btf: the kernel's types cannot be read: %s",
			 rg_strerror(errno));
		return RG_CANNOT;
	}
	err = rg_relocate_fill(&loaded->relocate, bpf_object__btf(loaded->skel->obj));
	if (err) {
		rg_error(RG_FAILED, "the kernel's types: cannot be prepared for libbpf: %s",
			 rg_strerror(err));
		return RG_FAILED;
	}
	return RG_DONE;
}

/* Selects the programs that the ladder wants. An enum rg_exit. */
static int choose(struct rg_loaded *loaded)
{
	const struct rg_program *lacking =
		rg_ladder_choose(&loaded->ladder, loaded->skel->obj, loaded->hooks);

	if (!lacking)
		return RG_DONE;
	return rg_error(RG_CANNOT,
			"program %s: %s cannot be followed in this kernel; without it %s; use a "
			"kernel that this version knows (docs/kernel.md)",
			lacking->name,
			rg_hook_function(
				bpf_object__find_program_by_name(loaded->skel->obj, lacking->name)),
			lacking->without);
}

/* Opens a set that is loaded anew. An enum rg_exit. */
static int open_set(struct rg_loaded *loaded, const struct rg_load_request *request)
{
	int err = open_object(loaded);

	if (err)
		return err;
	for (__u32 door = 0; door < RG_NR_DOORS; door++)
		for (int i = 0; i < RG_NR_RUNGS; i++)
			bpf_program__set_autoload(door_program(loaded->skel, door, i),
						  i == (int)request->rung);
	if (request->max_held)
		bpf_map__set_max_entries(loaded->skel->maps.held, request->max_held);
	rg_ladder_want_none(&loaded->ladder);
	rg_ladder_want_followers(&loaded->ladder, ~0u);
	rg_ladder_want(&loaded->ladder, RG_ANSWER, NULL, loaded->module == RG_MODULE_ANSWERED);
	err = choose(loaded);
	if (loaded->module == RG_MODULE_ANSWERED && !rg_answers_are_there(loaded->hooks))
		loaded->module = RG_MODULE_NO_TYPES;
	return err ?: choose_continue(loaded, request);
}

/* The program of the table that the kernel refused to load; NULL: another one. */
static const struct rg_program *refused(const struct rg_loaded *loaded)
{
	return loaded->hooks->last ? rg_program_named(loaded->hooks->last) : NULL;
}

/* Loading failed: can the gate do with fewer programs? It does not depend on every follower. */
static bool with_fewer(const struct rg_load_request *request, int err, struct rg_loaded *loaded)
{
	const struct rg_program *last = refused(loaded);

	if (last && last->kind == RG_ANSWER) {
		loaded->module = RG_MODULE_UNUSABLE;
		return rg_answers_without(request->module, loaded->module, rg_strerror(err)) ==
		       RG_DONE;
	}
	/* A door's program, or one that opens gates: perhaps it may not signal others. */
	if (loaded->continues == RG_CONTINUE_KERNEL && request->continues < 0) {
		rg_warn("rung %s: this kernel refuses it: %s; trying without (RG_DEBUG=1 shows the "
			"verifier's words)",
			rg_continue_name(RG_CONTINUE_KERNEL), rg_strerror(err));
		loaded->continues = RG_CONTINUE_USER;
		return true;
	}
	return last && rg_ladder_step_down(&loaded->ladder, last, err);
}

int rg_load(struct rg_pins *p, const struct rg_load_request *request, struct rg_loaded *loaded)
{
	int err;

	*loaded = (struct rg_loaded){
		.ladder = rg_ladder_at(request->follow, request->left_out, 0),
		.continues = request->continues < 0 ? RG_CONTINUE_KERNEL : request->continues,
		.module = request->module_state,
	};
	for (bool first = true;; first = false) {
		err = open_set(loaded, request);
		if (!err && first)
			err = choose_rung(loaded, request);
		if (err)
			return err;
		err = guard_bpf__load(loaded->skel);
		if (!err)
			return pin_all(loaded->skel, request->rung, p);
		if (!with_fewer(request, err, loaded))
			return rg_error(RG_CANNOT,
					"BPF programs (rung %s): this kernel refuses them: %s "
					"(RG_DEBUG=1 shows the verifier's words)",
					rg_rung_name(request->rung), rg_strerror(err));
		rg_unload(loaded);
	}
}

/* ---- with the maps of a set that is there ---- */

/* Where the maps are: pinned, or of another object, whose maps of constants stay its own. */
struct maps {
	const struct rg_pins *pins;
	const struct bpf_object *obj;
};

static int use_maps(const struct rg_loaded *loaded, const struct maps *maps)
{
	struct bpf_map *map;
	int err = 0;

	for (int i = 0; maps->pins && i < RG_NR_MAPS && !err; i++)
		err = bpf_map__reuse_fd(map_of(loaded->skel, i), maps->pins->map_fd[i]);
	bpf_object__for_each_map(map, loaded->skel->obj)
	{
		const char *name = bpf_map__name(map);

		if (maps->obj && !err && !strstr(name, ".rodata"))
			err = bpf_map__reuse_fd(map,
						bpf_map__fd(bpf_object__find_map_by_name(maps->obj,
											 name)));
	}
	return err;
}

/* Opens the object for what the ladder wants, and nothing else. */
static int open_beside(struct rg_loaded *loaded, const struct maps *maps)
{
	struct bpf_program *prog;
	int err = open_object(loaded);

	if (err)
		return err;
	err = use_maps(loaded, maps);
	if (err)
		return rg_error(RG_FAILED, "maps: those that are pinned cannot be used: %s",
				rg_strerror(err));
	bpf_object__for_each_program(prog, loaded->skel->obj)
	{
		bpf_program__set_autoload(prog, false);
	}
	loaded->skel->rodata->rg_continues = loaded->continues;
	return choose(loaded);
}

/* Opens and loads it; tracing programs that the kernel refuses step down. 0; an enum rg_exit: it
 * was said why not; a negative errno: the kernel refuses a program. */
static int load_beside(struct rg_loaded *loaded, const struct maps *maps)
{
	for (;;) {
		const struct rg_program *last;
		int err = open_beside(loaded, maps) ?: guard_bpf__load(loaded->skel);

		if (err >= 0)
			return err;
		last = refused(loaded);
		if (!last || last->kind != RG_TRACE ||
		    !rg_ladder_step_down(&loaded->ladder, last, err))
			return err;
		rg_unload(loaded);
	}
}

static void say_no_traces(int err)
{
	rg_warn("tracing programs: this kernel refuses them: %s; the gate works, `trace`, `top` "
		"and `metrics` have little to show (RG_DEBUG=1 shows the verifier's words)",
		rg_strerror(err));
}

int rg_load_again(const struct rg_pins *p, const struct rg_meta *meta, struct rg_loaded *loaded)
{
	const struct maps maps = {.pins = p};
	int err;

	*loaded = (struct rg_loaded){
		.ladder = rg_ladder_at(-1, meta->left_out, meta->kprobes),
		.continues = meta->continues,
	};
	rg_ladder_want_followers(&loaded->ladder, meta->let_go);
	rg_ladder_want(&loaded->ladder, RG_TRACE, RG_NFSD, true);
	err = load_beside(loaded, &maps);
	if (err < 0) {
		say_no_traces(err);
		rg_unload(loaded);
		rg_ladder_want(&loaded->ladder, RG_TRACE, NULL, false);
		err = load_beside(loaded, &maps);
	}
	if (err < 0)
		return rg_error(RG_CANNOT,
				"BPF programs in " RG_NFSD ": this kernel refuses them: %s "
				"(RG_DEBUG=1 shows the verifier's words)",
				rg_strerror(err));
	return err;
}

int rg_load_sleep(const struct rg_pins *p, struct rg_loaded *loaded)
{
	const struct maps maps = {.pins = p};
	int err;

	*loaded = (struct rg_loaded){.ladder = rg_ladder_at(-1, 0, 0)};
	rg_ladder_want(&loaded->ladder, RG_SLEEP, NULL, true);
	err = load_beside(loaded, &maps);
	return err > 0 ? -ENOENT : err;
}

/* Another object with the maps of a loaded set, on whose ladder nothing is wanted yet. */
static struct rg_loaded beside(const struct rg_loaded *set)
{
	struct rg_loaded more = {.ladder = set->ladder, .continues = set->continues};

	rg_ladder_want_none(&more.ladder);
	return more;
}

/* ---- attaching ---- */

/* Only now it is known that it has to be a kprobe. */
static int attach_as_kprobe(const struct rg_loaded *loaded, const struct rg_program *f)
{
	const struct maps maps = {.obj = loaded->skel->obj};
	struct rg_loaded more = beside(loaded);
	int err;

	rg_ladder_want_followers(&more.ladder, 1u << f->link);
	err = load_beside(&more, &maps);
	/* Said already: there is no other rung to try. */
	err = err > 0 ? -ENOENT : err ?: rg_ladder_attach(&more.ladder, more.skel->obj, f);
	rg_unload(&more);
	return err;
}

static int attach_or_step_down(struct rg_loaded *loaded, const struct rg_program *f)
{
	int err = rg_ladder_attach(&loaded->ladder, loaded->skel->obj, f);

	while (err < 0) {
		if (!rg_ladder_step_down(&loaded->ladder, f, err))
			return rg_error(RG_CANNOT,
					"program %s: cannot be attached: %s; without it %s "
					"(RG_DEBUG=1 shows more)",
					f->name, rg_strerror(err), f->without);
		err = rg_ladder_how(&loaded->ladder, f) == RG_HOW_KPROBE
			      ? attach_as_kprobe(loaded, f)
			      : 0;
	}
	if (err)
		return rg_error(RG_FAILED, "%s/%s: cannot be pinned: %s", rg_pins_dir(),
				rg_pin_of_link(f->link), rg_strerror(err));
	return RG_DONE;
}

int rg_attach_followers(struct rg_loaded *loaded, __u32 links)
{
	int err = RG_DONE;

	rg_for_each_program (f, RG_FOLLOWER) {
		if (!err && links & 1u << f->link &&
		    rg_ladder_how(&loaded->ladder, f) != RG_HOW_NOT)
			err = attach_or_step_down(loaded, f);
	}
	return err;
}

int rg_load_attach(const struct rg_loaded *loaded, enum rg_program_kind kind)
{
	int err = 0;

	rg_for_each_program (p, kind) {
		if (!err && rg_ladder_is_loaded(&loaded->ladder, loaded->skel->obj, p))
			err = rg_ladder_attach(&loaded->ladder, loaded->skel->obj, p);
	}
	if (!err)
		return 0;
	rg_for_each_program (p, kind)
		rg_ladder_detach(p);
	return err;
}

int rg_attach_answers(struct rg_loaded *loaded, const struct rg_load_request *request)
{
	int err;

	if (loaded->module == RG_MODULE_NO_TYPES && request->module_state == RG_MODULE_ANSWERED)
		return rg_answers_without(request->module, loaded->module, "");
	if (loaded->module != RG_MODULE_ANSWERED)
		return RG_DONE;
	err = rg_load_attach(loaded, RG_ANSWER);
	if (!err)
		return RG_DONE;
	loaded->module = RG_MODULE_UNUSABLE;
	return rg_answers_without(request->module, loaded->module, rg_strerror(err));
}

/* Attaches the tracing programs that were loaded. Those that the kernel refuses, and that can be
 * kprobes, are wanted as such in `more`, which may be NULL. Returns their number. */
static unsigned int attach_traces(struct rg_loaded *loaded, struct rg_ladder *more)
{
	const struct bpf_object *obj = loaded->skel->obj;
	unsigned int n = 0;

	rg_for_each_program (p, RG_TRACE) {
		if (!rg_ladder_is_loaded(&loaded->ladder, obj, p) ||
		    rg_ladder_attach(&loaded->ladder, obj, p) >= 0 || !more ||
		    rg_ladder_how(&loaded->ladder, p) != RG_HOW_TYPED ||
		    !rg_ladder_has_kprobe(obj, p))
			continue;
		more->how[rg_program_index(p)] = RG_HOW_KPROBE;
		more->wanted[rg_program_index(p)] = true;
		n++;
	}
	return n;
}

void rg_attach_traces(struct rg_loaded *loaded)
{
	const struct maps maps = {.obj = loaded->skel->obj};
	struct rg_loaded more = beside(loaded);
	unsigned int n = attach_traces(loaded, &more.ladder);
	int err;

	if (!n || loaded->ladder.forced == RG_FOLLOW_FENTRY)
		return;
	rg_warn("tracing programs: this kernel refuses to attach %u of them; trying kprobes "
		"(RG_DEBUG=1 shows more)",
		n);
	err = load_beside(&more, &maps);
	if (!err)
		attach_traces(&more, NULL);
	else if (err < 0)
		rg_warn("tracing programs: this kernel refuses the kprobes: %s; `status` names "
			"what is missing (RG_DEBUG=1 shows the verifier's words)",
			rg_strerror(err));
	rg_unload(&more);
}

void rg_load_traces(const struct rg_loaded *set)
{
	const struct maps maps = {.obj = set->skel->obj};
	struct rg_loaded traces = beside(set);
	int err;

	rg_ladder_want(&traces.ladder, RG_TRACE, NULL, true);
	err = load_beside(&traces, &maps);
	if (!err)
		rg_attach_traces(&traces);
	else if (err < 0)
		say_no_traces(err);
	rg_unload(&traces);
}

void rg_unload(struct rg_loaded *loaded)
{
	guard_bpf__destroy(loaded->skel);
	loaded->skel = NULL;
	rg_hooks_free(loaded->hooks);
	loaded->hooks = NULL;
	rg_relocate_end(&loaded->relocate);
}
