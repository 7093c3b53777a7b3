/* SPDX-License-Identifier: GPL-2.0-only */
/* Reading a whole map of the hash kind. */
#pragma once

#include <stddef.h>

#include <linux/types.h>

/*
 * Those that were in it from first to last, and some of those that came or went
 * meanwhile; each once, in the order of their keys' bytes. keys, values: *n of each have
 * room, of key_size and value_size bytes; *n: then how many were read. 0, or a negative
 * errno.
 *
 * An element at a time: while BPF_MAP_LOOKUP_BATCH goes through a map no kprobe is run on
 * that CPU, not even for a thread that comes by as the reader is preempted
 * (`bpf_disable_instrumentation`, kernel/bpf/hashtab.c).
 */
int rg_read_map(int fd, void *keys, size_t key_size, void *values, size_t value_size, __u32 *n);
