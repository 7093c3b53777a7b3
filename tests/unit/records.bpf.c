// SPDX-License-Identifier: GPL-2.0-only
/* For test_layout: records that the BPF object uses and whose types its BTF
 * does not hold, because no map and no function has them. Never loaded. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

#include "rg_maps.h"

struct rg_event record_event = {};
struct rg_view record_view = {};

char LICENSE[] SEC("license") = "GPL";
