/* SPDX-License-Identifier: GPL-2.0-only */
/* Draws a table on a screen with as many columns as fit, the most important first. */
#pragma once

#include "cli/screen.h"

#define RG_CELL_SIZE 256

struct rg_column {
	const char *head; /* heading; NULL: the title of the table */
	unsigned int width;
	unsigned int
		rank; /* the column with the highest number is dropped first; no two are equal */
	bool right;
	bool rest; /* the last column, which takes the rest of the line, at least `width` */
};

struct rg_table {
	const struct rg_column *columns;
	unsigned int n_columns; /* at most 32 */
	unsigned int n_rows;
	/* Writes the text of a cell to buf (RG_CELL_SIZE bytes), which holds "" before. */
	void (*cell)(const void *of, unsigned int row, unsigned int column, char *buf);
	/* Returns the look of a row; NULL: plain. */
	enum rg_look (*look)(const void *of, unsigned int row);
	const void *of;
};

/* Draws the line of headings; `title` is that of the column `rest`. */
void rg_table_head(struct rg_screen *s, const struct rg_table *t, const char *title);
void rg_table_row(struct rg_screen *s, const struct rg_table *t, unsigned int row);
