/* SPDX-License-Identifier: GPL-2.0-only */
/* The BPF object that is built into this program. */
#pragma once

#include <stddef.h>

struct btf;
struct guard_bpf;

/* Returns the object's n bytes, for callers that only inspect it. */
const void *rg_load_object(size_t *n);

/* Opens it as a skeleton, to be relocated by the types in the file `types` (load/relocate.h), or,
 * if that is "", by all that the kernel has. Returns NULL with errno set. Owned by the caller
 * (guard_bpf__destroy). */
struct guard_bpf *rg_load_skeleton(const char *types);

/* Returns its types: the layout of this version's maps. Owned by the caller (btf__free). Returns
 * NULL with errno set. */
struct btf *rg_load_types(void);
