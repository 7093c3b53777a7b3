// SPDX-License-Identifier: GPL-2.0-only
#include "pins/doors.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "base/log.h"
#include "pins/gates.h"

/* What is said of each door: its hook, by itself, on each rung, and as a section of the BPF
 * object. */
static const struct {
	const char *hook, *text[RG_NR_RUNGS], *section[RG_NR_RUNGS];
	enum rg_door_when when;
} doors[RG_NR_DOORS] = {
#define RG_DOOR(number, name, hook, scope, when)                                                   \
	[RG_DOOR_##number] = {#hook,                                                               \
			      {"BPF LSM " #hook, "fmod_ret security_" #hook},                      \
			      {"lsm/" #hook, "fmod_ret/security_" #hook},                          \
			      when},
	RG_DOORS(RG_DOOR)};

static bool needs(const struct rg_gate *gate, __u32 door, __u64 now_ns)
{
	return gate->netns && gate->policy.scope >= rg_scope_of_door(door) &&
	       (doors[door].when != RG_DOOR_NOT_OPEN ||
		rg_gate_view(gate, now_ns).state != RG_STATE_OPEN);
}

__u32 rg_doors_wanted(const struct rg_gate *gates, __u64 now_ns)
{
	__u32 wanted = 0;

	for (__u32 door = 0; door < RG_NR_DOORS; door++) {
		bool any = doors[door].when == RG_DOOR_ALWAYS;

		for (int i = RG_CANARY_SLOT + 1; i < RG_MAX_GATES; i++)
			any = any || needs(&gates[i], door, now_ns);
		wanted |= any ? 1u << door : 0;
	}
	return wanted;
}

__u32 rg_doors_attached(void)
{
	char path[256];
	__u32 attached = 0;

	for (__u32 door = 0; door < RG_NR_DOORS; door++)
		if (access(rg_pin_path(path, rg_pin_of_link(RG_LINK_DOOR_LOCK + door)), F_OK) == 0)
			attached |= 1u << door;
	return attached;
}

static int attach(const struct rg_pins *p, __u32 door)
{
	const char *pin = rg_pin_of_link(RG_LINK_DOOR_LOCK + door);
	int err, fd = bpf_raw_tracepoint_open(NULL, p->prog_fd[RG_PROG_DOOR_LOCK + door]);
	char path[256];

	if (fd < 0)
		return rg_error(RG_CANNOT,
				"%s: cannot be attached: %s; without it no caller would be blocked",
				rg_pin_of_prog(RG_PROG_DOOR_LOCK + door), rg_strerror(errno));
	err = bpf_obj_pin(fd, rg_pin_path(path, pin)) < 0 ? errno : 0;
	close(fd); /* the pin holds it from here on */
	if (err)
		return rg_error(RG_FAILED, "%s: cannot be pinned: %s", path, rg_strerror(err));
	return RG_DONE;
}

int rg_doors_attach(const struct rg_pins *p, __u32 wanted)
{
	__u32 there = rg_doors_attached();
	int err = RG_DONE;

	for (__u32 door = 0; door < RG_NR_DOORS && !err; door++)
		if (wanted & ~there & 1u << door)
			err = attach(p, door);
	return err;
}

void rg_doors_detach(__u32 unwanted)
{
	char path[256];

	for (__u32 door = 0; door < RG_NR_DOORS; door++)
		if ((unwanted & 1u << door) &&
		    unlink(rg_pin_path(path, rg_pin_of_link(RG_LINK_DOOR_LOCK + door))) < 0 &&
		    errno != ENOENT)
			rg_warn("%s: cannot be unpinned: %s", path, rg_strerror(errno));
}

int rg_doors_adjust(const struct rg_pins *p, __u32 *changed)
{
	struct rg_gate gates[RG_MAX_GATES];
	__u32 wanted, there = rg_doors_attached();
	int err;

	*changed = 0;
	if (rg_gates_read(p, gates))
		return rg_error(RG_FAILED, "map gates: cannot be read: %s", rg_strerror(errno));
	wanted = rg_doors_wanted(gates, rg_now_ns());
	*changed = wanted ^ there;
	err = rg_doors_attach(p, wanted & ~there);
	rg_doors_detach(there & ~wanted);
	return err;
}

const char *rg_door_hook_name(__u32 door)
{
	return door < RG_NR_DOORS ? doors[door].hook : "?";
}

const char *rg_door_hook(__u32 door, __u32 rung)
{
	return door < RG_NR_DOORS && rung < RG_NR_RUNGS ? doors[door].text[rung] : "?";
}

int rg_door_of_section(const char *section, enum rg_rung *rung)
{
	for (int door = 0; door < RG_NR_DOORS; door++) {
		for (int i = 0; i < RG_NR_RUNGS; i++) {
			if (strcmp(doors[door].section[i], section) == 0) {
				*rung = (enum rg_rung)i;
				return door;
			}
		}
	}
	return -1;
}
