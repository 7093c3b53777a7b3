// SPDX-License-Identifier: GPL-2.0-only
/* Where the maps live; the headers describe them. */
#define RG_DEFINE_MAPS
#include "guard.bpf.h"
#include "kprobe.bpf.h"
#include "trace/trace.bpf.h"

struct rg_live live SEC(".data.live") = {};

char LICENSE[] SEC("license") = "GPL";
