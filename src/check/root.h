/* SPDX-License-Identifier: GPL-2.0-only */
/* Files of the host that is checked. `root`: the directory its / is at, "" for
 * this host; tests have one of their own. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "rg_limits.h"

#define RG_ROOT_PATH (2UL * RG_PATH_SIZE)

/* root and path (absolute), into buf of RG_ROOT_PATH bytes. Returns buf; "" if
 * it is too long, which no file is called. */
char *rg_root_path(const char *root, const char *path, char *buf);

/* Of a small file: its text, size - 1 bytes at most, without white space at its
 * end. 0 or negative errno; then buf is "". */
int rg_root_read(const char *root, const char *path, char *buf, size_t size);

/* The number that the first line of a file is. 0; -EINVAL it is none; or another
 * negative errno. */
int rg_root_number(const char *root, const char *path, long long *number);

/* 1: there is such a file (links are followed). 0: there is none. Negative errno:
 * nobody can tell. */
int rg_root_has(const char *root, const char *path);

/* Is the host that is checked the one we run on? */
bool rg_root_is_here(const char *root);
