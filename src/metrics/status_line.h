/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Keeps the daemon's verdict where people look: the status line of `systemctl status`
 * (sd_notify(3), STATUS=) and a file that anybody may read.
 */
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

/* Looks every five seconds, or as soon as due_ns is 0, and says the verdict where it has
 * changed. The folder is made if it is missing. A failure is said once. */
void rg_status_line_tick(struct rg_status_line *l, const struct rg_pins *p, __u64 now_ns);
/* Takes the file away: nobody keeps it true any more. */
void rg_status_line_end(void);
