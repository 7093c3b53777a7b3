// SPDX-License-Identifier: GPL-2.0-only
#include "pins/doors.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "base/log.h"

_Static_assert(RG_LINK_DOOR_ACCESS - RG_LINK_DOOR_LOCK == RG_DOOR_ACCESS, "a link a door");
_Static_assert(RG_PROG_DOOR_ACCESS - RG_PROG_DOOR_LOCK == RG_DOOR_ACCESS, "a program a door");

__u32 rg_doors_wanted(const struct rg_gate *gates, __u64 now_ns)
{
	__u32 doors = 1u << RG_DOOR_LOCK;

	for (int i = RG_CANARY_SLOT + 1; i < RG_MAX_GATES; i++) {
		if (!gates[i].netns)
			continue;
		if (gates[i].policy.scope >= RG_SCOPE_OPENS)
			doors |= 1u << RG_DOOR_OPEN | 1u << RG_DOOR_CREATE;
		if (gates[i].policy.scope >= RG_SCOPE_ACCESS &&
		    rg_gate_view(&gates[i], now_ns).state != RG_STATE_OPEN)
			doors |= 1u << RG_DOOR_ACCESS;
	}
	return doors;
}

__u32 rg_doors_attached(void)
{
	char path[256];
	__u32 doors = 0;

	for (__u32 what = 0; what < RG_NR_DOORS; what++)
		if (access(rg_pin_path(path, rg_pin_of_link(RG_LINK_DOOR_LOCK + what)), F_OK) == 0)
			doors |= 1u << what;
	return doors;
}

static int attach(const struct rg_pins *p, __u32 what)
{
	const char *pin = rg_pin_of_link(RG_LINK_DOOR_LOCK + what);
	int err, fd = bpf_raw_tracepoint_open(NULL, p->prog_fd[RG_PROG_DOOR_LOCK + what]);
	char path[256];

	if (fd < 0)
		return rg_error(RG_CANNOT,
				"%s: cannot be attached: %s; without it nobody would be kept out",
				rg_pin_of_prog(RG_PROG_DOOR_LOCK + what), rg_strerror(errno));
	err = bpf_obj_pin(fd, rg_pin_path(path, pin)) < 0 ? errno : 0;
	close(fd); /* the pin holds it from here on */
	if (err)
		return rg_error(RG_FAILED, "%s: cannot be pinned: %s", path, rg_strerror(err));
	return RG_DONE;
}

int rg_doors_attach(const struct rg_pins *p, __u32 doors)
{
	__u32 there = rg_doors_attached();
	int err = RG_DONE;

	for (__u32 what = 0; what < RG_NR_DOORS && !err; what++)
		if (doors & ~there & 1u << what)
			err = attach(p, what);
	return err;
}

void rg_doors_detach(__u32 doors)
{
	char path[256];

	for (__u32 what = 0; what < RG_NR_DOORS; what++)
		if ((doors & 1u << what) &&
		    unlink(rg_pin_path(path, rg_pin_of_link(RG_LINK_DOOR_LOCK + what))) < 0 &&
		    errno != ENOENT)
			rg_warn("%s: cannot be unpinned: %s", path, rg_strerror(errno));
}

/* What each door is called: by itself, on each rung, and as a section of the BPF object. */
#define HOOK(hook)                                                                                 \
	{                                                                                          \
		hook, {"BPF LSM " hook, "fmod_ret security_" hook},                                \
		{                                                                                  \
			"lsm/" hook, "fmod_ret/security_" hook                                     \
		}                                                                                  \
	}

static const struct {
	const char *name, *text[RG_NR_RUNGS], *section[RG_NR_RUNGS];
} hooks[RG_NR_DOORS] = {
	[RG_DOOR_LOCK] = HOOK("file_lock"),
	[RG_DOOR_OPEN] = HOOK("file_open"),
	[RG_DOOR_CREATE] = HOOK("inode_create"),
	[RG_DOOR_ACCESS] = HOOK("inode_permission"),
};

const char *rg_door_hook_name(__u32 door)
{
	return door < RG_NR_DOORS ? hooks[door].name : "?";
}

const char *rg_door_hook(__u32 door, __u32 rung)
{
	return door < RG_NR_DOORS && rung < RG_NR_RUNGS ? hooks[door].text[rung] : "?";
}

int rg_door_of_section(const char *section, enum rg_rung *rung)
{
	for (int door = 0; door < RG_NR_DOORS; door++) {
		for (int i = 0; i < RG_NR_RUNGS; i++) {
			if (strcmp(hooks[door].section[i], section) == 0) {
				*rung = (enum rg_rung)i;
				return door;
			}
		}
	}
	return -1;
}
