/* SPDX-License-Identifier: GPL-2.0-only */
/* Write times and addresses for `top`. Each returns buf. */
#pragma once

#include <linux/types.h>

#define RG_WORD_SIZE 64

/* such as "47 s", "12 min", "3 h" */
const char *rg_age_text(__u64 ns, char buf[RG_WORD_SIZE]);
/* such as "812 us", "1.5 ms", "2.10 s" */
const char *rg_duration_text(__u64 ns, char buf[RG_WORD_SIZE]);
/* "?" for a family other than AF_INET and AF_INET6. */
const char *rg_address_text(__u16 family, const __u8 addr[16], char buf[RG_WORD_SIZE]);

/* Returns the time since then; 0 if the clock was read before the fact was written. */
__u64 rg_since_ns(__u64 from_ns, __u64 now_ns);
