// SPDX-License-Identifier: GPL-2.0-only
/* Where the maps of an original server live; original.bpf.h describes them. */
#define RG_DEFINE_MAPS
#include "original/original.bpf.h"

struct rg_org_state org SEC(".data.original") = {};

char LICENSE[] SEC("license") = "GPL";
