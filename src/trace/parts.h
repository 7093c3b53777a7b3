/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of the verb trace share. */
#pragma once

#include <stdbool.h>
#include <sys/stat.h>
#include <time.h>

#include "base/log.h"
#include "cli/outlet.h"
#include "trace/request.h"
#include "mounts/mountpoints.h"
#include "pins/gates.h"
#include "record/gate_event.h"
#include "record/record_header.h"
#include "record/record_json.h"
#include "record/record_lost.h"
#include "record/record_text.h"
#include "record/recording.h"
#include "record/role.h"
#include "record/tracer.h"

/* Records to read between two looks at everything else. */
#define BATCH 4096

struct trace {
	struct rg_trace_request request;
	struct rg_pins p;
	bool guard;	  /* p is open; false: there is the role of an original server alone */
	ino_t pinned_ino; /* id of map_meta, by which another set is noticed */
	struct rg_tracer_ring ring;
	struct rg_role role;
	int epoll_fd, signal_fd, timer_fd, mounts_fd;

	struct rg_record_around around;
	struct rg_mountpoints mounts;
	bool mounts_may_be_read; /* at most once a second */
	struct rg_second json_second, text_second;
	struct rg_text_style style;

	bool to_json, to_text; /* on standard output */
	struct rg_outlet out;
	struct rg_header header;
	struct rg_recording recording;

	struct rg_gate_reported gates[RG_MAX_GATES];
	struct rg_lost_reported last_lost[RG_MAX_GATES];
	struct stat lost_file; /* as last read */
	char boot_id[RG_BOOT_ID_SIZE];
	__u32 set, init_netns;
	__u64 gates_change_ns; /* time at which a gate changes by itself; 0: never */
	__u64 look_ns;	       /* earliest time of the next look; see look_due() */
	__u64 tick_ns, end_ns; /* of the next look, and of the end; end 0: no limit */

	__u64 events, downgrades, lost, failures; /* records printed */
	__u64 failed_before;	   /* failures of tracing programs before this began */
	bool recovery, downgraded; /* records read, printed or not */
	unsigned int batch;
	bool look_due; /* at look_ns */
	bool stop;     /* end after the last records */
	bool over;     /* end without taking another record */
	const char *reason;
	int status; /* enum rg_exit to end with */
};

/* Keep the first reason. */
static inline void stop(struct trace *t, const char *reason)
{
	if (!t->stop)
		t->reason = reason;
	t->stop = true;
}

static inline void stop_now(struct trace *t, const char *reason)
{
	stop(t, reason);
	t->over = true;
}

static inline __u64 clock_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (__u64)now.tv_sec * RG_NS_PER_SEC + (__u64)now.tv_nsec;
}

/* ---- trace_output.c ---- */
void rg_trace_handle_outlet(struct trace *t, int err);
void rg_trace_print(struct trace *t, const char *line, size_t n);
void rg_trace_record(struct trace *t, const char *line, size_t n);
void rg_trace_flush_recording(void *arg);
void rg_trace_write_json(struct trace *t, const char *line, size_t n);
int rg_trace_begin_output(struct trace *t);
int rg_trace_begin_recording(struct trace *t);
void rg_trace_write_end(struct trace *t);
void rg_trace_say_summary(const struct trace *t);
void rg_trace_say_left_out(struct trace *t);
void rg_trace_look_at_terminal(struct trace *t);
void rg_trace_choose_style(struct trace *t);

/* ---- trace_events.c ---- */
void rg_trace_read_clocks(struct trace *t);
void rg_trace_read_mounts(struct trace *t);
int rg_trace_on_record(void *arg, const struct rg_record *r);
void rg_trace_consume(struct trace *t);
void rg_trace_look_at_lost(struct trace *t);
void rg_trace_look_at_gates(struct trace *t, bool all);
void rg_trace_look_at_losses(struct trace *t);
/* Gets the records that the tracer makes itself of the role of an original server. */
int rg_trace_on_made(void *arg, const struct rg_record *r);
