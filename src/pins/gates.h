/* SPDX-License-Identifier: GPL-2.0-only */
/* Reads gates, and asks the kernel to change them. */
#pragma once

#include "pins/pins.h"

/* CLOCK_BOOTTIME, ns. */
__u64 rg_now_ns(void);

/* All slots, RG_MAX_GATES of them; a free one has netns 0. 0 or negative errno. */
int rg_gates_read(const struct rg_pins *p, struct rg_gate *gates);
/* The slot of the gate of a network namespace, or -ENOENT. */
int rg_gate_slot(const struct rg_pins *p, __u32 netns);
/* The slot of the gate of this process's network namespace, or -ENOENT. A gate of a namespace that
 * had the same number and is gone is not it. */
int rg_gate_here(const struct rg_pins *p);

/* Run the program `control` (bpf/control.bpf.c). 0 or negative errno. */
int rg_control(const struct rg_pins *p, struct rg_control *c);

/* Sum of a per-CPU counter. 0 if it cannot be read. */
__u64 rg_counter_sum(const struct rg_pins *p, __u32 counter);
