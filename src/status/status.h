/* SPDX-License-Identifier: GPL-2.0-only */
/* Prints the object of `status --json` for people. */
#pragma once

#include <stdbool.h>
#include <stdio.h>

#include <json-c/json.h>

/* Prints one screen: the verdict, what there is to lose, what is wrong. Wraps lines at `width`
 * columns, and cuts every list to a few lines. */
void rg_status_print(json_object *all, FILE *out, unsigned int width, bool colour);
/* Prints everything, line by line, to stdout (status_text.c). */
void rg_status_print_all(json_object *all);
/* Prints what can be read of a set that another version made. */
void rg_status_print_other(json_object *o);

/* ---- shared by the two ---- */

/* Prints "● protected: ...", the dot in the colour of a traffic light. width: as rg_wrap(). */
void rg_status_print_verdict(json_object *verdict, FILE *out, unsigned int width, bool colour);
/* Writes the locks of one end client: "7 of 20 locks taken again; given up if quiet for 3 s
 * more". */
void rg_status_locks_of(json_object *client, char *buf, size_t size);
