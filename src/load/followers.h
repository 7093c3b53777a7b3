/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The programs that follow knfsd, end clients and this host's NFS client, among
 * those of the BPF object. A gate that one of some of them is missing from would
 * keep out whom it must not, or nobody, and say otherwise: without these nothing
 * is armed. Without another one a promise is lost, and that is said.
 *
 * Each is attached by fentry, fexit or a typed tracepoint; where the kernel refuses
 * that, a kprobe stands in (bpf/kprobe.bpf.h).
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
	const char *module;  /* that its function is in; NULL: the kernel itself */
	const char *without; /* "without it ...": what would be wrong, or is lost */
};

/* In the order they are attached: who follows knfsd is there before anybody is
 * kept out. `program` is NULL after the last. */
extern const struct rg_follower rg_followers[];
/* NULL: no follower. */
const struct rg_follower *rg_follower_of(const char *program);
/* The same of its program or of the kprobe that stands in for it. */
const struct rg_follower *rg_follower_by(const char *program);

/* Sets of followers are words: 1 << enum rg_link. */

struct rg_following {
	int forced;	/* enum rg_follow, or -1: the best that goes */
	__u32 left_out; /* not attached */
	__u32 kprobes;	/* by kprobe; of no meaning for who is left out */
};

/* The enum rg_follow of all that are attached; RG_NR_FOLLOWS: some are kprobes, some are
 * not. */
int rg_followers_each(__u32 left_out, __u32 kprobes);
/* Nobody sees who was refused a reclaim: settled goes by time alone. */
bool rg_followers_blind(__u32 left_out);
/* Before loading: which programs are to be loaded for those in `links`; none for others.
 * A follower whose hook is not there is to be a kprobe. False: one that is needed is left
 * out, and that was said. */
bool rg_followers_choose(const struct bpf_object *obj, __u32 links, struct rg_following *following);
/* This kernel refused the program, or the kprobe that stands in for it, to load or to be
 * attached. A kprobe is next, or the set goes without: true, and it was said which.
 * False: it is needed. */
bool rg_followers_step_down(const struct rg_follower *f, int err, struct rg_following *following);

/* What to attach: the program of a follower as it was chosen;
 * *enters, where its function's return is followed by a kprobe: what keeps the arguments. */
struct bpf_program *rg_followers_program(const struct bpf_object *obj, const struct rg_follower *f,
					 const struct rg_following *following,
					 struct bpf_program **enters);
