// SPDX-License-Identifier: GPL-2.0-only
#include "loader/followers.h"

#include <string.h>

#include <bpf/libbpf.h>

#include "loader/hooks.h"
#include "loader/log.h"

const struct rg_follower rg_followers[] = {
	{RG_LINK_SUPER_GONE, "super_gone", true,
	 "a device number that is used again could be taken for another mount"},
	{RG_LINK_TASK_EXIT, "task_exit", true, "records of held processes that died would stay"},
	{RG_LINK_GRACE_END, "grace_end", false,
	 "the end of grace is not seen: with release grace-end or settled the gate opens after "
	 "max-hold, or by hand"},
	{RG_LINK_KNFSD_STOP, "knfsd_stop", false,
	 "the gate does not close when knfsd shuts down, but only when it starts again"},
	{RG_LINK_KNFSD_STARTED, "knfsd_started", true, "the start of knfsd would not be seen"},
	{RG_LINK_GRACE_START, "grace_start", true, "the start of grace would not be seen"},
	{RG_LINK_LOCK_DONE, "lock_done", false,
	 "end clients' locks are not counted, and who was refused one is not seen: with release "
	 "settled the gate opens after settle-timeout"},
	{RG_LINK_UNLOCK_DONE, "unlock_done", false,
	 "locks that end clients give back are counted on: with release settled these are awaited "
	 "until they are quiet"},
	{RG_LINK_OPEN_DONE, "open_done", false,
	 "who was refused the reclaim of an open is not seen: with release settled the gate opens "
	 "after settle-timeout"},
	{RG_LINK_CLIENT_GONE, "client_gone", false,
	 "end clients that are gone are awaited until they are quiet, with release settled"},
	{RG_LINK_ORIGIN_ERROR, "origin_error", false,
	 "it is not seen that the original server refuses this host's reclaims: "
	 "on-origin-no-grace does nothing"},
	{},
};

const struct rg_follower *rg_follower_of(const char *program)
{
	for (const struct rg_follower *f = rg_followers; f->program; f++)
		if (strcmp(f->program, program) == 0)
			return f;
	return NULL;
}

bool rg_followers_blind(__u32 left_out)
{
	return left_out & (1u << RG_LINK_LOCK_DONE | 1u << RG_LINK_OPEN_DONE);
}

bool rg_followers_choose(const struct bpf_object *obj, __u32 *left_out)
{
	for (const struct rg_follower *f = rg_followers; f->program; f++) {
		struct bpf_program *prog = bpf_object__find_program_by_name(obj, f->program);

		if (!rg_hook_is_there(f->program))
			*left_out |= 1u << f->link;
		if (!(*left_out & 1u << f->link))
			continue;
		if (f->needed) {
			rg_error(0,
				 "program %s: this kernel has no %s; without it %s; use a kernel "
				 "that this version knows (docs/kernel.md)",
				 f->program, strchr(bpf_program__section_name(prog), '/') + 1,
				 f->without);
			return false;
		}
		bpf_program__set_autoload(prog, false);
	}
	return true;
}

bool rg_followers_leave_out(const char *program, int err, __u32 *left_out)
{
	const struct rg_follower *f = program ? rg_follower_of(program) : NULL;

	if (!f || f->needed)
		return false;
	rg_warn("program %s: this kernel refuses it: %s (RG_DEBUG=1 shows the verifier's words)",
		program, rg_strerror(err));
	*left_out |= 1u << f->link;
	return true;
}
