/* SPDX-License-Identifier: GPL-2.0-only */
/* Publishes the daemon's verdict in the status line of `systemctl status` (sd_notify(3),
 * STATUS=) and in a file that anybody may read. */
#pragma once

#include "metrics/verdict.h"

#define RG_STATUS_DIR "/run/reexport-guard"
#define RG_STATUS_FILE "status"

/* All zero at first. */
struct rg_status_line {
	char said[RG_VERDICT_SIZE];
	__u64 due_ns; /* CLOCK_BOOTTIME; 0: now */
	bool failed;  /* the file could not be written, which was said */
};

/* Looks every five seconds, or at once if due_ns is 0, and publishes a changed verdict. Makes
 * the missing directory. Reports a failure once. */
void rg_status_line_tick(struct rg_status_line *l, const struct rg_pins *p, __u64 now_ns);
/* Removes the file, which nobody keeps up to date any more. */
void rg_status_line_end(void);
