// SPDX-License-Identifier: GPL-2.0-only
#include "base/read_map.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>

static int by_bytes(const void *a, const void *b, void *size)
{
	return memcmp(a, b, *(const size_t *)size);
}

int rg_read_map(int fd, void *keys, size_t key_size, void *values, size_t value_size, __u32 *n)
{
	char *key = keys, *value = values;
	__u32 found = 0, read = 0;

	while (found < *n && bpf_map_get_next_key(fd, found ? key + (found - 1) * key_size : NULL,
						  key + found * key_size) == 0)
		found++;
	if (found < *n && errno != ENOENT) /* ENOENT: there are no more */
		return -errno;
	/* The kernel starts over after a key that is gone. */
	qsort_r(keys, found, key_size, by_bytes, &key_size);
	for (__u32 i = 0; i < found; i++) {
		const char *next = key + i * key_size;

		if (read && memcmp(next, key + (read - 1) * key_size, key_size) == 0)
			continue;
		if (bpf_map_lookup_elem(fd, next, value + read * value_size) == 0)
			memmove(key + read++ * key_size, next, key_size);
		else if (errno != ENOENT)
			return -errno;
	}
	*n = read;
	return 0;
}
