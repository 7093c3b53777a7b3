// SPDX-License-Identifier: GPL-2.0-only
/* Loading and pinning the programs; attaching those that follow. */
#include "load/load.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include "guard.skel.h"
#include "load/answers.h"
#include "load/followers.h"
#include "load/hooks.h"
#include "base/log.h"
#include "load/modules.h"
#include "base/names.h"
#include "load/preempt.h"
#include "load/probe.h"

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

static struct bpf_program *door_program(struct guard_bpf *skel, __u32 what, enum rg_rung rung)
{
	struct bpf_program *const programs[RG_NR_DOORS][RG_NR_RUNGS] = {
		[RG_DOOR_LOCK] = {skel->progs.lock_lsm, skel->progs.lock_fmod_ret},
		[RG_DOOR_OPEN] = {skel->progs.open_lsm, skel->progs.open_fmod_ret},
		[RG_DOOR_CREATE] = {skel->progs.create_lsm, skel->progs.create_fmod_ret},
		[RG_DOOR_ACCESS] = {skel->progs.access_lsm, skel->progs.access_fmod_ret},
	};

	return programs[what][rung];
}

static struct bpf_map *map_of(const struct guard_bpf *skel, enum rg_map map)
{
	struct bpf_map *const maps[RG_NR_MAPS] = {
		[RG_MAP_META] = skel->maps.meta,
		[RG_MAP_LIVE] = skel->maps.data_live,
		[RG_MAP_GATES] = skel->maps.gates,
		[RG_MAP_GATE_OF] = skel->maps.gate_of,
		[RG_MAP_DEVICES] = skel->maps.devices,
		[RG_MAP_HELD] = skel->maps.held,
		[RG_MAP_HOLDING] = skel->maps.holding,
		[RG_MAP_ABOVE] = skel->maps.above,
		[RG_MAP_WRAPPERS] = skel->maps.wrappers,
		[RG_MAP_COUNTERS] = skel->maps.counters,
		[RG_MAP_EVENTS] = skel->maps.events,
		[RG_MAP_RULES] = skel->maps.rules,
		[RG_MAP_EXEMPT] = skel->maps.exempt,
		[RG_MAP_CLIENTS] = skel->maps.clients,
		[RG_MAP_NLM_HOSTS] = skel->maps.nlm_hosts,
		[RG_MAP_SERVERS] = skel->maps.servers,
		[RG_MAP_PROVENANCE] = skel->maps.provenance,
		[RG_MAP_DROPPED] = skel->maps.dropped,
		[RG_MAP_TRACERS] = skel->maps.tracers,
		[RG_MAP_TRACER_OWNERS] = skel->maps.tracer_owners,
		[RG_MAP_FLOW_CLIENTS] = skel->maps.flow_clients,
		[RG_MAP_FLOW_TOTALS] = skel->maps.flow_totals,
		[RG_MAP_FLOW_STORMS] = skel->maps.flow_storms,
		[RG_MAP_FLOW_SLOWEST] = skel->maps.flow_slowest,
		[RG_MAP_FLOW_DOWNGRADES] = skel->maps.flow_downgrades,
		[RG_MAP_RECLAIMING] = skel->maps.reclaiming,
		[RG_MAP_CLIENT_OF] = skel->maps.client_of,
		[RG_MAP_CLIENT_FILES] = skel->maps.client_files,
		[RG_MAP_UNCOUNTED] = skel->maps.uncounted,
		[RG_MAP_COUNTING] = skel->maps.counting,
		[RG_MAP_LISTING] = skel->maps.listing,
		[RG_MAP_LISTED_FILES] = skel->maps.listed_files,
		[RG_MAP_LISTED] = skel->maps.listed,
		[RG_MAP_AT_WORK] = skel->maps.at_work,
		[RG_MAP_FLOW_KEY_OF] = skel->maps.flow_key_of,
		[RG_MAP_NEXT_DOWNGRADE] = skel->maps.next_downgrade,
	};

	return maps[map];
}

