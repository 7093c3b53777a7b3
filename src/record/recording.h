/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A recording on disk: lines in a file, which is rotated by size. FILE is the
 * newest part, FILE.1 the one before, and so on; the oldest goes.
 *
 * Only whole lines are in it, whatever happens: what a full disk cuts off is
 * taken back. Nothing is written through a symbolic link, nor into anything that
 * is not a recording.
 */
#pragma once

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#include <linux/types.h>

/* Longest line, its end included. */
#define RG_RECORDING_LINE_MAX (64UL * 1024)
#define RG_RECORDING_BUFFER (4 * RG_RECORDING_LINE_MAX)
/* What every part begins with; a file that does is a recording. */
#define RG_RECORDING_MAGIC "{\"event\":\"header\","

/* Writes the first line of a part (from 1) into buf; returns its length, of at most
 * RG_RECORDING_LINE_MAX. */
typedef size_t rg_recording_head_fn(void *arg, unsigned int part, char *buf, size_t size);

struct rg_recording_wish {
	const char *file;
	__u64 size;	   /* bytes a part has at most, unless one line is longer */
	unsigned int keep; /* parts, FILE included; at least 1 */
	rg_recording_head_fn *head;
	void *arg;
};

/* Owned by the caller; rg_recording_close() frees what it holds. {}: none, into
 * which nothing is written. */
struct rg_recording {
	struct rg_recording_wish wish; /* its strings are the caller's */
	char name[NAME_MAX + 1];
	int dir_fd, fd;
	unsigned int part;
	bool open;
	bool failed;	/* and said; nothing more is written */
	bool has_lines; /* of this part, besides the header */
	__u64 written;	/* bytes of this part on disk */
	size_t buffered;
	char *buffer;
};

/* Begin a recording, with the header of part 1. One that is there is rotated away
 * first. An enum rg_exit; what is wrong is said. */
int rg_recording_open(struct rg_recording *r, const struct rg_recording_wish *wish);
/* A whole line with its end. Buffered. RG_DONE, or RG_FAILED; said once. */
int rg_recording_add(struct rg_recording *r, const char *line, size_t n);
/* Give it to the kernel: a crash of ours loses nothing of it, a power cut may. */
int rg_recording_flush(struct rg_recording *r);
/* Flush, and have it on disk. */
int rg_recording_sync(struct rg_recording *r);
/* Flush, have it on disk, and close. Also after a failure. */
int rg_recording_close(struct rg_recording *r);
