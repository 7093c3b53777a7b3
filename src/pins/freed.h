/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Waits until the kernel has freed programs whose links were unpinned. It detaches and frees
 * them some time later, and until then they prevent unloading the module they are attached to
 * (__bpf_prog_put_noref, kernel/bpf/syscall.c).
 */
#pragma once

#include <stdbool.h>

#include <linux/bpf.h>

/* Links of followers, of doors and of tracing programs. */
#define RG_MAX_LINKS 128

struct rg_programs {
	__u32 link[RG_MAX_LINKS]; /* ids */
	__u32 id[RG_MAX_LINKS];	  /* ids of the links' programs; 0: not waited for */
	unsigned int n;
};

/* Read the id of the link pinned at `path`, and about its program. False: there is no such
 * link, or it may not be read (needs CAP_SYS_ADMIN). */
bool rg_link_look(const char *path, __u32 *link, struct bpf_prog_info *prog);
/* Id of the BTF (vmlinux or a module) with the function that the link pinned at `path` is attached
 * to. 0: there is no such link, it may not be read, or it was attached without BTF. */
__u32 rg_link_btf(const char *path);

/* To be called before unpinning: add a link to wait for. `program`: its program as well, if no
 * other process has that open. */
void rg_programs_add(struct rg_programs *p, const char *path, bool program);
/* Wait until all are gone, 5 s at most. False: some remain, so another process has them open. */
bool rg_programs_wait(const struct rg_programs *p);
