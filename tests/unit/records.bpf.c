// SPDX-License-Identifier: GPL-2.0-only
/* For test_layout: records that the BPF object uses and whose types its BTF
 * does not hold, because no map and no function has them. Never loaded. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

#include "rg_maps.h"
#include "rg_records.h"

struct rg_event record_event = {};
struct rg_view record_view = {};
struct rg_record record_record = {};
struct rg_back record_back = {};
struct rg_tracer record_tracer = {};
struct rg_flow_client record_flow_client = {};
struct rg_flow_totals record_flow_totals = {};
struct rg_flow_storm record_flow_storm = {};
struct rg_flow_note record_flow_note = {};

char LICENSE[] SEC("license") = "GPL";
