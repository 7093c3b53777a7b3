/* SPDX-License-Identifier: GPL-2.0-only */
/* Runs a program of nfs-utils and returns its output. */
#pragma once

#include <stddef.h>

/* Runs argv, a NULL-terminated list whose first element is a name looked up in PATH, /usr/sbin
 * and /sbin, in a process group of its own, with default signals, no input and no stderr. Puts the
 * output in `bytes` (n bytes and a NUL; owned by the caller, free; NULL if there is none), also on
 * an error. Returns 0; -ENOENT: no such program; -ETIMEDOUT: it ran longer than `ms` and was
 * killed; -EFBIG: more than `max` bytes; -EIO: it failed; or another negative errno. */
int rg_tool_run(const char *const *argv, int ms, size_t max, char **bytes, size_t *n);
