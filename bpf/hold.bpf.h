/* SPDX-License-Identifier: GPL-2.0-only */
/* A request that comes to a gate, and the decision about it (hold.bpf.c). */
#pragma once

#include "guard.bpf.h"

/* What the doors tell of a request: no pointer that the verifier would not trust in a global
 * function. */
struct rg_request {
	__u64 ino;
	__u64 server; /* struct nfs_server * of the superblock, to find its gate again */
	__u32 dev;    /* of the superblock */
	__u32 what;   /* enum rg_door */
	__u32 slot;   /* of the gate */
	__u32 is_fifo;
};

/* Decides about the calling thread. Returns 0, or the negative errno that its request gets. */
int rg_at_gate(const struct rg_request *q);
