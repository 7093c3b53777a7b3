/* SPDX-License-Identifier: GPL-2.0-only */
/* Reads all elements of a hash map. */
#pragma once

#include <stddef.h>

#include <linux/types.h>

/* Reads every element that exists during the whole call, and perhaps those added or deleted
 * meanwhile, each once, in the order of their keys' bytes. keys and values have room for *n
 * elements of key_size and value_size bytes; *n becomes the number read. Returns 0 or a negative
 * errno. Reads elements one by one: during BPF_MAP_LOOKUP_BATCH no kprobe runs on that CPU, not
 * even for another thread while the reader is preempted (bpf_disable_instrumentation(),
 * kernel/bpf/hashtab.c). */
int rg_read_map(int fd, void *keys, size_t key_size, void *values, size_t value_size, __u32 *n);
