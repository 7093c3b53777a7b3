/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What libbpf relocates our programs by (BPF CO-RE). Left alone, it reads the types of all modules
 * that are loaded, for each object anew, and searches all of them and vmlinux's for each struct
 * that a program looks into. Here the few types that the object knows by name are taken from the
 * kernel's once, and libbpf is given these (bpf_object_open_opts.btf_custom_path).
 */
#pragma once

#include <linux/types.h>

struct btf;

struct rg_relocate {
	int fd;
	char path[32]; /* for libbpf, which reads it as the object is loaded; "": it does it alone
			*/
};

/* To be called before the object is opened. To be ended in any case. */
void rg_relocate_begin(struct rg_relocate *r);
/* To be called before the object is loaded, with its types. 0 or a negative errno. */
int rg_relocate_fill(const struct rg_relocate *r, const struct btf *object);
void rg_relocate_end(struct rg_relocate *r);

/* The same for types from elsewhere, `modules` being based on `core` and ended by NULL: a new BTF,
 * to be freed by btf__free(). NULL with errno set. */
struct btf *rg_relocate_types(const struct btf *object, const struct btf *core,
			      const struct btf *const *modules);
