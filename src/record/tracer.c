// SPDX-License-Identifier: GPL-2.0-only
#include "record/tracer.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "pins/gates.h"
#include "pins/held.h"

/* ---- places ---- */

static const struct rg_tracer_place nowhere = {.rings_fd = -1, .owners_fd = -1};

static int owner_read(const struct rg_tracer_place *in, __u32 slot, struct rg_tracer *owner)
{
	return bpf_map_lookup_elem(in->owners_fd, &slot, owner) < 0 ? -errno : 0;
}

/* Remove the ring first: programs write nothing for a tracer without one. */
static void free_slot(const struct rg_tracer_place *in, __u32 slot)
{
	struct rg_tracer nobody = {};

	bpf_map_delete_elem(in->rings_fd, &slot);
	bpf_map_update_elem(in->owners_fd, &slot, &nobody, BPF_ANY);
}

int rg_places_sweep(const struct rg_tracer_place *in, bool can_tell)
{
	struct rg_tracer owner;
	int living = 0, err;

	for (__u32 i = 0; i < RG_MAX_TRACERS; i++) {
		err = owner_read(in, i, &owner);
		if (err)
			return err;
		if (!owner.start_ns)
			continue;
		if (!can_tell || rg_process_is(owner.pid, owner.start_ns) != -ESRCH)
			living++;
		else
			free_slot(in, i);
	}
	return living;
}

int rg_place_take(struct rg_tracer_place *place, const struct rg_tracer *who, int ring_fd)
{
	struct rg_tracer owner;
	int err = 0;

	for (__u32 i = 0; i < RG_MAX_TRACERS && !err; i++) {
		err = owner_read(place, i, &owner);
		if (err || owner.start_ns)
			continue;
		if (bpf_map_update_elem(place->owners_fd, &i, who, BPF_ANY) < 0 ||
		    bpf_map_update_elem(place->rings_fd, &i, &ring_fd, BPF_ANY) < 0) {
			err = -errno;
			free_slot(place, i);
			return err;
		}
		place->slot = i;
		return 0;
	}
	return err ? err : -EUSERS;
}

__u64 rg_place_lost(const struct rg_tracer_place *place)
{
	struct rg_tracer owner;

	return place->owners_fd < 0 || owner_read(place, place->slot, &owner) ? 0 : owner.lost;
}

void rg_place_free(struct rg_tracer_place *place)
{
	if (place->owners_fd >= 0)
		free_slot(place, place->slot);
	*place = nowhere;
}

static struct rg_tracer_place place_in(const struct rg_pins *p)
{
	return (struct rg_tracer_place){.rings_fd = p->map_fd[RG_MAP_TRACERS],
					.owners_fd = p->map_fd[RG_MAP_TRACER_OWNERS]};
}

int rg_tracers_sweep(const struct rg_pins *p)
{
	const struct rg_tracer_place in = place_in(p);

	/* Another pid namespace cannot tell which tracers live. */
	return rg_places_sweep(&in, rg_held_can_continue(p) == 0);
}

static int take_guard_place(struct rg_tracer_ring *t, const struct rg_pins *p)
{
	struct rg_control who = {.op = RG_OP_WHO};
	struct rg_tracer owner;
	int err = rg_tracers_sweep(p);

	if (err >= 0)
		err = rg_control(p, &who);
	if (err)
		return err;
	owner = (struct rg_tracer){.pid = who.caller, .start_ns = who.caller_start_ns};
	t->guard = place_in(p);
	err = rg_place_take(&t->guard, &owner, t->ring_fd);
	if (err)
		t->guard = nowhere;
	return err;
}

/* ---- the ring ---- */

static int on_record(void *arg, void *data, size_t size)
{
	struct rg_tracer_ring *t = arg;

	if (size < sizeof(struct rg_record))
		return 0;
	t->stopped = t->fn(t->arg, data);
	return t->stopped ? -ECANCELED : 0;
}

int rg_tracer_open(const struct rg_pins *p, __u32 bytes, rg_record_fn *fn, void *arg,
		   struct rg_tracer_ring *t)
{
	int err = 0;

	*t = (struct rg_tracer_ring){.fn = fn, .arg = arg, .guard = nowhere};
	t->ring_fd = bpf_map_create(BPF_MAP_TYPE_RINGBUF, "tracer", 0, 0, bytes, NULL);
	if (t->ring_fd < 0)
		return -errno;
	t->ring = ring_buffer__new(t->ring_fd, on_record, t, NULL);
	if (!t->ring)
		err = -errno;
	if (!err && p)
		err = take_guard_place(t, p);
	if (!err)
		return 0;
	close(t->ring_fd);
	ring_buffer__free(t->ring);
	t->ring = NULL;
	return err;
}

int rg_tracer_fd(const struct rg_tracer_ring *t)
{
	return ring_buffer__epoll_fd(t->ring);
}

int rg_tracer_consume(struct rg_tracer_ring *t)
{
	int n = ring_buffer__consume(t->ring);

	return n == -ECANCELED ? 0 : n;
}

__u64 rg_tracer_lost(const struct rg_tracer_ring *t)
{
	return rg_place_lost(&t->guard);
}

void rg_tracer_close(struct rg_tracer_ring *t)
{
	if (!t->ring)
		return;
	rg_place_free(&t->guard);
	ring_buffer__free(t->ring);
	close(t->ring_fd);
	t->ring = NULL;
}