/* Maps that only kernel programs write: from here on no process can, whatever it may do. */
int rg_load_freeze(const struct rg_pins *p)
{
	static const enum rg_map maps[] = {
		RG_MAP_GATES,	     RG_MAP_GATE_OF,	     RG_MAP_HOLDING,
		RG_MAP_ABOVE,	     RG_MAP_COUNTERS,	     RG_MAP_FLOW_CLIENTS,
		RG_MAP_FLOW_TOTALS,  RG_MAP_FLOW_STORMS,     RG_MAP_FLOW_SLOWEST,
		RG_MAP_RECLAIMING,   RG_MAP_FLOW_DOWNGRADES, RG_MAP_CLIENT_OF,
		RG_MAP_CLIENT_FILES, RG_MAP_UNCOUNTED,	     RG_MAP_COUNTING,
		RG_MAP_FLOW_KEY_OF,  RG_MAP_NEXT_DOWNGRADE,  RG_MAP_NLM_HOSTS,
	};

	for (size_t i = 0; i < sizeof(maps) / sizeof(maps[0]); i++)
		if (bpf_map_freeze(p->map_fd[maps[i]]) < 0 && errno != EBUSY) /* it is already */
			return rg_error(RG_FAILED, "%s: cannot be made read-only: %s",
					rg_pin_of_map(maps[i]), rg_strerror(errno));
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
	for (__u32 what = 0; what < RG_NR_DOORS && !err; what++)
		err = pin_one(bpf_program__fd(door_program(skel, what, rung)),
			      rg_pin_of_prog(RG_PROG_DOOR_LOCK + what),
			      &p->prog_fd[RG_PROG_DOOR_LOCK + what]);
	if (err)
		return err;
	err = rg_pins_map_live(p);
	if (err)
		return rg_error(RG_FAILED, "map live: cannot be mapped: %s", rg_strerror(err));
	return RG_DONE;
}

/* In the kernel, if it can, and if some program that opens gates is no kprobe. */
static int choose_continue(const struct guard_bpf *skel, const struct rg_load_request *wish,
			   struct rg_loaded *loaded)
{
	const __u32 opens = 1u << RG_LINK_KNFSD_STARTED | 1u << RG_LINK_GRACE_END;
	const char *why = NULL;

	if (!rg_hooks_signal_task())
		why = "this kernel has no bpf_send_signal_task()";
	else if ((loaded->following.kprobes & opens) == opens)
		why = "a kprobe may not call bpf_send_signal_task()";
	if (why && wish->continues == RG_CONTINUE_KERNEL)
		return rg_error(RG_CANNOT,
				"rung %s: %s: who is held can be continued by user space only",
				rg_continue_name(RG_CONTINUE_KERNEL), why);
	if (why)
		loaded->continues = RG_CONTINUE_USER;
	skel->rodata->rg_continues = loaded->continues;
	return RG_DONE;
}

/* A gate that lets calls in is not closed. */
static int choose_rung(const struct rg_load_request *wish)
{
	struct rg_preempt p;
	char why[128];

	if (wish->rung == RG_RUNG_LSM && rg_hooks_lsm_always())
		return RG_DONE;
	p = rg_preempt_read();
	if (!p.does)
		return RG_DONE;
	rg_preempt_why(&p, why, sizeof(why));
	if (!wish->force_rung)
		return rg_error(RG_CANNOT, "rung %s: %s, and so lets calls in unasked; %s",
				rg_rung_name(wish->rung), why,
				rg_preempt_remedy(&p, rg_hooks_lsm_always()));
	rg_warn("rung %s: %s, and so lets calls in unasked; `status` counts them",
		rg_rung_name(wish->rung), why);
	return RG_DONE;
}

/* After all others: what keeps arguments, if there is a kretprobe to ask for them. */
static void choose_enters(const struct bpf_object *obj)
{
	struct bpf_program *prog;
	bool any = false;

	bpf_object__for_each_program(prog, obj)
	{
		any |= bpf_program__autoload(prog) && rg_hook_returns(prog);
	}
	bpf_program__set_autoload(bpf_object__find_program_by_name(obj, RG_KPROBE_ENTERS), any);
}

/* Opened, and the hooks looked for. NULL: *result says why, and loaded->skel is to be
 * destroyed all the same. */
static struct guard_bpf *open_object(struct rg_loaded *loaded, int *result)
{
	int err = rg_hooks_register();

	if (err) {
		*result = rg_error(RG_FAILED, "libbpf: refuses our sections: %s", rg_strerror(err));
		return NULL;
	}
	loaded->skel = rg_load_skeleton();
	if (!loaded->skel) {
		*result =
			rg_error(RG_FAILED, "BPF object: cannot be opened: %s", rg_strerror(errno));
		return NULL;
	}
	err = rg_hooks_resolve(loaded->skel->obj);
	if (err) {
		*result = rg_error(RG_CANNOT,
				   "/sys/kernel/btf: the kernel's types cannot be read: %s",
				   rg_strerror(err));
		return NULL;
	}
	return loaded->skel;
}

