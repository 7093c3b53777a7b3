/* SPDX-License-Identifier: GPL-2.0-only */
/* A record as one line of NDJSON, as docs/events.md has it. */
#pragma once

#include "text/line.h"
#include "record/record.h"

/* The longest line, its end included: a path and a name of nothing but bytes that
 * have to be escaped, below the longest mount point. */
#define RG_RECORD_JSON_MAX (16 * 1024)

/* *r may be any bytes. The line, with its "\n" and without a NUL, is put into buf;
 * returns its length, 0: it did not fit into `size` bytes. `kept`: {} at first, the
 * caller's from then on. */
size_t rg_record_json(const struct rg_record *r, const struct rg_record_around *around,
		      struct rg_second *kept, char *buf, size_t size);
