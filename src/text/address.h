/* SPDX-License-Identifier: GPL-2.0-only */
/* Addresses of NFS peers, as people write them. */
#pragma once

#include <linux/types.h>

enum rg_address {
	RG_ADDRESS_NONE = 0, /* it does not look like one */
	RG_ADDRESS_GOOD,
	RG_ADDRESS_BAD,	       /* it looks like one, and is none */
	RG_ADDRESS_BAD_PREFIX, /* what follows the slash is out of range */
};

/* "10.77.2.2", "10.0.0.0/8", "fd00::/8". *family: AF_INET or AF_INET6, also with a bad prefix;
 * addr in network order, the rest of it zero; *prefix: bits of it that count. They are only changed
 * where the address is good, but for *family. */
enum rg_address rg_address_of(const char *text, __u16 *family, __u8 addr[16], unsigned int *prefix);
