/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which bytes a local application asks a lock of, by the argument of its fcntl(2). The BPF programs
 * and user space run the same code, so that the unit tests test what the kernel runs.
 */
#pragma once

#ifndef __bpf__
#include <linux/types.h>
#endif

/* struct flock of a 64-bit program: include/uapi/asm-generic/fcntl.h. */
struct rg_org_flock {
	__s16 type, whence;
	__s64 start, len;
	__s32 pid;
};

#define RG_ORG_OFFSET_MAX 0x7fffffffffffffffLL /* include/linux/limits.h */

/* Writes the first and the last byte, as flock64_to_posix_lock() (fs/locks.c) reckons them; pos: of
 * the open file, size: of the file. Returns 0, or -1: the kernel would refuse it. Total for any
 * bytes in *fl. */
static inline int rg_org_asked_range(const struct rg_org_flock *fl, __s64 pos, __s64 size,
				     __u64 *start, __u64 *end)
{
	__s64 from = fl->whence == 0 ? 0 : fl->whence == 1 ? pos : size, last = RG_ORG_OFFSET_MAX;

	if (fl->whence < 0 || fl->whence > 2 || from < 0 || fl->start > RG_ORG_OFFSET_MAX - from)
		return -1;
	from += fl->start;
	if (from < 0)
		return -1;
	if (fl->len > 0) {
		if (fl->len - 1 > RG_ORG_OFFSET_MAX - from)
			return -1;
		last = from + (fl->len - 1);
	} else if (fl->len < 0) {
		if (from + fl->len < 0)
			return -1;
		last = from - 1;
		from += fl->len;
	}
	*start = (__u64)from;
	*end = (__u64)last;
	return 0;
}
