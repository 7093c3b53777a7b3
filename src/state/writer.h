/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A thread that writes files, for who must not wait for a disk: the daemon, whose heartbeat
 * goes on although an fsync does not return. Files are known by their names; of one that is
 * not written yet only the newest content is kept, so that what waits is bounded.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Files that may wait at a time. */
#define RG_WRITER_FILES 8

/* Writes one file: 0 or negative errno. Called in the thread. */
typedef int rg_write_file(const char *dir, int dir_fd, const char *name, const void *bytes,
			  size_t n);

/* From here on rg_writer_takes(). Without a thread (negative errno) all is written at
 * once, as if this had not been called. */
int rg_writer_start(void);
/* Is there a thread, and is the caller another one? */
bool rg_writer_takes(void);
/* Take a copy of n bytes for this file; dir_fd, if it is not -1, is duplicated. Returns
 * what became of the write of this name before: 0, or a negative errno, which is told
 * once; and -ENOMEM, -ENOSPC: it was not taken. Never waits for a disk. */
int rg_writer_put(rg_write_file *write, const char *dir, int dir_fd, const char *name,
		  const void *bytes, size_t n);
/* What became of the last write of this file: 0, also of one that is still under way, or a
 * negative errno, which is told once. */
int rg_writer_result(const char *dir, const char *name);
/* How many files could not be written, or not be taken, since this process began. */
unsigned int rg_writer_failed(void);
/* For how many seconds the write under way has been waiting; 0: none is. */
unsigned int rg_writer_waits_s(void);
/* Wait until all is written, at most `seconds`, and end the thread. False: it is still
 * waiting for a disk, and goes on until the process ends. */
bool rg_writer_stop(unsigned int seconds);
