/* SPDX-License-Identifier: GPL-2.0-only */
/* Reads a file to its end, however long it is. */
#pragma once

#include <stddef.h>

/* Reads the file at `path` with a NUL behind it; the caller frees *text. Reads until nothing
 * more comes, since a file of /proc claims to have no size, has no greatest length and returns less
 * than it is asked for. *n: the number of bytes without the NUL; n may be NULL. Never waits for the
 * writer of a FIFO. Returns 0 or a negative errno with *text NULL; -EFBIG: the file has more than
 * `most` bytes. */
int rg_read_whole(const char *path, size_t most, char **text, size_t *n);
/* The same from an open file's current position. */
int rg_read_whole_fd(int fd, size_t most, char **text, size_t *n);
