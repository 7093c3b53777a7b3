/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The followers: BPF programs that follow knfsd, end clients and this host's NFS client.
 * Some are required: without one a gate could block the wrong callers, or nobody, while
 * reporting success. Nothing is armed then. Without one of the others a feature is lost, and
 * a message says which.
 *
 * Each is attached by fentry, fexit or a typed tracepoint. If the kernel refuses that, a
 * kprobe replaces it (bpf/kprobe.bpf.h).
 */
#pragma once

#include <stdbool.h>

#include "pins/pins.h"

struct bpf_object;
struct bpf_program;

struct rg_follower {
	enum rg_link link;
	bool needed;
	const char *program;
	const char *module;  /* the module with its function; NULL: vmlinux */
	const char *without; /* completes "without it ...": the consequence, for messages */
};

/* In the order of attaching: the followers of knfsd come before anything that blocks
 * callers. The last element has `program` NULL. */
extern const struct rg_follower rg_followers[];
/* The follower with this program, or NULL. */
const struct rg_follower *rg_follower_of(const char *program);
/* Likewise, where `program` may also be the kprobe that replaces the follower. */
const struct rg_follower *rg_follower_by(const char *program);

/* A set of followers is a bit mask: 1 << enum rg_link. */

struct rg_following {
	int forced;	/* enum rg_follow, or -1: the best that this kernel takes */
	__u32 left_out; /* the followers that are not attached */
	__u32 kprobes;	/* those attached by kprobe; the bits of left_out have no meaning */
};

/* The enum rg_follow that all attached followers have in common; RG_NR_FOLLOWS: they differ. */
int rg_followers_each(__u32 left_out, __u32 kprobes);
/* True if refused reclaims are not seen: then `settled` can only wait for its time limit. */
bool rg_followers_blind(__u32 left_out);
/* Before loading: select the programs to load for the followers in `links`, and none for the
 * others. A follower whose hook this kernel lacks becomes a kprobe. False: a required one had
 * to be left out, and a message said so. */
bool rg_followers_choose(const struct bpf_object *obj, __u32 links, struct rg_following *following);
/* The kernel refused to load or attach this follower's program, or its kprobe, with `err`.
 * Select the kprobe, or leave the follower out: true, and a message says which. False: the
 * follower is required. */
bool rg_followers_step_down(const struct rg_follower *f, int err, struct rg_following *following);

/* The program to attach for a follower, as selected. *enters: the program that keeps the
 * arguments, if the function's return is followed by a kretprobe; otherwise NULL. */
struct bpf_program *rg_followers_program(const struct bpf_object *obj, const struct rg_follower *f,
					 const struct rg_following *following,
					 struct bpf_program **enters);
