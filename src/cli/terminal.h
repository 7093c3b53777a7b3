/* SPDX-License-Identifier: GPL-2.0-only */
/* The terminal of a full-screen program: taken, and given back as it was, however
 * the program ends. */
#pragma once

#include <stdbool.h>

/* Is standard output a terminal on which a screen can be drawn? */
bool rg_terminal_is_one(void);
/* Are colours wanted on it? Not with NO_COLOR. */
bool rg_terminal_has_colours(void);
/* Columns and lines of the terminal; where there is none, of COLUMNS and LINES, or 160
 * and 24. */
void rg_terminal_size(unsigned int *columns, unsigned int *lines);

/* Columns that text for people is to be wrapped at: those of the terminal, or COLUMNS. 0:
 * standard output is no terminal and COLUMNS is not set, so that lines stay whole. */
unsigned int rg_terminal_width(void);

/* Take it: the alternate screen, no cursor, keys without Enter and without echo. It
 * is given back by exit(3) and by signals that dump core as well. */
void rg_terminal_take(void);
/* Give it back; may be called when it is not taken. Async-signal-safe. */
void rg_terminal_give_back(void);
