/* SPDX-License-Identifier: GPL-2.0-only */
/* A table on a screen: as many of its columns as fit, the most important first. */
#pragma once

#include "cli/screen.h"

#define RG_CELL_SIZE 256

struct rg_column {
	const char *head; /* NULL: the title of the table */
	unsigned int width;
	unsigned int rank; /* 0: the last to go; each column has its own */
	bool right;
	bool rest; /* the last column: at least width, and what is left of the line */
};

struct rg_table {
	const struct rg_column *columns;
	unsigned int n_columns; /* at most 32 */
	unsigned int n_rows;
	/* Text of a cell, into buf of RG_CELL_SIZE bytes; "" is there already. */
	void (*cell)(const void *of, unsigned int row, unsigned int column, char *buf);
	/* How a row looks; NULL: plain. */
	enum rg_look (*look)(const void *of, unsigned int row);
	const void *of;
};

/* A line of heads; `title` is that of the column that is `rest`. */
void rg_table_head(struct rg_screen *s, const struct rg_table *t, const char *title);
void rg_table_row(struct rg_screen *s, const struct rg_table *t, unsigned int row);
