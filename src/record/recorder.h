/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The daemon's own recording, which is always on: whatever its tracer hears goes into
 * state-dir/RG_RECORDER_FILE and the parts before it, as `trace --record` would write it. So
 * `report` can tell the last recovery although nobody thought of `trace` beforehand.
 *
 * The daemon waits for no disk: lines are put into memory, and a thread writes them. Memory
 * is bounded; what does not fit is counted, and a LOST line says so in the recording.
 *
 * A part is begun by the first record, not by the start of the daemon, so that starts
 * during which nothing happens push no recovery out.
 */
#pragma once

#include "mounts/mounts.h"
#include "record/gate_event.h"
#include "record/record_header.h"
#include "record/record_json.h"
#include "record/record_lost.h"

#define RG_RECORDER_FILE "recovery.ndjson"
/* Bytes of lines that wait for the disk, at most; handed to the thread in pieces. */
#define RG_RECORDER_WAITING (32UL << 20)
#define RG_RECORDER_PIECE (256UL << 10)

struct rg_recorder_writer;

/* Owned by the caller; {} records nothing. */
struct rg_recorder {
	struct rg_recorder_writer *writer; /* NULL: off */
	struct rg_record_around around;
	struct rg_mountpoints mounts;
	struct rg_second kept; /* rg_record_json()'s */
	struct rg_gate_told gates[RG_MAX_GATES];
	struct rg_lost_told lost[RG_MAX_GATES];
	char *lines; /* not handed over yet: n of them bytes, of `room` */
	size_t n, room;
	bool begun;	    /* something happened: lines may go to the disk */
	__u64 events;	    /* written or dropped */
	__u64 dropped;	    /* records for which there was no room, or that were lost in the ring */
	__u64 lost_in_ring; /* as last asked */
	__u64 failures;	    /* of the tracing programs */
	__u64 told_dropped, told_failures; /* of these, those that a LOST line has */
};

/* Begins to record into `file`, `size` bytes in all in RG_RECORD_PARTS parts. The header is
 * taken over, and freed. Waits for nothing; 0 or -ENOMEM. */
int rg_recorder_open(struct rg_recorder *r, const char *file, __u64 size, struct rg_header *header);
/* One record that the kernel told. */
void rg_recorder_add(struct rg_recorder *r, const struct rg_record *record);
/* To be called with each look of the daemon: tells changes of gates (all RG_MAX_GATES of
 * them) and what was lost, and hands lines to the thread. lost, failures: of the tracer, in all. */
void rg_recorder_look(struct rg_recorder *r, const struct rg_gate *gates, __u64 now_ns, __u64 lost,
		      __u64 failures);
/* What was lost in the recoveries that are followed, where that is news. */
void rg_recorder_losses(struct rg_recorder *r, const struct rg_losts *all);
/* The mount table has changed: paths begin with what is in it. */
void rg_recorder_mounts(struct rg_recorder *r, const struct rg_mounts *mounts);
/* enum rg_recorder_state. */
__u32 rg_recorder_state(const struct rg_recorder *r);
/* Ends the recording with `reason`, and waits for the disk for wait_s seconds at most. False:
 * it did not take everything. r is {} then, in any case. */
bool rg_recorder_close(struct rg_recorder *r, const char *reason, unsigned int wait_s);
