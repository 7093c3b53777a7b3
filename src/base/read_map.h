/* SPDX-License-Identifier: GPL-2.0-only */
/* Reads all elements of a hash map. */
#pragma once

#include <stddef.h>

#include <linux/types.h>

/*
 * Elements that exist during the whole call are read, those added or deleted meanwhile may be;
 * each once, in the order of the bytes of their keys. keys and values have room for *n elements
 * of key_size and value_size bytes; *n becomes the number read. 0 or a negative errno.
 *
 * Elements are read one by one: during BPF_MAP_LOOKUP_BATCH no kprobe is run on that CPU, not
 * even for another thread while the reader is preempted (`bpf_disable_instrumentation`,
 * kernel/bpf/hashtab.c).
 */
int rg_read_map(int fd, void *keys, size_t key_size, void *values, size_t value_size, __u32 *n);
