// SPDX-License-Identifier: GPL-2.0-only
#include "cli/suggest.h"

#include <string.h>

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Counts the letters to add, remove, replace or exchange with a neighbour (the optimal string
 * alignment distance) between words of up to RG_SUGGEST_LONGEST bytes. */
static size_t distance(const char *a, size_t n, const char *b, size_t m)
{
	size_t rows[RG_SUGGEST_LONGEST + 1][RG_SUGGEST_LONGEST + 1];

	for (size_t i = 0; i <= n; i++)
		rows[i][0] = i;
	for (size_t j = 0; j <= m; j++)
		rows[0][j] = j;
	for (size_t i = 1; i <= n; i++) {
		for (size_t j = 1; j <= m; j++) {
			size_t replaced = rows[i - 1][j - 1] + (a[i - 1] != b[j - 1]);

			rows[i][j] = least(least(rows[i - 1][j], rows[i][j - 1]) + 1, replaced);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				rows[i][j] = least(rows[i][j], rows[i - 2][j - 2] + 1);
		}
	}
	return rows[n][m];
}

void rg_suggest(struct rg_suggestion *s, const char *offered, size_t m)
{
	size_t n = strlen(s->word), found;

	if (!n || n > RG_SUGGEST_LONGEST || m > RG_SUGGEST_LONGEST)
		return;
	if (n < m && strncmp(s->word, offered, n) == 0)
		found = 1;
	else
		found = distance(s->word, n, offered, m);
	if (found > (n + 2) / 3 || (s->best[0] && found >= s->distance))
		return;
	memcpy(s->best, offered, m);
	s->best[m] = '\0';
	s->distance = found;
}
