/* SPDX-License-Identifier: GPL-2.0-only */
/* Writes a record as one line of NDJSON (docs/events.md). */
#pragma once

#include "text/line.h"
#include "record/record.h"

/* Length of the longest line with its newline: a path and a name in which every byte is escaped,
 * below the longest mount point. */
#define RG_RECORD_JSON_MAX (16UL * 1024)

/* Writes the line to buf, with its newline and without a NUL. Accepts any bytes in *r. Returns
 * the length; 0: the line did not fit into `size` bytes. The caller keeps `kept`, {} at first, from
 * call to call. */
size_t rg_record_json(const struct rg_record *r, const struct rg_record_around *around,
		      struct rg_second *kept, char *buf, size_t size);
