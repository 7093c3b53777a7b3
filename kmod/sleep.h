/* SPDX-License-Identifier: GPL-2.0-only */
/* What the module reexport_guard (kmod/sleep.c) and the kernel programs share about threads
 * that sleep at a door. Included by both: numbers only. */
#pragma once

/* bpf_send_signal_thread() of this puts the calling thread to sleep on its way back to user
 * space, and returns 0. It is no signal: without the module -EINVAL is returned. */
#define RG_SLEEP_SIGNAL 0x52475331U

/* Second argument of security_reexport_wait(tid, how). */
#define RG_WAIT_MUST 0	      /* must this thread sleep on? RG_YES or RG_NO */
#define RG_WAIT_INTERRUPTED 1 /* it was woken by a signal or by the freezer */
