/* SPDX-License-Identifier: GPL-2.0-only */
/* The daemon's own recording, which is always on: everything that its tracer reads goes to
 * state-dir/RG_RECORDER_FILE and the parts before it, in the form of `trace --record`. So `report`
 * can tell the last recovery although nobody ran `trace`. The daemon never waits for the disk: it
 * puts lines into memory, and a thread writes them. Memory is bounded; records without room are
 * counted, and a LOST line says so. The first record begins a part, not the start of the daemon, so
 * that uneventful starts push no recovery out. */
#pragma once

#include "mounts/mounts.h"
#include "record/gate_event.h"
#include "record/record_header.h"
#include "record/record_json.h"
#include "record/record_lost.h"
#include "state/lost_file.h"

#define RG_RECORDER_FILE "recovery.ndjson"
/* Bytes of lines that may wait for the disk, handed to the thread in pieces. */
#define RG_RECORDER_WAITING (32UL << 20)
#define RG_RECORDER_PIECE (256UL << 10)

struct rg_recorder_writer;

/* Owned by the caller; {} records nothing. */
struct rg_recorder {
	struct rg_recorder_writer *writer; /* NULL: off */
	struct rg_record_around around;
	struct rg_mountpoints mounts;
	struct rg_second kept; /* for rg_record_json() */
	struct rg_gate_reported gates[RG_MAX_GATES];
	struct rg_lost_reported lost[RG_MAX_GATES];
	char *lines; /* lines not handed over yet: n bytes of `room` */
	size_t n, room;
	bool begun;			   /* an event came, so lines may go to the disk */
	__u64 events;			   /* written or dropped */
	__u64 dropped;			   /* records without room here or in the ring */
	__u64 lost_in_ring;		   /* as last read */
	__u64 failures;			   /* of the tracing programs */
	__u64 told_dropped, told_failures; /* of these, the number that LOST lines have */
};

/* Begins to record into `file` and its older parts: RG_RECORD_PARTS parts of `size` bytes
 * together. Takes over the header and frees it. Never waits. Returns 0 or -ENOMEM. */
int rg_recorder_open(struct rg_recorder *r, const char *file, __u64 size, struct rg_header *header);
/* Adds one record of the ring. */
void rg_recorder_add(struct rg_recorder *r, const struct rg_record *record);
/* Adds a header if other tracing programs are missing than before: those that were not attached yet
 * when the daemon started are no longer so. untraced: rg_traces_missing(). */
void rg_recorder_untraced(struct rg_recorder *r, __u64 untraced);
/* Adds changes of the RG_MAX_GATES gates and losses, and hands lines to the thread. The daemon
 * calls it each time it looks. lost, failures: totals of the tracer. */
void rg_recorder_look(struct rg_recorder *r, const struct rg_gate *gates, __u64 now_ns, __u64 lost,
		      __u64 failures);
/* Adds what the followed recoveries have lost, if that is new. */
void rg_recorder_losses(struct rg_recorder *r, const struct rg_losts *all);
/* Reads the mount table again after a change: paths begin with mount points. */
void rg_recorder_mounts(struct rg_recorder *r, const struct rg_mounts *mounts);
/* Returns an enum rg_recorder_state. */
__u32 rg_recorder_state(const struct rg_recorder *r);
/* Ends the recording with `reason` and waits at most wait_s seconds for the disk. Returns false
 * if lines were left. r is {} afterwards. */
bool rg_recorder_close(struct rg_recorder *r, const char *reason, unsigned int wait_s);
