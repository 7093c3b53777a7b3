// SPDX-License-Identifier: GPL-2.0-only
#include "text/address.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Nobody is called so: digits with dots, or hexadecimal digits with colons. */
static bool looks_like_an_address(const char *text)
{
	size_t n = strlen(text);

	return (strpbrk(text, ".") && strspn(text, "0123456789./") == n) ||
	       (strpbrk(text, ":") && strspn(text, "0123456789abcdefABCDEF.:/") == n);
}

/* One to three digits and nothing else, or -1. */
static int bits_of(const char *text)
{
	size_t n = strspn(text, "0123456789");

	return n && n <= 3 && !text[n] ? atoi(text) : -1;
}

enum rg_address rg_address_of(const char *text, __u16 *family, __u8 addr[16], unsigned int *prefix)
{
	const char *slash = strchr(text, '/');
	size_t n = slash ? (size_t)(slash - text) : strlen(text);
	char alone[INET6_ADDRSTRLEN];
	__u8 bytes[16] = {};
	int bits, most;

	if (!looks_like_an_address(text))
		return RG_ADDRESS_NONE;
	snprintf(alone, sizeof(alone), "%.*s", (int)(n < sizeof(alone) ? n : 0), text);
	*family = strchr(alone, ':') ? AF_INET6 : AF_INET;
	if (inet_pton(*family, alone, bytes) != 1)
		return RG_ADDRESS_BAD;
	bits = most = *family == AF_INET ? 32 : 128;
	if (slash)
		bits = bits_of(slash + 1);
	if (bits < 0 || bits > most)
		return RG_ADDRESS_BAD_PREFIX;
	memcpy(addr, bytes, sizeof(bytes));
	*prefix = (unsigned int)bits;
	return RG_ADDRESS_GOOD;
}
