// SPDX-License-Identifier: GPL-2.0-only
#include "load/progs.h"

#include <stdio.h>
#include <string.h>

#include <bpf/bpf.h>

#include "pins/doors.h"
#include "pins/freed.h"
#include "load/programs.h"

static void count(const struct bpf_prog_info *info, struct rg_prog_counts *prog)
{
	prog->run_ns += info->run_time_ns;
	prog->runs += info->run_cnt;
	prog->skipped += info->recursion_misses;
}

/* Of programs that were looked at: one may be attached at many functions. */
struct list {
	struct rg_prog_counts *progs;
	int n;
	__u32 seen[RG_MAX_PROGS]; /* ids */
	int n_seen;
};

static bool is_seen(struct list *l, __u32 id)
{
	for (int i = 0; i < l->n_seen; i++)
		if (l->seen[i] == id)
			return true;
	if (l->n_seen < RG_MAX_PROGS)
		l->seen[l->n_seen++] = id;
	return false;
}

/* Of this name, counted so far; NULL: there is no room. */
static struct rg_prog_counts *place_of(struct list *l, const char *name)
{
	for (int i = 0; i < l->n; i++)
		if (strcmp(l->progs[i].name, name) == 0)
			return &l->progs[i];
	if (l->n == RG_MAX_PROGS)
		return NULL;
	memset(&l->progs[l->n], 0, sizeof(*l->progs));
	snprintf(l->progs[l->n].name, sizeof(l->progs->name), "%s", name);
	return &l->progs[l->n++];
}

/* What is pinned as this, if it is: "link_NAME", "trace_NAME". What keeps arguments is
 * there once for all functions, or once more for those that were refused at first. */
static void add(struct list *l, const char *path)
{
	struct bpf_prog_info info = {};
	struct rg_prog_counts *prog;
	__u32 link;

	if (!rg_link_look(path, &link, &info) || is_seen(l, info.id))
		return;
	prog = place_of(l, strcmp(info.name, RG_KPROBE_ENTERS) == 0
				   ? RG_KPROBE_ENTERS
				   : strchr(strrchr(path, '/'), '_') + 1);
	if (prog)
		count(&info, prog);
}

static void add_door(const struct rg_pins *p, __u32 door, struct list *l)
{
	struct bpf_prog_info info = {};
	__u32 size = sizeof(info);
	struct rg_prog_counts *prog;

	if (bpf_obj_get_info_by_fd(p->prog_fd[RG_PROG_DOOR_LOCK + door], &info, &size) < 0)
		return;
	prog = place_of(l, strchr(rg_pin_of_link(RG_LINK_DOOR_LOCK + door), '_') + 1);
	if (prog)
		count(&info, prog);
}

int rg_progs_read(const struct rg_pins *p, struct rg_prog_counts *progs)
{
	__u32 doors = rg_doors_attached();
	struct list l = {.progs = progs};
	char path[256];

	for (int i = 0; i < RG_NR_LINKS; i++) {
		__u32 door = (__u32)(i - RG_LINK_DOOR_LOCK);

		if (i < RG_LINK_DOOR_LOCK || i > RG_LINK_LAST_DOOR)
			add(&l, rg_pin_path(path, rg_pin_of_link(i)));
		else if (doors & 1u << door)
			add_door(p, door, &l);
	}
	rg_for_each_program (t, RG_TRACE) {
		for (int pin = 0; pin < RG_NR_PROGRAM_PINS; pin++)
			add(&l, rg_program_pin(path, t, pin));
	}
	return l.n;
}

__u64 rg_progs_passed(const struct rg_pins *p)
{
	struct rg_prog_counts doors[RG_NR_DOORS] = {};
	struct list l = {.progs = doors};
	__u64 sum = 0;

	for (__u32 door = 0; door < RG_NR_DOORS; door++)
		add_door(p, door, &l);
	for (int i = 0; i < l.n; i++)
		sum += doors[i].skipped;
	return sum;
}
