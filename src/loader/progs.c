// SPDX-License-Identifier: GPL-2.0-only
#include "loader/progs.h"

#include <stdio.h>
#include <string.h>

#include <bpf/bpf.h>

#include "loader/doors.h"
#include "loader/freed.h"
#include "loader/traces.h"

static void counts_of(const struct bpf_prog_info *info, struct rg_prog_counts *prog)
{
	prog->run_ns = info->run_time_ns;
	prog->runs = info->run_cnt;
	prog->skipped = info->recursion_misses;
}

/* What is pinned as this, if it is; how many. */
static int add(const char *path, struct rg_prog_counts *prog)
{
	const char *pin = strrchr(path, '/') + 1;
	struct bpf_prog_info info = {};
	__u32 link;

	if (!rg_link_look(path, &link, &info))
		return 0;
	/* "link_NAME", "trace_NAME" */
	snprintf(prog->name, sizeof(prog->name), "%s", strchr(pin, '_') + 1);
	counts_of(&info, prog);
	return 1;
}

static int add_door(const struct rg_pins *p, __u32 what, struct rg_prog_counts *prog)
{
	struct bpf_prog_info info = {};
	__u32 size = sizeof(info);

	if (bpf_obj_get_info_by_fd(p->prog_fd[RG_PROG_DOOR_LOCK + what], &info, &size) < 0)
		return 0;
	snprintf(prog->name, sizeof(prog->name), "%s",
		 strchr(rg_pin_of_link(RG_LINK_DOOR_LOCK + what), '_') + 1);
	counts_of(&info, prog);
	return 1;
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
