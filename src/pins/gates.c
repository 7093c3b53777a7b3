// SPDX-License-Identifier: GPL-2.0-only
#include "pins/gates.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "base/netns.h"
#include "pins/other.h"

__u64 rg_now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_BOOTTIME, &t);
	return (__u64)t.tv_sec * RG_NS_PER_SEC + (__u64)t.tv_nsec;
}

int rg_gates_read(const struct rg_pins *p, struct rg_gate *gates)
{
	if (p->other && rg_other_refresh(p))
		return -EIO;
	for (__u32 i = 0; i < RG_MAX_GATES; i++)
		if (bpf_map_lookup_elem(p->map_fd[RG_MAP_GATES], &i, &gates[i]) < 0)
			return -errno;
	return 0;
}

int rg_gate_slot(const struct rg_pins *p, __u32 netns)
{
	__u32 slot;

	if (bpf_map_lookup_elem(p->map_fd[RG_MAP_GATE_OF], &netns, &slot) < 0)
		return -errno;
	return (int)slot;
}

int rg_gate_here(const struct rg_pins *p)
{
	__u64 cookie = rg_netns_cookie();
	int found = rg_gate_slot(p, rg_netns_self());
	__u32 slot = (__u32)found;
	struct rg_gate gate;

	if (found < 0)
		return found;
	if (bpf_map_lookup_elem(p->map_fd[RG_MAP_GATES], &slot, &gate) < 0)
		return -errno;
	/* A set of an older version has no cookies. */
	if (cookie && gate.net_cookie && cookie != gate.net_cookie)
		return -ENOENT;
	return found;
}

int rg_control(const struct rg_pins *p, struct rg_control *c)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts, .ctx_in = c, .ctx_size_in = sizeof(*c));

	if (p->other)
		return rg_other_control(p, c);
	/* A program of type syscall writes its context back to ctx_in. */
	if (bpf_prog_test_run_opts(p->prog_fd[RG_PROG_CONTROL], &opts) < 0)
		return -errno;
	return c->result;
}

__u64 rg_counter_sum(const struct rg_pins *p, __u32 counter)
{
	int cpus = libbpf_num_possible_cpus();
	__u64 sum = 0, *each;

	if (cpus <= 0)
		return 0;
	each = calloc((size_t)cpus, sizeof(*each));
	if (!each)
		return 0;
	if (bpf_map_lookup_elem(p->map_fd[RG_MAP_COUNTERS], &counter, each) == 0)
		for (int i = 0; i < cpus; i++)
			sum += each[i];
	free(each);
	return sum;
}
