/* SPDX-License-Identifier: GPL-2.0-only */
/* Standard output of a verb that runs for as long as somebody reads. It buffers lines, and a
 * slow, stopped or closed reader never keeps the verb from ending. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <linux/types.h>

#define RG_OUTLET_BUFFER (256UL * 1024)

/* Called about once a second while the reader keeps us waiting. */
typedef void rg_outlet_meanwhile(void *arg);

/* Owned by the caller (rg_outlet_close). */
struct rg_outlet {
	int fd;
	int stop_fd;	/* becomes readable when waiting must end; -1: none */
	__u64 until_ms; /* CLOCK_MONOTONIC: end of all waiting; 0: none */
	/* Drop lines instead of waiting, since something else must not wait. */
	bool hasty;
	rg_outlet_meanwhile *meanwhile; /* NULL: nothing is called */
	void *arg;

	int own_fd;	  /* the terminal, opened anew; or -1 */
	bool never_waits; /* a file */
	bool in_line;	  /* the last line was written in part */
	size_t used;
	char *buffer;
	__u64 left_out; /* lines */
};

/* Opens an outlet on fd, which stays the caller's and unchanged, since others may share it. The
 * caller may set `hasty`, `meanwhile` and `arg` afterwards. Returns 0 or -ENOMEM. */
int rg_outlet_open(struct rg_outlet *o, int fd, int stop_fd);
/* Adds a whole line with its newline, at most RG_OUTLET_BUFFER bytes. Returns 0; -EPIPE: the
 * reader is gone; -EINTR: stop_fd became readable while waiting for the reader, and a line without
 * room was dropped; or another negative errno. */
int rg_outlet_add(struct rg_outlet *o, const char *line, size_t n);
/* Writes the buffered lines. Returns the same. */
int rg_outlet_flush(struct rg_outlet *o);
/* Limits all further waiting for the reader to this time and ignores stop_fd; -ETIMEDOUT
 * replaces -EINTR. */
void rg_outlet_hurry(struct rg_outlet *o, int timeout_ms);
/* Writes what is left and frees the outlet. Waits for the reader without a limit, but no longer
 * than this once stop_fd is readable. Returns 0; -EPIPE; -ETIMEDOUT: some lines were dropped; or
 * another negative errno. */
int rg_outlet_close(struct rg_outlet *o, int timeout_ms);
