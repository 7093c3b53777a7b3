/* SPDX-License-Identifier: GPL-2.0-only */
/* The tables of a recovery, which text and HTML show alike. */
#pragma once

#include "report/model.h"

enum rg_tone { RG_TONE_NONE = 0, RG_TONE_GOOD, RG_TONE_WARN, RG_TONE_BAD };

struct rg_table {
	char *title, *note; /* note: or NULL */
	const char *heads[16];
	bool right[16]; /* columns of numbers */
	size_t columns;
	char **cells; /* row by row; "" is an empty cell */
	size_t n_cells, room_cells;
	enum rg_tone *tones; /* one for each row */
	size_t room_tones;
};

/* Returns the n tables of a recovery that have rows, in order. Owned by the caller
 * (rg_tables_free). */
struct rg_table *rg_tables_of(const struct rg_recovery *r, size_t *n);
void rg_tables_free(struct rg_table *t, size_t n);

/* Writes a time as "+1.234", seconds since knfsd's start. Returns as snprintf() does. */
int rg_seconds_cell(const struct rg_recovery *r, __u64 ns, char *out, size_t size);
