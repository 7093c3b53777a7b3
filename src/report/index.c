// SPDX-License-Identifier: GPL-2.0-only
/* A hash table with open addressing; equal hashes are compared by the element itself. */
#include <stdlib.h>

#include "report/clean.h"
#include "report/index.h"

__u64 rg_hash(__u64 hash, const void *bytes, size_t n)
{
	const unsigned char *b = bytes;

	hash ^= 0xcbf29ce484222325ULL;
	for (size_t i = 0; i < n; i++)
		hash = (hash ^ b[i]) * 0x100000001b3ULL;
	return hash ^ hash >> 29;
}

long rg_index_find(const struct rg_index *x, __u64 hash, rg_index_is is, const void *array,
		   const void *key)
{
	if (!x->cap)
		return -1;
	for (size_t at = hash & (x->cap - 1); x->slots[at]; at = (at + 1) & (x->cap - 1))
		if (is(array, x->slots[at] - 1, key))
			return x->slots[at] - 1;
	return -1;
}

static void put(struct rg_index *x, __u64 hash, __u32 i)
{
	size_t at = hash & (x->cap - 1);

	while (x->slots[at])
		at = (at + 1) & (x->cap - 1);
	x->slots[at] = i + 1;
}

/* Keep the table at most half full. */
static void enlarge(struct rg_index *x, __u64 (*hash_of)(const void *, __u32), const void *array)
{
	struct rg_index old = *x;

	x->cap = old.cap ? old.cap * 2 : 64;
	x->slots = rg_zalloc(x->cap, sizeof(*x->slots));
	for (size_t i = 0; i < old.cap; i++)
		if (old.slots[i])
			put(x, hash_of(array, old.slots[i] - 1), old.slots[i] - 1);
	free(old.slots);
}

void rg_index_add(struct rg_index *x, __u64 hash, __u32 i, __u64 (*hash_of)(const void *, __u32),
		  const void *array)
{
	if ((x->n + 1) * 2 > x->cap)
		enlarge(x, hash_of, array);
	put(x, hash, i);
	x->n++;
}

void rg_index_free(struct rg_index *x)
{
	free(x->slots);
	*x = (struct rg_index){};
}
