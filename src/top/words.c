// SPDX-License-Identifier: GPL-2.0-only
#include "top/words.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "rg_limits.h"

const char *rg_age_text(__u64 ns, char buf[RG_WORD_SIZE])
{
	unsigned long long s = ns / RG_NS_PER_SEC;

	if (s < 600)
		snprintf(buf, RG_WORD_SIZE, "%llu s", s);
	else if (s < 7200)
		snprintf(buf, RG_WORD_SIZE, "%llu min", s / 60);
	else
		snprintf(buf, RG_WORD_SIZE, "%llu h", s / 3600);
	return buf;
}

const char *rg_duration_text(__u64 ns, char buf[RG_WORD_SIZE])
{
	double us = (double)ns / 1e3;

	if (us < 1e3)
		snprintf(buf, RG_WORD_SIZE, "%.0f us", us);
	else if (us < 1e6)
		snprintf(buf, RG_WORD_SIZE, us < 1e5 ? "%.1f ms" : "%.0f ms", us / 1e3);
	else
		snprintf(buf, RG_WORD_SIZE, "%.2f s", us / 1e6);
	return buf;
}

__u64 rg_since_ns(__u64 from_ns, __u64 now_ns)
{
	return now_ns > from_ns ? now_ns - from_ns : 0;
}

const char *rg_address_text(__u16 family, const __u8 addr[16], char buf[RG_WORD_SIZE])
{
	if ((family != AF_INET && family != AF_INET6) ||
	    !inet_ntop(family, addr, buf, RG_WORD_SIZE))
		strcpy(buf, "?");
	return buf;
}
