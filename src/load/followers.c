// SPDX-License-Identifier: GPL-2.0-only
#include "load/followers.h"

#include <stdio.h>
#include <string.h>

#include <bpf/libbpf.h>

#include "load/hooks.h"
#include "base/log.h"

const struct rg_follower rg_followers[] = {
	{RG_LINK_SUPER_GONE, true, "super_gone", "nfs",
	 "a device number that is used again could be taken for another mount"},
	{RG_LINK_TASK_EXIT, true, "task_exit", NULL,
	 "records of held processes that died would stay"},
	{RG_LINK_GRACE_END, false, "grace_end", "grace",
	 "the end of grace is not seen: with release grace-end or settled the gate opens after "
	 "max-hold, or by hand"},
	{RG_LINK_KNFSD_STOP, false, "knfsd_stop", "nfsd",
	 "the gate does not close when knfsd shuts down, but only when it starts again"},
	{RG_LINK_KNFSD_STARTED, true, "knfsd_started", "nfsd",
	 "the start of knfsd would not be seen"},
	{RG_LINK_GRACE_START, true, "grace_start", "grace", "the start of grace would not be seen"},
	{RG_LINK_LOCK_DONE, false, "lock_done", "nfsd",
	 "end clients' locks are not counted, and who was refused one is not seen: with release "
	 "settled the gate opens after settle-timeout"},
	{RG_LINK_UNLOCK_DONE, false, "unlock_done", "nfsd",
	 "locks that end clients give back are counted on: with release settled these are awaited "
	 "until they are quiet"},
	{RG_LINK_OPEN_DONE, false, "open_done", "nfsd",
	 "who was refused the reclaim of an open is not seen: with release settled the gate opens "
	 "after settle-timeout"},
	{RG_LINK_CLIENT_GONE, false, "client_gone", "nfsd",
	 "end clients that are gone are awaited until they are quiet, with release settled"},
	{RG_LINK_NLM_LOCK_DONE, false, "nlm_lock_done", "lockd",
	 "NFSv3 end clients' locks are not kept: those that are lost are not named"},
	{RG_LINK_NLM_UNLOCK_DONE, false, "nlm_unlock_done", "lockd",
	 "locks that NFSv3 end clients give back are kept on, and may be called lost"},
	{RG_LINK_NLM_FREED, false, "nlm_freed", "lockd",
	 "locks of NFSv3 end clients that restart are kept on, and may be called lost"},
	{RG_LINK_NLM_HOST_GONE, false, "nlm_host_gone", "lockd",
	 "locks of an NFSv3 end client may be taken for another one's"},
	{RG_LINK_ORIGIN_ERROR, false, "origin_error", "nfsv4",
	 "it is not seen that the original server refuses this host's reclaims: "
	 "on-origin-no-grace does nothing"},
	{RG_LINK_SELF_STOP, false, "self_stop", NULL,
	 "sudo, su, runuser, script and nsenter stay stopped after the gate has opened, where what "
	 "they run was held: `kill -CONT` continues them"},
	{RG_LINK_LOCK_DROPPED, false, "lock_dropped", "lockd",
	 "NFSv3 end clients are not told that lockd dropped their locks, when knfsd is restarted"},
	{},
};

const struct rg_follower *rg_follower_of(const char *program)
{
	for (const struct rg_follower *f = rg_followers; f->program; f++)
		if (strcmp(f->program, program) == 0)
			return f;
	return NULL;
}

const struct rg_follower *rg_follower_by(const char *program)
{
	return rg_follower_of(rg_hook_stands_for(program));
}

int rg_followers_each(__u32 left_out, __u32 kprobes)
{
	__u32 all = 0;

	for (const struct rg_follower *f = rg_followers; f->program; f++)
		all |= 1u << f->link;
	all &= ~left_out;
	if (!(kprobes & all))
		return RG_FOLLOW_FENTRY;
	return (kprobes & all) == all ? RG_FOLLOW_KPROBE : RG_NR_FOLLOWS;
}

bool rg_followers_blind(__u32 left_out)
{
	return left_out & (1u << RG_LINK_LOCK_DONE | 1u << RG_LINK_OPEN_DONE);
}

/* ---- which program ---- */

static struct bpf_program *typed(const struct bpf_object *obj, const struct rg_follower *f)
{
	return bpf_object__find_program_by_name(obj, f->program);
}

struct bpf_program *rg_followers_program(const struct bpf_object *obj, const struct rg_follower *f,
					 const struct rg_following *following,
					 struct bpf_program **enters)
{
	*enters = NULL;
	if (!(following->kprobes & 1u << f->link))
		return typed(obj, f);
	if (rg_link_that_enters(f->link) < RG_NR_LINKS)
		*enters = bpf_object__find_program_by_name(obj, RG_KPROBE_ENTERS);
	return rg_hook_stand_in(obj, f->program);
}

/* A kprobe is next. False: it may not be, or it was one. */
static bool try_kprobe(const struct rg_follower *f, struct rg_following *following)
{
	if (following->forced == RG_FOLLOW_FENTRY || following->kprobes & 1u << f->link)
		return false;
	following->kprobes |= 1u << f->link;
	return true;
}

/* Is it to be loaded, and by what? */
static bool decide(const struct rg_follower *f, struct rg_following *following)
{
	__u32 bit = 1u << f->link;

	if (following->forced == RG_FOLLOW_KPROBE)
		following->kprobes |= bit;
	if (!(following->kprobes & bit) && !rg_hook_is_there(f->program) &&
	    !try_kprobe(f, following))
		following->left_out |= bit;
	return !(following->left_out & bit);
}

bool rg_followers_choose(const struct bpf_object *obj, __u32 links, struct rg_following *following)
{
	for (const struct rg_follower *f = rg_followers; f->program; f++) {
		bool wanted = links & 1u << f->link && decide(f, following);
		bool by_kprobe = following->kprobes & 1u << f->link;

		if (!wanted && f->needed && links & 1u << f->link) {
			rg_error(0,
				 "program %s: %s cannot be followed in this kernel; without it %s; "
				 "use a kernel that this version knows (docs/kernel.md)",
				 f->program, rg_hook_function(typed(obj, f)), f->without);
			return false;
		}
		bpf_program__set_autoload(typed(obj, f), wanted && !by_kprobe);
		bpf_program__set_autoload(rg_hook_stand_in(obj, f->program), wanted && by_kprobe);
	}
	return true;
}

bool rg_followers_step_down(const struct rg_follower *f, int err, struct rg_following *following)
{
	if (try_kprobe(f, following)) {
		rg_warn("program %s: this kernel refuses it: %s; trying a kprobe (RG_DEBUG=1 shows "
			"more)",
			f->program, rg_strerror(err));
		return true;
	}
	if (f->needed)
		return false;
	rg_warn("program %s: this kernel refuses it: %s (RG_DEBUG=1 shows more)", f->program,
		rg_strerror(err));
	following->left_out |= 1u << f->link;
	return true;
}
