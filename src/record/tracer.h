/* SPDX-License-Identifier: GPL-2.0-only */
/* A tracer: a process with a ring of its own, to which our programs in the kernel write every
 * record (include/rg_records.h). */
#pragma once

#include "pins/pins.h"

struct ring_buffer;

/* Called for each record, oldest first. The ring owns the record. Returns nonzero to stop here;
 * the record counts as read. */
typedef int rg_record_fn(void *arg, const struct rg_record *r);

/* Owned by the caller (rg_tracer_close). */
struct rg_tracer_ring {
	struct ring_buffer *ring;
	const struct rg_pins *p;
	__u32 slot;
	rg_record_fn *fn;
	void *arg;
	int stopped; /* what fn returned to stop */
};

/* Takes a free place among the tracers, also that of a dead one, with a ring of `bytes`, a power
 * of 2 of pages. p is kept; it must be open and locked exclusively, so that nobody takes the same
 * place. Returns 0; -EUSERS: there are RG_MAX_TRACERS already; or another negative errno. */
int rg_tracer_open(const struct rg_pins *p, __u32 bytes, rg_record_fn *fn, void *arg,
		   struct rg_tracer_ring *t);
/* Returns a descriptor for poll(2) and epoll(7), readable when there are records. */
int rg_tracer_fd(const struct rg_tracer_ring *t);
/* Calls fn for the records in the ring. Returns their number or a negative errno. */
int rg_tracer_consume(struct rg_tracer_ring *t);
/* Returns how many records did not fit into this ring since it was opened. */
__u64 rg_tracer_lost(const struct rg_tracer_ring *t);
/* Frees the ring and its place. */
void rg_tracer_close(struct rg_tracer_ring *t);
/* Frees the places of dead tracers. Returns the number of live ones or a negative errno. */
int rg_tracers_sweep(const struct rg_pins *p);
