/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The programs that follow knfsd, end clients and this host's NFS client, among
 * those of the BPF object. A gate that one of some of them is missing from would
 * keep out whom it must not, or nobody, and say otherwise: without these nothing
 * is armed. Without another one a promise is lost, and that is said.
 */
#pragma once

#include <stdbool.h>

#include "loader/pins.h"

struct bpf_object;

struct rg_follower {
	enum rg_link link;
	const char *program;
	bool needed;
	const char *without; /* "without it ...": what would be wrong, or is lost */
};

/* In the order they are attached: who follows knfsd is there before anybody is
 * kept out. `program` is NULL after the last. */
extern const struct rg_follower rg_followers[];
/* NULL: no follower. */
const struct rg_follower *rg_follower_of(const char *program);

/* Sets of followers: 1 << enum rg_link. */

/* Nobody sees who was refused a reclaim: settled goes by time alone. */
bool rg_followers_blind(__u32 left_out);

/* Before loading: those whose hook this kernel has and that are not in *left_out;
 * the others are added to it. False: one that is needed has none, and that was
 * said. */
bool rg_followers_choose(const struct bpf_object *obj, __u32 *left_out);
/* This kernel refused the program; not needed: *left_out has it, and true. */
bool rg_followers_leave_out(const char *program, int err, __u32 *left_out);