/* A set that is loaded anew. NULL likewise. */
static struct guard_bpf *open_set(struct rg_loaded *loaded, const struct rg_load_request *wish,
				  int *result)
{
	struct guard_bpf *skel = open_object(loaded, result);

	if (!skel)
		return NULL;
	for (__u32 what = 0; what < RG_NR_DOORS; what++)
		for (int i = 0; i < RG_NR_RUNGS; i++)
			bpf_program__set_autoload(door_program(skel, what, i),
						  i == (int)wish->rung);
	if (wish->max_held)
		bpf_map__set_max_entries(skel->maps.held, wish->max_held);
	rg_traces_choose(skel->obj, true, loaded->following.forced);
	if (!rg_answers_choose(skel->obj, loaded->module == RG_MODULE_ANSWERED) &&
	    loaded->module == RG_MODULE_ANSWERED)
		loaded->module = RG_MODULE_NO_TYPES;
	*result = RG_CANNOT;
	if (rg_followers_choose(skel->obj, ~0u, &loaded->following))
		*result = choose_continue(skel, wish, loaded);
	choose_enters(skel->obj);
	return *result ? NULL : skel;
}

/* Loading failed: can it do with fewer programs? The gate does not depend on every
 * follower. */
static bool with_fewer(const struct rg_load_request *wish, int err, struct rg_loaded *loaded)
{
	const char *last = rg_hooks_last();

	if (last && rg_answers_have(last)) {
		loaded->module = RG_MODULE_UNUSABLE;
		return rg_answers_without(wish->module, loaded->module, rg_strerror(err)) ==
		       RG_DONE;
	}
	/* A door's, or one that opens gates: perhaps it may not signal others. */
	if (loaded->continues == RG_CONTINUE_KERNEL && wish->continues < 0) {
		rg_warn("rung %s: this kernel refuses it: %s; trying without (RG_DEBUG=1 shows the "
			"verifier's words)",
			rg_continue_name(RG_CONTINUE_KERNEL), rg_strerror(err));
		loaded->continues = RG_CONTINUE_USER;
		return true;
	}
	/* That one was refused only if a door's, which came next, was not. */
	return last && rg_follower_by(last) && !rg_probe_load(wish->rung) &&
	       rg_followers_step_down(rg_follower_by(last), err, &loaded->following);
}

int rg_load(struct rg_pins *p, const struct rg_load_request *wish, struct rg_loaded *loaded)
{
	struct guard_bpf *skel;
	bool chosen = false;
	int err = RG_DONE;

	*loaded = (struct rg_loaded){
		.following = {.forced = wish->follow, .left_out = wish->left_out},
		.continues = wish->continues < 0 ? RG_CONTINUE_KERNEL : wish->continues,
		.module = wish->module_state,
	};
	for (;;) {
		skel = open_set(loaded, wish, &err);
		if (!skel)
			return err;
		if (!chosen)
			err = choose_rung(wish);
		if (err)
			return err;
		chosen = true;
		err = guard_bpf__load(skel);
		if (!err)
			return pin_all(skel, wish->rung, p);
		if (!with_fewer(wish, err, loaded))
			return rg_error(RG_CANNOT,
					"BPF programs (rung %s): this kernel refuses them: %s "
					"(RG_DEBUG=1 shows the verifier's words)",
					rg_rung_name(wish->rung), rg_strerror(err));
		rg_unload(loaded);
	}
}

/* ---- with the maps of a set that is there ---- */

/* Nothing but these followers, and the tracing programs in `module`; NULL: none. */
static int choose_only(const struct bpf_object *obj, __u32 links, const char *module,
		       bool no_traces, struct rg_following *following)
{
	struct bpf_program *prog;

	rg_traces_choose(obj, no_traces, following->forced);
	bpf_object__for_each_program(prog, obj)
	{
		const struct rg_trace *trace = rg_trace_by(bpf_program__name(prog));

		if (!trace || !module || strcmp(trace->module, module) != 0)
			bpf_program__set_autoload(prog, false);
	}
	if (!rg_followers_choose(obj, links, following))
		return RG_CANNOT;
	choose_enters(obj);
	return RG_DONE;
}

/* What is in the module that was let go of. */
static struct guard_bpf *open_again(const struct rg_pins *p, const struct rg_meta *meta,
				    bool no_traces, struct rg_loaded *loaded, int *result)
{
	struct guard_bpf *skel = open_object(loaded, result);
	int err = 0;

	if (!skel)
		return NULL;
	for (int i = 0; i < RG_NR_MAPS && !err; i++)
		err = bpf_map__reuse_fd(map_of(skel, i), p->map_fd[i]);
	if (err) {
		*result = rg_error(RG_FAILED, "maps: those that are pinned cannot be used: %s",
				   rg_strerror(err));
		return NULL;
	}
	skel->rodata->rg_continues = meta->continues;
	*result = choose_only(skel->obj, meta->let_go, RG_NFSD, no_traces, &loaded->following);
	return *result ? NULL : skel;
}

