/* SPDX-License-Identifier: GPL-2.0-only */
/* Breaks a long text into lines for a terminal. */
#pragma once

#include <stdbool.h>
#include <stdio.h>

/*
 * Prints `text`, and a newline, word by word, so that no line is wider than `width` columns.
 * `at`: how many columns of the first line are used already; later lines begin with `indent`
 * blanks. width 0: everything in one line. A word that is wider than a line is not broken, so
 * that a path can be copied. Each character of UTF-8 counts as one column.
 */
void rg_wrap(FILE *out, unsigned int width, unsigned int at, unsigned int indent, const char *text);
/* Returns the number of columns that a text takes in one line. */
unsigned int rg_columns(const char *text);
