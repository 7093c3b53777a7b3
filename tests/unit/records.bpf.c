// SPDX-License-Identifier: GPL-2.0-only
/* For test_layout: a record that the BPF object uses and whose type its BTF
 * does not hold, because no map and no function has it. Never loaded. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

#include "rg_maps.h"

struct rg_event record_event = {};

char LICENSE[] SEC("license") = "GPL";
