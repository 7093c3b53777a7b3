// SPDX-License-Identifier: GPL-2.0-only
#include "pins/flows.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "base/read_map.h"

int rg_flow_clients_read(const struct rg_pins *p, struct rg_flow_clients *list)
{
	__u32 n = RG_MAX_FLOW_CLIENTS;
	int err;

	memset(list, 0, sizeof(*list));
	list->keys = calloc(RG_MAX_FLOW_CLIENTS, sizeof(*list->keys));
	list->clients = calloc(RG_MAX_FLOW_CLIENTS, sizeof(*list->clients));
	err = list->keys && list->clients
		      ? rg_read_map(p->map_fd[RG_MAP_FLOW_CLIENTS], list->keys, sizeof(*list->keys),
				    list->clients, sizeof(*list->clients), &n)
		      : -ENOMEM;
	if (err)
		rg_flow_clients_free(list);
	else
		list->n = n;
	return err;
}

void rg_flow_clients_free(struct rg_flow_clients *list)
{
	free(list->keys);
	free(list->clients);
	memset(list, 0, sizeof(*list));
}

_Static_assert(sizeof(struct rg_flow_totals) % sizeof(__u64) == 0, "it is summed as words");

int rg_flow_totals_read(const struct rg_pins *p, struct rg_flow_totals *totals)
{
	int cpus = libbpf_num_possible_cpus();
	const size_t words = sizeof(*totals) / sizeof(__u64);
	__u64 *sum = (__u64 *)totals, *words_of_all;
	struct rg_flow_totals *each;
	__u32 zero = 0;

	memset(totals, 0, sizeof(*totals));
	if (cpus <= 0)
		return cpus ? cpus : -EINVAL;
	each = calloc((size_t)cpus, sizeof(*each));
	if (!each)
		return -ENOMEM;
	if (bpf_map_lookup_elem(p->map_fd[RG_MAP_FLOW_TOTALS], &zero, each) < 0) {
		int err = -errno;

		free(each);
		return err;
	}
	words_of_all = (__u64 *)each;
	for (size_t i = 0; i < (size_t)cpus * words; i++)
		sum[i % words] += words_of_all[i];
	free(each);
	return 0;
}

int rg_flow_storm_read(const struct rg_pins *p, __u32 slot, struct rg_flow_storm *storm)
{
	memset(storm, 0, sizeof(*storm));
	if (bpf_map_lookup_elem(p->map_fd[RG_MAP_FLOW_STORMS], &slot, storm) < 0)
		return -errno;
	return 0;
}

/* Those of `room` elements that were written, in the map's order. Number, or
 * negative errno. */
static int read_notes(int fd, struct rg_flow_note *notes, __u32 room)
{
	int used = 0;

	for (__u32 i = 0; i < room; i++) {
		if (bpf_map_lookup_elem(fd, &i, &notes[used]) < 0)
			return -errno;
		used += notes[used].time_ns != 0;
	}
	return used;
}

static int slower_first(const void *a, const void *b)
{
	const struct rg_flow_note *x = a, *y = b;

	return x->duration_ns < y->duration_ns ? 1 : x->duration_ns > y->duration_ns ? -1 : 0;
}

static int newer_first(const void *a, const void *b)
{
	const struct rg_flow_note *x = a, *y = b;

	return x->time_ns < y->time_ns ? 1 : x->time_ns > y->time_ns ? -1 : 0;
}

int rg_flow_slowest_read(const struct rg_pins *p, struct rg_flow_note *notes)
{
	int n = read_notes(p->map_fd[RG_MAP_FLOW_SLOWEST], notes, RG_SLOWEST);

	if (n > 0)
		qsort(notes, (size_t)n, sizeof(*notes), slower_first);
	return n;
}

int rg_flow_downgrades_read(const struct rg_pins *p, struct rg_flow_note *notes)
{
	int n = read_notes(p->map_fd[RG_MAP_FLOW_DOWNGRADES], notes, RG_LAST_DOWNGRADES);

	if (n > 0)
		qsort(notes, (size_t)n, sizeof(*notes), newer_first);
	return n;
}
