/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The running kernel's types: vmlinux's, and those of the modules that our programs attach to. To
 * read vmlinux's takes tens of millions of instructions and some MiB, so they are read once,
 * however many objects are loaded, and given back when nobody holds them.
 */
#pragma once

#include <linux/types.h>

struct btf;

#define RG_MAX_TYPED_MODULES 8

struct rg_types {
	struct btf *core;
	struct {
		char name[32];
		int fd;
		struct btf *btf; /* based on core */
	} module[RG_MAX_TYPED_MODULES];
	unsigned int n_modules;
	__u32 last_id; /* of the BTFs that were looked at */
};

/* Reads what is not read yet; modules that were loaded meanwhile are there from now on. Of the
 * result, which is the same for all, everything stays until the last rg_types_drop(). NULL with
 * errno set: vmlinux's cannot be read. */
const struct rg_types *rg_types_hold(void);
/* Once for each rg_types_hold(). */
void rg_types_drop(void);
/* Until rg_types_forget(), which may not come before it, what is once read stays. */
void rg_types_keep(void);
void rg_types_forget(void);

/* The modules that have functions we attach to; the last element is NULL. */
extern const char *const rg_hook_modules[];

/* Names that are looked for among the many of a kernel: tells most others by their beginning. */
struct rg_filter {
	__u64 bits[64];
};

static inline unsigned int rg_filter_bit(const char *name)
{
	unsigned int hash = 0;

	for (int i = 0; i < 8 && name[i]; i++)
		hash = hash * 31 + (unsigned char)name[i];
	return hash % 4096;
}

static inline void rg_filter_add(struct rg_filter *f, const char *name)
{
	f->bits[rg_filter_bit(name) / 64] |= 1ULL << rg_filter_bit(name) % 64;
}

/* False: the name is none that was added. */
static inline _Bool rg_filter_may_have(const struct rg_filter *f, const char *name)
{
	unsigned int bit = rg_filter_bit(name);

	return f->bits[bit / 64] >> bit % 64 & 1;
}
