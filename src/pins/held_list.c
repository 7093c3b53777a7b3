// SPDX-License-Identifier: GPL-2.0-only
/* Reads the records of held threads. */
#include "pins/held.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>

#include "base/read_map.h"
#include "pins/other.h"

bool rg_held_any(const struct rg_pins *p)
{
	struct rg_held_key key;

	if (p->other && rg_other_refresh(p))
		return true;
	return bpf_map_get_next_key(p->map_fd[RG_MAP_HELD], NULL, &key) == 0;
}

int rg_held_read(const struct rg_pins *p, struct rg_held_list *list)
{
	__u32 n = RG_MAX_HELD;
	int err;

	memset(list, 0, sizeof(*list));
	err = p->other ? rg_other_refresh(p) : 0;
	if (err)
		return err;
	list->keys = calloc(RG_MAX_HELD, sizeof(*list->keys));
	list->values = calloc(RG_MAX_HELD, sizeof(*list->values));
	err = list->keys && list->values
		      ? rg_read_map(p->map_fd[RG_MAP_HELD], list->keys, sizeof(*list->keys),
				    list->values, sizeof(*list->values), &n)
		      : -ENOMEM;
	if (err)
		rg_held_free(list);
	else
		list->n = n;
	return err;
}

void rg_held_free(struct rg_held_list *list)
{
	free(list->keys);
	free(list->values);
	memset(list, 0, sizeof(*list));
}
