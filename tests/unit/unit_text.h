/* SPDX-License-Identifier: GPL-2.0-only */
/* Files of the source, for tests that compare them with the program. */
#pragma once

#include "unit.h"

#define UNIT_SOURCE RG_TEST_DATA "/../../../"

/* A whole file; the caller frees. */
static inline char *unit_text(const char *path)
{
	FILE *f = fopen(path, "re");
	char *text = NULL;
	size_t size = 0;

	unit_need(f);
	unit_need(getdelim(&text, &size, EOF, f) > 0);
	fclose(f);
	return text;
}