int rg_load_again(const struct rg_pins *p, const struct rg_meta *meta, struct rg_loaded *loaded)
{
	struct guard_bpf *skel;
	bool no_traces = false;
	int err = RG_DONE;

	*loaded = (struct rg_loaded){
		.following = {.forced = -1, .left_out = meta->left_out, .kprobes = meta->kprobes},
		.continues = meta->continues,
	};
	for (;;) {
		skel = open_again(p, meta, no_traces, loaded, &err);
		if (!skel)
			return err;
		err = guard_bpf__load(skel);
		if (!err)
			return RG_DONE;
		if (no_traces)
			return rg_error(RG_CANNOT,
					"BPF programs in " RG_NFSD ": this kernel refuses them: %s "
					"(RG_DEBUG=1 shows the verifier's words)",
					rg_strerror(err));
		no_traces = !rg_traces_step_down(rg_hooks_last(), err, loaded->following.forced);
		rg_unload(loaded);
	}
}

/* All maps but that of constants, which is written when it is loaded. */
static int share_maps(const struct bpf_object *from, const struct bpf_object *to)
{
	struct bpf_map *map;
	int err = 0;

	bpf_object__for_each_map(map, to)
	{
		const char *name = bpf_map__name(map);

		if (!err && !strstr(name, ".rodata"))
			err = bpf_map__reuse_fd(map,
						bpf_map__fd(
							bpf_object__find_map_by_name(from, name)));
	}
	return err;
}

/* Those of which only now it is known that they are to be kprobes: a follower, or, f is
 * NULL, of tracing programs. 0, or a negative errno. */
static int load_more(const struct rg_loaded *set, const struct rg_follower *f, __u64 traces,
		     struct rg_loaded *more)
{
	struct guard_bpf *skel;
	int err;

	*more = (struct rg_loaded){.following = set->following, .continues = set->continues};
	skel = open_object(more, &err);
	if (!skel)
		return -ENOENT;
	err = share_maps(set->skel->obj, skel->obj);
	if (err)
		return err;
	skel->rodata->rg_continues = set->continues;
	if (f && choose_only(skel->obj, 1u << f->link, NULL, true, &more->following))
		return -ENOENT;
	if (!f) {
		rg_traces_choose_kprobes(skel->obj, traces);
		choose_enters(skel->obj);
	}
	return guard_bpf__load(skel);
}

int rg_load_sleep(const struct rg_pins *p, struct rg_loaded *loaded)
{
	struct bpf_program *prog;
	int err = 0;

	*loaded = (struct rg_loaded){.following = {.forced = -1}};
	if (!open_object(loaded, &err))
		return -ENOENT;
	bpf_object__for_each_program(prog, loaded->skel->obj)
	{
		bpf_program__set_autoload(prog, prog == loaded->skel->progs.sleep_wait);
	}
	for (int i = 0; i < RG_NR_MAPS && !err; i++)
		err = bpf_map__reuse_fd(map_of(loaded->skel, i), p->map_fd[i]);
	return err ?: guard_bpf__load(loaded->skel);
}

/* ---- attaching ---- */

/* 0; a negative errno: the kernel refuses the link; an enum rg_exit, and it was said: that
 * it cannot be pinned, which is not the program's fault. */
static int pin(struct bpf_link *link, enum rg_link as)
{
	char path[256];
	int err;

	if (!link)
		return -errno;
	err = rg_pin_link(link, rg_pin_path(path, rg_pin_of_link(as)));
	if (err)
		return rg_error(RG_FAILED, "%s: cannot be pinned: %s", path, rg_strerror(err));
	return 0;
}

static int attach(const struct rg_loaded *loaded, const struct rg_follower *f)
{
	struct bpf_program *enters,
		*prog = rg_followers_program(loaded->skel->obj, f, &loaded->following, &enters);
	enum rg_link link = rg_link_that_enters(f->link);
	int err = 0;

	if (!(loaded->following.kprobes & 1u << f->link))
		return pin(bpf_program__attach(prog), f->link);
	/* First: no return is seen whose arguments were not kept. */
	if (enters)
		err = pin(rg_hook_kprobe(enters, prog, false, link - RG_LINK_ENTERS), link);
	return err ?: pin(rg_hook_kprobe(prog, prog, enters != NULL, 0), f->link);
}

