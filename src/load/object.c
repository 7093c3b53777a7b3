// SPDX-License-Identifier: GPL-2.0-only
/* The only file in which the bytes of the object are: each includer of the skeleton that opened
 * it would have a copy. */
#include "load/object.h"

#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include "rg_maps.h" /* types that the skeleton uses */

#include "guard.skel.h"
#include "load/hooks.h"

const void *rg_load_object(size_t *n)
{
	return guard_bpf__elf_bytes(n);
}

struct guard_bpf *rg_load_skeleton(const char *types)
{
	LIBBPF_OPTS(bpf_object_open_opts, opts, .btf_custom_path = *types ? types : NULL);

	return guard_bpf__open_opts(&opts);
}

struct btf *rg_load_types(void)
{
	struct bpf_object *obj = NULL;
	struct btf *types = NULL;
	const void *raw, *elf;
	__u32 raw_size;
	size_t n;

	if (rg_hooks_register())
		return NULL;
	elf = rg_load_object(&n);
	obj = bpf_object__open_mem(elf, n, NULL);
	if (!obj)
		return NULL;
	raw = btf__raw_data(bpf_object__btf(obj), &raw_size);
	if (raw)
		types = btf__new(raw, raw_size);
	bpf_object__close(obj);
	return types;
}
