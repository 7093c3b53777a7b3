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

static int owner_read(const struct rg_pins *p, __u32 slot, struct rg_tracer *owner)
{
	return bpf_map_lookup_elem(p->map_fd[RG_MAP_TRACER_OWNERS], &slot, owner) < 0 ? -errno : 0;
}

/* Remove the ring first: programs write nothing for a tracer without one. */
static void place_free(const struct rg_pins *p, __u32 slot)
{
	struct rg_tracer nobody = {};

	bpf_map_delete_elem(p->map_fd[RG_MAP_TRACERS], &slot);
	bpf_map_update_elem(p->map_fd[RG_MAP_TRACER_OWNERS], &slot, &nobody, BPF_ANY);
}

int rg_tracers_sweep(const struct rg_pins *p)
{
	/* Another pid namespace cannot tell which tracers live. */
	bool can_tell = rg_held_can_continue(p) == 0;
	struct rg_tracer owner;
	int living = 0, err;

	for (__u32 i = 0; i < RG_MAX_TRACERS; i++) {
		err = owner_read(p, i, &owner);
		if (err)
			return err;
		if (!owner.start_ns)
			continue;
		if (!can_tell || rg_process_is(owner.pid, owner.start_ns) != -ESRCH)
			living++;
		else
			place_free(p, i);
	}
	return living;
}

static int place_take(const struct rg_pins *p, int ring_fd)
{
	struct rg_control who = {.op = RG_OP_WHO};
	struct rg_tracer owner;
	int err = rg_control(p, &who);

	for (__u32 i = 0; i < RG_MAX_TRACERS && !err; i++) {
		err = owner_read(p, i, &owner);
		if (err || owner.start_ns)
			continue;
		owner = (struct rg_tracer){.pid = who.caller, .start_ns = who.caller_start_ns};
		if (bpf_map_update_elem(p->map_fd[RG_MAP_TRACER_OWNERS], &i, &owner, BPF_ANY) < 0 ||
		    bpf_map_update_elem(p->map_fd[RG_MAP_TRACERS], &i, &ring_fd, BPF_ANY) < 0) {
			err = -errno;
			place_free(p, i);
			return err;
		}
		return (int)i;
	}
	return err ? err : -EUSERS;
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
	int fd, slot, err;

	*t = (struct rg_tracer_ring){.p = p, .fn = fn, .arg = arg};
	err = rg_tracers_sweep(p);
	if (err < 0)
		return err;
	fd = bpf_map_create(BPF_MAP_TYPE_RINGBUF, "tracer", 0, 0, bytes, NULL);
	if (fd < 0)
		return -errno;
	t->ring = ring_buffer__new(fd, on_record, t, NULL);
	slot = t->ring ? place_take(p, fd) : -errno;
	close(fd); /* our descriptor is not needed any more: the ring is mapped, and the map of
		      rings holds it */
	if (slot < 0) {
		ring_buffer__free(t->ring);
		t->ring = NULL;
		return slot;
	}
	t->slot = (__u32)slot;
	return 0;
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
	struct rg_tracer owner;

	return owner_read(t->p, t->slot, &owner) ? 0 : owner.lost;
}

void rg_tracer_close(struct rg_tracer_ring *t)
{
	if (!t->ring)
		return;
	place_free(t->p, t->slot);
	ring_buffer__free(t->ring);
	t->ring = NULL;
}
