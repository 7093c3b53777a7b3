/* SPDX-License-Identifier: GPL-2.0-only */
/* Takes the terminal for a full-screen program, and gives it back as it was however the program
 * ends. */
#pragma once

#include <stdbool.h>

/* Says whether standard output is a terminal on which a screen can be drawn. */
bool rg_terminal_is_one(void);
/* Says whether to use colours; NO_COLOR turns them off. */
bool rg_terminal_has_colours(void);
/* Returns the size of the terminal; without one, COLUMNS and LINES, or 160 and 24. */
void rg_terminal_size(unsigned int *columns, unsigned int *lines);

/* Returns the column at which to wrap text: the terminal's width or COLUMNS. Returns 0, for
 * whole lines, if standard output is no terminal and COLUMNS is not set. */
unsigned int rg_terminal_width(void);

/* Takes the terminal: alternate screen, no cursor, keys without Enter and without echo. exit(3)
 * and signals that dump core give it back as well. */
void rg_terminal_take(void);
/* Gives it back; does nothing if it is not taken. Async-signal-safe. */
void rg_terminal_give_back(void);
