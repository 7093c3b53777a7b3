/* SPDX-License-Identifier: GPL-2.0-only */
/* How a list of exports (mounts/exports.h) is put together. */
#pragma once

#include "mounts/exports.h"

/* Larger is not read. */
#define RG_EXPORTS_BYTES (64UL << 20)

/* Adds a copy of `one` at the end of the list, unsorted; its path is made tidy. 0 or
 * -ENOMEM. */
int rg_exports_add(struct rg_exports *out, const struct rg_export *one);
/* Adds a copy of `client` to an export, and what it has or lacks. 0 or -ENOMEM. */
int rg_export_add_client(struct rg_export *to, const struct rg_export_client *client);
void rg_export_free(struct rg_export *one);
/* Puts `dir` before each path. 0 or -ENOMEM. */
int rg_exports_prefix(struct rg_exports *exports, const char *dir);
/* Moves all of `from` into `to`, and sorts. 0 or -ENOMEM; then `from` keeps some. */
int rg_exports_move(struct rg_exports *to, struct rg_exports *from);
/* Of two clients, or of two lines: what one of them has or lacks. */
void rg_export_options_join(struct rg_export_options *to, const struct rg_export_options *one);
/* Sort, and make one of those of the same path. */
void rg_exports_merge(struct rg_exports *out);
