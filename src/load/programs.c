// SPDX-License-Identifier: GPL-2.0-only
#include "load/programs.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define TRACE(program, in)                                                                         \
	{                                                                                          \
		.name = (program), .module = (in), .kind = RG_TRACE, .link = RG_NR_LINKS           \
	}
#define NEEDED(at, program, in, lost)                                                              \
	{                                                                                          \
		.name = (program), .module = (in), .kind = RG_FOLLOWER, .link = (at),              \
		.needed = true, .without = (lost)                                                  \
	}
#define FOLLOWER(at, program, in, lost)                                                            \
	{                                                                                          \
		.name = (program), .module = (in), .kind = RG_FOLLOWER, .link = (at),              \
		.without = (lost)                                                                  \
	}
#define OF_MODULE(of, at, program)                                                                 \
	{                                                                                          \
		.name = (program), .module = RG_MODULE, .kind = (of), .link = (at)                 \
	}

const struct rg_program rg_programs[] = {
	TRACE("open_begins", RG_NFSD),
	TRACE("open_ends", RG_NFSD),
	TRACE("lock_begins", RG_NFSD),
	TRACE("lock_ends", RG_NFSD),
	TRACE("record_checked", RG_NFSD),
	TRACE("exchange_id_begins", RG_NFSD),
	TRACE("exchange_id_ends", RG_NFSD),
	TRACE("setclientid_begins", RG_NFSD),
	TRACE("setclientid_ends", RG_NFSD),
	TRACE("client_confirmed", RG_NFSD),
	TRACE("create_session_begins", RG_NFSD),
	TRACE("create_session_ends", RG_NFSD),
	TRACE("setclientid_confirm_begins", RG_NFSD),
	TRACE("setclientid_confirm_ends", RG_NFSD),
	TRACE("reclaim_complete_begins", RG_NFSD),
	TRACE("reclaim_complete_ends", RG_NFSD),
	TRACE("client_expired", RG_NFSD),
	TRACE("client_destroyed", RG_NFSD),
	TRACE("client_replaced", RG_NFSD),
	TRACE("client_admin_expired", RG_NFSD),
	TRACE("client_unconfirmed", RG_NFSD),
	TRACE("grace_end_forced", RG_NFSD),
	TRACE("nfs_lock_ends", "nfs"),
	TRACE("nlmclnt_proc_ends", "lockd"),
	TRACE("set_lock", "nfsv4"),
	TRACE("cached_open", "nfsv4"),
	TRACE("open_file", "nfsv4"),
	TRACE("nlm_lock_begins", "lockd"),
	TRACE("nlm_lock_ends", "lockd"),
	TRACE("host_rebooted", "lockd"),
	TRACE("origin_exchange_id", "nfsv4"),
	TRACE("origin_create_session", "nfsv4"),
	TRACE("origin_setclientid", "nfsv4"),
	TRACE("origin_setclientid_confirm", "nfsv4"),
	TRACE("origin_reclaim_complete", "nfsv4"),
	TRACE("origin_lookup", "nfsv4"),
	TRACE("state_manager", "nfsv4"),
	TRACE("state_manager_failed", "nfsv4"),
	TRACE("origin_open_reclaim", "nfsv4"),
	TRACE("origin_open_expired", "nfsv4"),
	TRACE("origin_delegation", "nfsv4"),
	TRACE("origin_lock_reclaim", "nfsv4"),
	TRACE("origin_lock_expired", "nfsv4"),
	TRACE("origin_nlm_reclaim", "lockd"),

	NEEDED(RG_LINK_SUPER_GONE, "super_gone", "nfs",
	       "a device number that is used again could be taken for another mount"),
	NEEDED(RG_LINK_TASK_EXIT, "task_exit", NULL,
	       "records of held processes that died would stay"),
	FOLLOWER(RG_LINK_GRACE_END, "grace_end", "grace",
		 "the end of grace is not seen: with release grace-end or settled the gate opens "
		 "after max-hold, or by hand"),
	FOLLOWER(RG_LINK_KNFSD_STOP, "knfsd_stop", RG_NFSD,
		 "the gate does not close when knfsd shuts down, but only when it starts again"),
	NEEDED(RG_LINK_KNFSD_STARTED, "knfsd_started", RG_NFSD,
	       "the start of knfsd would not be seen"),
	NEEDED(RG_LINK_GRACE_START, "grace_start", "grace", "the start of grace would not be seen"),
	FOLLOWER(RG_LINK_LOCK_DONE, "lock_done", RG_NFSD,
		 "end clients' locks are not counted, and refused ones are not seen: with "
		 "release settled the gate opens after settle-timeout"),
	FOLLOWER(RG_LINK_UNLOCK_DONE, "unlock_done", RG_NFSD,
		 "locks that end clients give back are counted on: with release settled these are "
		 "awaited until they are quiet"),
	FOLLOWER(RG_LINK_OPEN_DONE, "open_done", RG_NFSD,
		 "refused reclaims of opens are not seen: with release settled the "
		 "gate opens after settle-timeout"),
	FOLLOWER(RG_LINK_CLIENT_GONE, "client_gone", RG_NFSD,
		 "end clients that are gone are awaited until they are quiet, with release "
		 "settled"),
	FOLLOWER(RG_LINK_NLM_LOCK_DONE, "nlm_lock_done", "lockd",
		 "NFSv3 end clients' locks are not kept: those that are lost are not named"),
	FOLLOWER(RG_LINK_NLM_UNLOCK_DONE, "nlm_unlock_done", "lockd",
		 "locks that NFSv3 end clients give back are kept on, and may be called lost"),
	FOLLOWER(RG_LINK_NLM_FREED, "nlm_freed", "lockd",
		 "locks of NFSv3 end clients that restart are kept on, and may be called lost"),
	FOLLOWER(RG_LINK_NLM_HOST_GONE, "nlm_host_gone", "lockd",
		 "locks of an NFSv3 end client may be taken for another one's"),
	FOLLOWER(RG_LINK_ORIGIN_ERROR, "origin_error", "nfsv4",
		 "it is not seen that the original server refuses this host's reclaims: "
		 "on-origin-no-grace does nothing"),
	FOLLOWER(RG_LINK_SELF_STOP, "self_stop", NULL,
		 "sudo, su, runuser, script and nsenter stay stopped after the gate has opened, "
		 "where what they run was held: `kill -CONT` continues them"),
	FOLLOWER(RG_LINK_LOCK_DROPPED, "lock_dropped", "lockd",
		 "NFSv3 end clients are not told that lockd dropped their locks, when knfsd is "
		 "restarted"),

	OF_MODULE(RG_ANSWER, RG_LINK_ANSWER_RECLAIM, "answer_reclaim"),
	OF_MODULE(RG_ANSWER, RG_LINK_ANSWER_LOCKS, "answer_locks"),
	OF_MODULE(RG_SLEEP, RG_LINK_SLEEP_WAIT, "sleep_wait"),
	{},
};

