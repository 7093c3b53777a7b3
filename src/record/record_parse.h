/* SPDX-License-Identifier: GPL-2.0-only */
/* A record from a line of a recording: the way back of record_json.h, for a replay. */
#pragma once

#include <json-c/json.h>

#include "record/record.h"

/*
 * Makes *r of a parsed line. What docs/events.md does not allow there is left out, and what a
 * record has no room for is cut. *wall_ns: its `time`, of CLOCK_REALTIME; 0: it has none.
 * False: it is no event that a record can have; *r is all zero then.
 */
bool rg_record_of_json(json_object *line, struct rg_record *r, __u64 *wall_ns);