/* What an attempt may have left. */
static void detach(const struct rg_follower *f)
{
	enum rg_link enters = rg_link_that_enters(f->link);
	char path[256];

	unlink(rg_pin_path(path, rg_pin_of_link(f->link)));
	if (enters < RG_NR_LINKS)
		unlink(rg_pin_path(path, rg_pin_of_link(enters)));
}

static int attach_as_kprobe(const struct rg_loaded *loaded, const struct rg_follower *f)
{
	struct rg_loaded one;
	int err = load_more(loaded, f, 0, &one) ?: attach(&one, f);

	rg_unload(&one);
	return err;
}

static int attach_or_step_down(struct rg_loaded *loaded, const struct rg_follower *f)
{
	__u32 bit = 1u << f->link, was = loaded->following.kprobes;
	int err = attach(loaded, f);

	while (err < 0) {
		detach(f);
		if (!rg_followers_step_down(f, err, &loaded->following))
			return rg_error(RG_CANNOT,
					"program %s: cannot be attached: %s; without it %s "
					"(RG_DEBUG=1 shows more)",
					f->program, rg_strerror(err), f->without);
		err = loaded->following.kprobes & ~was & bit && !(loaded->following.left_out & bit)
			      ? attach_as_kprobe(loaded, f)
			      : 0;
	}
	return err;
}

int rg_attach_followers(struct rg_loaded *loaded, __u32 links)
{
	int err = RG_DONE;

	for (const struct rg_follower *f = rg_followers; f->program && !err; f++)
		if (links & ~loaded->following.left_out & 1u << f->link)
			err = attach_or_step_down(loaded, f);
	return err;
}

int rg_attach_answers(struct rg_loaded *loaded, const struct rg_load_request *wish)
{
	int err;

	if (loaded->module == RG_MODULE_NO_TYPES && wish->module_state == RG_MODULE_ANSWERED)
		return rg_answers_without(wish->module, loaded->module, "");
	if (loaded->module != RG_MODULE_ANSWERED)
		return RG_DONE;
	err = rg_answers_attach(loaded->skel->obj);
	if (!err)
		return RG_DONE;
	loaded->module = RG_MODULE_UNUSABLE;
	return rg_answers_without(wish->module, loaded->module, rg_strerror(err));
}

void rg_attach_traces(const struct rg_loaded *loaded)
{
	__u64 refused = rg_traces_attach(loaded->skel->obj);
	struct rg_loaded more;
	int err;

	if (!refused || loaded->following.forced == RG_FOLLOW_FENTRY)
		return;
	rg_warn("tracing programs: this kernel refuses to attach %d of them; trying kprobes "
		"(RG_DEBUG=1 shows more)",
		__builtin_popcountll(refused));
	err = load_more(loaded, NULL, refused, &more);
	if (err)
		rg_warn("tracing programs: this kernel refuses the kprobes: %s; `status` names "
			"what is missing (RG_DEBUG=1 shows the verifier's words)",
			rg_strerror(err));
	else
		rg_traces_attach(more.skel->obj);
	rg_unload(&more);
}

/* Nothing but tracing programs. */
static void choose_traces(const struct bpf_object *obj, int follow)
{
	struct bpf_program *prog;

	rg_traces_choose(obj, false, follow);
	bpf_object__for_each_program(prog, obj)
	{
		if (!rg_trace_by(bpf_program__name(prog)))
			bpf_program__set_autoload(prog, false);
	}
	choose_enters(obj);
}

/* 0; positive: it was said that they cannot be opened; a negative errno: the kernel
 * refuses them, rg_hooks_last() first. */
static int try_traces(const struct rg_loaded *set, struct rg_loaded *traces)
{
	int err;

	*traces = (struct rg_loaded){.following = set->following, .continues = set->continues};
	if (!open_object(traces, &err))
		return err;
	err = share_maps(set->skel->obj, traces->skel->obj);
	if (err)
		return err;
	traces->skel->rodata->rg_continues = set->continues;
	choose_traces(traces->skel->obj, set->following.forced);
	return guard_bpf__load(traces->skel);
}

void rg_load_traces(const struct rg_loaded *set)
{
	struct rg_loaded traces;
	int err;

	while ((err = try_traces(set, &traces)) < 0 &&
	       rg_traces_step_down(rg_hooks_last(), err, set->following.forced))
		rg_unload(&traces);
	if (!err)
		rg_attach_traces(&traces);
	rg_unload(&traces);
}

void rg_unload(struct rg_loaded *loaded)
{
	guard_bpf__destroy(loaded->skel);
	loaded->skel = NULL;
	rg_hooks_free();
}
