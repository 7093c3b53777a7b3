/* SPDX-License-Identifier: GPL-2.0-only */
/* Prints what `status --json` says for people. */
#pragma once

#include <stdbool.h>
#include <stdio.h>

#include <json-c/json.h>

/* One screen: the verdict, what there is to lose, what is wrong. Lines are wrapped at
 * `width` columns; no list is longer than a few lines. */
void rg_status_print(json_object *all, FILE *out, unsigned int width, bool colour);
/* Everything, line by line, to stdout: status_text.c. */
void rg_status_print_all(json_object *all);
/* Of a set that another version made: what can be told of it. */
void rg_status_print_other(json_object *o);

/* ---- shared by the two ---- */

/* "● protected: ...", the dot in the colour of a traffic light. width: as rg_wrap(). */
void rg_status_print_verdict(json_object *verdict, FILE *out, unsigned int width, bool colour);
/* The locks of one end client, such as "7 of 20 locks taken again". */
void rg_status_locks_of(json_object *client, char *buf, size_t size);
