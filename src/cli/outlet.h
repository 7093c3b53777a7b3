/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Standard output of a verb that goes on for as long as somebody reads: lines are
 * buffered, and a reader that is slow, stopped or gone never keeps the verb from
 * noticing that it is to end.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <linux/types.h>

#define RG_OUTLET_BUFFER (256UL * 1024)

/* Called about once a second while a reader keeps us waiting. */
typedef void rg_outlet_meanwhile(void *arg);

/* Owned by the caller; rg_outlet_close() frees what it holds. */
struct rg_outlet {
	int fd;
	int stop_fd;	/* becomes readable when waiting is to end; -1: none */
	__u64 until_ms; /* of CLOCK_MONOTONIC: waits no longer; 0: as long as it takes */
	/* Lines are left out rather than waited for: something else must not wait. */
	bool hasty;
	rg_outlet_meanwhile *meanwhile; /* NULL: nothing */
	void *arg;

	int own_fd;	  /* a terminal, opened anew; or -1 */
	bool never_waits; /* a file */
	bool in_line;	  /* what was written last is no whole line */
	size_t used;
	char *buffer;
	__u64 left_out; /* lines */
};

/* fd stays the caller's, and as it is: others may share it. `hasty`, `meanwhile` and
 * `arg` may be set afterwards. 0 or -ENOMEM. */
int rg_outlet_open(struct rg_outlet *o, int fd, int stop_fd);
/* A whole line with its end, of at most RG_OUTLET_BUFFER bytes. 0; -EPIPE: the reader
 * went away; -EINTR: stop_fd became readable while the reader kept us waiting (a line
 * for which there is no room then is left out); another negative errno. */
int rg_outlet_add(struct rg_outlet *o, const char *line, size_t n);
/* Write what there is. The same. */
int rg_outlet_flush(struct rg_outlet *o);
/* From now on wait for the reader no longer than this, all in all, and not for stop_fd.
 * Then -ETIMEDOUT takes the place of -EINTR. */
void rg_outlet_hurry(struct rg_outlet *o, int timeout_ms);
/* Write what is left, however long the reader takes, but from when stop_fd is readable
 * no longer than this; and free. 0; -EPIPE; -ETIMEDOUT: some was left out; another
 * negative errno. */
int rg_outlet_close(struct rg_outlet *o, int timeout_ms);
