/* SPDX-License-Identifier: GPL-2.0-only */
/* How a list of exports (mounts/exports.h) is put together. */
#pragma once

#include "mounts/exports.h"

/* Larger is not read. */
#define RG_EXPORTS_BYTES (64UL << 20)

/* Copies, at the end of the list, unsorted. `path` is absolute. 0 or -ENOMEM. */
int rg_exports_add(struct rg_exports *out, const char *path,
		   const struct rg_export_options *options, const char *origin);
/* Of two clients, or of two lines: what one of them has or lacks. */
void rg_export_options_join(struct rg_export_options *to, const struct rg_export_options *one);
/* Sort, and make one of those of the same path. */
void rg_exports_merge(struct rg_exports *out);
