/* SPDX-License-Identifier: GPL-2.0-only */
/* Reads and writes numbers of bytes as people write them. */
#pragma once

#include <linux/types.h>

/* Converts "64M", "1G", "65536" to bytes. Returns 0 for anything else and for a value outside
 * min..max. */
__u64 rg_size_of(const char *text, __u64 min, __u64 max);
/* Writes the shortest of these forms: "64M". Returns buf. */
char *rg_size_text(__u64 bytes, char buf[32]);
