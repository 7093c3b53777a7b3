// SPDX-License-Identifier: GPL-2.0-only
#include "loader/progs.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <linux/bpf.h>

#include "loader/doors.h"
#include "loader/traces.h"

/* The program of a pinned link: a descriptor, or -1. */
static int program_of(const char *path)
{
	struct bpf_link_info info = {};
	__u32 size = sizeof(info);
	int err, fd = bpf_obj_get(path);

	if (fd < 0)
		return -1;
	err = bpf_obj_get_info_by_fd(fd, &info, &size);
	close(fd);
	return err < 0 ? -1 : bpf_prog_get_fd_by_id(info.prog_id);
}

static bool read_one(int fd, struct rg_prog_counts *prog)
{
	struct bpf_prog_info info = {};
	__u32 size = sizeof(info);

	if (fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &size) < 0)
		return false;
	prog->run_ns = info.run_time_ns;
	prog->runs = info.run_cnt;
	prog->skipped = info.recursion_misses;
	return true;
}

/* What is pinned as this, if it is; how many. */
static int add(const char *path, struct rg_prog_counts *prog)
{
	const char *pin = strrchr(path, '/') + 1;
	int fd = program_of(path);
	bool there = read_one(fd, prog);

	/* "link_NAME", "trace_NAME" */
	snprintf(prog->name, sizeof(prog->name), "%s", strchr(pin, '_') + 1);
	if (fd >= 0)
		close(fd);
	return there;
}

static int add_door(const struct rg_pins *p, __u32 what, struct rg_prog_counts *prog)
{
	snprintf(prog->name, sizeof(prog->name), "%s",
		 strchr(rg_pin_of_link(RG_LINK_DOOR_LOCK + what), '_') + 1);
	return read_one(p->prog_fd[RG_PROG_DOOR_LOCK + what], prog);
}

int rg_progs_read(const struct rg_pins *p, struct rg_prog_counts *progs)
{
	__u32 doors = rg_doors_attached();
	char path[256];
	int n = 0;

	for (int i = 0; i < RG_NR_LINKS; i++) {
		__u32 what = (__u32)(i - RG_LINK_DOOR_LOCK);

		if (i < RG_LINK_DOOR_LOCK || i > RG_LINK_DOOR_ACCESS)
			n += add(rg_pin_path(path, rg_pin_of_link(i)), &progs[n]);
		else if (doors & 1u << what)
			n += add_door(p, what, &progs[n]);
	}
	for (const struct rg_trace *t = rg_traces; t->program; t++)
		for (int pin = 0; pin < RG_NR_TRACE_PINS && n < RG_MAX_PROGS; pin++)
			n += add(rg_trace_pin(path, t, pin), &progs[n]);
	return n;
}

__u64 rg_progs_passed(const struct rg_pins *p)
{
	struct rg_prog_counts door;
	__u64 sum = 0;

	for (__u32 what = 0; what < RG_NR_WHATS; what++)
		if (add_door(p, what, &door))
			sum += door.skipped;
	return sum;
}
