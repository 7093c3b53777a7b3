/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The daemon's metrics on disk, for the textfile collector of node_exporter:
 * metrics-dir/RG_METRICS_FILE in the classic text format.
 *
 * The directory is opened when the daemon starts, but that does not help it to
 * make a file there: by then it has given up the capability to write where root's
 * own rights do not reach.
 */
#pragma once

#include "metrics/snapshot.h"

struct rg_metrics_file {
	char dir[RG_PATH_SIZE]; /* "": none */
	int dir_fd;		/* or -1 */
	__u32 interval_s;
	__u64 tried_ns; /* CLOCK_BOOTTIME; 0: not yet */
	bool said;	/* that it cannot be written */
};

void rg_metrics_file_init(struct rg_metrics_file *f);
/* Take up what the policy says. A directory that cannot be used is warned of. */
void rg_metrics_file_start(struct rg_metrics_file *f, const struct rg_pins *p);
/* Write if it is due. budget: as rg_snapshot.budget. A failure is said once, until
 * it works again. */
void rg_metrics_file_tick(struct rg_metrics_file *f, const struct rg_pins *p,
			  const struct rg_budget *budget, __u64 now_ns);
/* The last one, due or not: the daemon ends. p: NULL if nothing is enabled. */
void rg_metrics_file_end(struct rg_metrics_file *f, const struct rg_pins *p,
			 const struct rg_budget *budget);
void rg_metrics_file_free(struct rg_metrics_file *f);

/* Replace the file by n bytes, mode 0644. Not synced to disk: what a power cut
 * leaves is out of date anyhow. 0 or negative errno: the old file is there, whole,
 * and no temporary one. */
int rg_metrics_file_replace(int dir_fd, const void *bytes, size_t n);
