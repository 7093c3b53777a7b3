// SPDX-License-Identifier: GPL-2.0-only
#include "text/size.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	const char *unit;
	unsigned int shift;
} units[] = {{"", 0}, {"K", 10}, {"M", 20}, {"G", 30}};

__u64 rg_size_of(const char *text, __u64 min, __u64 max)
{
	char *end;
	__u64 n;

	if (*text < '0' || *text > '9')
		return 0;
	errno = 0;
	n = strtoull(text, &end, 10);
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (strcmp(end, units[i].unit) != 0)
			continue;
		if (errno || n > max >> units[i].shift || n << units[i].shift < min)
			return 0;
		return n << units[i].shift;
	}
	return 0;
}

char *rg_size_text(__u64 bytes, char buf[32])
{
	size_t i = sizeof(units) / sizeof(units[0]) - 1;

	while (i && (!bytes || bytes & ((1ULL << units[i].shift) - 1)))
		i--;
	snprintf(buf, 32, "%llu%s", (unsigned long long)(bytes >> units[i].shift), units[i].unit);
	return buf;
}
