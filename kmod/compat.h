/* SPDX-License-Identifier: GPL-2.0-only */
/* What differs between kernels and compilers. Nothing else of the module goes by a version. */
#pragma once

#include <linux/exportfs.h>
#include <linux/fs.h>
#include <linux/version.h>

/* From 6.9 on what locks and leases have in common is in struct file_lock_core. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 9, 0)
#include <linux/filelock.h>
#define rg_lock_flags(fl) ((fl)->c.flc_flags)
#else
#define rg_lock_flags(fl) ((fl)->fl_flags)
#endif

/* A kernel whose headers do not know EXPORT_OP_NOLOCKS refuses no lock by it. */
#ifdef EXPORT_OP_NOLOCKS
#define RG_MAY_REFUSE_LOCKS 1
#else
#define RG_MAY_REFUSE_LOCKS 0
#endif

/* A question is neither inlined, nor is its answer known to the compiler: gcc 16 was seen
 * to fold what a noinline function returns. */
#ifdef __clang__
#define rg_question noinline
#else
#define rg_question __attribute__((noipa))
#endif

/* First argument of a function that a kprobe is at the entry of, to be written. */
#if defined(CONFIG_X86_64)
#define rg_first_argument(regs) ((regs)->di)
#elif defined(CONFIG_ARM64)
#define rg_first_argument(regs) ((regs)->regs[0])
#else
#error "where this architecture passes the first argument of a function is not known"
#endif
