/* SPDX-License-Identifier: GPL-2.0-only */
/* The parts of the object that `status --json` prints. Each is owned by the caller. */
#pragma once

#include "metrics/snapshot.h"
#include "pins/pins.h"
#include "pins/settle.h"
#include "state/lost.h"
#include "text/json.h"

static inline json_object *u64(__u64 n)
{
	return rg_json_uint(n);
}
/* Converts CLOCK_BOOTTIME to wall clock, RFC 3339 in UTC, to the millisecond. */
json_object *rg_status_wall(__u64 boot_ns, __u64 now_ns);
/* Returns the duration in seconds; 0 for what began after the clock was read. */
json_object *rg_status_since(__u64 since_ns, __u64 now_ns);

/* ---- status_gates.c ---- */
json_object *rg_status_gate(const struct rg_gate *g, __u64 now_ns);
/* Lists the end clients of the gate g in this slot. */
json_object *rg_status_clients(const struct rg_awaited *all, __u32 slot, const struct rg_gate *g,
			       __u64 now_ns);
json_object *rg_status_lost(const struct rg_lost *l);

/* ---- status_held.c ---- */
json_object *rg_status_mounts(const struct rg_pins *p, const struct rg_gate *gates);
/* Adds to *unnamed the threads whose files were not looked for. */
json_object *rg_status_held(const struct rg_snapshot *s, __u64 *unnamed);
json_object *rg_status_wrappers(const struct rg_pins *p, __u64 now_ns);

/* ---- status_counters.c ---- */
json_object *rg_status_counters(const struct rg_snapshot *s);
json_object *rg_status_module(const struct rg_meta *meta);
json_object *rg_status_tracing(const struct rg_snapshot *s);
json_object *rg_status_recorder(const struct rg_pins *p);
json_object *rg_status_notices(const struct rg_pins *p);
json_object *rg_status_protect(const struct rg_snapshot *s);
