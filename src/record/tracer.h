/* SPDX-License-Identifier: GPL-2.0-only */
/* A tracer: a process that has a ring of its own, into which the kernel
 * programs write every record (include/rg_records.h). */
#pragma once

#include "pins/pins.h"

struct ring_buffer;

/* Called for each record, oldest first. The record is the ring's. Not 0: stop
 * consuming now (the record counts as read). */
typedef int rg_record_fn(void *arg, const struct rg_record *r);

/* Owned by the caller; rg_tracer_close() frees what it holds. */
struct rg_tracer_ring {
	struct ring_buffer *ring;
	const struct rg_pins *p;
	__u32 slot;
	rg_record_fn *fn;
	void *arg;
	int stopped; /* what fn returned, if not 0 */
};

/* Take a free place among the tracers (also that of one that died), with a ring
 * of `bytes`, a power of 2 of pages. p: open, and locked exclusively, or another
 * takes the same place; it is kept. 0; -EUSERS: RG_MAX_TRACERS are there already;
 * another negative errno. */
int rg_tracer_open(const struct rg_pins *p, __u32 bytes, rg_record_fn *fn, void *arg,
		   struct rg_tracer_ring *t);
/* For poll(2) and epoll(7): readable when there are records. */
int rg_tracer_fd(const struct rg_tracer_ring *t);
/* Call fn for what is there. Number of records, or negative errno. */
int rg_tracer_consume(struct rg_tracer_ring *t);
/* Records that did not fit into this ring since it was opened. */
__u64 rg_tracer_lost(const struct rg_tracer_ring *t);
/* The place is free again at once. */
void rg_tracer_close(struct rg_tracer_ring *t);
/* Free the places of those that died. Number of the living, or negative errno. */
int rg_tracers_sweep(const struct rg_pins *p);
