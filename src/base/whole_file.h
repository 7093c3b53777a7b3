/* SPDX-License-Identifier: GPL-2.0-only */
/* Reading a file to its end, however long it is. */
#pragma once

#include <stddef.h>

/*
 * All bytes of the file at `path`, and a NUL behind them, which the caller frees. A file of
 * /proc says that it has no size, may be longer than any buffer that was thought to be enough,
 * and gives a part of what is asked for, so this reads until nothing more comes. *n: the number
 * of bytes without that NUL; n may be NULL. Never waits for the writer of a FIFO.
 *
 * 0, or a negative errno, and *text is NULL: -EFBIG for a file of more than `most` bytes, which
 * is not read in part.
 */
int rg_read_whole(const char *path, size_t most, char **text, size_t *n);
/* The same of a file that is open, from where it is read next. */
int rg_read_whole_fd(int fd, size_t most, char **text, size_t *n);
