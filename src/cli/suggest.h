/* SPDX-License-Identifier: GPL-2.0-only */
/* Finds the word that a mistyped one may stand for. Pure. */
#pragma once

#include <stddef.h>

/* Length of the longest word that is compared, bytes. */
#define RG_SUGGEST_LONGEST 32

struct rg_suggestion {
	const char *word; /* the typed word, owned by the caller */
	/* The closest of those offered; empty: none is close. */
	char best[RG_SUGGEST_LONGEST + 1];
	size_t distance;
};

/* Offers a word of m bytes. It counts as close if it begins with what was typed, or if at most one
 * letter in three has to be added, left out, replaced or exchanged with its neighbour. Of
 * several the closest one stays, and of those the first. */
void rg_suggest(struct rg_suggestion *s, const char *offered, size_t m);
