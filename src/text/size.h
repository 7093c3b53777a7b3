/* SPDX-License-Identifier: GPL-2.0-only */
/* Numbers of bytes, as people write them. */
#pragma once

#include <linux/types.h>

/* "64M", "1G", "65536" to bytes; 0 if it is none, or not in min..max. */
__u64 rg_size_of(const char *text, __u64 min, __u64 max);
/* The shortest of these: "64M". Returns buf. */
char *rg_size_text(__u64 bytes, char buf[32]);
