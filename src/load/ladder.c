// SPDX-License-Identifier: GPL-2.0-only
#include "load/ladder.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <bpf/libbpf.h>

#include "base/log.h"
#include "load/hooks.h"
#include "load/preempt.h"

/* Each attempt loads everything again, which takes seconds. */
#define MAX_REFUSED 8

struct rg_ladder rg_ladder_at(int forced, __u32 left_out, __u32 kprobes)
{
	struct rg_ladder l = {.forced = forced};

	rg_for_each_program (p, RG_FOLLOWER) {
		if (left_out & 1u << p->link)
			l.how[rg_program_index(p)] = RG_HOW_NOT;
		else if (kprobes & 1u << p->link)
			l.how[rg_program_index(p)] = RG_HOW_KPROBE;
	}
	return l;
}

void rg_ladder_want_none(struct rg_ladder *l)
{
	memset(l->wanted, 0, sizeof(l->wanted));
}

void rg_ladder_want_followers(struct rg_ladder *l, __u32 links)
{
	rg_for_each_program (p, RG_FOLLOWER)
		l->wanted[rg_program_index(p)] |= (links & 1u << p->link) != 0;
}

void rg_ladder_want(struct rg_ladder *l, enum rg_program_kind kind, const char *module, bool wanted)
{
	rg_for_each_program (p, kind) {
		if (!module || (p->module && strcmp(p->module, module) == 0))
			l->wanted[rg_program_index(p)] = wanted;
	}
}

__u32 rg_ladder_followers(const struct rg_ladder *l, enum rg_how how)
{
	__u32 links = 0;

	rg_for_each_program (p, RG_FOLLOWER)
		links |= rg_ladder_how(l, p) == how ? 1u << p->link : 0;
	return links;
}

enum rg_how rg_ladder_how(const struct rg_ladder *l, const struct rg_program *program)
{
	return (enum rg_how)l->how[rg_program_index(program)];
}

/* ---- which programs ---- */

static struct bpf_program *typed(const struct bpf_object *obj, const struct rg_program *program)
{
	return bpf_object__find_program_by_name(obj, program->name);
}

static struct bpf_program *kprobe(const struct bpf_object *obj, const struct rg_program *program)
{
	char name[64];

	snprintf(name, sizeof(name), RG_KPROBE_PREFIX "%s", program->name);
	return bpf_object__find_program_by_name(obj, name);
}

bool rg_ladder_has_kprobe(const struct bpf_object *obj, const struct rg_program *program)
{
	return kprobe(obj, program) != NULL;
}

static enum rg_how decide(const struct rg_ladder *l, const struct rg_program *program,
			  bool has_kprobe, bool is_there)
{
	enum rg_how how = rg_ladder_how(l, program);

	if (how == RG_HOW_NOT)
		return how;
	if (has_kprobe && l->forced != RG_FOLLOW_FENTRY &&
	    (how == RG_HOW_KPROBE || l->forced == RG_FOLLOW_KPROBE || !is_there ||
	     (program->kind == RG_TRACE && l->prefer_kprobes)))
		return RG_HOW_KPROBE;
	return how == RG_HOW_TYPED && is_there ? RG_HOW_TYPED : RG_HOW_NOT;
}

/* Where a program at a function may be skipped because another thread was preempted within it
 * (load/preempt.h), a kprobe that sees every return is better. */
static bool are_kprobes_better(const struct rg_ladder *l, const struct rg_hooks *hooks)
{
	bool any = false;

	rg_for_each_program (p, RG_TRACE)
		any |= l->wanted[rg_program_index(p)];
	return any && l->forced < 0 && !l->typed_after_all && hooks->returns_have_room &&
	       rg_preempt_read().does;
}

const struct rg_program *rg_ladder_choose(struct rg_ladder *l, const struct bpf_object *obj,
					  const struct rg_hooks *hooks)
{
	const struct rg_program *lacking = NULL;
	bool any_return = false;

	l->prefer_kprobes = are_kprobes_better(l, hooks);
	for (const struct rg_program *p = rg_programs; p->name; p++) {
		struct bpf_program *instead = kprobe(obj, p);
		bool wanted = l->wanted[rg_program_index(p)];
		enum rg_how how = RG_HOW_NOT;

		if (wanted)
			how = decide(l, p, instead != NULL, rg_hook_is_there(hooks, p->name));
		if (wanted)
			l->how[rg_program_index(p)] = (__u8)how;
		if (wanted && how == RG_HOW_NOT && p->needed && !lacking)
			lacking = p;
		bpf_program__set_autoload(typed(obj, p), how == RG_HOW_TYPED);
		if (!instead)
			continue;
		bpf_program__set_autoload(instead, how == RG_HOW_KPROBE);
		if (how != RG_HOW_KPROBE || !rg_hook_returns(instead))
			continue;
		any_return = true;
		/* Of the gate's programs only the single kind was measured. */
		if (p->kind == RG_TRACE && hooks->returns_have_room)
			bpf_program__set_expected_attach_type(instead, BPF_TRACE_KPROBE_MULTI);
	}
	bpf_program__set_autoload(bpf_object__find_program_by_name(obj, RG_KPROBE_ENTERS),
				  any_return);
	return lacking;
}

