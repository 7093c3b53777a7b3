/* SPDX-License-Identifier: GPL-2.0-only */
/* A tracer: a process with a ring of its own, to which our programs in the kernel write every
 * record (include/rg_records.h). Programs of two sets may write to it: those of the guard, and
 * those of the role of an original server (record/role.h). */
#pragma once

#include "pins/pins.h"

struct ring_buffer;

/* Called for each record, oldest first. The ring owns the record. Returns nonzero to stop here;
 * the record counts as read. */
typedef int rg_record_fn(void *arg, const struct rg_record *r);

/* A place for the ring in the maps of one set, `tracers` and `tracer_owners`. */
struct rg_tracer_place {
	int rings_fd, owners_fd; /* not owned; -1: no place */
	__u32 slot;
};

/* Owned by the caller (rg_tracer_close). */
struct rg_tracer_ring {
	struct ring_buffer *ring; /* NULL: closed */
	int ring_fd;
	struct rg_tracer_place guard;
	rg_record_fn *fn;
	void *arg;
	int stopped; /* what fn returned to stop */
};

/* Makes the ring, of `bytes`, a power of 2 of pages. With p it takes a free place among the tracers
 * of the guard, also that of a dead one: p must be open and locked exclusively, so that nobody
 * takes the same place, and outlive the ring. p may be NULL: no program writes to the ring yet.
 * Returns 0; -EUSERS: there are RG_MAX_TRACERS already; or another negative errno. */
int rg_tracer_open(const struct rg_pins *p, __u32 bytes, rg_record_fn *fn, void *arg,
		   struct rg_tracer_ring *t);
/* Returns a descriptor for poll(2) and epoll(7), readable when there are records. */
int rg_tracer_fd(const struct rg_tracer_ring *t);
/* Calls fn for the records in the ring. Returns their number or a negative errno. */
int rg_tracer_consume(struct rg_tracer_ring *t);
/* Returns how many records of the guard did not fit into this ring since it was opened. */
__u64 rg_tracer_lost(const struct rg_tracer_ring *t);
/* Frees the ring and its place. */
void rg_tracer_close(struct rg_tracer_ring *t);
/* Frees the places of dead tracers of the guard. Returns the number of live ones or a negative
 * errno. */
int rg_tracers_sweep(const struct rg_pins *p);

/* ---- places, for record/role.c ---- */

/* Frees the places of dead tracers in these maps; can_tell: pids mean the same here as where they
 * were written. Returns the number of live ones or a negative errno. */
int rg_places_sweep(const struct rg_tracer_place *in, bool can_tell);
/* Takes a free place for this ring in the maps that `place` names, in the name of `owner`. The
 * maps' set is locked exclusively. Returns 0, -EUSERS or another negative errno. */
int rg_place_take(struct rg_tracer_place *place, const struct rg_tracer *owner, int ring_fd);
/* Returns how many records did not fit since the place was taken; 0 without a place. */
__u64 rg_place_lost(const struct rg_tracer_place *place);
/* Gives the place back, if there is one. */
void rg_place_free(struct rg_tracer_place *place);
