// SPDX-License-Identifier: GPL-2.0-only
/* Writes a report for a terminal or a mail. */
#include <stdlib.h>
#include <string.h>

#include "state/budget.h"
#include "report/advice.h"
#include "report/report.h"
#include "report/tables.h"
#include "report/words.h"

#define WIDTH 96

/* Counts characters, which are columns for the texts of a report. */
static size_t width_of(const char *text, size_t bytes)
{
	size_t n = 0;

	for (size_t i = 0; i < bytes; i++)
		n += ((unsigned char)text[i] & 0xc0) != 0x80;
	return n;
}

/* Wraps a text; lines after the first begin with `indent`. */
static void paragraph(FILE *out, const char *first, const char *indent, const char *text)
{
	size_t column = strlen(first);
	bool begun = false;

	fputs(first, out);
	for (size_t bytes; *text; text += bytes + strspn(text + bytes, " ")) {
		size_t width;

		bytes = strcspn(text, " ");
		width = width_of(text, bytes);
		if (begun && column + 1 + width > WIDTH) {
			fprintf(out, "\n%s", indent);
			column = strlen(indent);
		} else if (begun) {
			fputc(' ', out);
			column++;
		}
		fwrite(text, 1, bytes, out);
		column += width;
		begun = true;
	}
	fputc('\n', out);
}

static void pad(FILE *out, const char *text, size_t width, bool right, bool last)
{
	size_t have = width_of(text, strlen(text)), blanks = width > have ? width - have : 0;

	if (right)
		fprintf(out, "%*s%s", (int)blanks, "", text);
	else
		fprintf(out, "%s%*s", text, last ? 0 : (int)blanks, "");
}

static void table_row(FILE *out, const struct rg_table *t, char *const *cells, const size_t *widths,
		      const bool *used)
{
	size_t last = 0;

	for (size_t c = 0; c < t->columns; c++)
		if (used[c] && cells[c][0])
			last = c;
	fputs(" ", out);
	for (size_t c = 0; c <= last; c++) {
		if (!used[c])
			continue;
		fputs(" ", out);
		pad(out, cells[c], widths[c], t->right[c], c == last);
		if (c < last)
			fputs(" ", out);
	}
	fputc('\n', out);
}

/* Leaves out a column that is empty in every row. */
static void table(FILE *out, const struct rg_table *t)
{
	size_t widths[16] = {}, rows = t->n_cells / t->columns;
	char *heads[16] = {};
	bool used[16] = {};

	for (size_t i = 0; i < t->n_cells; i++) {
		size_t c = i % t->columns, width = width_of(t->cells[i], strlen(t->cells[i]));

		used[c] |= width > 0;
		if (width > widths[c])
			widths[c] = width;
	}
	for (size_t c = 0; c < t->columns; c++) {
		heads[c] = (char *)t->heads[c];
		if (strlen(heads[c]) > widths[c])
			widths[c] = strlen(heads[c]);
	}
	fprintf(out, "\n%s\n", t->title);
	if (t->note && t->note[0])
		paragraph(out, "  ", "  ", t->note);
	table_row(out, t, heads, widths, used);
	for (size_t i = 0; i < rows; i++)
		table_row(out, t, &t->cells[i * t->columns], widths, used);
}

static void advice(FILE *out, const struct rg_recovery *r)
{
	size_t n;
	struct rg_advice *a = rg_advice_of(r, &n);

	fprintf(out, "\nWhat to do\n");
	if (!n)
		paragraph(out, "  ", "  ", rg_advice_nothing(r));
	for (size_t i = 0; i < n; i++) {
		char *who = a[i].client < 0 ? rg_text("On this host")
					    : rg_peer_text(&r->clients[a[i].client]),
		     *text = rg_text("%s: %s.", who, a[i].text);

		paragraph(out, "  - ", "    ", text);
		free(who);
		free(text);
	}
	rg_advice_free(a, n);
}

static void recovery(FILE *out, const struct rg_recovery *r)
{
	char *title = rg_recovery_title(r), *place;
	struct rg_table *tables;
	size_t n;

	fprintf(out, "\n%s\n\n", title);
	free(title);
	for (size_t i = 0; i < r->verdict.n; i++)
		paragraph(out, i ? "  - " : "  ", i ? "    " : "  ", r->verdict.sentences[i]);
	place = rg_recovery_place(r);
	paragraph(out, "  - ", "    ", place);
	free(place);
	tables = rg_tables_of(r, &n);
	for (size_t i = 0; i < n; i++)
		table(out, &tables[i]);
	rg_tables_free(tables, n);
	advice(out, r);
}

static void head(FILE *out, const struct rg_report *r)
{
	__u64 bytes = 0;

	for (size_t i = 0; i < r->n_inputs; i++)
		bytes += r->inputs[i].bytes;
	if (r->has_header)
		fprintf(out, "%s, %s, recorded by reexport-guard %s\n", r->header.host ?: "?",
			r->header.kernel ?: "?", r->header.tool ?: "?");
	fprintf(out, "%zu file%s, %llu events, %.1f %s\n", r->n_inputs, r->n_inputs == 1 ? "" : "s",
		(unsigned long long)r->events, (double)bytes / (bytes < 1000000 ? 1e3 : 1e6),
		bytes < 1000000 ? "kB" : "MB");
}

void rg_report_text(const struct rg_report *r, FILE *out)
{
	size_t n;
	char **notes = rg_report_notes(r, &n);

	head(out, r);
	for (size_t i = 0; i < n; i++) {
		paragraph(out, "", "  ", notes[i]);
		free(notes[i]);
	}
	free(notes);
	if (!r->n)
		fprintf(out, "\nNo recovery is in it.\n");
	for (size_t i = 0; i < r->n; i++)
		recovery(out, r->at[i]);
}