/* The kernel refused a kprobe that was only preferred: all tracing programs are typed. */
static void step_up(struct rg_ladder *l, const struct rg_program *program, int err)
{
	l->typed_after_all = true;
	rg_for_each_program (p, RG_TRACE) {
		if (rg_ladder_how(l, p) == RG_HOW_KPROBE)
			l->how[rg_program_index(p)] = RG_HOW_TYPED;
	}
	rg_warn("tracing program %s: this kernel refuses it as a kprobe: %s; trying all of them by "
		"fentry and fexit, which it may skip as it preempts its own threads (RG_DEBUG=1 "
		"shows the verifier's words)",
		program->name, rg_strerror(err));
}

bool rg_ladder_step_down(struct rg_ladder *l, const struct rg_program *program, int err)
{
	__u8 *how = &l->how[rg_program_index(program)];

	if (program->kind == RG_TRACE && l->n_refused++ >= MAX_REFUSED)
		return false;
	if (program->kind == RG_TRACE && *how == RG_HOW_KPROBE && l->prefer_kprobes) {
		step_up(l, program, err);
		return true;
	}
	if (*how == RG_HOW_TYPED && l->forced != RG_FOLLOW_FENTRY)
		*how = RG_HOW_KPROBE;
	else if (program->needed)
		return false;
	else
		*how = RG_HOW_NOT;
	rg_warn("%sprogram %s: this kernel refuses it: %s; %s (RG_DEBUG=1 shows more)",
		program->kind == RG_TRACE ? "tracing " : "", program->name, rg_strerror(err),
		*how == RG_HOW_KPROBE ? "trying a kprobe" : "it is left out");
	return true;
}

/* ---- attaching ---- */

static struct bpf_program *chosen(const struct rg_ladder *l, const struct bpf_object *obj,
				  const struct rg_program *program)
{
	return rg_ladder_how(l, program) == RG_HOW_KPROBE ? kprobe(obj, program)
							  : typed(obj, program);
}

bool rg_ladder_is_loaded(const struct rg_ladder *l, const struct bpf_object *obj,
			 const struct rg_program *program)
{
	return rg_ladder_how(l, program) != RG_HOW_NOT &&
	       bpf_program__autoload(chosen(l, obj, program));
}

static int pin(struct bpf_link *link, const struct rg_program *program, enum rg_program_pin as)
{
	char path[256];

	return link ? -rg_pin_link(link, rg_program_pin(path, program, as)) : -errno;
}

/* Says which function's arguments are kept, or asked for. */
static __u64 cookie_of(const struct rg_program *program)
{
	enum rg_link enters = rg_link_that_enters(program->link);
	__u64 cookie = RG_NR_RETURNS + (__u64)rg_program_index(program);

	if (program->kind != RG_TRACE)
		return enters < RG_NR_LINKS ? (__u64)(enters - RG_LINK_ENTERS) : 0;
	/* In knfsd's functions no local application stays. */
	return strcmp(program->module, RG_NFSD) == 0 ? cookie : cookie | RG_ENTERS_KTHREADS;
}

static int attach_kprobe(const struct bpf_object *obj, const struct rg_program *program)
{
	const struct bpf_program *enters = bpf_object__find_program_by_name(obj, RG_KPROBE_ENTERS),
				 *prog = kprobe(obj, program);
	bool returns = rg_hook_returns(prog);
	__u64 cookie = cookie_of(program);
	int err = 0;

	/* First the program that keeps the arguments; otherwise a return could be seen without
	 * them. */
	if (returns)
		err = pin(rg_hook_kprobe(enters, prog, false, cookie), program, RG_PIN_ENTERS);
	return err ?: pin(rg_hook_kprobe(prog, prog, returns, cookie), program, RG_PIN_KPROBE);
}

int rg_ladder_attach(const struct rg_ladder *l, const struct bpf_object *obj,
		     const struct rg_program *program)
{
	int err = rg_ladder_how(l, program) == RG_HOW_KPROBE
			  ? attach_kprobe(obj, program)
			  : pin(bpf_program__attach(typed(obj, program)), program, RG_PIN_TYPED);

	if (err)
		rg_ladder_detach(program);
	return err;
}

void rg_ladder_detach(const struct rg_program *program)
{
	char path[256];

	for (int i = 0; i < RG_NR_PROGRAM_PINS; i++)
		if (rg_program_pin(path, program, i) && unlink(path) < 0 && errno != ENOENT)
			rg_warn("%s: cannot be unpinned: %s", path, rg_strerror(errno));
}
