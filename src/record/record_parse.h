/* SPDX-License-Identifier: GPL-2.0-only */
/* Makes a record from a line of a recording, for a replay: the reverse of record_json.h. */
#pragma once

#include <json-c/json.h>

#include "record/record.h"

/* Fills *r from a parsed line. Leaves out what docs/events.md does not allow, and cuts what a
 * record has no room for. *wall_ns is the line's `time` (CLOCK_REALTIME); 0: it has none. Returns
 * false, with *r all zero, if no record has such an event. */
bool rg_record_of_json(json_object *line, struct rg_record *r, __u64 *wall_ns);
