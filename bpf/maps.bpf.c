// SPDX-License-Identifier: GPL-2.0-only
/* Defines the maps that the headers declare. */
#define RG_DEFINE_MAPS
#include "guard.bpf.h"
#include "kprobe.bpf.h"
#include "trace/trace.bpf.h"

struct rg_live live SEC(".data.live") = {};

char LICENSE[] SEC("license") = "GPL";
