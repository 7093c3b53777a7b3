/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A report of the recoveries in a recording (docs/events.md). Data goes one way:
 *
 *     lines   read.c (files), event.c (one line)
 *     model   model.c
 *     collect sections.c (recoveries), collect.c with peers.c reclaims.c locks.c apps.c lost.c
 *     judge   finish.c verdict.c
 *     render  words.c tables.c advice.c, and text.c json.c html.c with svg.c storm.c frame.c
 *
 * Nothing here looks at this host.
 */
#pragma once

#include <stdio.h>

#include "report/model.h"

#define RG_REPORT_LINE_MAX (1U << 20) /* bytes; tracers write less than 8,000 */

/* Owned by the caller (rg_report_free). */
void rg_report_init(struct rg_report *r);
void rg_report_free(struct rg_report *r);

/* read.c: reads all of these files ("-": standard input) in the order in which they were written,
 * and finishes the report. Prints its complaints. Returns false if no file could be opened. */
bool rg_report_read(struct rg_report *r, char *const *files, size_t n);

/* Adds one parsed line. Returns false if it is no event. */
bool rg_report_line(struct rg_report *r, json_object *line);
/* Notes a line, or a file (line 0), that could not be read. */
void rg_report_complain(struct rg_report *r, const char *file, __u64 line, const char *fmt, ...)
	RG_PRINTF(4, 5);
/* Ends the report: no more lines. */
void rg_report_finish(struct rg_report *r);
/* Drops all recoveries but the last one, and counts them as dropped. */
void rg_report_keep_last(struct rg_report *r);

/* Write a finished report. */
void rg_report_text(const struct rg_report *r, FILE *out);
void rg_report_html(const struct rg_report *r, FILE *out);
#define RG_REPORT_SCHEMA 1
json_object *rg_report_json(const struct rg_report *r); /* owned by the caller */
