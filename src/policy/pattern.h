/* SPDX-License-Identifier: GPL-2.0-only */
/* Reads patterns of NFS clients from the configuration ([original] client). */
#pragma once

#include <stdbool.h>

#include "rg_org_choice.h"

#define RG_PATTERN_EXPECTED                                                                        \
	"an address, ADDRESS/PREFIX, or a name of 1 to 64 printable characters in which * stands " \
	"for any, and ? for any one"

/* Fills in *peer. Returns false if the text is no pattern. Text that looks like an address must
 * be a valid one. */
bool rg_pattern_of(const char *text, struct rg_org_peer *peer);
/* Writes the form of the configuration: "10.0.0.0/8", "10.0.0.1", "Linux*". The result is
 * printable whatever *peer contains. Returns buf. */
#define RG_PATTERN_TEXT 80
char *rg_pattern_text(const struct rg_org_peer *peer, char buf[RG_PATTERN_TEXT]);
/* Says whether the pattern matches a client with this address and this name (any n bytes), by
 * the code of the BPF programs. */
bool rg_pattern_chooses(const struct rg_org_peer *peer, __u16 family, const __u8 addr[16],
			const __u8 *name, __u32 n);