_Static_assert(sizeof(rg_programs) / sizeof(rg_programs[0]) - 1 <= RG_MAX_PROGRAMS,
	       "sets of programs have room");

const struct rg_program *rg_program_named(const char *name)
{
	const size_t n = strlen(RG_KPROBE_PREFIX);
	const struct rg_program *p;

	if (strncmp(name, RG_KPROBE_PREFIX, n) == 0)
		name += n;
	for (p = rg_programs; p->name; p++)
		if (strcmp(p->name, name) == 0)
			return p;
	return NULL;
}

const struct rg_program *rg_follower_named(const char *name)
{
	rg_for_each_program (p, RG_FOLLOWER)
		if (strcmp(p->name, name) == 0)
			return p;
	return NULL;
}

const struct rg_program *rg_follower_of(int link)
{
	rg_for_each_program (p, RG_FOLLOWER) {
		if ((int)p->link == link || (int)rg_link_that_enters(p->link) == link)
			return p;
	}
	return NULL;
}

char *rg_program_pin(char *path, const struct rg_program *program, enum rg_program_pin pin)
{
	static const char *const prefix[RG_NR_PROGRAM_PINS] = {"trace_", "trace_kprobe_",
							       "trace_enters_"};
	enum rg_link link = program->link;
	char file[64];

	if (program->kind == RG_TRACE) {
		snprintf(file, sizeof(file), "%s%s", prefix[pin], program->name);
		return rg_pin_path(path, file);
	}
	if (pin == RG_PIN_ENTERS)
		link = rg_link_that_enters(link);
	return link < RG_NR_LINKS ? rg_pin_path(path, rg_pin_of_link(link)) : NULL;
}

bool rg_program_is_pinned(const struct rg_program *program, enum rg_program_pin pin)
{
	char path[256];

	return rg_program_pin(path, program, pin) && access(path, F_OK) == 0;
}

__u64 rg_traces_missing(void)
{
	__u64 missing = 0;

	rg_for_each_program (p, RG_TRACE) {
		if (!rg_program_is_pinned(p, RG_PIN_TYPED) &&
		    !rg_program_is_pinned(p, RG_PIN_KPROBE))
			missing |= 1ULL << rg_program_index(p);
	}
	return missing;
}

int rg_followers_each(__u32 left_out, __u32 kprobes)
{
	__u32 all = 0;

	rg_for_each_program (p, RG_FOLLOWER)
		all |= 1u << p->link;
	all &= ~left_out;
	if (!(kprobes & all))
		return RG_FOLLOW_FENTRY;
	return (kprobes & all) == all ? RG_FOLLOW_KPROBE : RG_NR_FOLLOWS;
}

bool rg_followers_blind(__u32 left_out)
{
	return left_out & (1u << RG_LINK_LOCK_DONE | 1u << RG_LINK_OPEN_DONE);
}
