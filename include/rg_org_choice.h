/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which clients and file systems the role of an original server keeps locks for, and whether a
 * client is one of them. The BPF programs and user space run the same code, so that the unit tests
 * test what the kernel runs. It is asked once for each client whose state is dropped, never when
 * somebody locks.
 */
#pragma once

#ifndef __bpf__
#include <linux/types.h>
#endif

/* The most patterns of clients, and the most file systems. A power of two: it bounds an index. */
#define RG_ORG_CHOSEN 16
/* The longest pattern of a name, bytes. A power of two: it bounds an index. */
#define RG_ORG_PATTERN 64
/* Bytes of a client's name (co_ownerid) that are looked at. A power of two as well. */
#define RG_ORG_NAME 128

/* One pattern: of addresses, or of names. */
struct rg_org_peer {
	__u16 family; /* AF_INET, AF_INET6; 0: of names */
	__u8 prefix;  /* bits of addr that count */
	__u8 len;     /* bytes of pattern */
	__u8 addr[16];
	__u8 pattern[RG_ORG_PATTERN]; /* * any bytes, ? any one byte */
};

/* With no pattern every client is chosen, and with no device every file system. */
struct rg_org_choice {
	__u32 n_peers, n_devs;
	__u32 devs[RG_ORG_CHOSEN]; /* kernel's dev_t */
	struct rg_org_peer peers[RG_ORG_CHOSEN];
};

/* Is an address within ADDRESS/PREFIX? */
static inline int rg_org_is_within(const struct rg_org_peer *p, __u16 family, const __u8 *addr)
{
	if (p->family != family)
		return 0;
	for (__u32 i = 0; i < 16; i++) {
		__u32 bits = p->prefix > 8 * i ? p->prefix - 8 * i : 0;
		__u8 mask = bits >= 8 ? 0xff : (__u8)(0xff00 >> bits);

		if ((p->addr[i] ^ addr[i]) & mask)
			return 0;
	}
	return 1;
}

/* A name is being compared with a pattern, a step at a time. All but name, n and cut begin at 0. */
struct rg_org_glob {
	__u32 s, p;    /* places in the name and in the pattern */
	__u32 star;    /* place behind the last * that was met; 0: none was */
	__u32 back;    /* place in the name that the bytes of that * end at */
	__u32 n;       /* bytes of the name */
	__u32 cut;     /* 1: the name is longer than that */
	__u32 matches; /* the answer */
	__u8 name[RG_ORG_NAME];
};

/* The most steps that any name and pattern need: for each byte that a * may end at, the rest of
 * the pattern. */
#define RG_ORG_GLOB_STEPS ((RG_ORG_NAME + 2) * (RG_ORG_PATTERN + 2))

/* 1: the answer is in g->matches; 0: another step is needed. A name of which not every byte is
 * there matches where the bytes that are there do not say otherwise: too much is kept then, never
 * too little. */
static inline int rg_org_glob_step(struct rg_org_glob *g, const struct rg_org_peer *peer)
{
	__u8 c = g->p < peer->len ? peer->pattern[g->p & (RG_ORG_PATTERN - 1)] : 0;

	if (g->s >= g->n) {
		if (c == '*' && !g->cut) {
			g->p++;
			return 0;
		}
		g->matches = g->cut || g->p >= peer->len;
		return 1;
	}
	if (c == '*') {
		g->star = ++g->p;
		g->back = g->s;
		return 0;
	}
	if (c && (c == '?' || c == g->name[g->s & (RG_ORG_NAME - 1)])) {
		g->p++;
		g->s++;
		return 0;
	}
	if (!g->star)
		return 1;
	g->p = g->star;
	g->s = ++g->back;
	return 0;
}
