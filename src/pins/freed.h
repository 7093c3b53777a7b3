/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Waiting for the kernel to let go of programs whose links were unpinned: it detaches
 * and frees them some time later, and until then they hold the module that they are
 * attached in (__bpf_prog_put_noref, kernel/bpf/syscall.c).
 */
#pragma once

#include <stdbool.h>

#include <linux/bpf.h>

/* Links of followers, of doors and of tracing programs. */
#define RG_MAX_LINKS 96

struct rg_programs {
	__u32 link[RG_MAX_LINKS]; /* ids */
	__u32 id[RG_MAX_LINKS];	  /* of the links' programs; 0: not waited for */
	unsigned int n;
};

/* Id of the link that is pinned here, and its program. False: there is no such link, or it
 * cannot be looked at (needs CAP_SYS_ADMIN). */
bool rg_link_look(const char *path, __u32 *link, struct bpf_prog_info *prog);
/* Id of the BTF of what the program of the link that is pinned here is attached in. 0:
 * there is no such link, it cannot be looked at, or it goes by no BTF. */
__u32 rg_link_btf(const char *path);

/* Wait for one more link to be gone, before it is unpinned; `program`: and for its
 * program, which nobody else has open. */
void rg_programs_add(struct rg_programs *p, const char *path, bool program);
/* Until none is there, 5 s at most. False: some are, so somebody else holds them. */
bool rg_programs_wait(const struct rg_programs *p);
