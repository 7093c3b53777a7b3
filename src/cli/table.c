// SPDX-License-Identifier: GPL-2.0-only
#include "cli/table.h"

#include <string.h>

/* Writes a message in place of a row. */
#define HEADS (~0U)

/* Returns a bit for each column that fits. A column that is too wide does not keep out a
 * narrower, less important one; the first always fits, cut if necessary. */
static unsigned int choose(const struct rg_table *t, unsigned int width)
{
	unsigned int chosen = 0, used = 0;

	for (unsigned int rank = 0; rank < t->n_columns; rank++)
		for (unsigned int i = 0; i < t->n_columns; i++) {
			unsigned int more = t->columns[i].width + (chosen ? 1 : 0);

			if (t->columns[i].rank != rank || (chosen && used + more > width))
				continue;
			chosen |= 1u << i;
			used += more;
		}
	return chosen;
}

static void put_cell(struct rg_screen *s, const struct rg_column *c, enum rg_look look,
		     const char *text)
{
	unsigned int from = s->width - rg_screen_left(s), n = (unsigned int)strlen(text);

	if (c->rest) {
		rg_screen_put(s, look, "%s", text);
		return;
	}
	if (c->right && n < c->width)
		rg_screen_column(s, from + c->width - n);
	rg_screen_put(s, look, "%.*s", (int)c->width, text);
	rg_screen_column(s, from + c->width);
}

static void put_line(struct rg_screen *s, const struct rg_table *t, enum rg_look look,
		     unsigned int row, const char *title)
{
	unsigned int chosen = choose(t, s->width);
	bool begun = false;

	if (!rg_screen_line(s))
		return;
	for (unsigned int i = 0; i < t->n_columns; i++) {
		const struct rg_column *c = &t->columns[i];
		char buf[RG_CELL_SIZE] = "";

		if (!(chosen & 1u << i))
			continue;
		if (begun)
			rg_screen_put(s, look, " ");
		if (row != HEADS)
			t->cell(t->of, row, i, buf);
		put_cell(s, c, look, row != HEADS ? buf : c->rest ? title : c->head ?: "");
		begun = true;
	}
}

void rg_table_head(struct rg_screen *s, const struct rg_table *t, const char *title)
{
	put_line(s, t, RG_LOOK_HEADING, HEADS, title);
}

void rg_table_row(struct rg_screen *s, const struct rg_table *t, unsigned int row)
{
	put_line(s, t, t->look ? t->look(t->of, row) : RG_LOOK_PLAIN, row, "");
}
