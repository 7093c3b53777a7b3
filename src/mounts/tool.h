/* SPDX-License-Identifier: GPL-2.0-only */
/* Running a program of nfs-utils, for what it has to say. */
#pragma once

#include <stddef.h>

/* Runs argv, a NULL-terminated list whose first element is a name looked up in PATH,
 * /usr/sbin and /sbin, in a process group of its own, with default signals, no input
 * and no stderr. Its output is in `bytes` (n bytes, a NUL after them; owned by the
 * caller, free; NULL if there is none), on an error too. 0; -ENOENT no such program;
 * -ETIMEDOUT it took longer than `ms` and was killed; -EFBIG more than `max` bytes;
 * -EIO it failed; or another negative errno. */
int rg_tool_run(const char *const *argv, int ms, size_t max, char **bytes, size_t *n);
