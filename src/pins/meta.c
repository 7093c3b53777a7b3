// SPDX-License-Identifier: GPL-2.0-only
/* Reads and writes what a set says of itself. */
#include "pins/pins.h"

#include <bpf/bpf.h>

int rg_pins_meta(const struct rg_pins *p, struct rg_meta *meta)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(p->map_fd[RG_MAP_META], &zero, meta);
}

int rg_pins_set_meta(const struct rg_pins *p, const struct rg_meta *meta)
{
	__u32 zero = 0;

	return bpf_map_update_elem(p->map_fd[RG_MAP_META], &zero, meta, BPF_ANY);
}
