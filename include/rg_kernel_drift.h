/* SPDX-License-Identifier: GPL-2.0-only */
/* The part of bpf/kernel_drift.bpf.h that user space, or its tests, need as well: how
 * kernels differ in what is no type. Each entry says where it was seen. */
#pragma once

#include "rg_regime.h"

/* Functions that have another name by now, {name in a program's section, newer one}; the
 * program knows both. fs/lockd/svc4proc.c, seen in 7.2. */
#define RG_RENAMED_FUNCTIONS                                                                       \
	{                                                                                          \
		{                                                                                  \
			"__nlm4svc_proc_lock", "nlm4svc_do_lock"                                   \
		}                                                                                  \
	}

/* A function that is there since LSM programs have no guard against recursion any more, and
 * so are run for every call: bpf_prog_check_recur(), kernel/bpf/trampoline.c, 6.2 and
 * Debian's 6.1.192. */
#define RG_LSM_HAS_NO_GUARD "bpf_trampoline_enter"

/* A function that is there since a kprobe_multi link sees returns by what each thread has of
 * its own, so that there is no want of places: kernel/trace/fprobe.c by fgraph, seen in 7.2
 * and not in 6.12. */
#define RG_RETURNS_HAVE_ROOM "fprobe_fgraph_entry"

/* Bits of export_operations.flags, include/linux/exportfs.h. No BTF has them. */
#define RG_EXPORT_REMOTE_FS 0x8	      /* NFS has had it for as long as any of these */
#define RG_EXPORT_NOLOCKS 0x40	      /* mainline */
#define RG_EXPORT_NOLOCKS_BESIDE 0x80 /* backported to where 0x40 is ASYNC_LOCK (6.7 to 6.12) */
#define RG_EXPORT_BEFORE_NOLOCKS 0x7f /* all there are without NOLOCKS, in 6.1 and 6.12 */

/*
 * NFSv4, by `flags` of the NFS client's export operations. has_open: struct
 * export_operations has that member (6.14), so ASYNC_LOCK, which NFS never had, is
 * gone, NOLOCKS is where mainline has it and 0x80 is something else. Pure.
 */
static inline __attribute__((always_inline)) __u32 rg_regime_of_flags(__u64 flags, int has_open)
{
	if (!(flags & RG_EXPORT_REMOTE_FS)) /* these are not the flags */
		return RG_REGIME_UNKNOWN;
	if (flags & RG_EXPORT_NOLOCKS)
		return RG_REGIME_REFUSED;
	if (has_open)
		return RG_REGIME_FORWARDED;
	if (flags & RG_EXPORT_NOLOCKS_BESIDE)
		return RG_REGIME_REFUSED;
	return flags & ~(__u64)RG_EXPORT_BEFORE_NOLOCKS ? RG_REGIME_UNKNOWN : RG_REGIME_FORWARDED;
}
