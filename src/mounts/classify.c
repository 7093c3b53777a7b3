// SPDX-License-Identifier: GPL-2.0-only
#include "mounts/classify.h"

#include <errno.h>
#include <stdlib.h>

#include <bpf/bpf.h>

#include "mounts/guarded.h"
#include "pins/gates.h"

int rg_rules_read(const struct rg_pins *p, struct rg_rule **rules, size_t *n)
{
	struct rg_meta meta;
	__u32 used;

	*rules = NULL;
	*n = 0;
	if (rg_pins_meta(p, &meta) < 0)
		return -errno;
	used = meta.rules < RG_MAX_RULES ? meta.rules : RG_MAX_RULES;
	*rules = calloc(used + 1, sizeof(**rules));
	if (!*rules)
		return -ENOMEM;
	for (__u32 i = 0; i < used; i++) {
		if (bpf_map_lookup_elem(p->map_fd[RG_MAP_RULES], &i, &(*rules)[i]) < 0) {
			int err = -errno;

			free(*rules);
			*rules = NULL;
			return err;
		}
		(*rules)[i].path[RG_PATH_SIZE - 1] = '\0';
		(*rules)[i].source[RG_PATH_SIZE - 1] = '\0';
	}
	*n = used;
	return 0;
}

static int put(const struct rg_pins *p, __u32 dev, __u32 slot, __u32 class)
{
	struct rg_device d = {.slot = slot, .class = class}, there;

	if (bpf_map_lookup_elem(p->map_fd[RG_MAP_DEVICES], &dev, &there) == 0) {
		/* The gate of another network namespace guards it and keeps it. */
		if (there.slot != slot && there.class == RG_CLASS_GUARDED)
			return 0;
		if (there.slot == slot && there.class == class)
			return 0;
		d.kept_until_ns = there.kept_until_ns;
		/* Note when the superblock became guarded: local applications had access until now.
		 */
		d.exempt_ns = there.slot == slot && there.class == RG_CLASS_EXEMPT
				      ? rg_now_ns()
				      : there.exempt_ns;
	}
	return bpf_map_update_elem(p->map_fd[RG_MAP_DEVICES], &dev, &d, BPF_ANY) < 0 ? -errno : 0;
}

/* Ends the exemption that an earlier policy gave. */
static int take_out(const struct rg_pins *p, __u32 dev, __u32 slot)
{
	struct rg_device there;

	if (bpf_map_lookup_elem(p->map_fd[RG_MAP_DEVICES], &dev, &there) < 0 ||
	    there.slot != slot || there.class != RG_CLASS_EXEMPT)
		return 0;
	there.class = RG_CLASS_NONE;
	there.exempt_ns = rg_now_ns();
	/* Never create the element again: our programs delete it together with the superblock. */
	if (bpf_map_update_elem(p->map_fd[RG_MAP_DEVICES], &dev, &there, BPF_EXIST) < 0 &&
	    errno != ENOENT)
		return -errno;
	return 0;
}

int rg_classify(const struct rg_pins *p, const struct rg_mounts *mounts,
		const struct rg_rule *rules, size_t n, __u32 slot, enum rg_mount_mode mode)
{
	struct rg_decision *d;
	size_t n_d;
	int err = rg_mounts_decide(mounts, rules, n, slot, mode, &d, &n_d);

	for (size_t i = 0; i < n_d; i++) {
		int one = 0;

		if (d[i].guarded)
			one = mode == RG_MOUNT_MODE_ALL ? take_out(p, d[i].dev, slot)
							: put(p, d[i].dev, slot, RG_CLASS_GUARDED);
		err = err ?: one;
	}
	for (size_t i = 0; i < n_d; i++) {
		int one = d[i].guarded ? 0 : put(p, d[i].dev, slot, RG_CLASS_EXEMPT);

		err = err ?: one;
	}
	free(d);
	return err;
}
