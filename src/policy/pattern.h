/* SPDX-License-Identifier: GPL-2.0-only */
/* A pattern of NFS clients, as the configuration has it ([original] client). */
#pragma once

#include <stdbool.h>

#include "rg_org_choice.h"

#define RG_PATTERN_EXPECTED                                                                        \
	"an address, ADDRESS/PREFIX, or a name of 1 to 64 printable characters in which * stands " \
	"for any, and ? for any one"

/* Fill in *peer. False: the text is no such pattern; what consists of what addresses are made of
 * has to be one. */
bool rg_pattern_of(const char *text, struct rg_org_peer *peer);
/* As the configuration has it: "10.0.0.0/8", "10.0.0.1", "Linux*". Whatever is in *peer, it is
 * printable. Returns buf. */
#define RG_PATTERN_TEXT 80
char *rg_pattern_text(const struct rg_org_peer *peer, char buf[RG_PATTERN_TEXT]);
/* Does the pattern choose the client with this address and this name (n bytes, any)? The same code
 * as in the BPF programs. */
bool rg_pattern_chooses(const struct rg_org_peer *peer, __u16 family, const __u8 addr[16],
			const __u8 *name, __u32 n);
