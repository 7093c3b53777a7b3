/* SPDX-License-Identifier: GPL-2.0-only */
/* Finds an element of an array by its contents, with a hash table beside the array. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <linux/types.h>

/* {} is an empty table. Owned by the caller (rg_index_free). */
struct rg_index {
	__u32 *slots; /* number of the element, plus 1; 0: empty */
	size_t cap, n;
};

/* Says whether element i of the array is the one that the key names. */
typedef bool (*rg_index_is)(const void *array, __u32 i, const void *key);

/* Returns the number of the element, or -1. */
long rg_index_find(const struct rg_index *x, __u64 hash, rg_index_is is, const void *array,
		   const void *key);
/* Adds element i. hash_of computes the hash of an element when the table grows. */
void rg_index_add(struct rg_index *x, __u64 hash, __u32 i, __u64 (*hash_of)(const void *, __u32),
		  const void *array);
void rg_index_free(struct rg_index *x);

/* Continues a hash (FNV-1a) over n bytes; it begins with 0. */
__u64 rg_hash(__u64 hash, const void *bytes, size_t n);
