/* SPDX-License-Identifier: GPL-2.0-only */
/* A recording on disk: a file of lines that is rotated by size. FILE is the newest part, FILE.1
 * the one before; the oldest is removed. It holds whole lines only: a line that a full disk cuts
 * off is taken back. Writes through no symbolic link, and into nothing but a recording. */
#pragma once

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#include <linux/types.h>

/* Length of the longest line with its newline. */
#define RG_RECORDING_LINE_MAX (64UL * 1024)
#define RG_RECORDING_BUFFER (4 * RG_RECORDING_LINE_MAX)
/* Every part begins with this, and a file that begins with it is a recording. */
#define RG_RECORDING_MAGIC "{\"event\":\"header\","

/* Writes the first line of a part (counted from 1) to buf; returns its length, at most
 * RG_RECORDING_LINE_MAX. */
typedef size_t rg_recording_head_fn(void *arg, unsigned int part, char *buf, size_t size);

struct rg_recording_request {
	const char *file;
	__u64 size;	   /* greatest size of a part in bytes, unless one line is longer */
	unsigned int keep; /* number of parts with FILE; at least 1 */
	rg_recording_head_fn *head;
	void *arg;
};

/* Owned by the caller (rg_recording_close). {}: no recording, and writes do nothing. */
struct rg_recording {
	struct rg_recording_request request; /* the caller owns its strings */
	char name[NAME_MAX + 1];
	int dir_fd, fd;
	unsigned int part;
	bool open;
	bool failed;	/* it was reported; nothing more is written */
	bool has_lines; /* lines of this part without the header */
	__u64 written;	/* bytes of this part on disk */
	size_t buffered;
	char *buffer;
};

/* Begins a recording with the header of part 1, after rotating an existing one. Returns an enum
 * rg_exit after reporting what is wrong. */
int rg_recording_open(struct rg_recording *r, const struct rg_recording_request *request);
/* Adds a whole line with its newline to the buffer. Returns RG_DONE, or RG_FAILED, which is
 * reported once. */
int rg_recording_add(struct rg_recording *r, const char *line, size_t n);
/* Writes the buffer to the kernel: our crash loses nothing of it, a power cut may. */
int rg_recording_flush(struct rg_recording *r);
/* Writes the buffer to disk. */
int rg_recording_sync(struct rg_recording *r);
/* Writes the buffer to disk and closes, also after a failure. */
int rg_recording_close(struct rg_recording *r);
