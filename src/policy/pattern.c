// SPDX-License-Identifier: GPL-2.0-only
#include "policy/pattern.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "text/address.h"

bool rg_pattern_of(const char *text, struct rg_org_peer *peer)
{
	unsigned int prefix;
	size_t n = strlen(text);

	memset(peer, 0, sizeof(*peer));
	switch (rg_address_of(text, &peer->family, peer->addr, &prefix)) {
	case RG_ADDRESS_GOOD:
		peer->prefix = (__u8)prefix;
		return true;
	case RG_ADDRESS_NONE:
		break;
	default:
		return false;
	}
	if (!n || n > RG_ORG_PATTERN)
		return false;
	for (size_t i = 0; i < n; i++)
		if (!isascii((unsigned char)text[i]) || !isprint((unsigned char)text[i]))
			return false;
	memcpy(peer->pattern, text, n);
	peer->len = (__u8)n;
	return true;
}

char *rg_pattern_text(const struct rg_org_peer *peer, char buf[RG_PATTERN_TEXT])
{
	const unsigned int most = peer->family == AF_INET ? 32 : 128;
	size_t n = peer->len < RG_ORG_PATTERN ? peer->len : RG_ORG_PATTERN;

	if (peer->family) {
		if (!inet_ntop(peer->family, peer->addr, buf, INET6_ADDRSTRLEN))
			return strcpy(buf, "?");
		n = strlen(buf);
		if (peer->prefix != most)
			snprintf(buf + n, RG_PATTERN_TEXT - n, "/%u", peer->prefix);
		return buf;
	}
	for (size_t i = 0; i < n; i++)
		buf[i] = isascii(peer->pattern[i]) && isprint(peer->pattern[i])
				 ? (char)peer->pattern[i]
				 : '?';
	buf[n] = '\0';
	return buf;
}

bool rg_pattern_chooses(const struct rg_org_peer *peer, __u16 family, const __u8 addr[16],
			const __u8 *name, __u32 n)
{
	struct rg_org_glob g = {.cut = n > RG_ORG_NAME, .n = n > RG_ORG_NAME ? RG_ORG_NAME : n};

	if (peer->family)
		return rg_org_is_within(peer, family, addr);
	memcpy(g.name, name, g.n);
	for (int i = 0; i < RG_ORG_GLOB_STEPS; i++)
		if (rg_org_glob_step(&g, peer))
			break;
	return g.matches;
}
