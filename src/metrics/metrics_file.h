/* SPDX-License-Identifier: GPL-2.0-only */
/* Writes the daemon's metrics to metrics-dir/RG_METRICS_FILE in the classic text format, for the
 * textfile collector of node_exporter. The daemon opens the directory at its start and has then
 * dropped the capability to write where root's own rights do not reach. */
#pragma once

#include "metrics/snapshot.h"

struct rg_metrics_file {
	char dir[RG_PATH_SIZE]; /* "": none */
	int dir_fd;		/* or -1 */
	__u32 interval_s;
	__u64 tried_ns; /* CLOCK_BOOTTIME; 0: never */
	bool said;	/* the failure was reported */
};

void rg_metrics_file_init(struct rg_metrics_file *f);
/* Applies the policy. Warns of a directory that cannot be used. */
void rg_metrics_file_start(struct rg_metrics_file *f, const struct rg_pins *p);
/* Writes the file if it is due. budget: as rg_snapshot.budget. Reports a failure once, until a
 * write succeeds. */
void rg_metrics_file_tick(struct rg_metrics_file *f, const struct rg_pins *p,
			  const struct rg_budget *budget, __u64 now_ns);
/* Writes the last file when the daemon ends. p: NULL if nothing is enabled. */
void rg_metrics_file_end(struct rg_metrics_file *f, const struct rg_pins *p,
			 const struct rg_budget *budget);
void rg_metrics_file_free(struct rg_metrics_file *f);

/* Replaces the file by n bytes, mode 0644, without syncing to disk: after a power cut it is out
 * of date anyway. Returns 0 or a negative errno; then the old file is intact and no temporary one
 * is left. */
int rg_metrics_file_replace(int dir_fd, const void *bytes, size_t n);
