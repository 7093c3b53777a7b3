/* SPDX-License-Identifier: GPL-2.0-only */
/* Reads files of the checked host. `root`: the directory of its /, "" for this host; tests have
 * their own. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "rg_limits.h"

#define RG_ROOT_PATH (2UL * RG_PATH_SIZE)

/* Joins root and an absolute path in buf (RG_ROOT_PATH bytes). Returns buf; "", which names no
 * file, if it is too long. */
char *rg_root_path(const char *root, const char *path, char *buf);

/* Reads a small file: at most size - 1 bytes, without trailing white space. Returns 0 or a
 * negative errno; then buf is "". */
int rg_root_read(const char *root, const char *path, char *buf, size_t size);

/* Reads the number in the first line of a file. Returns 0; -EINVAL: no number; or another
 * negative errno. */
int rg_root_number(const char *root, const char *path, long long *number);

/* Returns 1 if the file exists (follows links), 0 if not, or a negative errno: unknown. */
int rg_root_has(const char *root, const char *path);

/* Says whether the checked host is the running one. */
bool rg_root_is_here(const char *root);
