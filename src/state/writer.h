/* SPDX-License-Identifier: GPL-2.0-only */
/* Writes files in a thread for the daemon, whose heartbeat must go on while an fsync hangs.
 * Files are known by their names; only the newest content of a waiting file is kept, so memory is
 * bounded. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Number of files that may wait. */
#define RG_WRITER_FILES 8

/* Writes one file in the thread. Returns 0 or a negative errno. */
typedef int rg_write_file(const char *dir, int dir_fd, const char *name, const void *bytes,
			  size_t n);

/* Starts the thread; from now on rg_writer_takes() is true. Without a thread (negative errno)
 * files are written at once. */
int rg_writer_start(void);
/* Says whether there is a thread and the caller is another one. */
bool rg_writer_takes(void);
/* Takes a copy of n bytes for this file, and duplicates dir_fd unless it is -1. Returns the
 * result of the previous write of this name, 0 or a negative errno (once), or -ENOMEM or -ENOSPC:
 * not taken. Never waits for a disk. */
int rg_writer_put(rg_write_file *write, const char *dir, int dir_fd, const char *name,
		  const void *bytes, size_t n);
/* Returns the result of the last write of this file: 0, also for one that is not finished, or a
 * negative errno (once). */
int rg_writer_result(const char *dir, const char *name);
/* Returns how many files this process could not write or take. */
unsigned int rg_writer_failed(void);
/* Returns for how many seconds the current write has waited; 0: none waits. */
unsigned int rg_writer_waits_s(void);
/* Waits at most `seconds` until everything is written, and ends the thread. Returns false if it
 * still waits for a disk; it goes on until the process ends. */
bool rg_writer_stop(unsigned int seconds);
